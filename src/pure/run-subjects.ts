import { hasLabel } from "./approval.ts";
import { parseThreadId } from "./identity.ts";
import type { IssueSeen } from "./issue.ts";
import type { LabelNames } from "./ports/tracker.ts";
import type { RunRecord } from "./run-record.ts";
import { type RecordComment, recordCommentsOf } from "./run-record-codec.ts";
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
  if (thread.presence !== "active") return false;
  if (isLive(thread)) return true;
  return now - (parseIso(thread.updatedAt) ?? now) <= UNLABELLED_LOOKBACK_MS;
}

/** The runs of one issue to look at, with the threads of ours that belong to it. */
export function findSubjects(input: {
  readonly issue: IssueSeen;
  readonly threads: readonly ThreadSummary[];
  readonly labels: LabelNames;
  /** Epoch ms. */
  readonly now: number;
  readonly adoptGraceMs: number;
}): readonly RunSubject[] {
  const { issue, labels } = input;
  const comments = recordCommentsOf(issue);
  const isLabelled = hasLabel(issue, labels.inProgress);
  const lost = lostRun(comments, input.threads);
  if (issue.ownComments.kind === "truncated" && (lost !== null || comments.length === 0)) {
    const why = "too many comments: the run's record may be among those not read";
    return isLabelled || lost !== null ? [{ kind: "unreadable", runId: lost, why }] : [];
  }
  const known = comments.flatMap((comment, at) =>
    subjectOf(comment, {
      ...input,
      isLabelled,
      isNewest: at === comments.length - 1 && lost === null,
    }),
  );
  if (lost !== null) return [...known, { kind: "rebuild", runId: lost, commentId: null }];
  return isLabelled && comments.length === 0 ? [{ kind: "orphan" }] : known;
}

/** The run of the newest thread of ours whose progress comment is gone; null when none is missing. */
function lostRun(
  comments: readonly RecordComment[],
  threads: readonly ThreadSummary[],
): string | null {
  const known = new Set(comments.map(runOf));
  const lost = threads
    .filter((thread) => thread.presence === "active")
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    .flatMap((thread) => parseThreadId(thread.id)?.runId ?? [])
    .filter((runId) => !known.has(runId));
  return lost.at(-1) ?? null;
}

function runOf(comment: RecordComment): string {
  return comment.kind === "record" ? comment.record.runId : comment.runId;
}

function subjectOf(
  comment: RecordComment,
  input: {
    readonly isLabelled: boolean;
    readonly isNewest: boolean;
    readonly now: number;
    readonly adoptGraceMs: number;
  },
): readonly RunSubject[] {
  if (comment.kind !== "record") {
    if (!input.isNewest) return [];
    const { runId, commentId } = comment;
    if (comment.kind === "malformed") return [{ kind: "rebuild", runId, commentId }];
    return [{ kind: "unreadable", runId, why: "its record was written by another version" }];
  }
  const { record, commentId } = comment;
  const isSuperseded = !input.isNewest;
  if (isSuperseded && record.verdict !== null) return [];
  if (isPollers(record, input)) return [];
  return [{ kind: "run", record, commentId, isSuperseded }];
}

/** Before its label is on, a young run's record is the poller's to write: it finishes its own dispatch. */
function isPollers(
  record: RunRecord,
  input: { readonly isLabelled: boolean; readonly now: number; readonly adoptGraceMs: number },
): boolean {
  if (input.isLabelled || record.verdict !== null || record.state !== "dispatching") return false;
  return input.now - record.begunAt <= input.adoptGraceMs;
}
