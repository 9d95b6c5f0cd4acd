import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { createSampleRepo } from "./sample-repo.ts";
import * as client from "./t3-client.ts";

let dir: string;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;

const LOST = "Provider session did not survive a server restart. Send a new message to continue.";
/** Longer than a turn takes to show that it has begun. */
const START_MS = 500;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "afk-t3-"));
  await start();
});

afterEach(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: { readonly interruptedEnd?: "completed" | "error" } = {}) {
  t3 = await startT3({ dir: join(dir, "t3"), token: client.TOKEN, ...options });
  http = client.createClient(t3.url);
  await http.dispatch(client.projectCreate({ workspaceRoot: join(dir, "work") }));
  await http.dispatch(client.threadCreate("t1"));
}

/** None of these stories touches the repository before it is interrupted. */
async function run(story: string, id = "1"): Promise<void> {
  await http.dispatch(
    client.turnStart("t1", { id, text: client.firstPrompt(story, "file:///none") }),
  );
  await client.until("it runs", () => client.stateOf(t3, "t1") === "running/running");
}

function activityKinds(): readonly string[] {
  return client.threadOf(t3, "t1").activities.map(({ kind }) => kind);
}

describe("a turn", () => {
  it("goes from starting over running, with its id, to ready", async () => {
    const seen: string[] = [];
    t3.subscribe(({ kind }) => seen.push(kind));
    await http.dispatch(
      client.turnStart("t1", { id: "1", text: client.firstPrompt("blocked", "file:///none") }),
    );
    const states = new Set<string>();
    let isActiveTurnWrong = false;
    await client.until("it is over", () => {
      const { session, latestTurn } = client.threadOf(t3, "t1");
      states.add(client.stateOf(t3, "t1"));
      const runningTurn = latestTurn?.state === "running" ? latestTurn.turnId : null;
      isActiveTurnWrong ||= (session?.activeTurnId ?? null) !== runningTurn;
      return session?.status === "ready";
    });
    expect([...states]).toEqual([
      "null/null",
      "null/starting",
      "running/running",
      "completed/ready",
    ]);
    expect(isActiveTurnWrong).toBe(false);
    expect(seen).toEqual(["turn-started", "said", "said", "turn-ended"]);
    const { latestTurn, messages } = await http.detail("t1");
    expect(latestTurn.assistantMessageId).toBe(messages.at(-1).id);
    expect(messages.map((row: { role: string }) => row.role)).toEqual([
      "user",
      "assistant",
      "assistant",
    ]);
  });

  it("is steered by a message into a running thread, and no second one opens", async () => {
    const seen: string[] = [];
    t3.subscribe(({ kind }) => seen.push(kind));
    await run("never-stops");
    const before = client.threadOf(t3, "t1").latestTurn;
    await http.dispatch(client.turnStart("t1", { id: "2", text: "Also this" }));
    await client.until("it is steered", () => seen.includes("steered"));
    const { latestTurn, messages } = client.threadOf(t3, "t1");
    expect([latestTurn?.turnId, latestTurn?.requestedAt]).toEqual([
      before?.turnId,
      before?.requestedAt,
    ]);
    expect(messages.map(({ text }) => text)).toContain("Also this");
    expect(t3.liveTurnsMax.byThread.get("t1")).toBe(1);
  });

  it("steers even when the first has not begun yet", async () => {
    await http.dispatch(
      client.turnStart("t1", { id: "1", text: client.firstPrompt("never-stops", "file:///none") }),
    );
    await http.dispatch(client.turnStart("t1", { id: "2", text: "Also this" }));
    await sleep(START_MS);
    expect(t3.liveTurnsMax.byThread.get("t1")).toBe(1);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
  });

  it("opens anew for a second message into an idle thread", async () => {
    await run("blocked");
    await client.untilIdle(t3, "t1");
    const first = client.threadOf(t3, "t1").latestTurn?.turnId;
    await http.dispatch(client.turnStart("t1", { id: "2", text: "Go on" }));
    await client.until("a new turn", () => client.threadOf(t3, "t1").latestTurn?.turnId !== first);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
  });

  it("opens anew for the same message under a new command id, its text overwritten in place", async () => {
    await run("blocked");
    await client.untilIdle(t3, "t1");
    const text = client.firstPrompt("stalls", "file:///none");
    await http.dispatch(client.turnStart("t1", { id: "2", messageId: "m-t1-1", text }));
    await client.until("it runs", () => client.stateOf(t3, "t1") === "running/running");
    const prompts = client.threadOf(t3, "t1").messages.filter(({ role }) => role === "user");
    expect(prompts.map((message) => message.text)).toEqual([text]);
  });

  it("takes a message id away from the other thread that used it", async () => {
    await http.dispatch(client.threadCreate("t2"));
    await http.dispatch(client.turnStart("t1", { id: "1", text: "Mine", messageId: "m" }));
    await http.dispatch(client.turnStart("t2", { id: "1", text: "No, mine", messageId: "m" }));
    expect(client.threadOf(t3, "t1").messages).toEqual([]);
    expect(client.threadOf(t3, "t2").messages).toHaveLength(1);
  });

  it.each([
    ["at the limit starts", 120_000, "completed/ready"],
    ["past the limit is a session error after the 200", 120_001, "null/error"],
  ])("with a prompt %s", async (_name, characters, state) => {
    const reply = await http.dispatch(
      client.turnStart("t1", { id: "1", text: "x".repeat(characters) }),
    );
    expect(reply.status).toBe(200);
    await client.until(`it is ${state}`, () => client.stateOf(t3, "t1") === state);
  });

  it("fails to start with an unknown provider, and the latest turn stays null", async () => {
    const modelSelection = { instanceId: "nosuch", model: "m" };
    await http.dispatch(client.threadCreate("t2", { modelSelection }));
    await http.dispatch(client.turnStart("t2", { id: "1", text: "Hello" }));
    await client.until("it failed", () => client.stateOf(t3, "t2") === "null/error");
    expect(client.threadOf(t3, "t2").session?.lastError).toContain("unknown provider instance");
  });

  it.each(["thread.archive", "thread.delete"])(
    "after %s is stored and never runs",
    async (type) => {
      await http.dispatch(client.threadCommand(type, "t1"));
      const reply = await http.dispatch(client.turnStart("t1", { id: "1", text: "Hello" }));
      expect(reply.status).toBe(200);
      await sleep(START_MS);
      expect(client.threadOf(t3, "t1").messages).toHaveLength(1);
      expect(client.stateOf(t3, "t1")).toBe("null/null");
      expect(t3.liveTurnsMax.byThread.has("t1")).toBe(false);
    },
  );
});

