import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { createT3Agent } from "../../../src/adapters/agent/t3.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import type { AgentReader, AgentWriter } from "../../../src/pure/ports/agent.ts";
import type { ThreadDetail } from "../../../src/pure/thread.ts";
import { classifyTurn } from "../../../src/pure/thread-state.ts";

// What each repetition of a command does to a real server, row by row as it was recorded, and that reading
// what is there afterwards tells which of them it was.

const TOKEN = "t3-token";
const ONE = "afk-0123456789ab-1-0";
const TWO = "afk-0123456789ab-2-0";
const ACCEPTED = { kind: "accepted" };
const REJECTED = {
  kind: "rejected",
  why: expect.stringContaining("orchestration_dispatch_failed"),
};
const VERSIONS = ["0.0.27", "0.0.33"] as const;
type Version = (typeof VERSIONS)[number];

/** A prompt whose agent plays that story. */
function prompt(story: string): string {
  return [
    "- Clone URL: file:///nowhere/to/be-cloned.git",
    "- Default branch: main",
    "- Run id: 0123456789ab",
    "- Issue: acme/sample#7",
    `Story: ${story}`,
  ].join("\n");
}

/** Asks a question and waits for its answer: a turn that stays. */
const ASKS = prompt("asks");
const WORKS = prompt("never-stops");

type World = {
  readonly t3: SandboxT3;
  readonly agent: AgentReader & AgentWriter;
  readonly dir: string;
  readonly make: (threadId: string, commandId?: string) => ReturnType<AgentWriter["createThread"]>;
  readonly ask: (commandId: string, messageId: string, text?: string) => Promise<unknown>;
  readonly read: (threadId?: string) => Promise<ThreadDetail>;
  readonly command: (command: object) => Promise<number>;
  readonly until: (messageId: string, kind: string) => Promise<ThreadDetail>;
};

