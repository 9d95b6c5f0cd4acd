import { hasLabel } from "./approval.ts";
import { stagesOf } from "./ci-stages.ts";
import { readOutcome } from "./outcome.ts";
import { noteStillness, startClock } from "./run-clock.ts";
import type {
  RunCommit,
  RunCommitsSeen,
  RunSeen,
  RunThreadSeen,
  WatchPolicy,
} from "./run-observation.ts";
import {
  DETAIL_CHARACTERS_MAX,
  COMMITS_MAX,
  lastTurn,
  OPEN_QUESTIONS_MAX,
  OWN_RED_CHECKS_MAX,
  QUESTIONS_MAX,
  recordKey,
  type RunRecord,
  type TurnEnd,
  type TurnRecord,
  withLastTurn,
} from "./run-record.ts";
import type { PendingRequest } from "./thread.ts";
import type { TurnState } from "./thread-state.ts";
import { cut } from "./untrusted-text.ts";

/**
 * The record with everything noted that this tick saw and no later tick may be able to see. Notes nothing
 * twice: the same sight gives the same record, so that nothing is written when nothing changed.
 */
export function noteSeen(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunRecord {
  let noted: RunRecord = { ...record, state: "watching" };
  noted = {
    ...noted,
    clocks: noteStillness(noted.clocks, stillness(record, seen, policy), seen.now),
  };
  noted = noteLock(noted, seen, policy);
  noted = noteSilence(noted, seen);
  noted = noteTurn(noted, seen);
  noted = noteCommits(noted, seen.commits, seen.now);
  return noteDeployment(noteCi(noted, seen), seen, policy);
}

/** Why nothing is known of the run's open turn; null when something is. */
export function silenceOf(record: RunRecord, thread: RunThreadSeen): string | null {
  if (thread.kind === "silent") return thread.why;
  // What is said of an archived thread stands still: it is taken out of the archive before it is believed.
  if (thread.kind !== "seen" || thread.isArchived || thread.turn.kind !== "not-understood")
    return null;
  return lastTurn(record)?.end === null ? thread.turn.why : null;
}

/**
 * What the run's open turn waits for a person to answer; empty when it does not. A question asked in a turn
 * that somebody else began in our thread is theirs.
 */
export function pendingOf(record: RunRecord, thread: RunThreadSeen): readonly PendingRequest[] {
  if (thread.kind !== "seen" || thread.isArchived || thread.turn.kind !== "waiting") return [];
  if (lastTurn(record)?.end !== null) return [];
  return thread.turn.pending.slice(0, OPEN_QUESTIONS_MAX).map((request) => ({
    ...request,
    requestId: recordKey(request.requestId),
  }));
}

function stillness(
  record: RunRecord,
  seen: RunSeen,
  policy: WatchPolicy,
): { readonly isPaused: boolean; readonly isWaiting: boolean } {
  const isWaiting = pendingOf(record, seen.thread).length > 0;
  return { isPaused: hasLabel(seen.issue, policy.labels.paused), isWaiting };
}

function noteLock(record: RunRecord, seen: RunSeen, policy: WatchPolicy): RunRecord {
  const isLockedOut = seen.otherLive.length > 0 || hasLabel(seen.issue, policy.labels.human);
  const lockedOut = isLockedOut ? record.lockedOut : null;
  const isFirst = record.lockedAt === null && hasLabel(seen.issue, policy.labels.inProgress);
  return { ...record, lockedOut, lockedAt: isFirst ? seen.now : record.lockedAt };
}

function noteSilence(record: RunRecord, seen: RunSeen): RunRecord {
  if (silenceOf(record, seen.thread) === null) return { ...record, silence: null };
  if (record.silence !== null) return record;
  return { ...record, silence: { since: startClock(record.clocks, seen.now), bells: {} } };
}

function noteTurn(record: RunRecord, seen: RunSeen): RunRecord {
  const turn = lastTurn(record);
  if (turn === null || seen.thread.kind !== "seen" || turn.end !== null) return record;
  const { thread } = seen;
  const metering = thread.processedTokens === null ? record.metering : "metered";
  const clock = startClock(record.clocks, seen.now);
  const ended = endOf(thread.turn);
  const tokens = thread.processedTokens === null ? {} : { tokens: thread.processedTokens };
  const end = ended === null ? null : { ...clock, ...ended, ...tokens };
  const isSeen = end !== null || isUnderWay(thread.turn);
  const firstSeen = turn.firstSeen ?? (isSeen ? clock : null);
  const questions = noteQuestions(record, seen);
  return { ...withLastTurn(record, { firstSeen, end }), metering, questions };
}

/** Whether the agent server shows the turn as begun and not over. */
export function isUnderWay(state: TurnState): boolean {
  return state.kind === "starting" || state.kind === "running" || state.kind === "waiting";
}

function endOf(state: TurnState): Pick<TurnEnd, "how" | "outcome" | "words"> | null {
  if (state.kind === "over" || state.kind === "limit-reached") {
    const words = cut(state.lastWords, DETAIL_CHARACTERS_MAX);
    const outcome = state.kind === "over" ? readOutcome(state.lastWords) : null;
    return { how: state.kind, outcome, words };
  }
  if (state.kind !== "failed") return null;
  const words = state.lastWords === "" ? state.lastError : `${state.lastError}\n${state.lastWords}`;
  const outcome = readOutcome(state.lastWords);
  return { how: "failed", outcome, words: cut(words, DETAIL_CHARACTERS_MAX) };
}

function noteQuestions(record: RunRecord, seen: RunSeen): RunRecord["questions"] {
  const pending = pendingOf(record, seen.thread);
  const known = new Set(record.questions.map((question) => question.requestId));
  const firstSeen = startClock(record.clocks, seen.now);
  const fresh = pending
    .filter((request) => !known.has(request.requestId))
    .map(({ requestId }) => ({ requestId, firstSeen, bells: {} }));
  if (fresh.length === 0) return record.questions;
  const open = new Set(pending.map((request) => request.requestId));
  // The settled ones first: where there is no room for all, the open ones are those that stay.
  const settled = record.questions.filter((question) => !open.has(question.requestId));
  const still = record.questions.filter((question) => open.has(question.requestId));
  return [...settled, ...still, ...fresh].slice(-QUESTIONS_MAX);
}

function noteCommits(record: RunRecord, seen: RunCommitsSeen, now: number): RunRecord {
  if (seen.kind === "unreadable") return record;
  const known = new Set(record.commits.map((commit) => commit.sha));
  const fresh = seen.ours.filter((commit) => !known.has(commit.sha));
  const commits = notePushHeads(record.commits, seen.ours);
  if (fresh.length === 0) return { ...record, commits };
  const firstSeen = startClock(record.clocks, now);
  const added = fresh.map((commit) => ({
    ...commit,
    phases: [...commit.phases],
    firstSeen,
  }));
  const all = [...commits, ...added];
  // The newest one is what is judged; of the others the oldest stay, so that no tick notes them anew.
  const newest = seen.ours.at(-1)?.sha;
  const older = all.filter((commit) => commit.sha !== newest).slice(0, COMMITS_MAX - 1);
  return { ...record, commits: [...older, ...all.filter((commit) => commit.sha === newest)] };
}

/** The log may say only later by which push a commit came, and another once that push's head was left behind. */
function notePushHeads(
  commits: RunRecord["commits"],
  ours: readonly RunCommit[],
): RunRecord["commits"] {
  const heads = new Map(ours.map(({ sha, pushHead }) => [sha, pushHead]));
  return commits.map((commit) => {
    const pushHead = heads.get(commit.sha);
    return pushHead === undefined ? commit : { ...commit, pushHead };
  });
}

function noteCi(record: RunRecord, seen: RunSeen): RunRecord {
  if (seen.ci.kind !== "judged") return record;
  const { verdict, isOwnHead } = seen.ci;
  const ciSeen = buildState(seen.ci);
  if (verdict.kind !== "red") return { ...record, ciSeen };
  const names = verdict.failing.map((check) => recordKey(check.name));
  const own = isOwnHead ? names : [];
  const ownRedChecks = [...new Set([...record.ownRedChecks, ...own])].slice(0, OWN_RED_CHECKS_MAX);
  const firstRed = record.firstRed ?? startClock(record.clocks, seen.now);
  return { ...record, ciSeen, ownRedChecks, firstRed };
}

/** What the build alone says; a repo that has none is judged by what comes after. */
function buildState(ci: Extract<RunSeen["ci"], { kind: "judged" }>): RunRecord["ciSeen"] {
  const build = stagesOf(ci).find((stage) => stage.name === "build");
  if (build === undefined || build.verdict.kind === "none") return "none-yet";
  const { kind } = build.verdict;
  return kind === "green" || kind === "red" ? kind : "pending";
}

function noteDeployment(record: RunRecord, { ci }: RunSeen, { repo }: WatchPolicy): RunRecord {
  const { deploySeen: before, ...rest } = record;
  if (repo.deploy === undefined && repo.rollout === undefined) return rest;
  // What was not looked at in this tick stands as it was noted.
  if (ci.kind !== "judged") return { ...rest, deploySeen: before ?? "pending" };
  // The rollout comes after the deployment: where both are configured green takes both.
  const last = repo.rollout === undefined ? "deploy" : "rollout";
  const stage = stagesOf(ci).findLast(({ name }) => name !== "build");
  if (stage?.verdict.kind === "red") return { ...rest, deploySeen: "red" };
  const isGreen = stage?.name === last && stage.verdict.kind === "green";
  return { ...rest, deploySeen: isGreen ? "green" : "pending" };
}

/**
 * Whether an interrupt or a session stop of ours may have ended the turn: then T3 may call it failed. What a
 * pause interrupted has a row of its own.
 */
export function isStoppedByUs(turn: TurnRecord): boolean {
  return turn.stopAsks > 0 || turn.revivals > 0;
}
