import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { newCheckRun } from "./ci.ts";
import { createBareRepo, openGitRepo } from "./git.ts";
import {
  addComment,
  addLabel,
  closeIssue,
  deleteComment,
  editComment,
  editIssue,
  findComment,
  markTransferred,
  openIssue,
  removeLabel,
  reopenIssue,
} from "./issue-writes.ts";
import { transferIssue } from "./issue-moves.ts";
import type {
  AccountKind,
  App,
  CheckConclusion,
  Comment,
  CommitStatus,
  Intent,
  Issue,
  Permission,
  PullRequest,
  Repo,
  StateReason,
} from "./model.ts";
import {
  addAccount,
  bareLogin,
  deleteAccount,
  needAccount,
  needRepo,
  type World,
} from "./world.ts";

/** An issue of the forge; `repo` is `owner/name`. */
export type IssueName = { readonly repo: string; readonly number: number };

/** A repo to be made. `permissions` is by login. */
export type RepoWish = {
  readonly owner: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** The repo whose commits it begins with, instead of one of `files`: a fleet is made in seconds. */
  readonly copyOf?: string;
  readonly permissions: Readonly<Record<string, Permission>>;
  readonly defaultBranch?: string;
  /** Whose pushes they are when git names no account; else the first who may write. */
  readonly pusher?: string;
  readonly isPrivate?: boolean;
  readonly isArchived?: boolean;
};

/** People's hands: what is done to the forge by others than its API's users. `by` is a login. */
export type Hands = {
  addAccount(wish: { readonly login: string; readonly kind: AccountKind }): {
    readonly id: number;
    readonly login: string;
    readonly token: string;
  };
  deleteAccount(login: string): void;
  /** Makes a bare repository with one first commit, which CI then judges like a push. */
  createRepo(wish: RepoWish): Promise<{
    readonly id: number;
    readonly key: string;
    readonly url: string;
    readonly cloneUrl: string;
  }>;
  createIssue(wish: {
    readonly repo: string;
    readonly title: string;
    readonly body: string;
    readonly by: string;
  }): number;
  addLabel(issue: IssueName, label: string, by: string): void;
  /** Adds a label that GitHub marks as an agent's proposal. */
  addLabelByIntent(issue: IssueName, label: string, how: Intent & { readonly by: string }): void;
  /** Adds a label in somebody's name through an App that they let act for them. */
  addLabelThroughApp(issue: IssueName, label: string, how: { by: string; app: App }): void;
  removeLabel(issue: IssueName, label: string, by: string): void;
  editIssue(
    issue: IssueName,
    edit: { readonly title?: string; readonly body?: string; readonly by: string },
  ): void;
  /** `pullRequest` is the number of the one that closed it. */
  closeIssue(
    issue: IssueName,
    by: string,
    how?: { readonly reason?: StateReason; readonly pullRequest?: number },
  ): void;
  reopenIssue(issue: IssueName, by: string): void;
  addBlocker(issue: IssueName, byIssue: IssueName): void;
  markTransferred(issue: IssueName, fromRepo: string, by: string): void;
  /** Moves an issue to another repo; answers its number there. */
  transferIssue(issue: IssueName, toRepo: string, by: string): number;
  /** Opens a pull request or changes its state. Its number must be none of an issue's. */
  setPullRequest(repo: string, number: number, state: PullRequest["state"]): void;
  /** Answers the comment's id. */
  comment(issue: IssueName, body: string, by: string): number;
  /** Whoever may write may edit any comment; it keeps its author. */
  editComment(
    repo: string,
    commentId: number,
    edit: { readonly body: string; readonly by: string },
  ): void;
  deleteComment(repo: string, commentId: number, by: string): void;
  /** Reports a check run that no command stands behind; without a conclusion it stays running. */
  reportCheck(repo: string, check: CheckReport): number;
  reportStatus(repo: string, status: StatusReport): void;
};

/** A check run as another App reports it. */
export type CheckReport = {
  readonly sha: string;
  readonly name: string;
  readonly conclusion?: CheckConclusion;
  readonly summary?: string;
  /** Who reports it, when it is not Actions. */
  readonly app?: App;
};

/** A commit status. */
export type StatusReport = {
  readonly sha: string;
  readonly context: string;
  readonly state: CommitStatus["state"];
  readonly targetUrl?: string;
  readonly description?: string;
};

