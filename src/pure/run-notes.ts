import { hasLabel } from "./approval.ts";
import { readOutcome } from "./outcome.ts";
import { noteStillness, startClock } from "./run-clock.ts";
import type { RunCommitsSeen, RunSeen, WatchPolicy } from "./run-observation.ts";
import {
  DETAIL_CHARACTERS_MAX,
  lastTurn,
  type RunRecord,
  type TurnEnd,
  type TurnRecord,
  withLastTurn,
} from "./run-record.ts";
import type { TurnState } from "./thread-state.ts";
import { cut } from "./untrusted-text.ts";

const OWN_RED_CHECKS_MAX = 100;
const CHECK_NAME_CHARACTERS_MAX = 300;

/**
 * The record with everything noted that this tick saw and no later tick may be able to see. Notes nothing
 * twice: the same sight gives the same record, so that nothing is written when nothing changed.
 */
export function noteSeen(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunRecord {
  if (record.verdict !== null) return record;
  let noted: RunRecord = { ...record, state: "watching" };
  noted = { ...noted, clocks: noteStillness(noted.clocks, stillness(seen, policy), seen.now) };
  noted = noteLock(noted, seen, policy);
  noted = noteSilence(noted, seen);
  noted = noteTurn(noted, seen);
  noted = noteCommits(noted, seen.commits, seen.now);
  return noteCi(noted, seen);
}

function stillness(
  seen: RunSeen,
  policy: WatchPolicy,
): { readonly isPaused: boolean; readonly isWaiting: boolean } {
  const isWaiting = seen.thread.kind === "seen" && seen.thread.turn.kind === "waiting";
  return { isPaused: hasLabel(seen.issue, policy.labels.paused), isWaiting };
}

function noteLock(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunRecord {
  if (record.lockedAt !== null || !hasLabel(seen.issue, policy.labels.inProgress)) return record;
  return { ...record, lockedAt: seen.now };
}

function noteSilence(record: RunRecord, seen: RunSeen): RunRecord {
  if (seen.thread.kind !== "silent") return { ...record, silence: null };
  if (record.silence !== null) return record;
  return { ...record, silence: { since: startClock(record.clocks, seen.now), bells: {} } };
}

function noteTurn(record: RunRecord, seen: RunSeen): RunRecord {
  const turn = lastTurn(record);
  if (turn === null || seen.thread.kind !== "seen" || turn.end !== null) return record;
  const { thread } = seen;
  const metering = thread.processedTokens === null ? record.metering : "metered";
  const end = endOf(thread.turn, seen.now);
  const isSeen = end !== null || isUnderWay(thread.turn);
  const firstSeen = turn.firstSeen ?? (isSeen ? startClock(record.clocks, seen.now) : null);
  const questions = noteQuestions(record, thread.turn, seen.now);
  return { ...withLastTurn(record, { firstSeen, end }), metering, questions };
}

function isUnderWay(state: TurnState): boolean {
  return state.kind === "starting" || state.kind === "running" || state.kind === "waiting";
}

function endOf(state: TurnState, now: number): TurnEnd | null {
  if (state.kind === "over" || state.kind === "limit-reached") {
    const words = cut(state.lastWords, DETAIL_CHARACTERS_MAX);
    const outcome = state.kind === "over" ? readOutcome(state.lastWords) : null;
    return { at: now, how: state.kind, outcome, words };
  }
  if (state.kind !== "failed") return null;
  const words = state.lastWords === "" ? state.lastError : `${state.lastError}\n${state.lastWords}`;
  const outcome = readOutcome(state.lastWords);
  return { at: now, how: "failed", outcome, words: cut(words, DETAIL_CHARACTERS_MAX) };
}

function noteQuestions(record: RunRecord, state: TurnState, now: number): RunRecord["questions"] {
  if (state.kind !== "waiting") return record.questions;
  const known = new Set(record.questions.map((question) => question.requestId));
  const fresh = state.pending.filter((request) => !known.has(request.requestId));
  const firstSeen = startClock(record.clocks, now);
  return [
    ...record.questions,
    ...fresh.map((request) => ({ requestId: request.requestId, firstSeen, bells: {} })),
  ];
}

function noteCommits(record: RunRecord, seen: RunCommitsSeen, now: number): RunRecord {
  if (seen.kind === "unreadable") return record;
  const known = new Set(record.commits.map((commit) => commit.sha));
  const fresh = seen.ours.filter((commit) => !known.has(commit.sha));
  if (fresh.length === 0) return record;
  const firstSeen = startClock(record.clocks, now);
  const added = fresh.map((commit) => ({
    sha: commit.sha,
    phases: [...commit.phases],
    parent: commit.parent,
    firstSeen,
  }));
  return { ...record, commits: [...record.commits, ...added] };
}

function noteCi(record: RunRecord, seen: RunSeen): RunRecord {
  if (seen.ci.kind !== "judged") return record;
  const { verdict, isOwnHead } = seen.ci;
  if (verdict.kind === "green") return { ...record, ciSeen: "green" };
  if (verdict.kind === "none") return { ...record, ciSeen: "none-yet" };
  if (verdict.kind !== "red") return { ...record, ciSeen: "pending" };
  const names = verdict.failing.map((check) => check.name.slice(0, CHECK_NAME_CHARACTERS_MAX));
  const own = isOwnHead ? names : [];
  const ownRedChecks = [...new Set([...record.ownRedChecks, ...own])].slice(0, OWN_RED_CHECKS_MAX);
  const firstRed = record.firstRed ?? startClock(record.clocks, seen.now);
  return { ...record, ciSeen: "red", ownRedChecks, firstRed };
}

/** A turn that a person's pause interrupted, or that we stopped for its age, did not fail of itself. */
export function isStoppedByUs(turn: TurnRecord): boolean {
  return turn.pauseInterrupts > 0 || turn.stopAsks > 0;
}
