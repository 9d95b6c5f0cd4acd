import { decideFinish } from "./finish.ts";
import { brakeRow, lockRow, pauseRow } from "./rows-brakes.ts";
import { ciRows } from "./rows-ci.ts";
import { conclude, type Context, type OverContext, pushOf } from "./rows-context.ts";
import { endRow, nudgeRow, resumeRow, steeredRow, vanishedRow } from "./rows-end.ts";
import { budgetRow, lostRow, questionRow, runningRow, silenceRow, startRow } from "./rows-turn.ts";
import { noteSeen } from "./run-notes.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "./run-observation.ts";
import { lastTurn, type RunRecord } from "./run-record.ts";

/**
 * Decides the next step of one run by the decision table T0–T22: the first row that matches. Total: every
 * observation has an answer. The decision's record holds what was noted and what the act counts, and stands
 * in the progress comment before anything is performed.
 */
export function decideRun(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunDecision {
  const { verdict } = record;
  if (verdict !== null) return decideFinish({ ...record, verdict }, seen, policy);
  return withWaitingOn(decideOpen(noteSeen(record, seen, policy), seen, policy));
}

function decideOpen(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunDecision {
  const turn = lastTurn(record);
  if (turn === null) {
    const detail = "the run's record holds no turn";
    const verdict = { kind: "needs-human", because: "not-understood", detail } as const;
    return conclude({ record, seen }, "T22", verdict);
  }
  const context: Context = { record, seen, policy, turn };
  return (
    brakeRow(context) ??
    pauseRow(context) ??
    lockRow(context) ??
    silenceRow(context) ??
    budgetRow(context) ??
    (turn.end === null ? turnRows(context) : overRows({ ...context, end: turn.end }))
  );
}

/** T5 to T9: the newest turn is not over. */
function turnRows(context: Context): RunDecision {
  return questionRow(context) ?? startRow(context) ?? runningRow(context) ?? lostRow(context);
}

/** T10 to T22: the newest turn is over. */
function overRows(context: OverContext): RunDecision {
  return (
    steeredRow(context) ??
    resumeRow(context) ??
    vanishedRow(context) ??
    endRow(context) ??
    pushedRows(context)
  );
}

function pushedRows(context: OverContext): RunDecision {
  const push = pushOf(context.record);
  return push.kind === "missing" ? nudgeRow(context, push.what) : ciRows(context, push.newest);
}

/** What the run waits on stands in the record, so that the progress comment can say it. */
function withWaitingOn(decision: RunDecision): RunDecision {
  const waitingOn = decision.kind === "wait" ? decision.on : null;
  return { ...decision, record: { ...decision.record, waitingOn } };
}
