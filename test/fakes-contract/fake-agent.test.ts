import { beforeEach, describe, expect, it } from "vitest";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const ROOT = "/data/o__a";
const REJECTED = expect.objectContaining({ kind: "rejected" });
const ACCEPTED = { kind: "accepted" };

let clock: FakeClock;
let agent: FakeAgent;
let commands: number;

beforeEach(async () => {
  clock = new FakeClock();
  agent = new FakeAgent({ clock });
  commands = 0;
  await openProject();
  await create("t1");
});

function commandId(): string {
  commands += 1;
  return `c${commands}`;
}

function openProject(projectId = "p1", workspaceRoot = ROOT) {
  return agent.createProject({ commandId: commandId(), projectId, title: "o/a", workspaceRoot });
}

function create(threadId: string, projectId = "p1") {
  return agent.createThread({ commandId: commandId(), threadId, projectId, title: threadId });
}

function start(threadId: string, messageId: string, id = commandId()) {
  return agent.startTurn({ commandId: id, threadId, messageId, text: `text of ${messageId}` });
}

async function running(threadId = "t1"): Promise<void> {
  await start(threadId, `m-${threadId}`);
  agent.startTurns();
}

function to(threadId: string) {
  return { commandId: commandId(), threadId };
}

function row(threadId = "t1") {
  const { session, latestTurn } = agent.see(threadId);
  return [latestTurn?.state ?? null, session?.status ?? null, session?.lastError ?? null];
}

describe("a fake T3's receipts", () => {
  it("accept a repeated command without a second effect", async () => {
    expect(await start("t1", "m1", "same")).toEqual(ACCEPTED);
    expect(await start("t1", "m2", "same")).toEqual(ACCEPTED);
    expect(agent.see("t1").messages.map(({ id }) => id)).toEqual(["m1"]);
    expect([agent.turnStarts.length, agent.steered]).toEqual([1, 0]);
  });

  it("reject a rejected command for ever, although its cause is mended", async () => {
    const creation = { commandId: "poisoned", threadId: "t2", projectId: "p2", title: "t2" };
    expect(await agent.createThread(creation)).toEqual(REJECTED);
    await openProject("p2", "/data/o__b");
    expect(await agent.createThread(creation)).toEqual(REJECTED);
    expect(await agent.createThread({ ...creation, commandId: "fresh" })).toEqual(ACCEPTED);
  });

  it("reject a command id that another thread used, and keep its first receipt", async () => {
    await create("t2");
    expect(await start("t1", "m1", "same")).toEqual(ACCEPTED);
    expect(await start("t2", "m2", "same")).toEqual(REJECTED);
    expect(await start("t1", "m1", "same")).toEqual(ACCEPTED);
  });

  it("reject what is there already, and what names nothing", async () => {
    expect(await openProject("p1", "/elsewhere")).toEqual(REJECTED);
    expect(await openProject("p2", ROOT)).toEqual(REJECTED);
    expect(await create("t1")).toEqual(REJECTED);
    agent.deleteThread("t1");
    expect(await create("t1")).toEqual(REJECTED);
    expect(await start("nobody", "m1")).toEqual(REJECTED);
    expect(await agent.interruptTurn(to("nobody"))).toEqual(REJECTED);
  });
});

