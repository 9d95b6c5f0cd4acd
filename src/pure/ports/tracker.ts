import type { BranchSeen, PushesSeen } from "../commits.ts";
import type { ActingApp, IssueRef, IssueSeen, Permission, RepoRef, RepoSeen } from "../issue.ts";

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

/**
 * Which issues are listed. `candidates`: those that are open with the ready label and those open or closed with
 * the in-progress label, with the permissions of whoever made them ready. `runs`: only the latter, without any.
 */
export type ListScope = "candidates" | "runs";

/** Asks which App put a label on; the event is one of the issue's history. */
export type ActingAppQuery = { readonly ref: IssueRef; readonly eventId: string };

/** Asks for the pushes of a branch, newest first, back to the one that ended at or before `sinceMs`. */
export type PushesQuery = {
  readonly repo: RepoRef;
  readonly branch: string;
  /** Epoch ms. */
  readonly sinceMs: number;
};

/** A label to be created. `color`: six hex digits; `description`: at most 100 characters. */
export type NewLabel = {
  readonly name: string;
  readonly color: string;
  readonly description: string;
};

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
  /** Each repo with the issues of the scope, in the order asked; a repo's issues by number. */
  listRepos(repos: readonly RepoRef[], scope: ListScope): Promise<readonly RepoSeen[]>;
  /**
   * Issues one by one, fresh, whatever their labels, in the order asked; each with the permission of whoever
   * made it ready.
   */
  readIssues(refs: readonly IssueRef[]): Promise<readonly IssueSeenAlone[]>;
  /** The default branch per query, in the order asked. */
  readBranches(queries: readonly BranchQuery[]): Promise<readonly BranchSeen[]>;
  /** Through which App each label was put on, in the order asked. Such a fact never changes. */
  readActingApps(queries: readonly ActingAppQuery[]): Promise<readonly ActingApp[]>;
  /** The push log per query, in the order asked. */
  readPushes(queries: readonly PushesQuery[]): Promise<readonly PushesSeen[]>;
};

/**
 * Writes to a tracker: each is one remote request, none is retried, each throws when its outcome is not
 * known to be good. Repeating any of them but `createComment` changes nothing.
 */
export type TrackerWriter = {
  /** Not safe to repeat: find the marker first. Answers the new comment's id. */
  createComment(ref: IssueRef, body: string): Promise<string>;
  editComment(ref: IssueRef, commentId: string, body: string): Promise<void>;
  /** A label that is there already, in any colour, is a success and stays as it is. */
  createLabel(repo: RepoRef, label: NewLabel): Promise<void>;
  addLabel(ref: IssueRef, label: string): Promise<void>;
  /** A label that is not on the issue is a success. */
  removeLabel(ref: IssueRef, label: string): Promise<void>;
  closeIssue(ref: IssueRef, reason: "completed" | "not-planned"): Promise<void>;
  reopenIssue(ref: IssueRef): Promise<void>;
};
