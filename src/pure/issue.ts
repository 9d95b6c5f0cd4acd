/** Which forge a repo lives on. */
export type TrackerKind = "github" | "forgejo";

/** A repo as the allowlist names it. */
export type RepoRef = {
  readonly tracker: TrackerKind;
  readonly owner: string;
  readonly name: string;
};

/** An issue of a repo; printed `owner/name#N`. */
export type IssueRef = { readonly repo: RepoRef; readonly number: number };

/** Who did something. `id` is the tracker's account id in decimal; logins can be renamed, ids cannot. */
export type Actor =
  | {
      readonly kind: "account";
      readonly id: string;
      readonly login: string;
      /** What the tracker says of the account type, never a guess from the login. */
      readonly isBot: boolean;
    }
  /** A deleted account, or an answer that names nobody: trusted by nothing. */
  | { readonly kind: "unknown" };

/** What closes an issue: somebody's hand, or a closing keyword in a commit or pull request. */
export type ClosedBy = "hand" | "commit" | "pull-request";

/** One thing that happened to an issue. `at` is ISO 8601 as the tracker stamped it. */
export type IssueEvent =
  | {
      readonly kind: "labeled";
      readonly id: string;
      readonly at: string;
      readonly label: string;
      readonly actor: Actor;
      /** GitHub marks labels an agent put on with an `intent`; such a label is no person's word. */
      readonly isByIntent: boolean;
    }
  | {
      readonly kind: "unlabeled";
      readonly id: string;
      readonly at: string;
      readonly label: string;
      readonly actor: Actor;
    }
  | {
      readonly kind: "closed";
      readonly id: string;
      readonly at: string;
      readonly actor: Actor;
      /** What closed it: somebody's hand, or a closing keyword in a commit or pull request. */
      readonly closer: ClosedBy;
    }
  | { readonly kind: "reopened"; readonly id: string; readonly at: string; readonly actor: Actor }
  | { readonly kind: "renamed"; readonly id: string; readonly at: string; readonly actor: Actor }
  | { readonly kind: "transferred"; readonly id: string; readonly at: string };

/** What happened to an issue, oldest first. A truncated history is missing older events. */
export type IssueHistory = {
  readonly kind: "complete" | "truncated";
  readonly events: readonly IssueEvent[];
};

/** An issue that must be done before this one may start. `key` is printed `owner/name#N`. */
export type Blocker = {
  readonly key: string;
  readonly state: "open" | "closed" | "unreadable" | "cyclic";
  /** Where `cyclic`: the keys along the cycle, the first one again at the end. */
  readonly cycle?: readonly string[];
};

/** The blockers of an issue, or why they could not be read (which counts as blocked). */
export type BlockersSeen =
  | { readonly kind: "listed"; readonly blockers: readonly Blocker[] }
  | { readonly kind: "unreadable"; readonly why: string };

/** A comment written by afk's own account. Only these are ever searched for records and notices. */
export type OwnComment = {
  readonly id: string;
  readonly body: string;
  /**
   * Somebody else edited it last: whoever may write to the repo may, and it still names us as its author. It is
   * ours to edit, and what it says is not ours: no record is read from it.
   */
  readonly isTampered?: true;
};

/** afk's own comments on an issue, oldest first. */
export type OwnCommentsSeen = {
  readonly kind: "complete" | "truncated";
  readonly comments: readonly OwnComment[];
};

/** Everything a tick needs to know about one issue, read at one moment. */
export type IssueSeen = {
  readonly ref: IssueRef;
  readonly url: string;
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601 of the newest edit of the body, null when it never was edited. */
  readonly bodyEditedAt: string | null;
  readonly labels: readonly string[];
  readonly history: IssueHistory;
  readonly blockers: BlockersSeen;
  readonly ownComments: OwnCommentsSeen;
};

/** What an account may do in a repo; custom roles count by their base permission. */
export type Permission = "admin" | "write" | "read" | "none" | "unreadable";

/** The facts of a repo that decisions and prompts need. */
export type RepoFacts = {
  readonly ref: RepoRef;
  /** The tracker's own id: survives renames, so a name registered anew is another repo. */
  readonly id: string;
  readonly defaultBranch: string;
  /** Full sha of the default branch's head; null for an empty repo. */
  readonly headSha: string | null;
  readonly cloneUrl: string;
  readonly webUrl: string;
  /** Of the labels afk itself puts on, those that the repo does not have yet. */
  readonly labelsMissing: readonly string[];
};

/** Which App put a label on in an account's name. `none`: a person's own hand, or an OAuth app of theirs. */
export type ActingApp =
  | { readonly kind: "none" }
  | { readonly kind: "app"; readonly id: string; readonly slug: string }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * A listed issue without the in-progress label whose details could not be read. `updatedAt` is ISO 8601: no comment
 * was written since.
 */
export type IssueUnreadable = {
  readonly ref: IssueRef;
  readonly updatedAt: string;
  readonly why: string;
};

/** One enrolled repo as read: its issues that carry the ready or in-progress label, or why not. */
export type RepoSeen =
  | {
      readonly kind: "readable";
      readonly facts: RepoFacts;
      readonly issues: readonly IssueSeen[];
      /** Candidates that are there and cannot be read. One that may be in progress makes its repo unreadable. */
      readonly issuesUnreadable?: readonly IssueUnreadable[];
      /** By account id, for the actors of the newest ready label events. An absent id is unreadable. */
      readonly permissions: ReadonlyMap<string, Permission>;
    }
  | { readonly kind: "unreadable"; readonly ref: RepoRef; readonly why: string };

/** `owner/name`, with the tracker in front where it is not GitHub: the spelling of the allowlist. */
export function repoKey(ref: RepoRef): string {
  const name = `${ref.owner}/${ref.name}`;
  return ref.tracker === "github" ? name : `${ref.tracker}:${name}`;
}

/** `owner/name#N`: how logs, comments and prompts name an issue. */
export function issueKey(ref: IssueRef): string {
  return `${repoKey(ref.repo)}#${ref.number}`;
}
