import type { BranchCommit, BranchSeen } from "./commits.ts";
import type { RunCommit, RunCommitsSeen } from "./run-observation.ts";
import type { RunRecord } from "./run-record.ts";
import { readTrailers } from "./trailers.ts";

/**
 * A run waits through few pushes before its own is judged; of a longer line the oldest descendants (first to
 * be judged) and the newest (a base mended since) are asked.
 */
const DESCENDANTS_EACH_END = 5;

/** The run's commits on the default branch: those that carry its trailer, oldest first. */
export function findRunCommits(branch: BranchSeen, record: RunRecord): RunCommitsSeen {
  if (branch.kind !== "readable") return { kind: "unreadable", why: branch.why };
  const onBranch = new Set(branch.commits.map((commit) => commit.sha));
  const ours = branch.commits
    .filter((commit) => readTrailers(commit.message).runId === record.runId)
    .map(toRunCommit)
    .toReversed();
  // Without a base the range is only the newest part of the history, and absence proves nothing.
  const recorded = record.baseSha === null ? [] : record.commits;
  const vanished = recorded.map((commit) => commit.sha).filter((sha) => !onBranch.has(sha));
  return { kind: "readable", ours, vanished };
}

function toRunCommit(commit: BranchCommit): RunCommit {
  const { phases } = readTrailers(commit.message);
  return { sha: commit.sha, phases, parent: commit.parents[0] ?? null };
}

/**
 * The commits whose checks may judge the run, most telling first: its newest commit, then descendants from
 * the oldest on. Only the head of a push gets checks, so the first judged one is that push's head.
 */
export function shasToJudge(branch: BranchSeen, commits: RunCommitsSeen): readonly string[] {
  if (branch.kind !== "readable" || commits.kind !== "readable") return [];
  const newest = commits.ours.at(-1);
  if (newest === undefined) return [];
  const descendants = descendantsOf(newest.sha, branch.commits);
  if (descendants.length <= 2 * DESCENDANTS_EACH_END) return [newest.sha, ...descendants];
  const oldest = descendants.slice(0, DESCENDANTS_EACH_END);
  return [newest.sha, ...oldest, ...descendants.slice(-DESCENDANTS_EACH_END)];
}

/** Oldest first. The range lists children before parents, so one walk from the old end finds them all. */
function descendantsOf(sha: string, commits: readonly BranchCommit[]): readonly string[] {
  const line = new Set([sha]);
  for (const commit of commits.toReversed()) {
    if (commit.parents.some((parent) => line.has(parent))) line.add(commit.sha);
  }
  return [...line].slice(1);
}
