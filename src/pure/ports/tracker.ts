import type { BranchSeen } from "../commits.ts";
import type { IssueRef, IssueSeen, Permission, RepoRef, RepoSeen } from "../issue.ts";

/** The labels a tick looks for. */
export type LabelNames = {
  readonly ready: string;
  readonly inProgress: string;
  readonly human: string;
  readonly paused: string;
};

/** The account afk itself acts as. Records and notices count only in its comments. */
export type OwnAccount = { readonly id: string; readonly login: string };

/**
 * Asks for the default branch's commits from its head back to, and without, `baseSha`. Without a base the
 * answer is the newest part of the history, as much as one page limit holds.
 */
export type BranchQuery = { readonly repo: RepoRef; readonly baseSha: string | null };

/** One issue read by itself. `absent`: deleted, or moved away. */
export type IssueSeenAlone =
  | {
      readonly kind: "read";
      readonly issue: IssueSeen;
      /** By account id, for the actor of the newest ready label event. */
      readonly permissions: ReadonlyMap<string, Permission>;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string };

/** Reads of a tracker. An answer about a repo or issue is a value even when it failed; only a bug throws. */
export type TrackerReader = {
  /** The account of our own token. Throws when the token is refused: no tick can go on without it. */
  whoAmI(): Promise<OwnAccount>;
  /**
   * Every issue that is open with the ready label, or open or closed with the in-progress label, of each
   * repo, in the order asked; a repo's issues by number.
   */
  listRepos(repos: readonly RepoRef[]): Promise<readonly RepoSeen[]>;
  /**
   * Issues one by one, fresh, whatever their labels, in the order asked; each with the permission of whoever
   * made it ready.
   */
  readIssues(refs: readonly IssueRef[]): Promise<readonly IssueSeenAlone[]>;
  /** The default branch per query, in the order asked. */
  readBranches(queries: readonly BranchQuery[]): Promise<readonly BranchSeen[]>;
};

/**
 * Writes to a tracker: each is one remote request, none is retried, each throws when its outcome is not
 * known to be good. Repeating any of them but `createComment` changes nothing.
 */
export type TrackerWriter = {
  /** Not safe to repeat: find the marker first. Answers the new comment's id. */
  createComment(ref: IssueRef, body: string): Promise<string>;
  editComment(ref: IssueRef, commentId: string, body: string): Promise<void>;
  addLabel(ref: IssueRef, label: string): Promise<void>;
  /** A label that is not on the issue is a success. */
  removeLabel(ref: IssueRef, label: string): Promise<void>;
  closeIssue(ref: IssueRef, reason: "completed" | "not-planned"): Promise<void>;
  reopenIssue(ref: IssueRef): Promise<void>;
};
