import type { Check, ChecksSeen } from "../../pure/ci-fold.ts";
import type { RepoRef } from "../../pure/issue.ts";
import type { ChecksQuery, CiReader } from "../../pure/ports/ci.ts";
import { type AliasAnswer, askRepos, readWhole } from "../tracker/github-ask.ts";
import {
  createGithubClient,
  type GithubClient,
  type GithubClientOptions,
} from "../tracker/github-client.ts";
import { CommitWire, toCheck } from "./github-checks.ts";
import { readEvidence } from "./github-evidence.ts";

/**
 * Commits per request: each may answer a hundred checks, so fewer than of the lighter list
 * queries.
 */
const COMMITS_PER_QUERY_MAX = 10;
/** GitHub's own largest page. */
const CHECKS_PAGE_SIZE = 100;
/**
 * 500 checks on one commit: a verdict from part of them would be a guess, so past that there is
 * none.
 */
const CHECK_PAGES_MAX = 5;

const NO_CHECKS_PERMISSION = /resource not accessible by personal access token/i;
const MEND =
  "a fine-grained token cannot read checks; GITHUB_TOKEN must be a classic one with the repo scope";

/** A commit while its checks are read. `seen` is null as long as more pages are needed. */
type Reading = {
  readonly repo: RepoRef;
  readonly sha: string;
  after: string | null;
  readonly checks: Check[];
  seen: ChecksSeen | null;
};

/**
 * Creates the CI port over GitHub's check runs and commit statuses, folded by us and not by
 * GitHub.
 */
export function createGithubCi(options: GithubClientOptions): CiReader {
  const client = createGithubClient(options);
  return {
    readChecks: (queries) => readChecks(client, queries),
    readDeployments: async (queries) =>
      queries.map(({ environment }) => ({
        kind: "unreadable",
        environment,
        why: "deployments are not read yet",
      })),
    readEvidence: (repo, failing) => readEvidence(client, repo, failing),
  };
}

async function readChecks(
  client: GithubClient,
  queries: readonly ChecksQuery[],
): Promise<readonly ChecksSeen[]> {
  const readings = queries.map(
    ({ repo, sha }): Reading => ({ repo, sha, after: null, checks: [], seen: null }),
  );
  for (let page = 0; page < CHECK_PAGES_MAX; page += 1) {
    const open = readings.filter((reading) => reading.seen === null);
    if (open.length === 0) break;
    await readPage(client, open);
  }
  const why = `truncated: more than ${CHECK_PAGES_MAX * CHECKS_PAGE_SIZE} checks on one commit`;
  return readings.map(({ sha, seen }) => seen ?? { kind: "unreadable", sha, why });
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
              checkSuite { status app { slug } workflowRun { event workflow { name } } }
            }
            ... on StatusContext { context state createdAt targetUrl }
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
    reading.seen = { kind: "unreadable", sha, why: withMend(part.why) };
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

function withMend(why: string): string {
  if (!NO_CHECKS_PERMISSION.test(why)) return why;
  return `${why}: ${MEND}`;
}
