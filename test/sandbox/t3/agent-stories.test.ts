import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { createSampleRepo, type SampleRepo } from "./sample-repo.ts";
import * as client from "./t3-client.ts";

const CORRECTIVE = "CI is red. Failing check: test\nMend it by fixing forward.";
const NUDGE = "Your turn is over. Missing: a commit of this run with AFK-Run, and the outcome.";

let repo: SampleRepo;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;
let workspaceRoot: string;

beforeEach(async () => {
  repo = createSampleRepo();
  t3 = await startT3({ dir: join(repo.dir, "t3"), token: client.TOKEN, gitName: "afk-agent" });
  http = client.createClient(t3.url);
  workspaceRoot = join(repo.dir, "workspaces", "owner__sample");
  await http.dispatch(client.projectCreate({ workspaceRoot }));
  await http.dispatch(client.threadCreate("t1"));
});

afterEach(async () => {
  await t3.stop();
  repo.remove();
});

async function turn(id: string, text: string): Promise<void> {
  await startTurn(id, text);
  await client.untilIdle(t3, "t1");
}

async function startTurn(id: string, text: string): Promise<void> {
  const before = client.threadOf(t3, "t1").latestTurn?.turnId;
  await http.dispatch(client.turnStart("t1", { id, text }));
  await client.until(`turn ${id} has begun`, () => {
    const { latestTurn } = client.threadOf(t3, "t1");
    return latestTurn !== null && latestTurn.turnId !== before;
  });
}

async function story(name: string): Promise<void> {
  await turn("first", client.firstPrompt(name, repo.cloneUrl));
}

function head(): string {
  return repo.git("rev-parse", "main");
}

function messages(): string {
  return repo.git("log", "--format=%B", "main");
}

function trailers(): readonly string[] {
  const log = repo.git("log", "--format=%(trailers:only,unfold)", "main~2..main");
  return log.split("\n").filter(Boolean);
}

