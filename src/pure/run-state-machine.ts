import { decideFinish } from "./finish.ts";
import { noteSeen } from "./run-notes.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "./run-observation.ts";
import { brakeRow, lockRow, pauseRow } from "./rows-brakes.ts";
import { ciRows } from "./rows-ci.ts";
import type { Context } from "./rows-context.ts";
import {
  budgetRow,
  endRows,
  lostRow,
  questionRow,
  resumeRow,
  runningRow,
  silenceRow,
  startRow,
  vanishedRow,
} from "./rows-turn.ts";
import { lastTurn, type RunRecord } from "./run-record.ts";

/**
 * Decides the next step of one run by the decision table T0–T22: the first row that matches. Total: every
 * observation has an answer. The decision's record holds what was noted and what the act counts, and stands
 * in the progress comment before anything is performed.
 */
export function decideRun(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunDecision {
  if (record.verdict !== null) return decideFinish(record, seen, policy);
  const noted = noteSeen(record, seen, policy);
  const context: Context = { record: noted, seen, policy, turn: lastTurn(noted) };
  const decision =
    brakeRow(context) ??
    pauseRow(context) ??
    lockRow(context) ??
    silenceRow(context) ??
    budgetRow(context) ??
    questionRow(context) ??
    startRow(context) ??
    runningRow(context) ??
    resumeRow(context) ??
    lostRow(context) ??
    vanishedRow(context) ??
    endRows(context) ??
    ciRows(context);
  return withWaitingOn(decision);
}

/** What the run waits on stands in the record, so that the progress comment can say it. */
function withWaitingOn(decision: RunDecision): RunDecision {
  const waitingOn = decision.kind === "wait" ? decision.on : null;
  return { ...decision, record: { ...decision.record, waitingOn } };
}