describe("a fake T3's turn", () => {
  it("is starting, then running, then completed", async () => {
    await start("t1", "m1");
    expect(row()).toEqual([null, "starting", null]);
    const askedAt = clock.iso();
    clock.advance(300);
    agent.startTurns();
    expect(row()).toEqual(["running", "running", null]);
    expect(agent.see("t1").session?.hasActiveTurn).toBe(true);
    clock.advance(6_000);
    agent.finish("t1", { lastWords: "AFK-Outcome: pushed", tokens: 7 });
    expect(row()).toEqual(["completed", "ready", null]);
    expect(agent.see("t1")).toMatchObject({
      updatedAt: "2026-01-05T09:00:06.300Z",
      processedTokens: 7,
      session: { updatedAt: "2026-01-05T09:00:06.300Z" },
      latestTurn: {
        requestedAt: askedAt,
        startedAt: "2026-01-05T09:00:00.300Z",
        completedAt: "2026-01-05T09:00:06.300Z",
      },
      messages: [{ role: "user" }, { role: "assistant", text: "AFK-Outcome: pushed" }],
    });
  });

  it("runs at once where starts are at once", async () => {
    agent = new FakeAgent({ clock, starts: "at-once" });
    await openProject();
    await create("t1");
    await start("t1", "m1");
    expect(row()).toEqual(["running", "running", null]);
  });

  it("is steered by a start while it runs", async () => {
    await running();
    const { latestTurn } = agent.see("t1");
    clock.advance(1_000);
    await start("t1", "m2");
    expect(agent.see("t1").latestTurn).toEqual(latestTurn);
    expect(agent.see("t1").messages).toHaveLength(2);
    expect(agent.steered).toBe(1);
    expect(agent.turnStarts.map(({ effect }) => effect)).toEqual(["starts", "steers"]);
  });

  it("may be the second of a thread, with an id of its own", async () => {
    await running();
    const first = agent.see("t1").latestTurn?.id;
    agent.finish("t1", { lastWords: "done" });
    await start("t1", "m2");
    expect(row()).toEqual(["completed", "starting", null]);
    agent.startTurns();
    expect(row()).toEqual(["running", "running", null]);
    expect(agent.see("t1").latestTurn?.id).not.toBe(first);
    expect([agent.steered, agent.turnsAskedWhileLive.length]).toEqual([0, 0]);
  });

  it("fails in two ways, or to start in a third", async () => {
    await running();
    agent.fail("t1", "broke");
    expect(row()).toEqual(["error", "error", "broke"]);
    await running();
    agent.fail("t1", "crashed", "stopped");
    expect(row()).toEqual(["error", "stopped", "crashed"]);
    await start("t1", "m3");
    agent.failToStart("t1", "no binary");
    expect(row()).toEqual(["error", "stopped", "no binary"]);
  });

  it("takes 120000 characters, and with one more fails to start", async () => {
    const long = { threadId: "t1", messageId: "m1", text: "x".repeat(120_001) };
    await agent.startTurn({ ...long, commandId: "c-long" });
    agent.startTurns();
    expect(row().slice(0, 2)).toEqual([null, "error"]);
    await agent.startTurn({ ...long, commandId: "c-fit", text: "x".repeat(120_000) });
    agent.startTurns();
    expect(row().slice(0, 2)).toEqual(["running", "running"]);
  });

  it("waits for an answer, during which it runs and cannot end", async () => {
    await running();
    agent.ask("t1", { requestId: "r1", kind: "question", text: "Which?" });
    expect(row()).toEqual(["running", "running", null]);
    expect(agent.see("t1").pending).toHaveLength(1);
    expect(() => agent.finish("t1", { lastWords: "x" })).toThrow("waits for an answer");
    agent.answerRequest("t1", "r1");
    agent.finish("t1", { lastWords: "x" });
    expect(agent.see("t1").pending).toEqual([]);
  });

  it("has its message overwritten by the same id, which leaves any other thread", async () => {
    await create("t2");
    await start("t1", "m1");
    await agent.startTurn({ commandId: "c-over", threadId: "t1", messageId: "m1", text: "new" });
    expect(agent.see("t1").messages).toMatchObject([{ id: "m1", text: "new" }]);
    await start("t2", "m1");
    expect(agent.see("t1").messages).toEqual([]);
    expect(agent.see("t2").messages).toHaveLength(1);
  });

  it("cannot be ended where none runs", () => {
    expect(() => agent.finish("t1", { lastWords: "x" })).toThrow("no turn runs");
    expect(() => agent.zombie("t1")).toThrow("no turn runs");
  });
});

