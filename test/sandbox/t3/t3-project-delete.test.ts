import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import type { AgentTurnStart } from "../../../sandbox/t3/agent/agent-turn.ts";
import type { AgentEnd } from "../../../sandbox/t3/agent/script.ts";
import { startFakeClaude } from "./fake-claude.ts";
import * as client from "./t3-client.ts";

let dir: string;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;
/** How the newest turn's agent ended. */
let ended: Promise<AgentEnd>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "afk-t3-"));
  mkdirSync(join(dir, "work"));
});

afterEach(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(version: string): Promise<void> {
  const agent = (turn: AgentTurnStart) => {
    const started = startFakeClaude(turn);
    ended = started.done;
    return started;
  };
  t3 = await startT3({ dir: join(dir, "t3"), token: client.TOKEN, version, agent });
  http = client.createClient(t3.url);
  await http.dispatch(project());
  await http.dispatch(client.threadCreate("t1"));
}

function project(ids: { readonly commandId?: string; readonly projectId?: string } = {}) {
  return { ...client.projectCreate({ workspaceRoot: join(dir, "work") }), ...ids };
}

async function remove(commandId: string, fields: { readonly force?: boolean } = {}) {
  const command = { type: "project.delete", commandId, projectId: "p1", ...fields };
  return (await http.dispatch(command)).status;
}

async function projectsIn(route: "snapshot" | "shell"): Promise<unknown> {
  return (await http.get(`/api/orchestration/${route}`)).body["projects"];
}

describe.each(["0.0.27", "0.0.33"])("the deletion of a project on %s", (version) => {
  beforeEach(() => start(version));

  it("is refused while it has a thread, archived or not, and goes through once that is deleted", async () => {
    expect(await remove("d1")).toBe(500);
    await http.dispatch(client.threadCommand("thread.archive", "t1"));
    expect(await remove("d2", { force: false })).toBe(500);
    expect(await projectsIn("snapshot")).toMatchObject([{ id: "p1", deletedAt: null }]);
    await http.dispatch(client.threadCommand("thread.delete", "t1"));
    expect(await remove("d3")).toBe(200);
  });

  it("takes its threads with it where forced, and ends their agents", async () => {
    await http.dispatch(client.turnStart("t1", { id: "1", text: "FAKE:slow=60" }));
    await client.until("it runs", () => client.stateOf(t3, "t1").endsWith("/running"));
    expect(await remove("d1", { force: true })).toBe(200);
    expect(client.threadOf(t3, "t1").deletedAt).not.toBeNull();
    expect(await projectsIn("snapshot")).toMatchObject([
      { id: "p1", deletedAt: client.threadOf(t3, "t1").deletedAt },
    ]);
    expect(await ended).toEqual({ kind: "aborted" });
  });

  it("happens once, keeps the id taken for ever, and frees the folder", async () => {
    expect(await remove("d1", { force: true })).toBe(200);
    expect(await remove("d1", { force: true })).toBe(200);
    expect(await remove("d2", { force: true })).toBe(500);
    expect((await http.dispatch(project({ commandId: "again" }))).status).toBe(500);
    expect((await http.dispatch(client.threadCreate("t2"))).status).toBe(500);
    const other = project({ commandId: "other", projectId: "p2" });
    expect((await http.dispatch(other)).status).toBe(200);
    expect(await projectsIn("snapshot")).toMatchObject([
      { id: "p1", deletedAt: expect.any(String) },
      { id: "p2", deletedAt: null },
    ]);
  });
});

it("a deleted project is not in the shell", async () => {
  await start("0.0.33");
  expect(await projectsIn("shell")).toMatchObject([{ id: "p1" }]);
  await remove("d1", { force: true });
  expect(await projectsIn("shell")).toEqual([]);
});