describe("an interrupt", () => {
  it.each([
    ["error", "error/error", "Claude turn failed."],
    ["completed", "completed/ready", null],
  ] as const)("ends a slow turn as %s", async (interruptedEnd, state, lastError) => {
    await t3.stop();
    await start({ interruptedEnd });
    const repo = createSampleRepo();
    try {
      const text = client.firstPrompt("slow", repo.cloneUrl);
      await http.dispatch(client.turnStart("t1", { id: "1", text }));
      await client.until("the red test is committed", () =>
        client.threadOf(t3, "t1").messages.some((row) => row.text.includes("is committed")),
      );
      const at = Date.now();
      await http.dispatch(client.threadCommand("thread.turn.interrupt", "t1"));
      await client.untilIdle(t3, "t1");
      expect(Date.now() - at).toBeLessThan(3_000);
      expect(client.stateOf(t3, "t1")).toBe(state);
      expect(client.threadOf(t3, "t1").session?.lastError).toBe(lastError);
      expect(repo.git("rev-list", "--count", "main")).toBe("1");
    } finally {
      repo.remove();
    }
  });

  it("is ignored by a turn that never stops; the end of its session is not", async () => {
    await run("never-stops");
    await http.dispatch(client.threadCommand("thread.turn.interrupt", "t1"));
    await sleep(START_MS);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
    await http.dispatch(client.threadCommand("thread.session.stop", "t1"));
    await client.until("it is stopped", () => client.stateOf(t3, "t1") === "completed/stopped");
  });

  it("without a session leaves a failure behind", async () => {
    expect((await http.dispatch(client.threadCommand("thread.turn.interrupt", "t1"))).status).toBe(
      200,
    );
    expect(activityKinds()).toEqual(["provider.turn.interrupt.failed"]);
  });

  it("closes an open question", async () => {
    await run("asks");
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    await http.dispatch(client.threadCommand("thread.turn.interrupt", "t1"));
    await client.untilIdle(t3, "t1");
    expect(client.threadOf(t3, "t1").pending).toEqual([]);
  });
});

