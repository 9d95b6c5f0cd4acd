import type { Repo } from "./model.ts";
import { listJobs, listStatuses, listWorkflowRuns } from "./rest-actions.ts";
import { type Answer, errorAnswer, RestRefusal, type RestCall } from "./rest-call.ts";
import { listEvents } from "./rest-events.ts";
import {
  createComment,
  deleteLabel,
  getComment,
  getIssue,
  listComments,
  listLabels,
  patchComment,
  patchIssue,
  postLabels,
  postRepoLabel,
  removeComment,
} from "./rest-issues.ts";
import {
  compareCommits,
  getCheckRun,
  getCombinedStatus,
  getCommit,
  getJobLogs,
  getPermission,
  getRepo,
  listActivity,
  listAnnotations,
  listCheckRuns,
} from "./rest-repo.ts";
import { profileShape } from "./rest-people.ts";
import { findAccount, findRepo, permissionOf, restLogin } from "./world.ts";

type Handler = (call: RestCall, repo: Repo) => Answer | Promise<Answer>;

// Below `/repos/{owner}/{repo}`. A colon names a parameter of one path segment.
const ROUTES: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ["GET", "", getRepo],
  ["GET", "issues/:number", getIssue],
  ["PATCH", "issues/:number", patchIssue],
  ["GET", "issues/:number/events", listEvents],
  ["GET", "issues/:number/comments", listComments],
  ["POST", "issues/:number/comments", createComment],
  ["GET", "issues/comments/:id", getComment],
  ["PATCH", "issues/comments/:id", patchComment],
  ["DELETE", "issues/comments/:id", removeComment],
  ["POST", "labels", postRepoLabel],
  ["GET", "issues/:number/labels", listLabels],
  ["POST", "issues/:number/labels", postLabels],
  ["DELETE", "issues/:number/labels/:label", deleteLabel],
  ["GET", "commits/:ref", getCommit],
  ["GET", "commits/:ref/check-runs", listCheckRuns],
  ["GET", "commits/:ref/status", getCombinedStatus],
  ["GET", "commits/:ref/statuses", listStatuses],
  ["GET", "actions/runs", listWorkflowRuns],
  ["GET", "actions/runs/:id/jobs", listJobs],
  ["GET", "check-runs/:id", getCheckRun],
  ["GET", "check-runs/:id/annotations", listAnnotations],
  ["GET", "actions/jobs/:id/logs", getJobLogs],
  ["GET", "collaborators/:username/permission", getPermission],
  ["GET", "activity", listActivity],
  ["GET", "compare/:basehead", compareCommits],
];

/** Answers a REST request; what is refused or unknown gets GitHub's error body. */
export async function answerRest(method: string, call: Omit<RestCall, "params">): Promise<Answer> {
  try {
    return await route(method, call);
  } catch (error) {
    if (error instanceof RestRefusal) {
      return errorAnswer(error.status, error.message, error.details);
    }
    throw error;
  }
}

async function route(method: string, call: Omit<RestCall, "params">): Promise<Answer> {
  const segments = call.url.pathname.split("/").slice(1).map(decodeURIComponent);
  if (method === "GET" && segments.join("/") === "user") {
    if (call.viewer.reach !== undefined) {
      throw new RestRefusal(403, "Resource not accessible by integration");
    }
    return { status: 200, body: profileShape({ ...call, params: {} }, call.viewer) };
  }
  if (method === "GET" && segments[0] === "users" && segments.length === 2) {
    const account = findAccount(call.world, segments[1] ?? "");
    if (account === null || restLogin(account) !== segments[1])
      throw new RestRefusal(404, "Not Found");
    return { status: 200, body: profileShape({ ...call, params: {} }, account) };
  }
  const { repo, rest } = repoOf(call, segments);
  if (repo === null || permissionOf(repo, call.viewer) === "none") {
    throw new RestRefusal(404, "Not Found");
  }
  for (const [wanted, path, handler] of ROUTES) {
    const params = wanted === method ? matchPath(path, rest) : null;
    if (params !== null) return await handler({ ...call, params }, repo);
  }
  throw new RestRefusal(404, "Not Found");
}

/** A repo by its name or by its number; the latter is where a moved repo's old address points. */
function repoOf(
  call: Omit<RestCall, "params">,
  segments: readonly string[],
): { readonly repo: Repo | null; readonly rest: readonly string[] } {
  const [head, first = "", second = ""] = segments;
  if (head === "repos") {
    return { repo: findRepo(call.world, `${first}/${second}`), rest: segments.slice(3) };
  }
  if (head === "repositories") {
    const all = [...call.world.repos.values()];
    return { repo: all.find((repo) => repo.id === Number(first)) ?? null, rest: segments.slice(2) };
  }
  return { repo: null, rest: [] };
}

function matchPath(path: string, segments: readonly string[]): Record<string, string> | null {
  const wanted = path === "" ? [] : path.split("/");
  if (wanted.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return null;
    // Numbers and ids: `issues/comments` is no issue.
    if ((part === ":number" || part === ":id") && !/^\d+$/.test(segment)) return null;
  }
  return params;
}
