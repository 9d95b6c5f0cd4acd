import { hasLabel } from "./approval.ts";
import { parseThreadId, workspaceRootOf } from "./identity.ts";
import { issueKey, type IssueSeen, type RepoRef, type RepoSeen, repoKey } from "./issue.ts";
import type { Limits } from "./limits.ts";
import type { LabelNames } from "./ports/tracker.ts";
import { lastTurn } from "./run-record.ts";
import { recordCommentsOf, runIdOf } from "./run-record-codec.ts";
import type { AgentSeen, ThreadSummary } from "./thread.ts";
import { isLive } from "./thread-state.ts";

/** Something that keeps a repo busy, and the issue it belongs to (`owner/name#N`). */
export type Lock = {
  readonly kind: "label" | "live-thread" | "turn-asked";
  readonly issue: string;
  readonly runId: string | null;
};

/** The enrolled repo a thread of ours works in; null for other threads and other folders. */
export function repoOfThread(
  thread: ThreadSummary,
  repos: readonly RepoRef[],
  workspacesRoot: string,
): RepoRef | null {
  if (parseThreadId(thread.id) === null) return null;
  const folder = thread.workspaceRoot.toLowerCase();
  // Case does not matter: an allowlist entry respelled in another case is the same repo.
  return (
    repos.find((repo) => workspaceRootOf(workspacesRoot, repo).toLowerCase() === folder) ?? null
  );
}

/** Locks by live threads: any thread of ours in the repo whose agent may be working. */
export function threadLocks(
  repo: RepoRef,
  threadsOfRepo: readonly ThreadSummary[],
): readonly Lock[] {
  return threadsOfRepo.filter(isLive).flatMap((thread) => {
    const name = parseThreadId(thread.id);
    if (name === null) return [];
    const issue = issueKey({ repo, number: name.issueNumber });
    return [{ kind: "live-thread" as const, issue, runId: name.runId }];
  });
}

/**
 * Locks by an issue: its in-progress label, unless a human took over or its run has its verdict (what is
 * left then is only to tell people), and a turn that its records say may yet start.
 */
export function issueLocks(
  issue: IssueSeen,
  labels: LabelNames,
  clock: { readonly now: number; readonly startGraceMs: number },
): readonly Lock[] {
  const comments = recordCommentsOf(issue);
  const isLabelled = hasLabel(issue, labels.inProgress);
  // Most issues lock nothing, and need no name.
  if (!isLabelled && comments.length === 0) return [];
  const key = issueKey(issue.ref);
  const newest = comments.at(-1);
  const locks: Lock[] = [];
  // Only the newest comment tells: behind a damaged one an older run's verdict frees nothing.
  const isConcluded = newest?.kind === "record" && newest.record.verdict !== null;
  if (isLabelled && !hasLabel(issue, labels.human) && !isConcluded) {
    locks.push({ kind: "label", issue: key, runId: newest === undefined ? null : runIdOf(newest) });
  }
  for (const comment of comments) {
    if (comment.kind !== "record") continue;
    const { record } = comment;
    const turn = lastTurn(record);
    if (record.verdict !== null || turn === null || turn.end !== null) continue;
    if (clock.now - turn.asked.at > clock.startGraceMs) continue;
    locks.push({ kind: "turn-asked", issue: key, runId: record.runId });
  }
  return locks;
}

/** `owner/name` to its locks, from everything that was read of the repo. */
export type LocksByRepo = ReadonlyMap<string, readonly Lock[]>;

/** All locks of one repo. */
export function locksOf(locks: LocksByRepo, repo: RepoRef): readonly Lock[] {
  return locks.get(repoKey(repo)) ?? [];
}

/** The locks of every enrolled repo, by repo key. An unreadable repo still has those of its threads. */
export function collectLocks(
  seen: { readonly now: number; readonly repos: readonly RepoSeen[]; readonly agent: AgentSeen },
  policy: { readonly labels: LabelNames; readonly limits: Limits; readonly workspacesRoot: string },
): LocksByRepo {
  const clock = { now: seen.now, startGraceMs: policy.limits.startGraceMs };
  const threads = seen.agent.kind === "readable" ? seen.agent.threads : [];
  // Sorted by folder once: many repos times many threads is too much to look through.
  const byFolder = Map.groupBy(threads, (each) => each.workspaceRoot.toLowerCase());
  const byRepo = new Map<string, readonly Lock[]>();
  for (const repo of seen.repos) {
    const ref = repo.kind === "readable" ? repo.facts.ref : repo.ref;
    const locks: Lock[] = [];
    for (const issue of repo.kind === "readable" ? repo.issues : []) {
      for (const lock of issueLocks(issue, policy.labels, clock)) locks.push(lock);
    }
    const folder = workspaceRootOf(policy.workspacesRoot, ref).toLowerCase();
    locks.push(...threadLocks(ref, byFolder.get(folder) ?? []));
    byRepo.set(repoKey(ref), locks);
  }
  return byRepo;
}