/** Makes the hands that reach into a world whose repositories live below `dir`. */
export function createHands(world: World, dir: string): Hands {
  const account = (login: string) => needAccount(world, login);
  const issueOf = (name: IssueName) => needIssue(world, name);
  return {
    addAccount: (wish) => addAccount(world, wish),
    deleteAccount: (login) => deleteAccount(world, login),
    createRepo: (wish) => createRepo(world, dir, wish),
    createIssue({ repo, title, body, by }) {
      return openIssue(world, needRepo(world, repo), { title, body, by: account(by) }).number;
    },
    addLabel(issue, name, by) {
      addLabel(world, issueOf(issue), { name, by: account(by) });
    },
    addLabelByIntent(issue, name, { by, confidence, rationale }) {
      const intent = { confidence, rationale };
      addLabel(world, issueOf(issue), { name, by: account(by), intent });
    },
    addLabelThroughApp(issue, name, { by, app }) {
      addLabel(world, issueOf(issue), { name, by: account(by), app });
    },
    removeLabel(issue, name, by) {
      removeLabel(world, issueOf(issue), { name, by: account(by) });
    },
    editIssue(issue, edit) {
      editIssue(world, issueOf(issue), { ...edit, by: account(edit.by) });
    },
    closeIssue(issue, by, how = {}) {
      const { reason = "completed", pullRequest } = how;
      const closer =
        pullRequest === undefined ? null : ({ kind: "pull-request", number: pullRequest } as const);
      closeIssue(world, issueOf(issue), { by: account(by), reason, closer });
    },
    reopenIssue: (issue, by) => reopenIssue(world, issueOf(issue), account(by)),
    addBlocker(issue, byIssue) {
      const { blockers } = issueOf(issue);
      const blocker = issueOf(byIssue);
      if (!blockers.includes(blocker)) blockers.push(blocker);
    },
    markTransferred(issue, fromRepo, by) {
      markTransferred(world, issueOf(issue), { fromRepo, by: account(by) });
    },
    transferIssue: (issue, toRepo, by) =>
      transferIssue(world, issueOf(issue), { to: needRepo(world, toRepo), by: account(by) }).number,
    setPullRequest(repo, number, state) {
      needRepo(world, repo).pullRequests.set(number, { number, state });
    },
    comment: (issue, body, by) => addComment(world, issueOf(issue), { body, by: account(by) }).id,
    editComment(repo, commentId, { body, by }) {
      editComment(world, needComment(world, repo, commentId), { body, by: account(by) });
    },
    deleteComment(repo, commentId, by) {
      deleteComment(world, needComment(world, repo, commentId), account(by));
    },
    reportCheck: (repo, check) => reportCheck(world, needRepo(world, repo), check),
    reportStatus: (repo, status) => reportStatus(world, needRepo(world, repo), status),
  };
}

/** The issue of a name. Throws when there is none. */
export function needIssue(world: World, name: IssueName): Issue {
  const issue = needRepo(world, name.repo).issues.get(name.number);
  if (issue === undefined) throw new Error(`no issue ${name.repo}#${name.number}`);
  return issue;
}

function needComment(world: World, repo: string, id: number): Comment {
  const comment = findComment(needRepo(world, repo), id);
  if (comment === null) throw new Error(`no comment ${id} in ${repo}`);
  return comment;
}

async function createRepo(
  world: World,
  dir: string,
  wish: RepoWish,
): ReturnType<Hands["createRepo"]> {
  const key = `${wish.owner}/${wish.name}`;
  if (world.repos.has(key.toLowerCase())) throw new Error(`repo ${key} exists already`);
  const home = join(dir, "repos", wish.owner);
  const gitDir = join(home, `${wish.name}.git`);
  const branch = wish.defaultBranch ?? "main";
  await mkdir(home, { recursive: true });
  if (wish.copyOf === undefined) await createBareRepo({ dir: gitDir, branch, files: wish.files });
  else await cp(needRepo(world, wish.copyOf).git.dir, gitDir, { recursive: true });
  const grants = Object.entries(wish.permissions);
  const writer = wish.pusher ?? grants.find(([, permission]) => permission !== "read")?.[0];
  const repo: Repo = {
    ...world.identify("R"),
    owner: wish.owner,
    name: wish.name,
    key,
    url: pathToFileURL(join(home, wish.name)).href,
    git: openGitRepo(gitDir),
    defaultBranch: branch,
    isPrivate: wish.isPrivate ?? false,
    isArchived: wish.isArchived ?? false,
    pusher: writer === undefined ? null : needAccount(world, writer),
    permissions: new Map(
      grants.map(([login, permission]) => [bareLogin(login).toLowerCase(), permission]),
    ),
    labels: new Map(),
    issues: new Map(),
    moved: new Map(),
    pullRequests: new Map(),
    pushes: [],
    checkRuns: [],
    statuses: [],
    deployments: [],
    requirements: { protection: null, ruleset: null },
  };
  world.repos.set(key.toLowerCase(), repo);
  world.nodes.set(repo.nodeId, { kind: "repo", repo });
  return { id: repo.id, key, url: repo.url, cloneUrl: `${repo.url}.git` };
}

function reportCheck(world: World, repo: Repo, report: CheckReport): number {
  const made = newCheckRun(world, report);
  const run = report.app === undefined ? made : { ...made, app: report.app };
  const conclusion = report.conclusion ?? null;
  run.status = conclusion === null ? "in_progress" : "completed";
  run.conclusion = conclusion;
  run.completedAt = conclusion === null ? null : world.now();
  run.summary = report.summary ?? null;
  repo.checkRuns.push(run);
  const { sha, name, status } = run;
  world.emit({ kind: "check", repo: repo.key, sha, name, status, conclusion });
  return run.id;
}

function reportStatus(world: World, repo: Repo, report: StatusReport): void {
  const { sha, context, state, targetUrl = null, description = null } = report;
  const said = { sha, context, state, targetUrl, description };
  repo.statuses.push({ ...world.identify("SC"), ...said, createdAt: world.now() });
}
