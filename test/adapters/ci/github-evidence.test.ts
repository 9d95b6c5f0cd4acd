import { expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import type { Check } from "../../../src/pure/ci-fold.ts";
import { badGateway, FakeGithub, json, optionsFor, repo } from "../tracker/fake-github.ts";

const RUN = "GET /repos/o/app/check-runs/1";
const ANNOTATIONS = "GET /repos/o/app/check-runs/1/annotations";
const JOB = "GET /repos/o/app/actions/jobs/1/logs";
const STORAGE = "GET /signed/log";
const STORAGE_URL = "https://storage.test/signed/log?sig=abc";

function failing(id: string, source = "check:CI (push)"): Check {
  const url = `https://github.test/${id}`;
  return { name: `check ${id}`, source, state: "failure", at: "2026-01-01T00:00:00Z", url, id };
}

function run(slug: string | null, output: Record<string, unknown> = {}) {
  const nothing = { title: null, summary: null, text: null, annotations_count: 0 };
  return () => json({ app: slug === null ? null : { slug }, output: { ...nothing, ...output } });
}

function redirect(location = STORAGE_URL) {
  return () => new Response(null, { status: 302, headers: { location } });
}

/** A failing Actions job with this log. */
function actionsJob(log: string): FakeGithub {
  const github = new FakeGithub();
  github.rest.set(RUN, run("github-actions"));
  github.rest.set(JOB, redirect());
  github.rest.set(STORAGE, () => new Response(log));
  return github;
}

async function tailOf(github: FakeGithub, check = failing("1")): Promise<string | undefined> {
  const [evidence] = await createGithubCi(optionsFor(github)).readEvidence(repo("app"), [check]);
  expect(evidence).toMatchObject({ name: check.name, url: check.url });
  return evidence?.logTail;
}

it("the end of an Actions job's log is fetched from its storage without the token", async () => {
  const github = actionsJob("2026-01-01T00:00:00.1234567Z \u001b[31mred\u001b[0m\r\nlast\n");
  expect(await tailOf(github)).toBe("red\nlast");
  const [asked, stored] = github.sent.slice(-2);
  expect(asked?.headers["authorization"]).toBeDefined();
  expect(stored?.url.href).toBe(STORAGE_URL);
  expect(stored?.redirect).toBe("manual");
  expect(JSON.stringify(stored?.headers).toLowerCase()).not.toContain("authorization");
});

it("fifty lines are shown whole, of fifty-one the first is cut", async () => {
  const lines = Array.from({ length: 51 }, (_, index) => `line ${index}`);
  expect(await tailOf(actionsJob(lines.slice(1).join("\n")))).toBe(lines.slice(1).join("\n"));
  expect(await tailOf(actionsJob(lines.join("\n")))).toBe(lines.slice(1).join("\n"));
});

it("eight KiB are shown whole, one byte more loses the first character", async () => {
  const log = `é${"x".repeat(8190)}`;
  expect(await tailOf(actionsJob(log))).toBe(log);
  expect(await tailOf(actionsJob(`${log}y`))).toBe(`${"x".repeat(8190)}y`);
});

it("a check of another app shows its own output", async () => {
  const github = new FakeGithub();
  github.rest.set(RUN, run("sandbox", { title: "Red", summary: "1 failed", text: "stack" }));
  expect(await tailOf(github)).toBe("Red\n1 failed\nstack");
  expect(github.sent).toHaveLength(1);
});

it("annotations stand before the log and take their lines and bytes from it", async () => {
  const log = Array.from({ length: 50 }, (_, index) => `line ${index}`).join("\n");
  const github = actionsJob(log);
  github.rest.set(RUN, run("github-actions", { annotations_count: 2 }));
  github.rest.set(ANNOTATIONS, ({ url }) => {
    expect(url.searchParams.get("per_page")).toBe("10");
    return json([
      { path: "a.ts", start_line: 3, message: "expected 1\ngot 2" },
      { path: "b.ts", start_line: 4, message: null },
    ]);
  });
  const lines = (await tailOf(github))?.split("\n");
  expect(lines?.slice(0, 3)).toEqual(["a.ts:3: expected 1", "b.ts:4:", "line 2"]);
  expect(lines).toHaveLength(50);
  expect(lines?.at(-1)).toBe("line 49");
});

it("annotations alone are evidence, and unreadable ones are none", async () => {
  const github = new FakeGithub();
  github.rest.set(RUN, run(null, { annotations_count: 1 }));
  github.rest.set(ANNOTATIONS, () => json([{ path: "a.ts", start_line: 3, message: "no" }]));
  expect(await tailOf(github)).toBe("a.ts:3: no");
  github.rest.set(ANNOTATIONS, badGateway);
  expect(await tailOf(github)).toBe("");
});

it("annotations that fill the limit leave no room for the log", async () => {
  const github = actionsJob("log");
  github.rest.set(RUN, run("github-actions", { annotations_count: 1 }));
  const message = "x".repeat(9000);
  github.rest.set(ANNOTATIONS, () => json([{ path: "a.ts", start_line: 3, message }]));
  expect(await tailOf(github)).toBe("x".repeat(8192));
});

const unreadable: ReadonlyArray<readonly [name: string, breakIt: (github: FakeGithub) => unknown]> =
  [
    ["the check run is gone", (github) => github.rest.delete(RUN)],
    ["the check run is not understood", (github) => github.rest.set(RUN, () => json({}))],
    ["the log has expired", (github) => github.rest.set(JOB, () => json({}, 410))],
    [
      "the log's link is no secure one",
      (github) => github.rest.set(JOB, redirect("http://storage.test/signed/log")),
    ],
    ["the log's link is no link", (github) => github.rest.set(JOB, redirect("/"))],
    [
      "the log has no link",
      (github) => github.rest.set(JOB, () => new Response("", { status: 302 })),
    ],
    ["the storage redirects again", (github) => github.rest.set(STORAGE, redirect())],
    ["the storage fails", (github) => github.rest.set(STORAGE, badGateway)],
    [
      "the log is too large",
      (github) => github.rest.set(STORAGE, () => Promise.reject(new Error("larger than allowed"))),
    ],
  ];
it.each(unreadable)("a log is empty when %s", async (_name, breakIt) => {
  const github = actionsJob("log");
  breakIt(github);
  expect(await tailOf(github)).toBe("");
});

it("a commit status, and a check whose id is no number, are not asked for", async () => {
  const github = new FakeGithub();
  expect(await tailOf(github, failing("1", "status"))).toBe("");
  expect(await tailOf(github, failing("x1"))).toBe("");
  expect(github.sent).toHaveLength(0);
});

it("five checks are read, the sixth is only named", async () => {
  const github = new FakeGithub();
  const checks = ["1", "2", "3", "4", "5", "6"].map((id) => failing(id));
  for (const { id } of checks) {
    github.rest.set(`GET /repos/o/app/check-runs/${id}`, run("sandbox", { text: `log ${id}` }));
  }
  const evidence = await createGithubCi(optionsFor(github)).readEvidence(repo("app"), checks);
  expect(evidence.map(({ logTail }) => logTail)).toEqual([
    ...["1", "2", "3", "4", "5"].map((id) => `log ${id}`),
    "",
  ]);
  expect(evidence[5]).toMatchObject({ name: "check 6", url: "https://github.test/6" });
});

const JOBS = "GET /repos/o/app/actions/runs/7/jobs";
const asRun: Check = { ...failing("7"), source: "workflow-run:9 (push)" };

/** A workflow run with jobs that came to these conclusions; each log says which job it is. */
function workflowRun(...conclusions: readonly (string | null)[]): FakeGithub {
  const github = new FakeGithub();
  const jobs = conclusions.map((conclusion, at) => ({ id: at + 1, name: `job ${at}`, conclusion }));
  github.rest.set(JOBS, () => json({ total_count: jobs.length, jobs }));
  for (const { id, name } of jobs) {
    const link = `https://storage.test/log/${id}`;
    github.rest.set(`GET /repos/o/app/actions/jobs/${id}/logs`, redirect(link));
    github.rest.set(`GET /log/${id}`, () => new Response(`log of ${name}`));
  }
  return github;
}

it("of a workflow run the logs of its failed jobs are shown, under their names", async () => {
  const github = workflowRun("success", "failure", null, "timed_out", "cancelled", "failure");
  expect(await tailOf(github, asRun)).toBe(
    [
      "job failed: job 1",
      "job failed: job 3",
      "job failed: job 5",
      "log of job 1",
      "log of job 3",
    ].join("\n"),
  );
  const asked = github.sent.find(({ url }) => url.pathname.endsWith("/jobs"));
  expect(asked?.url.searchParams.get("filter")).toBe("latest");
});

it("the logs of a workflow run share one check's room, and names leave most of it", async () => {
  const github = workflowRun(...Array.from({ length: 60 }, () => "failure"));
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at} ${"x".repeat(500)}`).join("\n");
  for (const id of [1, 2]) github.rest.set(`GET /log/${id}`, () => new Response(lines));
  const tail = (await tailOf(github, asRun)) ?? "";
  expect(tail.split("\n").length).toBeLessThanOrEqual(50);
  expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(8 * 1024);
  expect(tail.match(/job failed/g)).toHaveLength(10);
  expect(tail.match(/line 99/g)).toHaveLength(2);
});

it("a workflow run whose jobs cannot be read, or of which none failed, has no words", async () => {
  expect(await tailOf(new FakeGithub(), asRun)).toBe("");
  expect(await tailOf(workflowRun("success"), asRun)).toBe("");
});

it("a log that is gone leaves the names of the failed jobs", async () => {
  const github = workflowRun("failure");
  github.rest.delete("GET /log/1");
  expect(await tailOf(github, asRun)).toBe("job failed: job 0");
});

it("a status and a deployment say their own words, and nobody is asked", async () => {
  const github = new FakeGithub();
  for (const source of ["status", "deployment"]) {
    const check = { ...failing("1", source), words: "no quota left" };
    expect(await tailOf(github, check)).toBe("no quota left");
  }
  expect(github.sent).toHaveLength(0);
});

it("hostile bytes of a log come through as plain text", async () => {
  const bytes = Buffer.concat([
    Buffer.from("10%\r20%\r\nbell\u0007 null\u0000 tab\t"),
    Buffer.from([0xff, 0xfe]),
    Buffer.from("\u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007\u0085 end"),
  ]);
  const github = actionsJob("");
  github.rest.set(STORAGE, () => new Response(bytes));
  const tail = (await tailOf(github)) ?? "";
  expect(tail.split("\n").slice(0, 2)).toEqual(["10%", "20%"]);
  expect(tail).toContain("bell null tab\t\uFFFD\uFFFD");
  expect(tail).toMatch(/ end$/);
  expect(tail).not.toMatch(/[^\P{Cc}\n\t]/u);
});
