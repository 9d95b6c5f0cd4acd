import type { Check, ChecksSeen, RequiredCheck } from "../../pure/ci-fold.ts";
import { type RepoRef, repoKey } from "../../pure/issue.ts";
import type { ChecksQuery, CiReader } from "../../pure/ports/ci.ts";
import {
  type AliasAnswer,
  askRepos,
  mapBounded,
  type Part,
  readWhole,
} from "../tracker/github-ask.ts";
import {
  createGithubClient,
  type GithubClient,
  type GithubClientOptions,
} from "../tracker/github-client.ts";
import { CommitWire, toCheck } from "./github-checks.ts";
import { readDeployments } from "./github-deployments.ts";
import { readEvidence } from "./github-evidence.ts";
import { readWithoutChecks } from "./github-fallback.ts";
import { readRequired } from "./github-required.ts";

/**
 * Commits per request: so many unchanged runs are one request, and each may answer a hundred checks, which
 * is as much as GitHub answers well within its ten seconds.
 */
const COMMITS_PER_QUERY_MAX = 25;
/** GitHub's own largest page. */
const CHECKS_PAGE_SIZE = 100;
/**
 * 500 checks on one commit: a verdict from part of them would be a guess, so past that there is
 * none.
 */
const CHECK_PAGES_MAX = 5;

const NO_CHECKS_PERMISSION = /resource not accessible by personal access token/i;
const NO_JOB_NAMES =
  "the token cannot read checks, and workflow runs do not tell which required check each of them is; " +
  "say checks: all, or use a classic token with the repo scope or a GitHub App";

/** A commit while its checks are read. `seen` is null as long as more pages are needed. */
type Reading = {
  readonly repo: RepoRef;
  readonly sha: string;
  after: string | null;
  readonly checks: Check[];
  seen: ChecksSeen | null;
  /** The token may not read checks. */
  isBarred: boolean;
};

/**
 * Creates the CI port over GitHub's check runs, commit statuses, deployments and rules, folded by us and not
 * by GitHub. A fine-grained token, which cannot read checks, is given workflow runs in their place.
 */
export function createGithubCi(options: GithubClientOptions): CiReader {
  const client = createGithubClient(options);
  return {
    readChecks: (queries) => readChecks(client, queries),
    readDeployments: (queries) => readDeployments(client, queries),
    readEvidence: (repo, failing) => readEvidence(client, repo, failing),
  };
}

async function readChecks(
  client: GithubClient,
  queries: readonly ChecksQuery[],
): Promise<readonly ChecksSeen[]> {
  const [seen, required] = await Promise.all([
    readAll(client, queries),
    readRequiredOf(client, queries),
  ]);
  return queries.map((query, at) => {
    const { sha } = query;
    const read = seen[at] ?? { kind: "unreadable", sha, why: "no answer" };
    const rules = required.get(branchKey(query));
    if (read.kind === "unreadable" || rules === undefined) return read;
    if (rules.kind === "unreadable") return { kind: "unreadable", sha, why: rules.why };
    if (read.caveat !== undefined) return { kind: "unreadable", sha, why: NO_JOB_NAMES };
    return { ...read, required: rules.value };
  });
}

/** What each branch requires, asked once for each and only where somebody wants to know. */
async function readRequiredOf(
  client: GithubClient,
  queries: readonly ChecksQuery[],
): Promise<ReadonlyMap<string, Part<readonly RequiredCheck[]>>> {
  const branches = new Map<string, { readonly repo: RepoRef; readonly branch: string }>();
  for (const query of queries) {
    const { repo, requiredOn: branch } = query;
    if (branch !== undefined) branches.set(branchKey(query), { repo, branch });
  }
  const asked = [...branches];
  if (asked.length === 0) return new Map();
  const read = await readRequired(
    client,
    asked.map(([, branch]) => branch),
  );
  return new Map(
    asked.map(([key], at) => [key, read[at] ?? { kind: "unreadable", why: "no answer" }]),
  );
}

function branchKey({ repo, requiredOn }: ChecksQuery): string {
  return JSON.stringify([repoKey(repo), requiredOn ?? null]);
}

async function readAll(
  client: GithubClient,
  queries: readonly ChecksQuery[],
): Promise<readonly ChecksSeen[]> {
  const readings = queries.map(
    ({ repo, sha }): Reading => ({
      repo,
      sha,
      after: null,
      checks: [],
      seen: null,
      isBarred: false,
    }),
  );
  for (let page = 0; page < CHECK_PAGES_MAX; page += 1) {
    const open = readings.filter((reading) => reading.seen === null && !reading.isBarred);
    if (open.length === 0) break;
    await readPage(client, open);
  }
  const why = `truncated: more than ${CHECK_PAGES_MAX * CHECKS_PAGE_SIZE} checks on one commit`;
  return await mapBounded(readings, async (reading) => {
    const { sha, seen, isBarred } = reading;
    if (isBarred) return await readWithoutChecks(client, reading);
    return seen ?? { kind: "unreadable", sha, why };
  });
}

/** Asked apart from everything else: a token that may not read checks fails the whole request. */
async function readPage(client: GithubClient, open: readonly Reading[]): Promise<void> {
  const answers = await askRepos(client, open, {
    operation: "Checks",
    batchMax: COMMITS_PER_QUERY_MAX,
    select: ({ sha, after }, n) => ({
      selection: `object(oid: $sha${n}) { ... on Commit { statusCheckRollup {
        contexts(first: ${CHECKS_PAGE_SIZE}, after: $after${n}) {
          pageInfo { hasNextPage endCursor }
          nodes {
            __typename
            ... on CheckRun {
              databaseId name status conclusion startedAt completedAt detailsUrl
              checkSuite {
                status conclusion app { slug databaseId }
                workflowRun { event workflow { name } }
              }
            }
            ... on StatusContext { context state createdAt targetUrl description }
          }
        }
      } } }`,
      variables: {
        [`sha${n}`]: { type: "GitObjectID!", value: sha },
        [`after${n}`]: { type: "String", value: after },
      },
    }),
  });
  for (const [index, reading] of open.entries()) addPage(reading, answers[index]);
}

function addPage(reading: Reading, answer: AliasAnswer | undefined): void {
  const { sha, checks } = reading;
  const part = readWhole(answer ?? { kind: "failed", why: "no answer" }, CommitWire);
  if (part.kind === "unreadable") {
    if (NO_CHECKS_PERMISSION.test(part.why)) reading.isBarred = true;
    else reading.seen = { kind: "unreadable", sha, why: part.why };
    return;
  }
  const commit = part.value.object;
  if (commit === null) {
    reading.seen = { kind: "unreadable", sha, why: `commit ${sha} is not in the repo` };
    return;
  }
  const contexts = commit.statusCheckRollup?.contexts;
  checks.push(...(contexts?.nodes ?? []).map(toCheck));
  reading.after = contexts?.pageInfo.endCursor ?? null;
  if (contexts?.pageInfo.hasNextPage !== true) reading.seen = { kind: "read", sha, checks };
}
