import { type BranchCommit, type BranchPush, descendantsOf } from "./commits.ts";

/** That the history of a branch was rewritten, as far as it is known. `push` is null where no log shows it. */
export type BranchRewrite = { readonly branch: string; readonly push: BranchPush | null };

/**
 * The head of the push that brought a commit to the branch: of the pushes, newest first, the oldest whose
 * `after` reaches the commit. Null when the log shows none. A head that a later forced push left behind is not
 * on the branch any more and reaches nothing there.
 */
export function findPushHead(
  pushes: readonly BranchPush[],
  sha: string,
  commits: readonly BranchCommit[],
): string | null {
  const reaching = new Set([sha, ...descendantsOf(sha, commits)]);
  return pushes.findLast((push) => reaching.has(push.after))?.after ?? null;
}

/** The push that took commits off the branch: the newest forced one, where one left any of them as its head. */
export function findRewrite(
  pushes: readonly BranchPush[],
  vanished: readonly string[],
): BranchPush | null {
  const forced = pushes.filter((push) => push.isForced);
  return forced.find((push) => vanished.includes(push.before)) ?? forced[0] ?? null;
}

/** A rewritten history in words for a person: which branch, and by which push where that is known. */
export function tellRewrite(rewrite: BranchRewrite | undefined): string {
  const branch = rewrite === undefined ? "the default branch" : rewrite.branch;
  const push = rewrite?.push ?? null;
  const told = `the history of ${branch} was rewritten`;
  if (push === null) return told;
  return `${told} (${push.by ?? "somebody"} pushed ${push.after} over ${push.before} at ${push.at})`;
}
