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
