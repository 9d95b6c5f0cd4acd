import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  ask,
  BROKEN_SUM,
  rest,
  type SmallWorld,
  startSmallWorld,
  SUM_FILES,
} from "./small-world.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await startSmallWorld();
  await world.forge.settle();
});
afterAll(() => world.close());

async function rollup(sha: string, where = world): Promise<any> {
  const { data, errors } = await ask(
    where,
    `query Checks($oid: GitObjectID!) { repository(owner: "acme", name: "sum") { object(oid: $oid) {
      ... on Commit { statusCheckRollup { state contexts(first: 100) { totalCount nodes {
        __typename
        ... on CheckRun { databaseId name status conclusion startedAt completedAt detailsUrl
          checkSuite { status app { slug databaseId } workflowRun { event workflow { name } } } }
        ... on StatusContext { context state targetUrl }
      } } } }
    } } }`,
    { variables: { oid: sha } },
  );
  expect(errors).toBeUndefined();
  return data?.["repository"].object?.statusCheckRollup;
}

describe("a push", () => {
  it("is judged by the repo's own tests: green when they pass", async () => {
    const [first] = await world.forge.commits(world.repo);
    const seen = await rollup(first?.sha ?? "");
    expect(seen).toMatchObject({
      state: "SUCCESS",
      contexts: {
        totalCount: 1,
        nodes: [
          {
            __typename: "CheckRun",
            name: "test",
            status: "COMPLETED",
            conclusion: "SUCCESS",
            checkSuite: {
              status: "COMPLETED",
              app: { slug: "github-actions", databaseId: 15_368 },
              workflowRun: { event: "push", workflow: { name: "CI" } },
            },
          },
        ],
      },
    });
  });

  it("is red when they fail, and says so in log and annotation", async () => {
    const states: string[] = [];
    const stop = world.forge.on((event) => {
      if (event.kind === "check") states.push(event.conclusion ?? event.status);
    });
    const sha = await world.push({ message: "Break it", files: BROKEN_SUM });
    await world.forge.settle();
    stop();
    expect(states).toEqual(["queued", "in_progress", "failure"]);
    expect((await rollup(sha)).state).toBe("FAILURE");
    const runs = await rest(world, `GET commits/${sha}/check-runs`);
    expect(runs.body.total_count).toBe(1);
    const [run] = runs.body.check_runs;
    expect(run).toMatchObject({
      name: "test",
      status: "completed",
      conclusion: "failure",
      head_sha: sha,
    });
    expect(run.output.summary).toContain("exit code 1");
    expect((await rest(world, `GET check-runs/${run.id}`)).body.id).toBe(run.id);
    const annotations = await rest(world, `GET check-runs/${run.id}/annotations`);
    expect(annotations.body).toMatchObject([
      { annotation_level: "failure", message: "Process completed with exit code 1." },
    ]);
    const logs = await rest(world, `GET actions/jobs/${run.id}/logs`);
    expect(logs.status).toBe(302);
    const log = await (await fetch(logs.headers.get("location") ?? "")).text();
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z ##\[group\]Run node --test\n/);
    expect(log).toContain("-1 !== 3");
  });

  it("is one entry of the log and one run of its head, however many commits it brings", async () => {
    const before = (await world.forge.commits(world.repo))[0]?.sha ?? "";
    const pushes = world.forge.pushes(world.repo).length;
    const repair = await world.push({
      message: "Mend it\n\nA reason.",
      files: SUM_FILES,
      as: "ada",
      earlier: "First",
    });
    await world.forge.settle();
    expect(world.forge.pushes(world.repo)).toHaveLength(pushes + 1);
    expect(world.forge.pushes(world.repo).at(-1)).toMatchObject({
      before,
      after: repair,
      ref: "refs/heads/main",
      activity: "push",
      actor: { login: "ada" },
    });
    expect(world.forge.checks(world.repo, repair)).toMatchObject([{ conclusion: "success" }]);
    const [, middle] = await world.forge.commits(world.repo);
    expect(middle?.message).toBe("First");
    expect(await rollup(middle?.sha ?? "")).toBeNull();
    const newest = await rest(world, "GET activity?ref=refs/heads/main&per_page=1");
    expect(newest.body).toMatchObject([
      { before, after: repair, activity_type: "push", actor: { login: "ada" } },
    ]);
    const compared = await rest(world, `GET compare/${before}...${repair}`);
    expect(compared.body).toMatchObject({ status: "ahead", ahead_by: 2, behind_by: 0 });
    expect(compared.body.commits[1].commit.message).toBe("Mend it\n\nA reason.");
    expect((await rest(world, `GET compare/${repair}...${before}`)).body.status).toBe("behind");
    expect((await rest(world, `GET compare/${repair}...main`)).body.status).toBe("identical");
  });

  it("that says to skip CI has no checks, ever", async () => {
    const sha = await world.push({ message: "Quietly [skip ci]", files: {} });
    await world.forge.settle();
    expect(await rollup(sha)).toBeNull();
    expect((await rest(world, `GET commits/${sha}/status`)).body).toMatchObject({
      state: "pending",
      total_count: 0,
    });
  });

  it("that rewrites history is told from one that adds to it", async () => {
    const old = (await world.forge.commits(world.repo))[0]?.sha ?? "";
    const sha = await world.push({ message: "Rewritten [skip ci]", files: {}, isForced: true });
    await world.forge.settle();
    const last = world.forge.pushes(world.repo).at(-1);
    expect(last).toMatchObject({ before: old, after: sha, activity: "force_push" });
    expect((await rest(world, `GET compare/${old}...${sha}`)).body.status).toBe("diverged");
  });

  it("is noticed without being asked for", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const stop = world.forge.on((event) => {
      if (event.kind === "push") resolve(event.after);
    });
    const sha = await world.push({ message: "Look [skip ci]", files: {} });
    expect(await promise).toBe(sha);
    stop();
  });
});

