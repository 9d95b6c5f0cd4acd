import { expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import { type CheckState, foldChecks } from "../../../src/pure/ci-fold.ts";
import { FakeGithub, json, optionsFor, repo, type Sent } from "../tracker/fake-github.ts";

const AT = "2026-01-01T00:00:00Z";
const RUNS = "GET /repos/o/app/actions/runs";
const STATUSES = "GET /repos/o/app/commits/sha/statuses";

function run(changes: Record<string, unknown> = {}) {
  return {
    id: 1,
    name: "CI",
    path: ".github/workflows/ci.yml",
    event: "push",
    status: "completed",
    conclusion: "success",
    workflow_id: 9,
    run_attempt: 1,
    run_started_at: AT,
    created_at: AT,
    html_url: "https://github.test/runs/1",
    ...changes,
  };
}

function status(context: string, state: string, description: string | null = null) {
  return { context, state, created_at: AT, target_url: null, description };
}

/** A GitHub whose token cannot read checks, with these pages of runs and statuses. */
function barred(
  runs: readonly (readonly unknown[])[],
  statuses: readonly (readonly unknown[])[] = [[]],
): FakeGithub {
  const github = new FakeGithub();
  const message = "Resource not accessible by personal access token";
  github.breakdown = (operation) =>
    operation === "Checks"
      ? json({ data: null, errors: [{ type: "FORBIDDEN", message }] })
      : undefined;
  const pageOf = ({ url }: Sent) => Number(url.searchParams.get("page")) - 1;
  github.rest.set(RUNS, (sent) =>
    json({ total_count: runs.flat().length, workflow_runs: runs[pageOf(sent)] ?? [] }),
  );
  github.rest.set(STATUSES, (sent) => json(statuses[pageOf(sent)] ?? []));
  return github;
}

async function read(github: FakeGithub) {
  const ci = createGithubCi(optionsFor(github));
  const [seen] = await ci.readChecks([{ repo: repo("app"), sha: "sha" }]);
  return seen;
}

async function checksOf(github: FakeGithub) {
  const seen = await read(github);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  return seen.checks;
}

it("workflow runs and statuses stand for the checks, and it is said what may be missing", async () => {
  const github = barred([[run({ conclusion: "failure" })]], [[status("preview", "success", "ok")]]);
  expect(await read(github)).toEqual({
    kind: "read",
    sha: "sha",
    checks: [
      {
        name: "CI",
        source: "workflow-run:9 (push)",
        state: "failure",
        at: AT,
        url: "https://github.test/runs/1",
        id: "1",
      },
      {
        name: "preview",
        source: "status",
        state: "success",
        at: AT,
        url: null,
        id: "preview",
        words: "ok",
      },
    ],
    caveat: expect.stringMatching(/cannot read checks.*classic token.*GitHub App/),
  });
  const asked = github.sent.find(({ url }) => url.pathname.endsWith("/actions/runs"));
  expect(asked?.url.searchParams.get("head_sha")).toBe("sha");
});

const states: ReadonlyArray<
  readonly [status: string | null, conclusion: string | null, want: CheckState]
> = [
  ["completed", "success", "success"],
  ["completed", "neutral", "neutral"],
  ["completed", "skipped", "skipped"],
  ["completed", "failure", "failure"],
  ["completed", "timed_out", "timed-out"],
  ["completed", "startup_failure", "startup-failure"],
  ["completed", "cancelled", "cancelled"],
  ["completed", "stale", "stale"],
  ["completed", "action_required", "action-required"],
  ["completed", null, "unknown"],
  ["completed", "perfect", "unknown"],
  ["queued", null, "pending"],
  ["in_progress", null, "pending"],
  ["waiting", null, "pending"],
  ["requested", null, "pending"],
  ["pending", null, "pending"],
  ["queued", "failure", "pending"],
  [null, null, "unknown"],
];
it.each(states)("a workflow run that is %s with %s is %s", async (word, conclusion, want) => {
  expect(await checksOf(barred([[run({ status: word, conclusion })]]))).toMatchObject([
    { state: want },
  ]);
});

it("of one workflow and event the newest run counts, and another event's counts beside it", async () => {
  const [older, newer] = [
    run({ conclusion: "failure" }),
    run({ id: 2, run_started_at: "2026-01-01T00:00:01Z" }),
  ];
  expect(foldChecks(await checksOf(barred([[newer, older]]))).kind).toBe("green");
  const nightly = { ...older, event: "schedule" };
  expect(foldChecks(await checksOf(barred([[newer, nightly]]))).kind).toBe("red");
});

it("of a run that is listed twice the newest attempt counts", async () => {
  const full = Array.from({ length: 99 }, (_, at) => run({ id: at + 10, workflow_id: at + 10 }));
  const [first, again] = [
    run({ conclusion: "failure" }),
    run({ run_attempt: 2, status: "queued", conclusion: null }),
  ];
  for (const pages of [
    [[...full, first], [again]],
    [[...full, again], [first]],
  ]) {
    const checks = await checksOf(barred(pages));
    expect(checks.filter(({ id }) => id === "1").map(({ state }) => state)).toEqual(["pending"]);
  }
});

it("a run without a name is called by its file, or else by its workflow's number", async () => {
  const { run_attempt: _attempt, run_started_at: _started, ...bare } = run({ name: null });
  const checks = await checksOf(barred([[bare, run({ id: 2, name: null, path: null })]]));
  expect(checks).toMatchObject([
    { name: ".github/workflows/ci.yml", at: AT },
    { name: "workflow 9" },
  ]);
});

it("of one context the newest status counts, wherever the pages are cut", async () => {
  const old = Array.from({ length: 99 }, () => status("noise", "pending"));
  const pages = [[status("preview", "success"), ...old], [status("preview", "failure")]];
  const checks = await checksOf(barred([[]], pages));
  expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "preview success",
    "noise pending",
  ]);
});

it("five full pages are one too many, of runs and of statuses", async () => {
  const runs = Array.from({ length: 5 }, (_, page) =>
    Array.from({ length: 100 }, (__, at) => run({ id: 1 + page * 100 + at })),
  );
  expect(await read(barred(runs))).toMatchObject({ why: expect.stringContaining("truncated") });
  const last = runs.map((page, at) => (at === 4 ? page.slice(1) : page));
  expect(await checksOf(barred(last))).toHaveLength(499);
  const statuses = Array.from({ length: 5 }, () =>
    Array.from({ length: 100 }, (_, at) => status(`job ${at}`, "success")),
  );
  expect(await read(barred([[]], statuses))).toMatchObject({ kind: "unreadable" });
});

it("what cannot be read either is unreadable, with the mend", async () => {
  const github = barred([[]]);
  github.rest.set(RUNS, () => json({ message: "Resource not accessible" }, 403));
  expect(await read(github)).toMatchObject({
    kind: "unreadable",
    why: expect.stringMatching(/403.*Actions: read.*Commit statuses: read/),
  });
});

it("required checks cannot be told from workflow runs, and that is no verdict", async () => {
  const github = barred([[run()]]);
  const rules = { pageInfo: { hasNextPage: false }, nodes: [] };
  github.aliases.set("RequiredChecks", () => ({
    ref: { branchProtectionRule: null, refUpdateRule: null, rules },
  }));
  const ci = createGithubCi(optionsFor(github));
  const [seen] = await ci.readChecks([{ repo: repo("app"), sha: "sha", requiredOn: "trunk" }]);
  expect(seen).toMatchObject({ kind: "unreadable", why: expect.stringMatching(/checks: all/) });
});
