import { hasLabel } from "./approval.ts";
import { parseThreadId } from "./identity.ts";
import type { IssueSeen } from "./issue.ts";
import { findNotice } from "./notices.ts";
import type { LabelNames } from "./ports/tracker.ts";
import { isReleased, type RunSpan } from "./released.ts";
import { isOrphan } from "./run-rebuild.ts";
import type { RunRecord } from "./run-record.ts";
import { type RecordComment, recordCommentsOf, runIdOf } from "./run-record-codec.ts";
import type { ThreadSummary } from "./thread.ts";
import { isLive } from "./thread-state.ts";
import { parseIso } from "./time.ts";

/** A run of an issue that the watcher must look at, or the reason why it cannot. */
export type RunSubject =
  | {
      readonly kind: "run";
      readonly record: RunRecord;
      readonly commentId: string;
      readonly isSuperseded: boolean;
    }
  /** A thread of ours, or a damaged comment, without a record: it is written anew. */
  | { readonly kind: "rebuild"; readonly runId: string; readonly commentId: string | null }
  /** The in-progress label with neither record nor thread. */
  | { readonly kind: "orphan" }
  /** A record that this version must not judge. */
  | { readonly kind: "unreadable"; readonly runId: string | null; readonly why: string };

/**
 * A finished run's thread stays in T3 for ever unless it is archived, and whether it has its verdict stands
 * only in the tracker. Three days cover a watcher that stood still over a long weekend.
 */
export const UNLABELLED_LOOKBACK_MS = 3 * 86_400_000;

/** Whether a thread of ours is worth reading its issue for, when the listing does not show that issue. */
export function isThreadRecent(thread: ThreadSummary, now: number): boolean {
  // An archived or deleted one may be all that leads to a run whose label a person took off just before.
  if (thread.presence === "active" && isLive(thread)) return true;
  return now - (parseIso(thread.updatedAt) ?? now) <= UNLABELLED_LOOKBACK_MS;
}

type SubjectsInput = {
  readonly issue: IssueSeen;
  readonly threads: readonly ThreadSummary[];
  readonly labels: LabelNames;
  /** The id of afk's own account. */
  readonly ownId: string;
  /** Epoch ms. */
  readonly now: number;
  readonly adoptGraceMs: number;
};

/** The runs of one issue to look at, with the threads of ours that belong to it. */
export function findSubjects(input: SubjectsInput): readonly RunSubject[] {
  const { issue, labels, now, adoptGraceMs } = input;
  const comments = recordCommentsOf(issue);
  const isLabelled = hasLabel(issue, labels.inProgress);
  const lost = lostRun(comments, input);
  if (issue.ownComments.kind === "truncated" && (lost !== null || comments.length === 0)) {
    const runId = lost?.runId ?? null;
    const why = "too many comments: the run's record may be among those not read";
    return isLabelled || lost !== null ? [{ kind: "unreadable", runId, why }] : [];
  }
  const known = comments.flatMap((comment, at) =>
    subjectOf(comment, {
      ...input,
      isLabelled,
      isNewest: at === comments.length - 1 && lost === null,
      followedAt: begunAt(comments[at + 1]) ?? lost?.createdAt ?? null,
    }),
  );
  if (lost !== null) {
    // Until its label is on, a young run is the poller's, whose record this reading may be too old to show.
    if (!isLabelled && now - lost.createdAt <= adoptGraceMs) return known;
    return [...known, { kind: "rebuild", runId: lost.runId, commentId: null }];
  }
  return isLabelled && comments.length === 0 ? [{ kind: "orphan" }] : known;
}

type LostRun = { readonly runId: string; readonly createdAt: number };

/**
 * The run of the newest thread of ours whose progress comment is gone; null when none is missing. A run
 * that another has followed, or whose verdict was told, or that was released, is over whatever became of its
 * comment. An orphan is no such other: it was handed over because its thread was not seen.
 */
