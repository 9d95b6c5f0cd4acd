import { newestStatuses } from "./graphql-commit.ts";
import type { CheckRun, CommitStatus, Repo } from "./model.ts";
import {
  type Answer,
  cursorAnswer,
  needPush,
  pageAnswer,
  RestRefusal,
  type RestCall,
} from "./rest-call.ts";
import { userShape } from "./rest-people.ts";
import { repoApi, repoShape } from "./rest-repo-shape.ts";
import { activityShape, checkRunShape, commitShape } from "./rest-shapes.ts";
import { findAccount, permissionOf } from "./world.ts";

/** `GET /repos/{owner}/{repo}` */
export function getRepo(call: RestCall, repo: Repo): Answer {
  return { status: 200, body: repoShape(call, repo) };
}

/** `GET /commits/{ref}` */
export async function getCommit(call: RestCall, repo: Repo): Promise<Answer> {
  const commit = await repo.git.commit(await shaOf(call, repo));
  if (commit === null) throw new RestRefusal(404, "Not Found");
  return { status: 200, body: commitShape(call, repo, commit) };
}

/** `GET /commits/{ref}/check-runs`, newest first. No suite has a check twice: `filter` is moot. */
export async function listCheckRuns(call: RestCall, repo: Repo): Promise<Answer> {
  needChecks(call);
  const sha = await shaOf(call, repo);
  const query = call.url.searchParams;
  const [name, status, app] = [query.get("check_name"), query.get("status"), query.get("app_id")];
  const runs = repo.checkRuns
    .filter((run) => run.sha === sha)
    .filter((run) => name === null || run.name === name)
    .filter((run) => status === null || run.status === status)
    .filter((run) => app === null || run.app.id === Number(app))
    .toReversed();
  return pageAnswer(call, runs, (page) => ({
    total_count: runs.length,
    check_runs: page.map((run) => checkRunShape(call, repo, run)),
  }));
}

/** `GET /check-runs/{id}` */
export function getCheckRun(call: RestCall, repo: Repo): Answer {
  needChecks(call);
  return { status: 200, body: checkRunShape(call, repo, checkRunOf(call, repo)) };
}

/** `GET /check-runs/{id}/annotations`: one for a failed run, none else. */
export function listAnnotations(call: RestCall, repo: Repo): Answer {
  needChecks(call);
  const run = checkRunOf(call, repo);
  const annotation = run.annotation && {
    path: ".github",
    blob_href: `${repo.url}/blob/${run.sha}/.github`,
    start_line: 1,
    end_line: 1,
    start_column: null,
    end_column: null,
    annotation_level: "failure",
    title: "",
    message: run.annotation.replace("##[error]", ""),
    raw_details: "",
  };
  return pageAnswer(call, annotation === null ? [] : [annotation], (page) => page);
}

/** `GET /actions/jobs/{id}/logs`: sends the reader to an address that asks for no token. */
export function getJobLogs(call: RestCall, repo: Repo): Answer {
  const run = checkRunOf(call, repo);
  if (run.workflow === null || run.log === null) throw new RestRefusal(404, "Not Found");
  return { status: 302, headers: { location: `${call.apiUrl}/_logs/${run.logKey}` } };
}

/** `GET /commits/{ref}/status`: statuses only, never check runs; `pending` when there are none. */
export async function getCombinedStatus(call: RestCall, repo: Repo): Promise<Answer> {
  const sha = await shaOf(call, repo);
  const statuses = newestStatuses(repo, sha);
  const url = `${repoApi(call, repo)}/commits/${sha}`;
  const body = {
    state: combinedState(statuses),
    sha,
    total_count: statuses.length,
    statuses: statuses.map((status) => ({
      id: status.id,
      node_id: status.nodeId,
      url: `${repoApi(call, repo)}/statuses/${sha}`,
      avatar_url: null,
      context: status.context,
      state: status.state,
      target_url: status.targetUrl,
      description: status.description,
      created_at: status.createdAt,
      updated_at: status.createdAt,
    })),
    repository: repoShape(call, repo),
    commit_url: url,
    url: `${url}/status`,
  };
  return { status: 200, body };
}