describe("a fake T3's interrupt", () => {
  const ends = [
    ["completed", ["completed", "ready", null]],
    ["interrupted", ["interrupted", "ready", null]],
    ["error", ["error", "error", "Claude turn failed."]],
  ] as const;

  it.each(ends)("ends the turn as %s where it is told to", async (interruptEndsAs, want) => {
    agent = new FakeAgent({ clock, interruptEndsAs });
    await openProject();
    await create("t1");
    await running();
    expect(await agent.interruptTurn(to("t1"))).toEqual(ACCEPTED);
    expect(row()).toEqual(want);
    expect(agent.workingIn(ROOT)).toEqual([]);
  });

  it("changes nothing without a running turn", async () => {
    expect(await agent.interruptTurn(to("t1"))).toEqual(ACCEPTED);
    await start("t1", "m1");
    expect(await agent.interruptTurn(to("t1"))).toEqual(ACCEPTED);
    expect(row()).toEqual([null, "starting", null]);
  });

  it("withdraws an open question", async () => {
    await running();
    agent.ask("t1", { requestId: "r1", kind: "approval", text: "rm?" });
    await agent.interruptTurn(to("t1"));
    expect(agent.see("t1").pending).toEqual([]);
  });

  it("may be ignored, then a stop helps, unless that is ignored too", async () => {
    await running();
    agent.setObedience("t1", "ignores-interrupt-and-stop");
    await agent.interruptTurn(to("t1"));
    await agent.stopSession(to("t1"));
    expect(row()).toEqual(["running", "running", null]);
    agent.setObedience("t1", "ignores-interrupt");
    await agent.interruptTurn(to("t1"));
    expect(row()).toEqual(["running", "running", null]);
    await agent.stopSession(to("t1"));
    expect(row()).toEqual(["completed", "stopped", null]);
  });

  it("is outdone by a stop, which also takes back a start that waits", async () => {
    await start("t1", "m1");
    await agent.stopSession(to("t1"));
    agent.startTurns();
    expect(row()).toEqual([null, "stopped", null]);
  });
});

describe("a fake T3's misfortunes", () => {
  it("lose running turns in a restart, which says so, and waiting starts, which vanish", async () => {
    await create("t2");
    await running();
    agent.ask("t1", { requestId: "r1", kind: "question", text: "Which?" });
    await start("t2", "m2");
    agent.loseInRestart();
    expect(agent.see("t1").pending).toEqual([]);
    expect(row("t1").slice(0, 2)).toEqual(["error", "error"]);
    expect(row("t1")[2]).toMatch(/did not survive a server restart/);
    expect(row("t2")).toEqual([null, null, null]);
    agent.startTurns();
    expect(agent.workingIn(ROOT)).toEqual([]);
  });

  it("leave a zombie that only a stop or a new turn wakes", async () => {
    await running();
    agent.zombie("t1");
    await agent.interruptTurn(to("t1"));
    expect(row()).toEqual(["running", "running", null]);
    expect([agent.liveTurns(ROOT), agent.workingIn(ROOT)]).toEqual([["t1"], []]);
    await agent.stopSession(to("t1"));
    expect(row()).toEqual(["interrupted", "stopped", null]);
    expect(agent.liveTurns(ROOT)).toEqual([]);
  });

  it("lose a start that was accepted, and a new command starts it", async () => {
    await start("t1", "m1", "lost");
    agent.loseStart("t1");
    await start("t1", "m1", "lost");
    agent.startTurns();
    expect(row()).toEqual([null, null, null]);
    expect(agent.see("t1").messages).toHaveLength(1);
    await start("t1", "m1", "fresh");
    agent.startTurns();
    expect(row()).toEqual(["running", "running", null]);
  });

  it("lose as many starts to come as they are told", async () => {
    agent.loseNextStarts(1);
    await running();
    expect(row()).toEqual([null, null, null]);
    await running();
    expect(row()).toEqual(["running", "running", null]);
    expect(agent.turnStarts.map(({ effect }) => effect)).toEqual(["never-runs", "starts"]);
  });

  it("make reads unreadable while commands work, or stop both", async () => {
    agent.setUnreadable("html");
    expect(await agent.observe()).toEqual({ kind: "unreadable", why: "html" });
    expect(await agent.readThread("t1")).toEqual({ kind: "unreadable", why: "html" });
    expect(await create("t2")).toEqual(ACCEPTED);
    agent.setUnreadable(null);
    agent.setDown("no route");
    expect(await agent.observe()).toEqual({ kind: "unreadable", why: "no route" });
    await expect(create("t3")).rejects.toThrow("no route");
    agent.setDown(null);
    expect(agent.threadIds()).toEqual(["t1", "t2"]);
  });
});

