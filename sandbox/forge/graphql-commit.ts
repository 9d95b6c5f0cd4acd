import { connect, forgeError, type PageArgs } from "./connection.ts";
import type { GitCommit } from "./git.ts";
import type { Account, CheckConclusion, CheckRun, CommitStatus, Repo } from "./model.ts";

type View = Record<string, unknown>;

const RED: ReadonlySet<CheckConclusion> = new Set([
  "failure",
  "cancelled",
  "timed_out",
  "action_required",
  "startup_failure",
]);

/** Who looks, and where links of checks point to. */
type CommitSight = { readonly viewer: Account; readonly webUrl: string };

/** Shows one commit of a repo. */
export function viewCommit(repo: Repo, commit: GitCommit, sight: CommitSight): View {
  const [headline = "", ...rest] = commit.message.split("\n");
  const view = (one: GitCommit) => viewCommit(repo, one, sight);
  const keyOf = (one: GitCommit) => one.sha;
  return {
    __typename: "Commit",
    id: `C_${Buffer.from(`${repo.id}:${commit.sha}`).toString("base64url")}`,
    oid: commit.sha,
    abbreviatedOid: commit.sha.slice(0, 7),
    message: commit.message,
    messageHeadline: headline,
    messageBody: rest.join("\n").trim(),
    committedDate: commit.committedAt,
    authoredDate: commit.authoredAt,
    url: `${repo.url}/commit/${commit.sha}`,
    async parents(args: PageArgs) {
      const found = await Promise.all(commit.parents.map((sha) => repo.git.commit(sha)));
      const parents = found.filter((one) => one !== null);
      return connect(parents, args, { field: "parents", keyOf, view });
    },
    async history(args: PageArgs & { readonly since?: string | null }) {
      const since = args.since == null ? 0 : Date.parse(args.since);
      const all = await repo.git.history(commit.sha);
      const commits = all.filter((one) => Date.parse(one.committedAt) >= since);
      return connect(commits, args, { field: "history", keyOf, view });
    },
    statusCheckRollup() {
      if (sight.viewer.isFineGrained === true) {
        throw forgeError("FORBIDDEN", "Resource not accessible by personal access token");
      }
      return viewRollup(repo, commit.sha, sight.webUrl);
    },
  };
}

type Context =
  | { readonly kind: "run"; readonly run: CheckRun }
  | { readonly kind: "status"; readonly status: CommitStatus };

function viewRollup(repo: Repo, sha: string, webUrl: string): View | null {
  const runs = repo.checkRuns.filter((run) => run.sha === sha);
  const statuses = newestStatuses(repo, sha);
  if (runs.length + statuses.length === 0) return null;
  const contexts: readonly Context[] = [
    ...runs.map((run) => ({ kind: "run", run }) as const),
    ...statuses.map((status) => ({ kind: "status", status }) as const),
  ];
  return {
    __typename: "StatusCheckRollup",
    id: `SCR_${Buffer.from(`${repo.id}:${sha}`).toString("base64url")}`,
    state: rollupState(runs, statuses),
    contexts: (args: PageArgs) => ({
      ...connect(contexts, args, {
        field: "contexts",
        keyOf: (one) => (one.kind === "run" ? one.run.nodeId : one.status.nodeId),
        view: (one) =>
          one.kind === "run" ? viewCheckRun(repo, one.run, webUrl) : viewStatus(one.status),
      }),
      checkRunCount: runs.length,
      statusContextCount: statuses.length,
    }),
  };
}

/** The newest status of each context: an older one no longer counts. */
export function newestStatuses(repo: Repo, sha: string): readonly CommitStatus[] {
  const newest = new Map<string, CommitStatus>();
  for (const status of repo.statuses) if (status.sha === sha) newest.set(status.context, status);
  return [...newest.values()];
}

function rollupState(
  runs: readonly CheckRun[],
  statuses: readonly CommitStatus[],
): "SUCCESS" | "FAILURE" | "ERROR" | "PENDING" {
  if (runs.some((run) => run.conclusion !== null && RED.has(run.conclusion))) return "FAILURE";
  if (statuses.some((status) => status.state === "failure")) return "FAILURE";
  if (statuses.some((status) => status.state === "error")) return "ERROR";
  const isPending =
    runs.some((run) => run.status !== "completed" || run.conclusion === "stale") ||
    statuses.some((status) => status.state === "pending");
  return isPending ? "PENDING" : "SUCCESS";
}

/** Where a person would look at a check run. */
export function checkRunUrl(repo: Repo, run: CheckRun, webUrl: string): string {
  if (run.workflow === null) return `${webUrl}/${repo.key}/runs/${run.id}`;
  return `${webUrl}/${repo.key}/actions/runs/${run.workflow.runId}/job/${run.id}`;
}

function viewCheckRun(repo: Repo, run: CheckRun, webUrl: string): View {
  const { workflow, app } = run;
  return {
    __typename: "CheckRun",
    id: run.nodeId,
    databaseId: run.id,
    name: run.name,
    status: run.status.toUpperCase(),
    conclusion: run.conclusion?.toUpperCase() ?? null,
    startedAt: run.startedAt,
    completedAt: run.completedAt,
    detailsUrl: checkRunUrl(repo, run, webUrl),
    title: run.summary === null ? null : run.name,
    summary: run.summary,
    checkSuite: {
      id: `CS_${run.suiteId}`,
      databaseId: run.suiteId,
      status: suiteStatus(repo, run.suiteId),
      conclusion: suiteConclusion(repo, run.suiteId),
      app: { id: `A_${app.id}`, databaseId: app.id, slug: app.slug, name: app.slug },
      workflowRun: workflow && {
        id: `WFR_${workflow.runId}`,
        databaseId: workflow.runId,
        event: "push",
        runAttempt: 1,
        workflow: { id: `W_${repo.id}_${workflow.name}`, name: workflow.name },
      },
    },
  };
}

/** A suite has ended with the last of its runs. */
function suiteStatus(repo: Repo, suiteId: number): "QUEUED" | "IN_PROGRESS" | "COMPLETED" {
  const runs = repo.checkRuns.filter((run) => run.suiteId === suiteId);
  if (runs.every((run) => run.status === "completed")) return "COMPLETED";
  return runs.every((run) => run.status === "queued") ? "QUEUED" : "IN_PROGRESS";
}

/** Failed when a run of it did, cancelled when one was; else what its newest run came to. */
function suiteConclusion(repo: Repo, suiteId: number): string | null {
  const runs = repo.checkRuns.filter((run) => run.suiteId === suiteId);
  if (runs.some((run) => run.status !== "completed")) return null;
  const worst =
    runs.find((run) => run.conclusion === "failure") ??
    runs.find((run) => run.conclusion === "cancelled") ??
    runs.at(-1);
  return worst?.conclusion?.toUpperCase() ?? null;
}

function viewStatus(status: CommitStatus): View {
  return {
    __typename: "StatusContext",
    id: status.nodeId,
    context: status.context,
    state: status.state.toUpperCase(),
    createdAt: status.createdAt,
    targetUrl: status.targetUrl,
    description: status.description,
  };
}
