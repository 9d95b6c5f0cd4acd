import { expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import type { Check, CheckState, ChecksSeen } from "../../../src/pure/ci-fold.ts";
import { FakeGithub, json, optionsFor, Refusal, repo } from "../tracker/fake-github.ts";

const SHA = "c".repeat(40);
const AT = "2026-01-01T00:00:00Z";

function checkRun(changes: Record<string, unknown> = {}) {
  return {
    __typename: "CheckRun",
    databaseId: 55_000_000_001,
    name: "test",
    status: "COMPLETED",
    conclusion: "SUCCESS",
    startedAt: AT,
    completedAt: "2026-01-01T00:05:00Z",
    detailsUrl: "https://github.test/run",
    checkSuite: {
      status: "COMPLETED",
      app: { slug: "github-actions" },
      workflowRun: { event: "push", workflow: { name: "CI" } },
    },
    ...changes,
  };
}

function status(state: string) {
  return { __typename: "StatusContext", context: "deploy", state, createdAt: AT, targetUrl: null };
}

function contexts(nodes: readonly unknown[], endCursor: string | null = null) {
  const pageInfo = { hasNextPage: endCursor !== null, endCursor };
  return { object: { statusCheckRollup: { contexts: { pageInfo, nodes } } } };
}

async function readChecks(answer: unknown): Promise<ChecksSeen | undefined> {
  const github = new FakeGithub();
  github.aliases.set("Checks", () => answer);
  const [seen] = await createGithubCi(optionsFor(github)).readChecks([
    { repo: repo("app"), sha: SHA },
  ]);
  return seen;
}

async function readCheck(wire: unknown): Promise<Check | undefined> {
  const seen = await readChecks(contexts([wire]));
  return seen?.kind === "read" ? seen.checks[0] : undefined;
}

it("a check run is translated", async () => {
  expect(await readCheck(checkRun())).toEqual({
    name: "test",
    source: "check:CI (push)",
    state: "success",
    at: AT,
    url: "https://github.test/run",
    id: "55000000001",
    appId: null,
  } satisfies Check);
});

it("a commit status is translated", async () => {
  expect(await readCheck(status("SUCCESS"))).toEqual({
    name: "deploy",
    source: "status",
    state: "success",
    at: AT,
    url: null,
    id: "deploy",
  } satisfies Check);
});

const runs: ReadonlyArray<readonly [status: string, conclusion: string | null, want: CheckState]> =
  [
    ["COMPLETED", "SUCCESS", "success"],
    ["COMPLETED", "NEUTRAL", "neutral"],
    ["COMPLETED", "SKIPPED", "skipped"],
    ["COMPLETED", "FAILURE", "failure"],
    ["COMPLETED", "TIMED_OUT", "timed-out"],
    ["COMPLETED", "STARTUP_FAILURE", "startup-failure"],
    ["COMPLETED", "CANCELLED", "cancelled"],
    ["COMPLETED", "STALE", "stale"],
    ["COMPLETED", "ACTION_REQUIRED", "action-required"],
    ["COMPLETED", "PERFECT", "unknown"],
    ["COMPLETED", "constructor", "unknown"],
    ["COMPLETED", null, "unknown"],
    ["IN_PROGRESS", null, "pending"],
    ["PENDING", null, "pending"],
    ["QUEUED", null, "pending"],
    ["REQUESTED", null, "pending"],
    ["WAITING", null, "pending"],
    // An old conclusion beside a run that began again says nothing.
    ["QUEUED", "SUCCESS", "pending"],
    ["DREAMING", "SUCCESS", "unknown"],
  ];
it.each(runs)("a check run that is %s with %s is %s", async (state, conclusion, want) => {
  expect(await readCheck(checkRun({ status: state, conclusion }))).toMatchObject({ state: want });
});

const workflowRun = { event: "push", workflow: { name: "CI" } };
const suites: ReadonlyArray<readonly [suite: string, conclusion: string, want: CheckState]> = [
  // A job that needs this one is no check run yet.
  ["IN_PROGRESS", "SUCCESS", "pending"],
  ["IN_PROGRESS", "NEUTRAL", "pending"],
  ["IN_PROGRESS", "SKIPPED", "pending"],
  ["QUEUED", "SUCCESS", "pending"],
  ["WAITING", "SUCCESS", "pending"],
  ["DREAMING", "SUCCESS", "pending"],
  ["COMPLETED", "SUCCESS", "success"],
  ["IN_PROGRESS", "FAILURE", "failure"],
  ["IN_PROGRESS", "TIMED_OUT", "timed-out"],
  ["IN_PROGRESS", "CANCELLED", "cancelled"],
  ["IN_PROGRESS", "ACTION_REQUIRED", "action-required"],
];
it.each(suites)("in a workflow that is %s a job's %s is %s", async (suite, conclusion, want) => {
  const checkSuite = { status: suite, app: { slug: "github-actions" }, workflowRun };
  expect(await readCheck(checkRun({ conclusion, checkSuite }))).toMatchObject({ state: want });
});

it("what a job came to by itself is told beside it while its workflow goes on", async () => {
  const early = { status: "WAITING", app: { slug: "github-actions" }, workflowRun };
  expect(await readCheck(checkRun({ conclusion: "SUCCESS", checkSuite: early }))).toMatchObject({
    state: "pending",
    ownState: "success",
  });
  const ended = { ...early, status: "COMPLETED" };
  const seen = await readCheck(checkRun({ conclusion: "SUCCESS", checkSuite: ended }));
  expect(seen).not.toHaveProperty("ownState");
});

const killed: ReadonlyArray<readonly [suite: string | null, run: unknown, want: CheckState]> = [
  ["CANCELLED", workflowRun, "cancelled"],
  ["FAILURE", workflowRun, "failure"],
  [null, workflowRun, "failure"],
  // Of another App's suite nobody says that its end is that of each check.
  ["CANCELLED", null, "failure"],
];
it.each(killed)("a failure in a suite that came to %s of %j is %s", async (end, run, want) => {
  const suite = { status: "COMPLETED", conclusion: end, app: null, workflowRun: run };
  const wire = checkRun({ conclusion: "FAILURE", checkSuite: suite });
  expect(await readCheck(wire)).toMatchObject({ state: want });
});

it("who reported a check, and what a status says, are told", async () => {
  const app = { slug: "github-actions", databaseId: 15_368 };
  const suite = { status: "COMPLETED", conclusion: null, app, workflowRun };
  expect(await readCheck(checkRun({ checkSuite: suite }))).toMatchObject({ appId: "15368" });
  const said = { ...status("FAILURE"), description: `no\nquota ${"x".repeat(400)}` };
  const words = (await readCheck(said))?.words ?? "";
  expect(words).toMatch(/^no quota x+/);
  expect(words.length).toBe(300);
});

it("a suite of no workflow may stay queued for ever, and its checks count all the same", async () => {
  const checkSuite = { status: "QUEUED", app: { slug: "deployer" }, workflowRun: null };
  expect(await readCheck(checkRun({ checkSuite }))).toMatchObject({ state: "success" });
});

const statuses: ReadonlyArray<readonly [state: string, want: CheckState]> = [
  ["SUCCESS", "success"],
  ["FAILURE", "failure"],
  ["ERROR", "failure"],
  ["PENDING", "pending"],
  ["EXPECTED", "pending"],
  ["WARNING", "unknown"],
];
it.each(statuses)("a commit status %s is %s", async (state, want) => {
  expect(await readCheck(status(state))).toMatchObject({ state: want });
});

it("a check of no workflow is told apart by its app", async () => {
  const none = { status: "COMPLETED", workflowRun: null };
  const byApp = checkRun({ checkSuite: { ...none, app: { slug: "deployer" } } });
  const byNobody = checkRun({ checkSuite: { ...none, app: null } });
  expect(await readCheck(byApp)).toMatchObject({ source: "check:deployer" });
  expect(await readCheck(byNobody)).toMatchObject({ source: "check:unknown app" });
});

it("a check run that has not started is newer than any that has", async () => {
  const queued = await readCheck(
    checkRun({ status: "QUEUED", startedAt: null, completedAt: null }),
  );
  expect((queued?.at ?? "") > "2999").toBe(true);
  const skipped = await readCheck(checkRun({ startedAt: null, completedAt: AT }));
  expect(skipped?.at).toBe(AT);
});

it("a commit nothing has reported on has no checks", async () => {
  expect(await readChecks({ object: { statusCheckRollup: null } })).toEqual({
    kind: "read",
    sha: SHA,
    checks: [],
  });
});

const gaps: ReadonlyArray<readonly [name: string, answer: unknown, why: RegExp]> = [
  ["a commit that is not there", { object: null }, /not in the repo/],
  ["a check that is hidden", contexts([null]), /not understood/],
  [
    "an error beside a null rollup",
    new Refusal(
      { object: { statusCheckRollup: null } },
      { type: "FORBIDDEN", message: "Not yours", path: ["object", "statusCheckRollup"] },
    ),
    /Not yours/,
  ],
];
it.each(gaps)("%s is unreadable", async (_name, answer, why) => {
  const want = { kind: "unreadable", sha: SHA, why: expect.stringMatching(why) };
  expect(await readChecks(answer)).toEqual(want);
});

it("a fine-grained token is told apart, with the mend", async () => {
  const github = new FakeGithub();
  const message = "Resource not accessible by personal access token";
  github.breakdown = () => json({ data: null, errors: [{ type: "FORBIDDEN", message }] });
  const [seen] = await createGithubCi(optionsFor(github)).readChecks([
    { repo: repo("app"), sha: SHA },
  ]);
  const why = seen?.kind === "unreadable" ? seen.why : "";
  expect(why).toMatch(/fine-grained.*GITHUB_TOKEN.*classic/);
});

/** A commit with so many pages of one check each. */
function servePages(pages: number): FakeGithub {
  const github = new FakeGithub();
  github.aliases.set("Checks", ({ after }) => {
    const page = Number(after ?? 0) + 1;
    return contexts([checkRun({ name: `check ${page}` })], page < pages ? String(page) : null);
  });
  return github;
}

it("all pages of checks are read, one page past the limit is unreadable", async () => {
  const query = [{ repo: repo("app"), sha: SHA }];
  const [whole] = await createGithubCi(optionsFor(servePages(5))).readChecks(query);
  expect(whole?.kind === "read" && whole.checks.map(({ name }) => name)).toEqual(
    [1, 2, 3, 4, 5].map((page) => `check ${page}`),
  );
  const [past] = await createGithubCi(optionsFor(servePages(6))).readChecks(query);
  expect(past).toMatchObject({ kind: "unreadable", why: expect.stringContaining("truncated") });
});

it("commits go out twenty-five to a request and come back in the order asked", async () => {
  const github = new FakeGithub();
  github.aliases.set("Checks", ({ sha }) =>
    sha === "sha3" ? { object: null } : contexts([checkRun({ name: sha })]),
  );
  const queries = Array.from({ length: 26 }, (_, n) => ({ repo: repo("app"), sha: `sha${n}` }));
  const seen = await createGithubCi(optionsFor(github)).readChecks(queries);
  expect(seen.map(({ sha }) => sha)).toEqual(queries.map(({ sha }) => sha));
  expect(seen.map((each) => (each.kind === "read" ? each.checks[0]?.name : each.kind))).toEqual(
    queries.map(({ sha }) => (sha === "sha3" ? "unreadable" : sha)),
  );
  expect(github.sent).toHaveLength(2);
});