function combinedState(statuses: readonly CommitStatus[]): "failure" | "pending" | "success" {
  if (statuses.some(({ state }) => state === "error" || state === "failure")) return "failure";
  const isPending = statuses.length === 0 || statuses.some(({ state }) => state === "pending");
  return isPending ? "pending" : "success";
}

/** `GET /collaborators/{username}/permission`: asks for push access; a bot is no user. */
export function getPermission(call: RestCall, repo: Repo): Answer {
  needPush(call, repo, "Must have push access to view collaborator permission.");
  const login = call.params["username"] ?? "";
  const account = findAccount(call.world, login);
  if (account === null) throw new RestRefusal(404, "Not Found");
  if (account.kind === "Bot") throw new RestRefusal(404, `${login} is not a user`);
  const permission = permissionOf(repo, account);
  const body = {
    permission,
    role_name: permission,
    user: { ...userShape(call, account), role_name: permission },
  };
  return { status: 200, body };
}

/** `GET /activity`: the push log, newest first unless `direction=asc`. */
export function listActivity(call: RestCall, repo: Repo): Answer {
  const query = call.url.searchParams;
  const [ref, actor, type] = [query.get("ref"), query.get("actor"), query.get("activity_type")];
  const pushes = repo.pushes
    .filter((push) => ref === null || push.ref === ref || push.ref === `refs/heads/${ref}`)
    .filter((push) => actor === null || push.actor?.login === actor)
    .filter((push) => type === null || push.activity === type);
  const ordered = query.get("direction") === "asc" ? pushes : pushes.toReversed();
  return cursorAnswer(call, ordered, (push) => activityShape(call, push));
}

/** `GET /compare/{base}...{head}`: the commits of head that base has not, oldest first. */
export async function compareCommits(call: RestCall, repo: Repo): Promise<Answer> {
  const [base = "", head = ""] = (call.params["basehead"] ?? "").split("...");
  const { git } = repo;
  const [from, to] = [await git.resolve(base), await git.resolve(head)];
  const meet = from === null || to === null ? null : await git.mergeBase(from, to);
  if (from === null || to === null || meet === null) throw new RestRefusal(404, "Not Found");
  const ahead = (await git.range(from, to)).toReversed();
  const behind = await git.range(to, from);
  const url = `${repoApi(call, repo)}/compare/${base}...${head}`;
  const webUrl = `${repo.url}/compare/${base}...${head}`;
  const [baseCommit, meetCommit] = [await git.commit(from), await git.commit(meet)];
  return pageAnswer(call, ahead, (page) => ({
    url,
    html_url: webUrl,
    permalink_url: webUrl,
    diff_url: `${webUrl}.diff`,
    patch_url: `${webUrl}.patch`,
    base_commit: baseCommit && commitShape(call, repo, baseCommit),
    merge_base_commit: meetCommit && commitShape(call, repo, meetCommit),
    status: compareStatus(ahead.length, behind.length),
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    commits: page.map((commit) => commitShape(call, repo, commit)),
  }));
}

function compareStatus(
  ahead: number,
  behind: number,
): "identical" | "ahead" | "behind" | "diverged" {
  if (ahead === 0) return behind === 0 ? "identical" : "behind";
  return behind === 0 ? "ahead" : "diverged";
}

async function shaOf(call: RestCall, repo: Repo): Promise<string> {
  const ref = call.params["ref"] ?? "";
  const sha = await repo.git.resolve(ref);
  if (sha === null) throw new RestRefusal(422, `No commit found for SHA: ${ref}`);
  return sha;
}

function needChecks(call: RestCall): void {
  if (call.viewer.isFineGrained !== true) return;
  throw new RestRefusal(403, "Resource not accessible by personal access token");
}

function checkRunOf(call: RestCall, repo: Repo): CheckRun {
  const run = repo.checkRuns.find((one) => one.id === Number(call.params["id"]));
  if (run === undefined) throw new RestRefusal(404, "Not Found");
  return run;
}
