import { type BranchCommit, type BranchSeen, descendantsOf, type PushesSeen } from "./commits.ts";
import { findPushHead, findRewrite } from "./push-head.ts";
import type { RunCommit, RunCommitsSeen } from "./run-observation.ts";
import type { RunRecord } from "./run-record.ts";
import { readTrailers } from "./trailers.ts";

/**
 * A run waits through few pushes before its own is judged; of a longer line the oldest descendants (first to
 * be judged) and the newest (a base mended since) are asked.
 */
const DESCENDANTS_EACH_END = 5;

/**
 * The run's commits on the default branch: those that carry its trailer, oldest first, each with the head of
 * its push where the record knows it and that head is still on the branch.
 */
export function findRunCommits(branch: BranchSeen, record: RunRecord): RunCommitsSeen {
  if (branch.kind !== "readable") return { kind: "unreadable", why: branch.why };
  const onBranch = new Set(branch.commits.map((commit) => commit.sha));
  const heads = new Map(record.commits.map(({ sha, pushHead }) => [sha, pushHead]));
  const ours = branch.commits
    .filter((commit) => readTrailers(commit.message).runId === record.runId)
    .map((commit) => {
      const head = heads.get(commit.sha);
      return toRunCommit(commit, head !== undefined && onBranch.has(head) ? head : null);
    })
    .toReversed();
  // Without a base the range is only the newest part of the history, and absence proves nothing.
  const recorded = record.baseSha === null ? [] : record.commits;
  const vanished = recorded.map((commit) => commit.sha).filter((sha) => !onBranch.has(sha));
  return { kind: "readable", ours, vanished };
}

function toRunCommit(commit: BranchCommit, pushHead: string | null): RunCommit {
  const { phases } = readTrailers(commit.message);
  const { sha, parents } = commit;
  const parent = parents[0] ?? null;
  return pushHead === null ? { sha, phases, parent } : { sha, phases, parent, pushHead };
}

/**
 * Whether the push log has something to say of the run: by which push its newest commit came, or which one took
 * a recorded commit away. What is known of a commit stays known, so an unchanged run asks for nothing.
 */
export function needsPushes(commits: RunCommitsSeen): boolean {
  if (commits.kind !== "readable") return false;
  const newest = commits.ours.at(-1);
  return commits.vanished.length > 0 || (newest !== undefined && newest.pushHead === undefined);
}

/**
 * The run's commits with what the push log says: the head of the push that brought the newest one, and the push
 * that rewrote the branch of that name where it was rewritten. A log that does not say leaves them as they are.
 */
export function withPushes(
  commits: RunCommitsSeen,
  branch: { readonly name: string; readonly seen: BranchSeen },
  pushes: PushesSeen,
): RunCommitsSeen {
  if (commits.kind !== "readable" || branch.seen.kind !== "readable") return commits;
  const log = pushes.kind === "readable" ? pushes.pushes : [];
  const newest = commits.ours.at(-1);
  const headed =
    newest === undefined || newest.pushHead !== undefined
      ? commits.ours
      : [...commits.ours.slice(0, -1), withHead(newest, log, branch.seen.commits)];
  const known = { ...commits, ours: headed };
  if (branch.seen.isBaseFound && commits.vanished.length === 0) return known;
  return { ...known, rewrite: { branch: branch.name, push: findRewrite(log, commits.vanished) } };
}

function withHead(
  commit: RunCommit,
  log: Extract<PushesSeen, { kind: "readable" }>["pushes"],
  commits: readonly BranchCommit[],
): RunCommit {
  const pushHead = findPushHead(log, commit.sha, commits);
  return pushHead === null ? commit : { ...commit, pushHead };
}

/**
 * The commits whose checks may judge the run, most telling first: the head of the push that brought its newest
 * commit, then descendants from the oldest on. Only the head of a push gets checks: what stands on a commit
 * below it (a bot's status, say) judges nothing. Where that head is not known the newest commit stands for it.
 */
export function shasToJudge(branch: BranchSeen, commits: RunCommitsSeen): readonly string[] {
  if (branch.kind !== "readable" || commits.kind !== "readable") return [];
  const newest = commits.ours.at(-1);
  if (newest === undefined) return [];
  const head = newest.pushHead ?? newest.sha;
  const descendants = descendantsOf(head, branch.commits);
  if (descendants.length <= 2 * DESCENDANTS_EACH_END) return [head, ...descendants];
  const oldest = descendants.slice(0, DESCENDANTS_EACH_END);
  return [head, ...oldest, ...descendants.slice(-DESCENDANTS_EACH_END)];
}

/**
 * The commits to be judged that may be no push's head: all but the branch's own, while the push log has not told
 * the run's push head.
 */
export function headsInDoubt(branch: BranchSeen, commits: RunCommitsSeen): ReadonlySet<string> {
  if (branch.kind !== "readable" || commits.kind !== "readable") return new Set();
  if (commits.ours.at(-1)?.pushHead !== undefined) return new Set();
  return new Set(shasToJudge(branch, commits).filter((sha) => sha !== branch.headSha));
}

/** A commit of the default branch and all its descendants there, oldest first. */
export function lineFrom(branch: BranchSeen, sha: string): readonly string[] {
  return branch.kind === "readable" ? [sha, ...descendantsOf(sha, branch.commits)] : [sha];
}
