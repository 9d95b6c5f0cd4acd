import { hasLabel } from "./approval.ts";
import { parseThreadId } from "./identity.ts";
import type { IssueSeen } from "./issue.ts";
import { recordCommentsOf, runIdOf } from "./run-record-codec.ts";
import type { ThreadSummary } from "./thread.ts";
import { isLive } from "./thread-state.ts";
import { parseIso } from "./time.ts";

/** Whether a thread of ours has rested so long that it may go to the archive, if its run is over. */
export function isDueForArchive(
  thread: ThreadSummary,
  clock: { readonly now: number; readonly archiveAfterMs: number },
): boolean {
  if (clock.archiveAfterMs === 0) return false;
  if (thread.presence !== "active" || isLive(thread)) return false;
  const changedAt = parseIso(thread.updatedAt);
  return changedAt !== null && clock.now - changedAt > clock.archiveAfterMs;
}

/**
 * Whether nothing of ours will ever need the thread again: its run has its verdict and released the issue, or its
 * record is gone altogether. A record that cannot be read may be one that goes on.
 */
export function isThreadDone(thread: ThreadSummary, issue: IssueSeen, inProgress: string): boolean {
  if (hasLabel(issue, inProgress) || issue.ownComments.kind === "truncated") return false;
  const runId = parseThreadId(thread.id)?.runId;
  const own = recordCommentsOf(issue).find((comment) => runIdOf(comment) === runId);
  return own === undefined || (own.kind === "record" && own.record.verdict !== null);
}