describe("a fake T3's archive", () => {
  it("freezes the row while the agent works on, until unarchive and stop", async () => {
    await running();
    expect(await agent.archiveThread(to("t1"))).toEqual(ACCEPTED);
    expect(await agent.archiveThread(to("t1"))).toEqual(REJECTED);
    expect(agent.workingIn(ROOT)).toEqual(["t1"]);
    agent.finish("t1", { lastWords: "nobody hears this" });
    expect(agent.workingIn(ROOT)).toEqual([]);
    expect(row()).toEqual(["running", "running", null]);
    await agent.unarchiveThread(to("t1"));
    expect(await agent.unarchiveThread(to("t1"))).toEqual(REJECTED);
    await agent.stopSession(to("t1"));
    expect(row()[1]).toBe("stopped");
  });

  it("and deletion hide a conversation, and never run a start", async () => {
    await create("t2");
    await agent.archiveThread(to("t1"));
    agent.deleteThread("t2");
    expect(await start("t1", "m1")).toEqual(ACCEPTED);
    expect(await start("t2", "m2")).toEqual(ACCEPTED);
    agent.startTurns();
    expect([row("t1"), row("t2")]).toEqual([
      [null, null, null],
      [null, null, null],
    ]);
    expect(agent.see("t1").messages).toHaveLength(1);
    const hidden = { messages: [], pending: [], processedTokens: null };
    expect([await agent.readThread("t1"), await agent.readThread("t2")]).toMatchObject([
      { kind: "read", detail: { presence: "archived", ...hidden } },
      { kind: "read", detail: { presence: "deleted", ...hidden } },
    ]);
    expect(await agent.readThread("t3")).toEqual({ kind: "unknown" });
    expect(await agent.observe()).toMatchObject({
      projects: [{ id: "p1", workspaceRoot: ROOT }],
      threads: [{ presence: "archived" }, { presence: "deleted" }],
    });
  });
});

describe("a fake T3's ledger", () => {
  it("names the starts that found a live turn in their workspace", async () => {
    await create("t2");
    await openProject("p2", "/data/o__b");
    await create("t3", "p2");
    await running("t1");
    await start("t3", "m3");
    expect(agent.turnsAskedWhileLive).toEqual([]);
    await start("t2", "m2");
    expect(agent.turnsAskedWhileLive).toMatchObject([
      { start: { threadId: "t2", workspaceRoot: ROOT }, live: ["t1"] },
    ]);
    expect([agent.mostWorkingIn(ROOT), agent.mostWorkingIn("/data/o__b")]).toEqual([2, 1]);
    agent.deleteThread("t1");
    agent.loseStart("t2");
    expect([agent.liveTurns(ROOT), agent.mostWorkingIn(ROOT)]).toEqual([[], 2]);
  });

  it("counts and logs every command, repeated ones too", async () => {
    const before = agent.writes;
    await start("t1", "m1", "same");
    await start("t1", "m1", "same");
    await agent.observe();
    await agent.readThread("t1");
    expect(agent.writes - before).toBe(2);
    expect(agent.calls.slice(-3)).toEqual(["startTurn t1 m1", "observe", "readThread t1"]);
  });

  it("gives answers that later events do not change", async () => {
    await running();
    const answers = [await agent.observe(), await agent.readThread("t1")];
    const before = structuredClone(answers);
    agent.finish("t1", { lastWords: "done" });
    expect(answers).toEqual(before);
  });
});