describe("closing keywords", () => {
  it("close the issue when they reach the default branch, by the pusher, with the commit", async () => {
    const { forge, repo } = world;
    const titles = ["closes", "fixes", "resolves", "refs"];
    const [closes = 0, fixes = 0, resolves = 0, refs = 0] = titles.map((title) =>
      forge.createIssue({ repo, title, body: "", by: "ada" }),
    );
    const lines = [
      `Closes #${closes}, fixes: #${fixes}`,
      `Resolved ${repo}#${resolves}. Refs #${refs}`,
    ];
    const sha = await world.push({
      message: `Done\n\n${lines.join("\n")}\n\n[skip ci]`,
      files: {},
    });
    await forge.settle();
    const states = [closes, fixes, resolves, refs].map(
      (number) => forge.issue({ repo, number }).state,
    );
    expect(states).toEqual(["closed", "closed", "closed", "open"]);
    const { data } = await ask(
      world,
      `{ repository(owner: "acme", name: "sum") { issue(number: ${closes}) { stateReason
        timelineItems(last: 5, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent {
          actor { login } closer { __typename ... on Commit { oid } } } } } } } }`,
    );
    expect(data?.["repository"].issue).toEqual({
      stateReason: "COMPLETED",
      timelineItems: {
        nodes: [{ actor: { login: "loop" }, closer: { __typename: "Commit", oid: sha } }],
      },
    });
  });
});

describe("reported checks", () => {
  it("stand beside the forge's own, and the newest status of a context counts", async () => {
    const { forge, repo } = world;
    const sha = await world.push({ message: "Reported [skip ci]", files: {} });
    await forge.settle();
    const running = forge.reportCheck(repo, { sha, name: "slow" });
    expect((await rollup(sha)).state).toBe("PENDING");
    forge.reportStatus(repo, { sha, context: "legacy", state: "failure" });
    expect((await rollup(sha)).state).toBe("FAILURE");
    forge.reportStatus(repo, { sha, context: "legacy", state: "success" });
    forge.reportCheck(repo, { sha, name: "quick", conclusion: "success" });
    const { contexts, state } = await rollup(sha);
    expect(state).toBe("PENDING");
    expect(contexts.nodes).toMatchObject([
      {
        databaseId: running,
        status: "IN_PROGRESS",
        conclusion: null,
        completedAt: null,
        checkSuite: { status: "IN_PROGRESS" },
      },
      // A suite of its own: what runs elsewhere does not hold it up.
      { name: "quick", status: "COMPLETED", checkSuite: { status: "COMPLETED" } },
      { __typename: "StatusContext", context: "legacy", state: "SUCCESS" },
    ]);
    expect((await rest(world, `GET commits/${sha}/status`)).body.state).toBe("success");
  });
});

