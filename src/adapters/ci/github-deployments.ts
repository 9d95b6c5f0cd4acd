import * as z from "zod";
import type { Deployment, DeploymentsSeen, DeploymentState } from "../../pure/deployments.ts";
import type { DeploymentsQuery } from "../../pure/ports/ci.ts";
import { askRepos, readWhole } from "../tracker/github-ask.ts";
import type { GithubClient } from "../tracker/github-client.ts";
import { DatabaseId } from "../tracker/github-wire.ts";
import { toWords } from "./github-checks.ts";

/** Each repo may answer 50 deployments of 20 statuses: ten repos are ten thousand nodes. */
const REPOS_PER_QUERY_MAX = 10;
/** A run's deployment is among the newest; past 50 newer ones a person should look. */
const DEPLOYMENTS_PAGE_SIZE = 50;
/** A deployment goes through five states; beyond twenty something reports in circles. */
const STATUSES_PAGE_SIZE = 20;

const StatusWire = z.lazy(() =>
  z.object({
    state: z.string(),
    createdAt: z.string(),
    logUrl: z.string().nullable(),
    description: z.string().nullable(),
  }),
);
const DeploymentWire = z.lazy(() =>
  z.object({
    databaseId: DatabaseId,
    commitOid: z.string(),
    createdAt: z.string(),
    state: z.string().nullable(),
    creator: z.object({ databaseId: DatabaseId.nullish() }).nullable(),
    latestStatus: StatusWire.nullable(),
    statuses: z.object({ nodes: z.array(z.object({ state: z.string() })) }).nullable(),
  }),
);
const RepoWire = z.lazy(() =>
  z.object({
    deployments: z.object({
      pageInfo: z.object({ hasNextPage: z.boolean() }),
      nodes: z.array(DeploymentWire),
    }),
  }),
);

/** The newest deployments per environment asked for, in the order asked. Never throws. */
export async function readDeployments(
  client: GithubClient,
  queries: readonly DeploymentsQuery[],
): Promise<readonly DeploymentsSeen[]> {
  const answers = await askRepos(client, queries, {
    operation: "Deployments",
    batchMax: REPOS_PER_QUERY_MAX,
    select: ({ environment }, n) => ({
      selection: `deployments(
        first: ${DEPLOYMENTS_PAGE_SIZE}
        environments: [$environment${n}]
        orderBy: { field: CREATED_AT, direction: DESC }
      ) {
        pageInfo { hasNextPage }
        nodes {
          databaseId commitOid createdAt state
          creator {
            ... on User { databaseId }
            ... on Bot { databaseId }
            ... on Organization { databaseId }
            ... on Mannequin { databaseId }
          }
          latestStatus { state createdAt logUrl description }
          statuses(first: ${STATUSES_PAGE_SIZE}) { nodes { state } }
        }
      }`,
      variables: { [`environment${n}`]: { type: "String!", value: environment } },
    }),
  });
  return queries.map(({ environment }, at) => {
    const part = readWhole(answers[at] ?? { kind: "failed", why: "no answer" }, RepoWire);
    if (part.kind === "unreadable") return { ...part, environment };
    const { nodes, pageInfo } = part.value.deployments;
    const read = { kind: "read" as const, environment, deployments: nodes.map(toDeployment) };
    return pageInfo.hasNextPage ? { ...read, isTruncated: true } : read;
  });
}

type Wire = z.infer<typeof DeploymentWire>;

function toDeployment(wire: Wire): Deployment {
  return {
    id: wire.databaseId,
    sha: wire.commitOid,
    state: toState(wire),
    creatorId: wire.creator?.databaseId ?? null,
    createdAt: wire.createdAt,
    url: wire.latestStatus?.logUrl ?? null,
    ...toWords(wire.latestStatus?.description),
  };
}

const STATES: Readonly<Record<string, DeploymentState>> = {
  ACTIVE: "success",
  SUCCESS: "success",
  ERROR: "failure",
  FAILURE: "failure",
  IN_PROGRESS: "pending",
  PENDING: "pending",
  QUEUED: "pending",
  WAITING: "pending",
};

/** Superseded or torn down: it counts as deployed only if it ever succeeded. */
const ENDED: ReadonlySet<string> = new Set(["INACTIVE", "DESTROYED"]);

function toState({ state, statuses }: Wire): DeploymentState {
  const word = state ?? "";
  if (ENDED.has(word)) {
    const wasDeployed = statuses?.nodes.some((status) => status.state === "SUCCESS") === true;
    return wasDeployed ? "inactive" : "inconclusive";
  }
  return Object.hasOwn(STATES, word) ? (STATES[word] ?? "inconclusive") : "inconclusive";
}
