import { parseThreadId } from "./identity.ts";
import { type IssueUnreadable, issueKey, type RepoRef, type RepoSeen, repoKey } from "./issue.ts";
import type { Limits } from "./limits.ts";
import { type Lock, type LocksByRepo, locksOf, repoOfThread } from "./locks.ts";
import type { AgentSeen } from "./thread.ts";
import { parseIso } from "./time.ts";

type Seen = {
  readonly now: number;
  readonly repos: readonly RepoSeen[];
  readonly agent: AgentSeen;
};
type Policy = { readonly limits: Limits; readonly workspacesRoot: string };

/**
 * The locks, and one for each candidate that could not be read and whose record, if it has one, may say that a turn
 * is about to start. It says none once nobody wrote to the issue for as long as the poller finishes a dispatch and
 * the agent server may take to start it, and no thread of ours belongs to it.
 */
export function withUnreadable(locks: LocksByRepo, seen: Seen, policy: Policy): LocksByRepo {
  const all = new Map(locks);
  for (const repo of seen.repos) {
    if (repo.kind === "unreadable") continue;
    for (const issue of repo.issuesUnreadable ?? []) {
      if (isQuiet(issue, seen, policy)) continue;
      const lock: Lock = { kind: "turn-asked", issue: issueKey(issue.ref), runId: null };
      all.set(repoKey(repo.facts.ref), [...locksOf(all, repo.facts.ref), lock]);
    }
  }
  return all;
}

function isQuiet(issue: IssueUnreadable, seen: Seen, policy: Policy): boolean {
  if (seen.agent.kind === "unreadable") return false;
  const { adoptGraceMs, startGraceMs } = policy.limits;
  const updatedAt = parseIso(issue.updatedAt);
  if (updatedAt === null || seen.now - updatedAt <= adoptGraceMs + startGraceMs) return false;
  return !seen.agent.threads.some(
    (thread) =>
      parseThreadId(thread.id)?.issueNumber === issue.ref.number &&
      isIn(issue.ref.repo, repoOfThread(thread, [issue.ref.repo], policy.workspacesRoot)),
  );
}

function isIn(repo: RepoRef, other: RepoRef | null): boolean {
  return other !== null && repoKey(repo) === repoKey(other);
}