/** A server of that version with one project. */
async function withServer(version: Version, run: (world: World) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "idempotency-"));
  const t3 = await startT3({ dir: join(dir, "t3"), token: TOKEN, version });
  const client = createBoundedFetch({
    timeoutMs: 10_000,
    bodyBytesMax: 1_000_000,
    connectionsMax: 4,
  });
  const agent = createT3Agent({
    fetch: client.fetch,
    baseUrl: new URL(t3.url),
    readToken: async () => TOKEN,
    now: () => new Date(),
    model: { instanceId: "claudeAgent", model: "claude-opus-4-8" },
    runtimeMode: "full-access",
  });
  const world: World = {
    t3,
    agent,
    dir,
    make: (threadId, commandId = `make-${threadId}`) =>
      agent.createThread({ commandId, threadId, projectId: "p1", title: threadId }),
    ask: (commandId, messageId, text = "Hello.") =>
      agent.startTurn({ commandId, threadId: ONE, messageId, text }),
    read: async (threadId = ONE) => {
      const read = await agent.readThread(threadId);
      if (read.kind !== "read") throw new Error(JSON.stringify(read));
      return read.detail;
    },
    command: async (command) => {
      const response = await fetch(`${t3.url}/api/orchestration/dispatch`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(command),
      });
      return response.status;
    },
    until: async (messageId, kind) => {
      const state = async () => classifyTurn(await world.read(), { messageId }).kind;
      await expect.poll(state, { timeout: 20_000 }).toBe(kind);
      return world.read();
    },
  };
  try {
    const workspaceRoot = join(dir, "one");
    const project = { commandId: "p1", projectId: "p1", title: "one", workspaceRoot };
    expect(await agent.createProject(project)).toEqual(ACCEPTED);
    await run(world);
  } finally {
    await client.close();
    await t3.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

type Row = readonly [name: string, run: (world: World, version: Version) => Promise<void>];

const rows: readonly Row[] = [
  [
    "same command id, accepted before: accepted again, without a second effect",
    async ({ make, ask, read }) => {
      expect([await make(ONE), await make(ONE)]).toEqual([ACCEPTED, ACCEPTED]);
      expect(await ask("c", "m1", ASKS)).toEqual(ACCEPTED);
      expect(await ask("c", "m2", "else")).toEqual(ACCEPTED);
      const users = (await read()).messages.filter(({ role }) => role === "user");
      expect(users.map(({ id, text }) => [id, text])).toEqual([["m1", ASKS]]);
    },
  ],
  [
    "same command id, other thread: nothing happens, whatever is answered",
    async ({ make, agent }, version) => {
      expect(await make(ONE, "same")).toEqual(ACCEPTED);
      expect(await make(TWO, "same")).toEqual(version === "0.0.27" ? ACCEPTED : REJECTED);
      expect(await agent.readThread(TWO)).toEqual({ kind: "unknown" });
    },
  ],
  [
    "same command id, rejected before: rejected for ever, and the next attempt's id goes through",
    async ({ agent, dir }) => {
      const creation = { threadId: ONE, projectId: "p2", title: "t" };
      expect(await agent.createThread({ ...creation, commandId: "attempt-0" })).toEqual(REJECTED);
      const project = { commandId: "p2", projectId: "p2", title: "two" };
      await agent.createProject({ ...project, workspaceRoot: join(dir, "two") });
      expect(await agent.createThread({ ...creation, commandId: "attempt-0" })).toEqual(REJECTED);
      expect(await agent.readThread(ONE)).toEqual({ kind: "unknown" });
      expect(await agent.createThread({ ...creation, commandId: "attempt-1" })).toEqual(ACCEPTED);
    },
  ],
  [
    "same command id, a 400 before: executes",
    async ({ make, command, read }) => {
      expect(await command({ type: "thread.create", commandId: "same" })).toBe(400);
      expect(await make(ONE, "same")).toEqual(ACCEPTED);
      expect((await read()).id).toBe(ONE);
    },
  ],
  [
    "five identical creations at the same time: five times accepted, one thread",
    async ({ make, agent }) => {
      const acks = await Promise.all([1, 2, 3, 4, 5].map(() => make(ONE)));
      expect(acks).toEqual(Array(5).fill(ACCEPTED));
      const seen = await agent.observe();
      expect(seen.kind === "readable" && seen.threads).toHaveLength(1);
    },
  ],
  [
    "a thread that exists, new command id: rejected, and reading shows it there to be adopted",
    async ({ make, read }) => {
      await make(ONE);
      expect(await make(ONE, "again")).toEqual(REJECTED);
      expect(await read()).toMatchObject({ id: ONE, presence: "active" });
    },
  ],
  [
    "a thread that was deleted: rejected, and reading shows that the id is used up",
    async ({ make, command, read }) => {
      await make(ONE);
      await command({ type: "thread.delete", commandId: "d", threadId: ONE });
      expect(await make(ONE, "again")).toEqual(REJECTED);
      expect((await read()).presence).toBe("deleted");
    },
  ],
  [
    "a project that exists: rejected",
    async ({ agent, dir }) => {
      const project = { commandId: "again", projectId: "p1", title: "one" };
      expect(await agent.createProject({ ...project, workspaceRoot: join(dir, "x") })).toEqual(
        REJECTED,
      );
    },
  ],
  [
    "a second project for a folder: taken by old servers, so the folder is looked up before",
    async ({ agent, dir }, version) => {
      const before = await agent.observe();
      const workspaceRoot = join(dir, "one");
      expect(before).toMatchObject({ projects: [{ id: "p1", workspaceRoot }] });
      const project = { commandId: "again", projectId: "p2", title: "one", workspaceRoot };
      const isOld = version === "0.0.27";
      expect(await agent.createProject(project)).toEqual(isOld ? ACCEPTED : REJECTED);
      const after = await agent.observe();
      expect(after.kind === "readable" && after.projects).toHaveLength(isOld ? 2 : 1);
    },
  ],
  [
    "a turn with a message id of the same thread: the text is replaced and another turn starts",
    async ({ make, ask, until }) => {
      await make(ONE);
      await ask("c1", "m1");
      const first = await until("m1", "over");
      await ask("c2", "m1", ASKS);
      const second = await until("m1", "waiting");
      const users = second.messages.filter(({ role }) => role === "user");
      expect(users.map(({ text }) => text)).toEqual([ASKS]);
      expect(second.latestTurn?.id).not.toBe(first.latestTurn?.id);
    },
  ],
  [
    "a turn with a message id of another thread: the message is moved out of that thread",
    async ({ make, ask, agent, read, until }) => {
      await make(ONE);
      await make(TWO);
      await ask("c1", "m1", ASKS);
      await until("m1", "waiting");
      await agent.startTurn({ commandId: "c2", threadId: TWO, messageId: "m1", text: "Hello." });
      const holders = [(await read(ONE)).messages, (await read(TWO)).messages].map((messages) =>
        messages.some(({ id }) => id === "m1"),
      );
      expect(holders).toEqual([false, true]);
    },
  ],
  [
    "a turn on a running thread: steered by new servers, ended and begun anew by old ones",
    async ({ make, ask, until, read }, version) => {
      await make(ONE);
      await ask("c1", "m1", WORKS);
      const before = await until("m1", "running");
      expect(await ask("c2", "m2", WORKS)).toEqual(ACCEPTED);
      await until("m2", "running");
      const isSame = async () => (await read()).latestTurn?.id === before.latestTurn?.id;
      await expect.poll(isSame, { timeout: 10_000 }).toBe(version === "0.0.33");
    },
  ],
  [
    "a turn while a question is open: accepted, and the question stays open",
    async ({ make, ask, until, read }) => {
      await make(ONE);
      await ask("c1", "m1", ASKS);
      await until("m1", "waiting");
      expect(await ask("c2", "m2")).toEqual(ACCEPTED);
      const { messages, pending } = await read();
      expect(messages.map(({ id }) => id)).toContain("m2");
      expect(pending).toHaveLength(1);
    },
  ],
  [
    "a turn on an archived or deleted thread: accepted, stored, never run",
    async ({ make, ask, agent, command, read }) => {
      await make(ONE);
      await agent.archiveThread({ commandId: "a", threadId: ONE });
      expect(await ask("c1", "m1")).toEqual(ACCEPTED);
      await agent.unarchiveThread({ commandId: "u", threadId: ONE });
      expect(classifyTurn(await read(), { messageId: "m1" }).kind).toBe("never-started");
      await command({ type: "thread.delete", commandId: "d", threadId: ONE });
      expect(await ask("c2", "m2")).toEqual(ACCEPTED);
      expect(classifyTurn(await read(), { messageId: "m2" }).kind).toBe("never-started");
    },
  ],
  [
    "archiving twice: the second is rejected",
    async ({ make, agent }) => {
      await make(ONE);
      expect(await agent.archiveThread({ commandId: "a", threadId: ONE })).toEqual(ACCEPTED);
      expect(await agent.archiveThread({ commandId: "b", threadId: ONE })).toEqual(REJECTED);
    },
  ],
  [
    "an interrupt without a session: accepted, and nothing runs",
    async ({ make, agent, read }) => {
      await make(ONE);
      expect(await agent.interruptTurn({ commandId: "i", threadId: ONE })).toEqual(ACCEPTED);
      expect((await read()).latestTurn).toBeNull();
    },
  ],
];

describe.each(VERSIONS)("repeated on T3 %s", (version) => {
  it.each(rows)("%s", async (_name, run) => {
    const played = withServer(version, (world) => run(world, version));
    await expect(played).resolves.toBeUndefined();
  });
});