describe("an answer", () => {
  it("to a request that is not open leaves a failure, and the question stays", async () => {
    await run("asks");
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    const respond = client.threadCommand("thread.user-input.respond", "t1");
    await http.dispatch({ ...respond, requestId: "nope", answers: {} });
    expect(activityKinds()).toContain("provider.user-input.respond.failed");
    expect(client.threadOf(t3, "t1").pending).toHaveLength(1);
    expect(() => t3.answer("t1", "nope", "SQLite")).toThrow("does not ask");
  });

  it("may be given by hand", async () => {
    await run("asks");
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    t3.answer("t1", client.threadOf(t3, "t1").pending[0]?.requestId ?? "", "SQLite");
    await client.until("it goes on", () => client.threadOf(t3, "t1").messages.length > 2);
    expect(JSON.stringify(client.threadOf(t3, "t1").messages)).toContain("Going on with: SQLite");
    expect(client.threadOf(t3, "t1").pending).toEqual([]);
  });
});

describe("an archived thread", () => {
  it("shows a running turn for ever, until it is unarchived and its session stopped", async () => {
    await run("blocked");
    await http.dispatch(client.threadCommand("thread.archive", "t1"));
    await sleep(1_000);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
    await http.dispatch(client.threadCommand("thread.session.stop", "t1"));
    await http.dispatch(client.threadCommand("thread.unarchive", "t1"));
    expect(client.stateOf(t3, "t1")).toBe("running/running");
    await http.dispatch(client.threadCommand("thread.session.stop", "t1", 2));
    expect(client.stateOf(t3, "t1")).toBe("interrupted/stopped");
  });
});

describe("a deleted thread", () => {
  it("keeps a running row although its agent was ended", async () => {
    await run("never-stops");
    await http.dispatch(client.threadCommand("thread.delete", "t1"));
    await sleep(100);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
  });
});

describe("a restart", () => {
  it("that loses turns shows them as errors, and a new message goes on", async () => {
    await run("never-stops");
    await t3.restart({ lose: "turns" });
    expect(client.stateOf(t3, "t1")).toBe("error/error");
    expect(client.threadOf(t3, "t1").session).toMatchObject({
      lastError: LOST,
      activeTurnId: null,
    });
    await run("never-stops", "2");
    expect(t3.liveTurnsMax.byThread.get("t1")).toBe(1);
  });

  it("right after the 200 forgets the turn for ever; only a new command id starts one", async () => {
    const command = client.turnStart("t1", {
      id: "1",
      text: client.firstPrompt("asks", "file:///none"),
    });
    await http.dispatch(command);
    await t3.restart({ lose: "turns" });
    expect((await http.dispatch(command)).status).toBe(200);
    await sleep(START_MS);
    expect(client.stateOf(t3, "t1")).toBe("null/null");
    expect(client.threadOf(t3, "t1").messages).toHaveLength(1);
    await http.dispatch({ ...command, commandId: "c-new" });
    await client.until("it runs", () => client.stateOf(t3, "t1") === "running/running");
  });

  it("that leaves zombies shows a running turn for ever, with no turn behind it", async () => {
    await run("blocked");
    await t3.restart({ lose: "zombie" });
    await sleep(1_000);
    expect(client.stateOf(t3, "t1")).toBe("running/running");
    await http.dispatch(client.threadCommand("thread.session.stop", "t1"));
    expect(client.stateOf(t3, "t1")).toBe("interrupted/stopped");
  });

  it("that loses nothing comes back on the same port, its turns going on", async () => {
    await run("blocked");
    const restarted = t3.restart({ lose: "nothing", downMs: 200 });
    await expect(http.get("/api/auth/session")).rejects.toThrow("fetch failed");
    await restarted;
    expect((await http.get("/api/auth/session")).status).toBe(200);
    await client.until("it is over", () => client.stateOf(t3, "t1") === "completed/ready");
  });

  it("leaves a question that nobody can answer any more", async () => {
    await run("asks");
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    await t3.restart({ lose: "turns" });
    const { requestId } = client.threadOf(t3, "t1").pending[0] ?? {};
    const respond = client.threadCommand("thread.user-input.respond", "t1");
    await http.dispatch({ ...respond, requestId, answers: { q: "a" } });
    expect(activityKinds().at(-1)).toBe("provider.user-input.respond.failed");
  });

  it("keeps the environment id, as another server in the same folder does", async () => {
    const before = t3.environmentId;
    await t3.stop();
    await start();
    expect(t3.environmentId).toBe(before);
  });
});
