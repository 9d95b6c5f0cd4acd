import { checkRunUrl } from "./graphql-commit.ts";
import type { CheckConclusion, CheckRun, Repo } from "./model.ts";
import { type Answer, pageAnswer, RestRefusal, type RestCall } from "./rest-call.ts";
import { userShape } from "./rest-people.ts";
import { repoApi, repoShape } from "./rest-repo-shape.ts";

type Shape = Record<string, unknown>;

/** `GET /commits/{ref}/statuses`: every status there was, newest first. */
export async function listStatuses(call: RestCall, repo: Repo): Promise<Answer> {
  const ref = call.params["ref"] ?? "";
  const sha = await repo.git.resolve(ref);
  if (sha === null) throw new RestRefusal(422, `No commit found for SHA: ${ref}`);
  const statuses = repo.statuses.filter((status) => status.sha === sha).toReversed();
  return pageAnswer(call, statuses, (page) =>
    page.map((status) => ({
      url: `${repoApi(call, repo)}/statuses/${sha}`,
      avatar_url: null,
      id: status.id,
      node_id: status.nodeId,
      state: status.state,
      description: status.description,
      target_url: status.targetUrl,
      context: status.context,
      created_at: status.createdAt,
      updated_at: status.createdAt,
      creator: userShape(call, repo.pusher),
    })),
  );
}

/** `GET /actions/runs`, newest first: the workflow runs that the repo's jobs belong to. */
export async function listWorkflowRuns(call: RestCall, repo: Repo): Promise<Answer> {
  const sha = call.url.searchParams.get("head_sha");
  const runs = new Map<number, CheckRun[]>();
  for (const run of repo.checkRuns) {
    if (run.workflow === null || (sha !== null && run.sha !== sha)) continue;
    const { runId } = run.workflow;
    runs.set(runId, [...(runs.get(runId) ?? []), run]);
  }
  const all = [...runs.values()].toReversed();
  const shapes = await Promise.all(all.map((jobs) => runShape(call, repo, jobs)));
  return pageAnswer(call, shapes, (page) => ({ total_count: all.length, workflow_runs: page }));
}

/** `GET /actions/runs/{id}/jobs` */
export function listJobs(call: RestCall, repo: Repo): Answer {
  const id = Number(call.params["id"]);
  const jobs = repo.checkRuns.filter((run) => run.workflow?.runId === id);
  if (jobs.length === 0) throw new RestRefusal(404, "Not Found");
  return pageAnswer(call, jobs, (page) => ({
    total_count: jobs.length,
    jobs: page.map((job) => jobShape(call, repo, job)),
  }));
}

async function runShape(
  call: RestCall,
  repo: Repo,
  jobs: readonly CheckRun[],
): Promise<Shape | null> {
  const [first] = jobs;
  if (first?.workflow == null) return null;
  const { runId, name } = first.workflow;
  const url = `${repoApi(call, repo)}/actions/runs/${runId}`;
  const commit = await repo.git.commit(first.sha);
  const person = { name: commit?.authorName ?? "", email: commit?.authorEmail ?? "" };
  const isOver = jobs.every((job) => job.status === "completed");
  const startedAt = first.startedAt ?? call.world.now();
  const links = ["jobs", "logs", "cancel", "rerun", "artifacts"];
  return {
    ...Object.fromEntries(links.map((link) => [`${link}_url`, `${url}/${link}`])),
    id: runId,
    node_id: `WFR_${runId}`,
    name,
    path: `.github/workflows/${name.toLowerCase()}.yml`,
    head_branch: repo.defaultBranch,
    head_sha: first.sha,
    run_number: 1,
    run_attempt: 1,
    display_title: commit?.message.split("\n", 1)[0] ?? "",
    event: "push",
    status: isOver ? "completed" : "in_progress",
    conclusion: isOver ? conclusionOf(jobs) : null,
    workflow_id: repo.id,
    url,
    html_url: `${repo.url}/actions/runs/${runId}`,
    created_at: startedAt,
    updated_at: startedAt,
    run_started_at: startedAt,
    check_suite_url: `${repoApi(call, repo)}/check-suites/${first.suiteId}`,
    workflow_url: `${repoApi(call, repo)}/actions/workflows/${repo.id}`,
    head_commit: commit && {
      id: commit.sha,
      tree_id: commit.tree,
      message: commit.message,
      timestamp: commit.committedAt,
      author: person,
      committer: person,
    },
    head_repository: repoShape(call, repo),
    repository: repoShape(call, repo),
    pull_requests: [],
  };
}

/** The worst of its jobs; a run of which every job was skipped was skipped. */
function conclusionOf(jobs: readonly CheckRun[]): CheckConclusion {
  const order: readonly CheckConclusion[] = ["failure", "timed_out", "cancelled", "success"];
  const found = order.find((conclusion) => jobs.some((job) => job.conclusion === conclusion));
  return found ?? "skipped";
}

function jobShape(call: RestCall, repo: Repo, job: CheckRun): Shape {
  const runId = job.workflow?.runId ?? 0;
  const api = repoApi(call, repo);
  return {
    id: job.id,
    node_id: job.nodeId,
    run_id: runId,
    run_url: `${api}/actions/runs/${runId}`,
    head_sha: job.sha,
    head_branch: repo.defaultBranch,
    workflow_name: job.workflow?.name ?? null,
    name: job.name,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: checkRunUrl(repo, job, call.apiUrl),
    check_run_url: `${api}/check-runs/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: job.startedAt ?? call.world.now(),
    started_at: job.startedAt ?? call.world.now(),
    completed_at: job.completedAt,
    labels: [],
    runner_id: null,
    runner_name: null,
    runner_group_id: null,
    runner_group_name: null,
  };
}
