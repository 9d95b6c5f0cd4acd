import type { GitCommit } from "./git.ts";
import { type IssueName, needIssue } from "./hands.ts";
import type { CheckConclusion, CheckStatus, IssueEvent, Push, StateReason } from "./model.ts";
import { needRepo, type World } from "./world.ts";

/** An issue as it stands, copied: later changes do not reach it. */
export type IssueReading = {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly state: "open" | "closed";
  readonly stateReason: StateReason | null;
  readonly labels: readonly string[];
  /** Oldest first. */
  readonly comments: readonly {
    readonly id: number;
    readonly author: string;
    readonly body: string;
    readonly createdAt: string;
    readonly lastEditedAt: string | null;
  }[];
  /** Oldest first; `label` is null for events that are not about one. */
  readonly events: readonly {
    readonly id: string;
    readonly kind: IssueEvent["change"]["kind"];
    readonly at: string;
    readonly actor: string | null;
    readonly label: string | null;
  }[];
};

/** A check run of a commit with its log. */
export type CheckReading = {
  readonly id: number;
  readonly name: string;
  readonly status: CheckStatus;
  readonly conclusion: CheckConclusion | null;
  readonly log: string | null;
};

/** Reads of the world that make no request. `repo` is `owner/name`. */
export type Readings = {
  issue(name: IssueName): IssueReading;
  checks(repo: string, sha: string): readonly CheckReading[];
  /** The default branch, newest first. */
  commits(repo: string): Promise<readonly GitCommit[]>;
  /** The push log of the default branch, oldest first. */
  pushes(repo: string): readonly Push[];
};

/** Makes the readings of a world. */
export function createReadings(world: World): Readings {
  return {
    issue: (name) => readIssue(world, name),
    checks: (repo, sha) =>
      needRepo(world, repo)
        .checkRuns.filter((run) => run.sha === sha)
        .map(({ id, name, status, conclusion, log }) => ({ id, name, status, conclusion, log })),
    async commits(key) {
      const { git, defaultBranch } = needRepo(world, key);
      const head = await git.head(defaultBranch);
      return head === null ? [] : await git.history(head);
    },
    pushes: (repo) => [...needRepo(world, repo).pushes],
  };
}

function readIssue(world: World, name: IssueName): IssueReading {
  const issue = needIssue(world, name);
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body,
    url: `${issue.repo.url}/issues/${issue.number}`,
    state: issue.state,
    stateReason: issue.stateReason,
    labels: issue.labels.map((label) => label.name),
    comments: issue.comments.map((comment) => ({
      id: comment.id,
      author: comment.author.login,
      body: comment.body,
      createdAt: comment.createdAt,
      lastEditedAt: comment.lastEditedAt,
    })),
    events: issue.events.map((event) => ({
      id: event.nodeId,
      kind: event.change.kind,
      at: event.at,
      actor: event.actor?.login ?? null,
      label: "label" in event.change ? event.change.label.name : null,
    })),
  };
}
