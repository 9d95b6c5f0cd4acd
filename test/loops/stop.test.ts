import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../sandbox/t3/t3-server.ts";
import type { AgentReader, AgentWriter, CommandAck } from "../../src/pure/ports/agent.ts";
import type { ThreadSummary } from "../../src/pure/thread.ts";
import { stopTurns } from "../../src/loops/stop.ts";
import * as client from "../sandbox/t3/t3-client.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const CHILD_MS_MAX = 40_000;

describe("afk stop, against a T3 server", () => {
  const ours = ["afk-0123456789ab-7-0", "afk-ba9876543210-8-0"] as const;
  const theirs = "somebody-elses";
  let dir: string;
  let t3: SandboxT3;
  let env: Record<string, string>;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "afk-stop-"));
    t3 = await startT3({ dir: join(dir, "t3"), token: client.TOKEN });
    const http = client.createClient(t3.url);
    const root = join(dir, "work");
    await http.dispatch(client.projectCreate({ workspaceRoot: join(root, "owner__sample") }));
    for (const id of [...ours, theirs]) {
      await http.dispatch(client.threadCreate(id));
      const text = client.firstPrompt("asks", "file:///none");
      await http.dispatch(client.turnStart(id, { id: "1", text }));
      await client.until(`${id} runs`, () => client.stateOf(t3, id) === "running/running");
    }
    env = { T3_BASE_URL: t3.url, T3_TOKEN: client.TOKEN, T3_WORKSPACE_ROOT: root };
  });

  afterEach(async () => {
    await t3.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function afk(command: string, more: Record<string, string> = {}) {
    return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
      const options = { env: { ...env, ...more }, timeout: CHILD_MS_MAX };
      const argv = [MAIN, ...command.split(" ")];
      const child = execFile(process.execPath, argv, options, (_error, stdout, stderr) => {
        done({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  function isRunning(id: string): boolean {
    return client.stateOf(t3, id) === "running/running";
  }

  it("interrupts every live turn of ours and no other, with the kill switch on", async () => {
    const stopped = await afk("stop --all", { AFK_KILL_SWITCH: "true" });
    expect(stopped).toMatchObject({ code: 0, stderr: "" });
    expect(stopped.stdout).toMatch(/^Stopped 2 live turns in \d+\.\d s\.\n/);
    for (const [at, id] of ours.entries()) {
      expect(stopped.stdout).toContain(`stopped     ${id}  owner/sample#${at + 7}\n`);
    }
    expect([...ours, theirs].map(isRunning)).toEqual([false, false, true]);
    const again = await afk("stop --all");
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Stopped 0 live turns in \d/),
    });
  }, 60_000);

  it("stops the turn of one issue only", async () => {
    const stopped = await afk("stop Owner/sample#8");
    expect(stopped).toMatchObject({ code: 0 });
    expect(stopped.stdout).toMatch(/^Stopped 1 live turn in /);
    expect(ours.map(isRunning)).toEqual([true, false]);
    expect(await afk("stop owner/sample#8")).toMatchObject({
      code: 0,
      stdout: "No live turn of owner/sample#8. Other issues have 1 live turn.\n",
    });
  }, 60_000);

  it("says what it lacks, and wants one thing to stop", async () => {
    expect(await afk("stop")).toMatchObject({ code: 2 });
    expect(await afk("stop owner/sample#8 --all")).toMatchObject({ code: 2 });
    expect(await afk("stop owner/sample")).toMatchObject({ code: 2 });
    const lacking = await afk("stop --all", { T3_TOKEN: "" });
    expect(lacking).toMatchObject({ code: 78, stderr: expect.stringContaining("T3_TOKEN") });
    const refused = await afk("stop --all", { T3_TOKEN: "wrong" });
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Not known to be stopped: (?!.*does not answer)\S/),
    });
    const unreadable = { T3_TOKEN: "", T3_TOKEN_FILE: join(dir, "none") };
    for (const command of ["stop --all", "doctor --only t3"]) {
      const ended = await afk(command, unreadable);
      expect(ended).toMatchObject({ code: 78, stdout: "" });
      expect(ended.stderr).toMatch(/^T3_TOKEN_FILE names a file that cannot be read \(ENOENT\): /);
    }
    expect(ours.map(isRunning)).toEqual([true, true]);
  }, 60_000);
});

/** An agent server whose threads heed what the test says, on a clock that sleeping moves. */
class StubbornServer {
  readonly commands: string[] = [];
  readonly live = new Map<string, "heeds-interrupt" | "heeds-stop" | "heeds-nothing">();
  clock = 0;
  startsLate: string | null = null;
  refuses = false;

  readonly deps = {
    reader: { observe: async () => this.#observe() } as unknown as AgentReader,
    writer: {
      interruptTurn: async ({ threadId }: { threadId: string }) =>
        this.#command("interrupt", threadId, ["heeds-interrupt"]),
      stopSession: async ({ threadId }: { threadId: string }) =>
        this.#command("stop", threadId, ["heeds-interrupt", "heeds-stop"]),
    } as unknown as AgentWriter,
    now: () => this.clock,
    sleep: async (ms: number) => {
      this.clock += ms;
      if (this.startsLate === null) return;
      this.live.set(this.startsLate, "heeds-interrupt");
      this.startsLate = null;
    },
    workspacesRoot: "/data",
  };

  #command(verb: string, id: string, heeded: readonly string[]): CommandAck {
    this.commands.push(`${verb} ${id}`);
    if (this.refuses) return { kind: "rejected", why: "no" };
    if (heeded.includes(this.live.get(id) ?? "")) this.live.delete(id);
    return { kind: "accepted" };
  }

  #observe() {
    const session = { status: "running", hasActiveTurn: true, lastError: null };
    const threads = [...this.live.keys()].map(
      (id): ThreadSummary => ({
        id,
        workspaceRoot: "/data/o__r",
        presence: "active",
        createdAt: "",
        updatedAt: "",
        session,
        latestTurn: null,
      }),
    );
    return { kind: "readable", environmentId: "e", projects: [], threads };
  }
}

describe("stopping turns", () => {
  const id = "afk-0123456789ab-7-0";
  const late = "afk-0123456789ab-9-0";

  it("stops the session of one that does not heed an interrupt within ten seconds", async () => {
    const server = new StubbornServer();
    server.live.set(id, "heeds-stop");
    const report = await stopTurns(server.deps, { kind: "all" });
    expect(report).toMatchObject({ threads: [id], stillLive: [], failures: [], ms: 12_000 });
    expect(server.commands).toEqual([`interrupt ${id}`, `stop ${id}`]);
  });

  it("names one that heeds nothing, and what was refused", async () => {
    const server = new StubbornServer();
    server.live.set(id, "heeds-nothing");
    server.refuses = true;
    const report = await stopTurns(server.deps, { kind: "all" });
    expect(report).toMatchObject({ threads: [id], stillLive: [id] });
    expect(report).toMatchObject({
      failures: [`${id}: interruptTurn was refused: no`, `${id}: stopSession was refused: no`],
    });
  });

  it("finds a turn that begins while the others end", async () => {
    const server = new StubbornServer();
    server.live.set(id, "heeds-interrupt");
    server.startsLate = late;
    const report = await stopTurns(server.deps, { kind: "all" });
    expect(report).toMatchObject({ threads: [id, late], stillLive: [] });
  });
});
