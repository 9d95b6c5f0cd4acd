import { expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import type { DeploymentState } from "../../../src/pure/deployments.ts";
import { FakeGithub, optionsFor, Refusal, repo } from "../tracker/fake-github.ts";

const AT = "2026-01-01T00:00:00Z";

function wire(changes: Record<string, unknown> = {}) {
  return {
    databaseId: 5,
    commitOid: "a".repeat(40),
    createdAt: AT,
    state: "ACTIVE",
    creator: { databaseId: 41_898_282 },
    latestStatus: {
      state: "SUCCESS",
      createdAt: AT,
      logUrl: "https://log.test",
      description: null,
    },
    statuses: { nodes: [{ state: "SUCCESS" }] },
    ...changes,
  };
}

function page(nodes: readonly unknown[], hasNextPage = false) {
  return { deployments: { pageInfo: { hasNextPage }, nodes } };
}

async function read(answer: unknown) {
  const github = new FakeGithub();
  github.aliases.set("Deployments", () => answer);
  const query = { repo: repo("app"), environment: "production" };
  const [seen] = await createGithubCi(optionsFor(github)).readDeployments([query]);
  return seen;
}

it("a deployment is translated", async () => {
  const description = "probe\u0000 failed\nat once";
  const said = { state: "FAILURE", createdAt: AT, logUrl: "https://log.test", description };
  expect(await read(page([wire({ state: "FAILURE", latestStatus: said })]))).toEqual({
    kind: "read",
    environment: "production",
    deployments: [
      {
        id: "5",
        sha: "a".repeat(40),
        state: "failure",
        creatorId: "41898282",
        createdAt: AT,
        url: "https://log.test",
        words: "probe failed at once",
      },
    ],
  });
});

const states: ReadonlyArray<
  readonly [state: string | null, statuses: readonly string[], want: DeploymentState]
> = [
  ["ACTIVE", ["SUCCESS"], "success"],
  ["SUCCESS", ["SUCCESS"], "success"],
  ["INACTIVE", ["INACTIVE", "SUCCESS"], "inactive"],
  ["INACTIVE", ["INACTIVE", "IN_PROGRESS"], "inconclusive"],
  ["INACTIVE", [], "inconclusive"],
  ["DESTROYED", ["SUCCESS"], "inactive"],
  ["DESTROYED", ["PENDING"], "inconclusive"],
  ["ABANDONED", ["SUCCESS"], "inconclusive"],
  ["ERROR", ["ERROR", "SUCCESS"], "failure"],
  ["FAILURE", ["FAILURE"], "failure"],
  ["IN_PROGRESS", ["IN_PROGRESS"], "pending"],
  ["PENDING", [], "pending"],
  ["QUEUED", ["QUEUED"], "pending"],
  ["WAITING", ["WAITING"], "pending"],
  ["PERFECT", ["SUCCESS"], "inconclusive"],
  ["constructor", ["SUCCESS"], "inconclusive"],
  [null, [], "inconclusive"],
];
it.each(states)("a deployment that is %s after %j is %s", async (state, statuses, want) => {
  const nodes = statuses.map((each) => ({ state: each }));
  const seen = await read(page([wire({ state, statuses: { nodes } })]));
  expect(seen).toMatchObject({ deployments: [{ state: want }] });
});

it("a deployment of nobody that nobody reported on has no creator, no log and no words", async () => {
  const bare = { creator: null, latestStatus: null, statuses: null, state: "INACTIVE" };
  const seen = await read(page([wire(bare), wire({ creator: {} })]));
  expect(seen).toMatchObject({
    deployments: [{ creatorId: null, url: null, state: "inconclusive" }, { creatorId: null }],
  });
  expect(JSON.stringify(seen)).not.toContain("words");
});

it("that there are more is said", async () => {
  expect(await read(page([], true))).toMatchObject({ isTruncated: true });
  expect(await read(page([]))).not.toHaveProperty("isTruncated");
});

it("what cannot be read is unreadable, and says why", async () => {
  const error = { type: "FORBIDDEN", message: "Not yours", path: ["deployments"] };
  const want = { kind: "unreadable", environment: "production" };
  expect(await read(new Refusal(null, error))).toEqual({ ...want, why: "Not yours" });
  expect(await read(page([null]))).toMatchObject(want);
});

it("all repos are asked at once, ten to a request", async () => {
  const github = new FakeGithub();
  github.aliases.set("Deployments", ({ environment }) =>
    page([wire({ commitOid: String(environment) })]),
  );
  const queries = Array.from({ length: 11 }, (_, at) => ({
    repo: repo("app"),
    environment: `env ${at}`,
  }));
  const seen = await createGithubCi(optionsFor(github)).readDeployments(queries);
  expect(seen.map((each) => each.kind === "read" && each.deployments[0]?.sha)).toEqual(
    queries.map(({ environment }) => environment),
  );
  expect(github.sent).toHaveLength(2);
});
