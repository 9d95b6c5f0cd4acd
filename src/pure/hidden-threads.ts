import { hasLabel } from "./approval.ts";
import type { IssueSeen, RepoSeen } from "./issue.ts";
import { lastTurn } from "./run-record.ts";
import { recordCommentsOf } from "./run-record-codec.ts";
import type { AgentSeen } from "./thread.ts";

/**
 * Whether something that was read can only be judged with the archived and deleted threads, which the answer
 * left out: a run whose thread is not in it, or an issue that nothing but its threads may tell of.
 */
export function needsHiddenThreads(
  repos: readonly RepoSeen[],
  agent: AgentSeen,
  inProgress: string,
): boolean {
  if (agent.kind === "unreadable" || agent.isActiveOnly !== true) return false;
  const listed = new Set(agent.threads.map(({ id }) => id));
  return repos.some(
    (repo) =>
      repo.kind === "readable" &&
      // Whether one that could not be read keeps its repo busy, only its threads tell.
      ((repo.issuesUnreadable ?? []).length > 0 ||
        repo.issues.some((issue) => isThreadMissed(issue, { listed, inProgress }))),
  );
}

function isThreadMissed(
  issue: IssueSeen,
  { listed, inProgress }: { readonly listed: ReadonlySet<string>; readonly inProgress: string },
): boolean {
  const comments = recordCommentsOf(issue);
  const newest = comments.at(-1);
  const isLabelled = hasLabel(issue, inProgress);
  if (isLabelled && newest?.kind !== "record") return true;
  return comments.some((comment) => {
    if (comment.kind !== "record") return false;
    const { record } = comment;
    // A verdict is not carried out before its thread is seen to rest: until the label is off it matters.
    const isOver = record.verdict !== null && !(isLabelled && comment === newest);
    const threadId = lastTurn(record)?.threadId;
    return !isOver && threadId !== undefined && !listed.has(threadId);
  });
}
