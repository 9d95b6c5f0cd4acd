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
  /** Of a token that an App minted: keys of its repos in lower case; without one, all there are. */
  readonly reach?: { readonly repos: ReadonlySet<string>; readonly mayWrite: boolean };
  /** Its token is a fine-grained one, for which there is no permission to read checks. */
  isFineGrained?: boolean;
};

/** What a collaborator may do. */
export type Permission = "admin" | "write" | "read";

export type Label = {
  readonly id: number;
  readonly nodeId: string;
  readonly name: string;
  readonly color: string;
  /** Null for one that was made on the fly. */
  readonly description: string | null;
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
  | {
      readonly kind: "labeled";
      readonly label: Label;
      readonly intent: Intent | null;
      /** The App that acted in the actor's name. */
      readonly app?: App | null;
    }
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

/** A pull request, as far as an issue may wait for it. Its number is none of an issue's. */
export type PullRequest = { readonly number: number; state: "open" | "closed" | "merged" };

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

/** A GitHub App, as far as others see it. */
export type App = { readonly slug: string; readonly id: number };

/** A check run. Its id is also the id of its Actions job, as on GitHub. */
export type CheckRun = {
  readonly id: number;
  readonly nodeId: string;
  readonly sha: string;
  readonly name: string;
  readonly suiteId: number;
  /** The workflow run; null for a check that another App reported. */
  readonly workflow: { readonly runId: number; readonly name: string } | null;
  readonly app: App;
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
  readonly description: string | null;
};

/** One status of a deployment, in GraphQL's words. */
export type DeploymentReport = {
  readonly id: number;
  readonly nodeId: string;
  readonly state:
    | "ERROR"
    | "FAILURE"
    | "INACTIVE"
    | "IN_PROGRESS"
    | "PENDING"
    | "QUEUED"
    | "SUCCESS"
    | "WAITING";
  readonly at: string;
  readonly description: string | null;
  readonly logUrl: string | null;
};

/** A deployment with its statuses, oldest first. */
export type Deployment = {
  readonly id: number;
  readonly nodeId: string;
  readonly sha: string;
  readonly environment: string;
  readonly creator: Account;
  readonly createdAt: string;
  readonly reports: DeploymentReport[];
};

/** A check that the default branch requires; null: of any App. */
export type Requirement = { readonly context: string; readonly appId: number | null };

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
  /** Numbers of issues that were moved away, and where they are now. */
  readonly moved: Map<number, Issue>;
  readonly pullRequests: Map<number, PullRequest>;
  readonly pushes: Push[];
  readonly checkRuns: CheckRun[];
  readonly statuses: CommitStatus[];
  readonly deployments: Deployment[];
  /** Null where there is no such rule. */
  readonly requirements: {
    protection: readonly Requirement[] | null;
    ruleset: readonly Requirement[] | null;
  };
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