describe("a repo's ci.json", () => {
  it("lists checks by name, each with its command", async () => {
    const both = { checks: { test: ["node", "--test"], lint: ["node", "--eval", ""] } };
    const other = await startSmallWorld(both);
    try {
      const sha = await other.push({ message: "Break it", files: BROKEN_SUM });
      await other.forge.settle();
      const seen = other.forge.checks(other.repo, sha);
      expect(seen.map(({ name, conclusion }) => [name, conclusion])).toEqual([
        ["test", "failure"],
        ["lint", "success"],
      ]);
    } finally {
      await other.close();
    }
  });

  it("is one suite, which goes on until the last command has ended", async () => {
    const dir = await mkdtemp(join(tmpdir(), "gate-"));
    const gate = join(dir, "open");
    const wait = `setInterval(() => {
      if (require("node:fs").existsSync(${JSON.stringify(gate)})) process.exit(0);
    }, 20)`;
    const checks = { quick: ["node", "--eval", ""], slow: ["node", "--eval", wait] };
    const other = await startSmallWorld({ checks });
    try {
      const { promise, resolve } = Promise.withResolvers<string>();
      other.forge.on((event) => {
        if (event.kind === "check" && event.conclusion === "success") resolve(event.name);
      });
      expect(await promise).toBe("quick");
      const [first] = await other.forge.commits(other.repo);
      const seen = async () => {
        const { contexts } = await rollup(first?.sha ?? "", other);
        return contexts.nodes.map((run: any) => [run.name, run.status, run.checkSuite.status]);
      };
      expect(await seen()).toEqual([
        ["quick", "COMPLETED", "IN_PROGRESS"],
        ["slow", "IN_PROGRESS", "IN_PROGRESS"],
      ]);
      await writeFile(gate, "");
      await other.forge.settle();
      expect(await seen()).toEqual([
        ["quick", "COMPLETED", "COMPLETED"],
        ["slow", "COMPLETED", "COMPLETED"],
      ]);
    } finally {
      await other.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("that cannot be read is red, and one without checks means none", async () => {
    const other = await startSmallWorld({ checks: {} });
    try {
      const [first] = await other.forge.commits(other.repo);
      const sha = await other.push({ message: "Oops", files: { "ci.json": "{" } });
      await other.forge.settle();
      expect(other.forge.checks(other.repo, first?.sha ?? "")).toEqual([]);
      expect(other.forge.checks(other.repo, sha)).toMatchObject([{ conclusion: "failure" }]);
    } finally {
      await other.close();
    }
  });

  it("runs without the tokens and test runner of whoever started the forge", async () => {
    const print = "for (const key of Object.keys(process.env)) console.log(`has ${key}`)";
    const other = await startSmallWorld({ checks: { env: ["node", "--eval", print] } });
    try {
      await other.forge.settle();
      const [first] = await other.forge.commits(other.repo);
      const [check] = other.forge.checks(other.repo, first?.sha ?? "");
      const keys = [...(check?.log ?? "").matchAll(/has (\w+)/g)].map((match) => match[1]);
      expect(new Set(keys)).toEqual(new Set(["CI", "HOME", "LC_ALL", "NO_COLOR", "PATH"]));
    } finally {
      await other.close();
    }
  });
});

describe("a command that does not end", () => {
  const loop = "setInterval(() => undefined, 1000)";
  // A child of its own, as the files of a test run are: it must end as well.
  const nested = `console.log("pid " + require("node:child_process").spawn(process.execPath,
    ["--eval", ${JSON.stringify(loop)}], { stdio: "inherit" }).pid); ${loop}`;

  it("is ended with all it started, and is neither green nor a failure", async () => {
    const checks = { hangs: ["node", "--eval", nested], quick: ["node", "--eval", ""] };
    const other = await startSmallWorld({ checks }, 1_500);
    try {
      await other.forge.settle();
      const [first] = await other.forge.commits(other.repo);
      const [hangs, quick] = other.forge.checks(other.repo, first?.sha ?? "");
      expect(hangs?.conclusion).toBe("timed_out");
      expect(hangs?.log).toContain("Ran longer than 1500 ms");
      expect(quick?.conclusion).toBe("success");
      const pid = Number(/pid (\d+)/.exec(hangs?.log ?? "")?.[1]);
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    } finally {
      await other.close();
    }
  });

  it("does not hold up the end of the forge", async () => {
    const other = await startSmallWorld({ checks: { hangs: ["node", "--eval", loop] } });
    const { promise, resolve } = Promise.withResolvers<void>();
    other.forge.on((event) => {
      if (event.kind === "check" && event.status === "in_progress") resolve();
    });
    await promise;
    const began = Date.now();
    await other.close();
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

/** Whether a process still runs; one that ended and waits for its parent's notice does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