function lostRun(comments: readonly RecordComment[], input: SubjectsInput): LostRun | null {
  const known = new Set(comments.map(runIdOf));
  const records = comments.flatMap((each) => (each.kind === "record" ? [each.record] : []));
  const orphans = records.filter(isOrphan);
  const begins = records.filter((record) => !isOrphan(record)).map((record) => record.begunAt);
  const newestBegin = Math.max(0, ...begins);
  const lost = input.threads
    .filter((thread) => thread.presence === "active")
    .flatMap((thread) => {
      const runId = parseThreadId(thread.id)?.runId;
      return runId === undefined ? [] : [{ runId, createdAt: parseIso(thread.createdAt) ?? 0 }];
    })
    .filter(({ runId, createdAt }) => !known.has(runId) && createdAt >= newestBegin)
    .filter(({ runId }) => !isToldAndUnlabelled(runId, input))
    // The label that was taken off at an orphan's end was not taken off for the run.
    .filter(({ createdAt }) => {
      const handedOver = orphans.find((orphan) => orphan.begunAt >= createdAt);
      const span = { from: createdAt, until: handedOver?.begunAt ?? null };
      return !wasReleased(span, input);
    })
    .toSorted((a, b) => a.createdAt - b.createdAt);
  return lost.at(-1) ?? null;
}

function begunAt(comment: RecordComment | undefined): number | null {
  return comment?.kind === "record" ? comment.record.begunAt : null;
}

function wasReleased(span: RunSpan, input: SubjectsInput): boolean {
  const { issue, labels, ownId } = input;
  return isReleased(issue, { inProgress: labels.inProgress, ownId, span });
}

/** Its notice stands and its label is off: all that a verdict does was done. */
function isToldAndUnlabelled(runId: string, input: SubjectsInput): boolean {
  const { issue, labels } = input;
  return (
    !hasLabel(issue, labels.inProgress) && findNotice(issue.ownComments.comments, runId) !== null
  );
}

function subjectOf(
  comment: RecordComment,
  input: SubjectsInput & {
    readonly isLabelled: boolean;
    readonly isNewest: boolean;
    /** Epoch ms at which the next run began; null when that is not known. */
    readonly followedAt: number | null;
  },
): readonly RunSubject[] {
  if (comment.kind !== "record") {
    const { runId, commentId } = comment;
    if (!input.isNewest || isToldAndUnlabelled(runId, input)) return [];
    if (wasReleased({ from: newestThreadAt(runId, input), until: null }, input)) return [];
    if (comment.kind === "malformed") return [{ kind: "rebuild", runId, commentId }];
    if (comment.kind === "tampered") {
      // Its poller may be at work on it still, as on one whose comment is gone.
      const isYoung = input.now - newestThreadAt(runId, input) <= input.adoptGraceMs;
      return !input.isLabelled && isYoung ? [] : [{ kind: "rebuild", runId, commentId }];
    }
    return [{ kind: "unreadable", runId, why: "its record was written by another version" }];
  }
  const { record, commentId } = comment;
  const isSuperseded = !input.isNewest;
  if (isSuperseded && isTold(record, input)) return [];
  if (isPollers(record, input)) return [];
  return [{ kind: "run", record, commentId, isSuperseded }];
}

/** When the newest thread of the run was created, epoch ms; 0 when there is none. */
function newestThreadAt(runId: string, input: SubjectsInput): number {
  const mine = input.threads.filter((thread) => parseThreadId(thread.id)?.runId === runId);
  return Math.max(0, ...mine.map((thread) => parseIso(thread.createdAt) ?? 0));
}

/** All that a newer run leaves of an older one's verdict is done: its notice, and the doorbells it began. */
function isTold(
  record: RunRecord,
  input: SubjectsInput & { readonly followedAt: number | null },
): boolean {
  if (record.verdict === null) return false;
  const bells = Object.values(record.verdict.bells);
  if (bells.some((bell) => bell.state === "trying")) return false;
  if (findNotice(input.issue.ownComments.comments, record.runId) !== null) return true;
  const { followedAt } = input;
  return followedAt !== null && wasReleased({ from: record.begunAt, until: followedAt }, input);
}

/** Before its label is on, a young run's record is the poller's to write: it finishes its own dispatch. */
function isPollers(
  record: RunRecord,
  input: { readonly isLabelled: boolean; readonly now: number; readonly adoptGraceMs: number },
): boolean {
  if (input.isLabelled || record.verdict !== null || record.state !== "dispatching") return false;
  return input.now - record.begunAt <= input.adoptGraceMs;
}
