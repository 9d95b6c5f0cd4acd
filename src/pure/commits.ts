/** A commit of the default branch. */
export type BranchCommit = {
  readonly sha: string;
  readonly message: string;
  readonly parents: readonly string[];
};

/**
 * The default branch since a run began: every commit reachable from the head and not from the base, newest
 * first. `truncated` is a range longer than the reader's page limit; `isBaseFound` false says that the base
 * is no ancestor of the head any more (history was rewritten); then every commit read is shown.
 */
export type BranchSeen =
  | {
      readonly kind: "readable";
      readonly headSha: string;
      readonly isBaseFound: boolean;
      readonly commits: readonly BranchCommit[];
    }
  | { readonly kind: "truncated"; readonly why: string }
  | { readonly kind: "unreadable"; readonly why: string };

/** One push of a branch, as the tracker logged it: what the branch's head was before and after. */
export type BranchPush = {
  readonly before: string;
  readonly after: string;
  /** History was rewritten: what was the head before is no ancestor of what is the head now. */
  readonly isForced: boolean;
  /** The login of who pushed; null when the tracker names nobody. */
  readonly by: string | null;
  /** ISO 8601. */
  readonly at: string;
};

/** The push log of a branch, newest first. Who pushed and when is the tracker's word, not the commit's. */
export type PushesSeen =
  | { readonly kind: "readable"; readonly pushes: readonly BranchPush[] }
  | { readonly kind: "unreadable"; readonly why: string };

/** The commits that descend from one, oldest first, itself left out. */
export function descendantsOf(sha: string, commits: readonly BranchCommit[]): readonly string[] {
  const line = new Set([sha]);
  // The range lists children before parents, so one walk from the old end finds them all.
  for (const commit of commits.toReversed()) {
    if (commit.parents.some((parent) => line.has(parent))) line.add(commit.sha);
  }
  return [...line].slice(1);
}
