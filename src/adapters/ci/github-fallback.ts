import * as z from "zod";
import type { Check, ChecksSeen } from "../../pure/ci-fold.ts";
import type { RepoRef } from "../../pure/issue.ts";
import type { GithubClient } from "../tracker/github-client.ts";
import { STATUS_SOURCE, toRunState, toStatusState, toWords } from "./github-checks.ts";

/** The `source` of a workflow run that stands for its jobs begins so; its id is the run's. */
export const WORKFLOW_RUN_SOURCE = "workflow-run:";

/** GitHub's own largest page. */
const PAGE_SIZE = 100;
/** 500 workflow runs or statuses of one commit: a verdict from part of them would be a guess. */
const PAGES_MAX = 5;

const CAVEAT =
  "the token cannot read checks: only workflow runs and commit statuses count, no check of another " +
  "App; use a classic token with the repo scope, or a GitHub App";
const MEND =
  "a fine-grained GITHUB_TOKEN cannot read checks, and what stands in for them needs its permissions " +
  "Actions: read and Commit statuses: read; a classic one needs the repo scope only";

const RunsWire = z.lazy(() =>
  z.object({
    total_count: z.int(),
    workflow_runs: z.array(
      z.object({
        id: z.int().positive(),
        name: z.string().nullish(),
        path: z.string().nullish(),
        event: z.string(),
        status: z.string().nullable(),
        conclusion: z.string().nullable(),
        workflow_id: z.int(),
        run_attempt: z.int().optional(),
        run_started_at: z.string().optional(),
        created_at: z.string(),
        html_url: z.string(),
      }),
    ),
  }),
);
type Run = z.infer<typeof RunsWire>["workflow_runs"][number];

const StatusesWire = z.lazy(() =>
  z.array(
    z.object({
      context: z.string(),
      state: z.string(),
      created_at: z.string(),
      target_url: z.string().nullable(),
      description: z.string().nullable(),
    }),
  ),
);

/** A commit whose checks the token may not read. */
export type BarredCommit = { readonly repo: RepoRef; readonly sha: string };

/**
 * Reads what a token without access to checks may read of a commit: each workflow run as one check, in its
 * newest attempt, and the commit statuses. Says what may be missing. Never throws.
 */
export async function readWithoutChecks(
  client: GithubClient,
  { repo, sha }: BarredCommit,
): Promise<ChecksSeen> {
  try {
    const [runs, statuses] = [
      await readRuns(client, { repo, sha }),
      await readStatuses(client, { repo, sha }),
    ];
    return { kind: "read", sha, checks: [...runs, ...statuses], caveat: CAVEAT };
  } catch (error) {
    return { kind: "unreadable", sha, why: `${client.explain(error)}: ${MEND}` };
  }
}

async function readRuns(
  client: GithubClient,
  { repo, sha }: BarredCommit,
): Promise<readonly Check[]> {
  const newest = new Map<number, Run>();
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const { data } = await client.rest.actions.listWorkflowRunsForRepo({
      owner: repo.owner,
      repo: repo.name,
      head_sha: sha,
      per_page: PAGE_SIZE,
      page,
    });
    const { workflow_runs: runs } = RunsWire.parse(data);
    for (const run of runs) {
      const known = newest.get(run.id);
      // A run begun again between two pages is listed twice: only its newest attempt is true.
      if (attemptOf(run) >= attemptOf(known)) newest.set(run.id, run);
    }
    if (runs.length < PAGE_SIZE) return [...newest.values()].map(toCheck);
  }
  throw new Error(`truncated: more than ${PAGES_MAX * PAGE_SIZE} workflow runs on one commit`);
}

function attemptOf(run: Run | undefined): number {
  return run === undefined ? 0 : (run.run_attempt ?? 1);
}

function toCheck(run: Run): Check {
  return {
    name: run.name ?? run.path ?? `workflow ${run.workflow_id}`,
    source: `${WORKFLOW_RUN_SOURCE}${run.workflow_id} (${run.event})`,
    state: toRunState(run.status ?? "", run.conclusion),
    // Begins anew with each attempt.
    at: run.run_started_at ?? run.created_at,
    url: run.html_url,
    id: String(run.id),
  };
}

async function readStatuses(
  client: GithubClient,
  { repo, sha }: BarredCommit,
): Promise<readonly Check[]> {
  const newest = new Map<string, Check>();
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const { data } = await client.rest.repos.listCommitStatusesForRef({
      owner: repo.owner,
      repo: repo.name,
      ref: sha,
      per_page: PAGE_SIZE,
      page,
    });
    const statuses = StatusesWire.parse(data);
    for (const { context, state, created_at, target_url, description } of statuses) {
      // Newest first, with every older one of the context behind it.
      if (newest.has(context)) continue;
      newest.set(context, {
        name: context,
        source: STATUS_SOURCE,
        state: toStatusState(state),
        at: created_at,
        url: target_url,
        id: context,
        ...toWords(description),
      });
    }
    if (statuses.length < PAGE_SIZE) return [...newest.values()];
  }
  throw new Error(`truncated: more than ${PAGES_MAX * PAGE_SIZE} statuses on one commit`);
}
