import type { GitRepo } from "./git.ts";

/** GitHub's account types that act on issues. */
export type AccountKind = "User" | "Bot";

/** An account. `login` is as it was added; GitHub spells a bot's login differently per API. */
export type Account = {
  readonly id: number;
  readonly nodeId: string;
  readonly login: string;
  readonly kind: AccountKind;
  readonly token: string;
  /** What it did stays, and names nobody any more. */
  isDeleted: boolean;
};

/** What a collaborator may do. */
export type Permission = "admin" | "write" | "read";

export type Label = {
  readonly id: number;
  readonly nodeId: string;
  readonly name: string;
  readonly color: string;
};

/** GitHub's mark on a change that an agent proposed. */
export type Intent = {
  readonly confidence: "LOW" | "MEDIUM" | "HIGH" | null;
  readonly rationale: string | null;
};

/** What closed an issue besides a hand (null). */
export type Closer =
  | { readonly kind: "commit"; readonly oid: string }
  | { readonly kind: "pull-request"; readonly number: number };

export type StateReason = "completed" | "not_planned" | "duplicate" | "reopened";

/** One thing that happened to an issue, without its identity. */
export type IssueChange =
  | { readonly kind: "labeled"; readonly label: Label; readonly intent: Intent | null }
  | { readonly kind: "unlabeled"; readonly label: Label }
  | { readonly kind: "closed"; readonly reason: StateReason; readonly closer: Closer | null }
  | { readonly kind: "reopened" }
  | { readonly kind: "renamed"; readonly from: string; readonly to: string }
  | { readonly kind: "transferred"; readonly fromRepo: string };

/** One timeline event. Ids grow over the whole world, so they order events of one second. */
export type IssueEvent = {
  readonly id: number;
  readonly nodeId: string;
  readonly at: string;
  readonly actor: Account | null;
  readonly change: IssueChange;
};

export type Comment = {
  readonly id: number;
  readonly nodeId: string;
  readonly issue: Issue;
  readonly author: Account;
  readonly createdAt: string;
  body: string;
  updatedAt: string;
  lastEditedAt: string | null;
  /** Of the last edit. */
  editor: Account | null;
};

export type Issue = {
  readonly id: number;
  readonly nodeId: string;
  readonly repo: Repo;
  readonly number: number;
  readonly author: Account;
  readonly createdAt: string;
  readonly labels: Label[];
  readonly events: IssueEvent[];
  readonly comments: Comment[];
  readonly blockers: Issue[];
  title: string;
  body: string;
  state: "open" | "closed";
  stateReason: StateReason | null;
  updatedAt: string;
  closedAt: string | null;
  closedBy: Account | null;
  lastEditedAt: string | null;
  editor: Account | null;
};

/** One push of the default branch, as the reflog told it. */
export type Push = {
  readonly id: number;
  readonly before: string;
  readonly after: string;
  readonly ref: string;
  readonly at: string;
  readonly activity: "push" | "force_push" | "branch_creation" | "branch_deletion";
  readonly actor: Account | null;
};

export type CheckStatus = "queued" | "in_progress" | "completed";

export type CheckConclusion =
  | "success"
  | "failure"
  | "neutral"
  | "cancelled"
  | "skipped"
  | "timed_out"
  | "action_required"
  | "stale"
  | "startup_failure";

/** A check run. Its id is also the id of its Actions job, as on GitHub. */
export type CheckRun = {
  readonly id: number;
  readonly nodeId: string;
  readonly sha: string;
  readonly name: string;
  readonly suiteId: number;
  /** The workflow run; null for a check that another App reported. */
  readonly workflow: { readonly runId: number; readonly name: string } | null;
  readonly app: { readonly slug: string; readonly id: number };
  /** Names the log where no authentication is asked for. */
  readonly logKey: string;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  startedAt: string | null;
  completedAt: string | null;
  summary: string | null;
  /** The message of its one failure annotation. */
  annotation: string | null;
  log: string | null;
};

/** A commit status: the older kind of check. */
export type CommitStatus = {
  readonly id: number;
  readonly nodeId: string;
  readonly sha: string;
  readonly context: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly createdAt: string;
  readonly targetUrl: string | null;
};

export type Repo = {
  readonly id: number;
  readonly nodeId: string;
  readonly owner: string;
  readonly name: string;
  /** `owner/name`. */
  readonly key: string;
  /** `file://…/owner/name`; with `.git` appended it can be cloned and pushed to. */
  readonly url: string;
  readonly git: GitRepo;
  readonly defaultBranch: string;
  readonly isPrivate: boolean;
  readonly isArchived: boolean;
  /** Who pushes, when the reflog names no account. */
  readonly pusher: Account | null;
  /** By login in lower case. */
  readonly permissions: ReadonlyMap<string, Permission>;
  readonly labels: Map<string, Label>;
  readonly issues: Map<number, Issue>;
  readonly pushes: Push[];
  readonly checkRuns: CheckRun[];
  readonly statuses: CommitStatus[];
};

/** What happens in the world, for whoever shows progress. */
export type ForgeEvent =
  | {
      readonly kind: "issue";
      readonly repo: string;
      readonly number: number;
      readonly change: IssueChange["kind"] | "opened" | "edited";
      readonly label: string | null;
      readonly by: string | null;
    }
  | {
      readonly kind: "comment";
      readonly repo: string;
      readonly number: number;
      readonly change: "created" | "edited" | "deleted";
      readonly commentId: number;
      readonly by: string;
    }
  | {
      readonly kind: "push";
      readonly repo: string;
      readonly before: string;
      readonly after: string;
      readonly by: string | null;
    }
  | {
      readonly kind: "check";
      readonly repo: string;
      readonly sha: string;
      readonly name: string;
      readonly status: CheckStatus;
      readonly conclusion: CheckConclusion | null;
    };