describe("the agent", () => {
  it("lands: red test, green code, a push to the default branch and the outcome line", async () => {
    await story("lands");
    expect(client.stateOf(t3, "t1")).toBe("completed/ready");
    expect(repo.git("rev-list", "--count", "main")).toBe("3");
    expect(trailers()).toEqual([
      `AFK-Run: ${client.RUN_ID}`,
      "AFK-Phase: green",
      `AFK-Run: ${client.RUN_ID}`,
      "AFK-Phase: tests-red",
    ]);
    expect(client.lastWords(t3, "t1").split("\n").at(-1)).toBe(`AFK-Outcome: pushed ${head()}`);
    expect(repo.testsPass("main~1")).toBe(false);
    expect(repo.testsPass("main")).toBe(true);
    expect(repo.git("log", "-1", "--format=%cn", "main")).toBe("afk-agent");
    expect(existsSync(join(workspaceRoot, "src/feature-7.js"))).toBe(false);
  });

  it("lands where the issue names no story", async () => {
    const prompt = client.firstPrompt("x", repo.cloneUrl).replace("Story: x", "");
    await turn("first", prompt);
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
  });

  it("turns the base red while claiming green, and mends it when told of the failing check", async () => {
    await story("red-then-mended");
    const broken = head();
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${broken}`);
    expect(repo.testsPass(broken)).toBe(false);
    await turn("corrective", CORRECTIVE);
    expect(head()).not.toBe(broken);
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
    expect(repo.testsPass(head())).toBe(true);
    expect(trailers()).toContain(`AFK-Run: ${client.RUN_ID}`);
  });

  it("stays red: every corrective turn pushes another red commit of the run", async () => {
    await story("stays-red");
    for (const attempt of ["one", "two"]) {
      const before = head();
      await turn(attempt, CORRECTIVE);
      expect(repo.git("rev-parse", "main~1")).toBe(before);
      expect(repo.testsPass(head())).toBe(false);
      expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
    }
  });

  it("declares itself blocked and pushes nothing", async () => {
    const before = head();
    await story("blocked");
    const outcome = "AFK-Outcome: blocked the API key for the payment sandbox is missing";
    expect(client.lastWords(t3, "t1").split("\n").at(-1)).toBe(outcome);
    expect(head()).toBe(before);
  });

  it("stalls, nudged or not", async () => {
    const before = head();
    await story("stalls");
    await turn("nudge", NUDGE);
    expect(
      client
        .threadOf(t3, "t1")
        .messages.map(({ text }) => text)
        .join(),
    ).not.toContain("AFK-Outcome: ");
    expect(head()).toBe(before);
  });

  it("leaves the trailer off, and adds a commit that carries it when nudged", async () => {
    await story("no-trailer");
    expect(messages()).not.toContain("AFK-");
    expect(repo.git("rev-list", "--count", "main")).toBe("3");
    await turn("nudge", NUDGE);
    expect(repo.git("log", "-1", "--format=%B", "main")).toContain(`AFK-Run: ${client.RUN_ID}`);
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
    expect(repo.testsPass(head())).toBe(true);
  });

  it("names the issue by a closing keyword only in the story of that name", async () => {
    await story("closes-by-keyword");
    expect(messages()).toContain("Closes #7");
    expect(messages()).not.toContain("Refs");
  });

  it("asks, waits, and lands once it is answered", async () => {
    await startTurn("first", client.firstPrompt("asks", repo.cloneUrl));
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    const shell = (await http.get("/api/orchestration/shell")).body;
    expect(shell["threads"][0]).toMatchObject({ hasPendingUserInput: true });
    const [pending] = client.threadOf(t3, "t1").pending;
    expect(pending).toMatchObject({ kind: "question", text: "Which database?" });
    await http.dispatch({
      ...client.threadCommand("thread.user-input.respond", "t1"),
      requestId: pending?.requestId,
      answers: { "Which database?": "SQLite" },
    });
    await client.untilIdle(t3, "t1");
    expect(client.threadOf(t3, "t1").pending).toEqual([]);
    expect(JSON.stringify(await http.detail("t1"))).toContain("Going on with: SQLite");
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
  });

  it.each([
    ["accept", "AFK-Outcome: pushed"],
    ["decline", "AFK-Outcome: blocked"],
  ])("asks for permission; %s ends in %s", async (decision, outcome) => {
    await startTurn("first", client.firstPrompt("asks-permission", repo.cloneUrl));
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    await http.dispatch({
      ...client.threadCommand("thread.approval.respond", "t1"),
      requestId: client.threadOf(t3, "t1").pending[0]?.requestId,
      decision,
    });
    await client.untilIdle(t3, "t1");
    expect(client.lastWords(t3, "t1")).toContain(outcome);
  });

  it("crashes mid-turn with its session", async () => {
    await story("crashes");
    expect(client.stateOf(t3, "t1")).toBe("error/stopped");
    expect(client.threadOf(t3, "t1").session?.lastError).toBe("Claude runtime stream failed.");
  });

  it("ends in an error that names a story nobody wrote", async () => {
    await story("no-such-story");
    expect(client.stateOf(t3, "t1")).toBe("error/error");
    expect(client.threadOf(t3, "t1").session?.lastError).toContain("no-such-story");
  });

  it("knows no task in a thread whose first prompt never reached it", async () => {
    await turn("nudge", NUDGE);
    expect(client.lastWords(t3, "t1")).toContain("I have no task");
  });

  it("rebases and pushes again when somebody else was faster", async () => {
    const started = startTurn("first", client.firstPrompt("lands", repo.cloneUrl));
    await started;
    await client.until("the red test is committed", () =>
      client.threadOf(t3, "t1").messages.some(({ text }) => text.includes("is committed")),
    );
    const tree = repo.git("rev-parse", "main^{tree}");
    const env = ["-c", "user.name=someone", "-c", "user.email=someone@sandbox.invalid"];
    const faster = repo.git(...env, "commit-tree", tree, "-p", "main", "-m", "Faster");
    repo.git("update-ref", "refs/heads/main", faster);
    await client.untilIdle(t3, "t1");
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
    expect(repo.git("rev-parse", "main~2")).toBe(faster);
  });

  it("does nothing twice when a restarted turn finds the work of the first", async () => {
    await startTurn("first", client.firstPrompt("lands", repo.cloneUrl));
    await client.until("the red test is committed", () =>
      client.threadOf(t3, "t1").messages.some(({ text }) => text.includes("is committed")),
    );
    await t3.restart({ lose: "turns" });
    expect(repo.git("rev-list", "--count", "main")).toBe("1");
    await turn("restart", "The server lost track of your last turn. Go on.");
    expect(repo.git("rev-list", "--count", "main")).toBe("3");
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
    await turn("again", "The server lost track of your last turn. Go on.");
    expect(repo.git("rev-list", "--count", "main")).toBe("3");
    expect(client.lastWords(t3, "t1")).toContain(`AFK-Outcome: pushed ${head()}`);
  });

  it("lands issues of one repo side by side", async () => {
    await http.dispatch(client.threadCreate("t2"));
    const second = client
      .firstPrompt("lands", repo.cloneUrl, 8)
      .replace(client.RUN_ID, "ba9876543210");
    await startTurn("first", client.firstPrompt("lands", repo.cloneUrl));
    await client.until("the folder is cloned", () => existsSync(`${workspaceRoot}.worktrees`));
    await http.dispatch(client.turnStart("t2", { id: "first", text: second }));
    await client.untilIdle(t3, "t1");
    await client.untilIdle(t3, "t2");
    expect(t3.threads().map(({ session }) => session?.lastError)).toEqual([null, null]);
    expect(repo.git("rev-list", "--count", "main")).toBe("5");
    expect(repo.testsPass("main")).toBe(true);
    expect(t3.liveTurnsMax.byWorkspaceRoot.get(workspaceRoot)).toBe(2);
    expect(t3.liveTurnsMax.byThread.get("t1")).toBe(1);
  });
});
