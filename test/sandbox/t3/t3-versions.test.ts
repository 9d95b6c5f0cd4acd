import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, type SandboxT3Options, startT3 } from "../../../sandbox/t3/t3-server.ts";
import { behaviourOf } from "../../../sandbox/t3/versions.ts";
import { startFakeClaude } from "./fake-claude.ts";
import * as client from "./t3-client.ts";

let dir: string;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "afk-t3-"));
  mkdirSync(join(dir, "work", ".git"), { recursive: true });
});

afterEach(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Omit<SandboxT3Options, "dir" | "token"> = {}): Promise<void> {
  const common = { dir: join(dir, "t3"), token: client.TOKEN, agent: startFakeClaude };
  t3 = await startT3({ ...common, ...options });
  http = client.createClient(t3.url);
}

async function startTurn(text: string): Promise<void> {
  await http.dispatch(client.projectCreate({ workspaceRoot: join(dir, "work") }));
  await http.dispatch(client.threadCreate("t1"));
  await http.dispatch(client.turnStart("t1", { id: "1", text }));
}

/** The states that a thread goes through, each once in a row, until it is in the one given. */
async function statesUntil(state: string): Promise<readonly string[]> {
  const states: string[] = [];
  await client.until(`it is ${state}`, () => {
    const now = client.stateOf(t3, "t1");
    if (states.at(-1) !== now) states.push(now);
    return now === state && states.length > 2;
  });
  return states;
}

describe("a version", () => {
  it.each([
    ["0.0.27", "completed", "200 text/html; charset=utf-8", 500],
    ["0.0.28", "running", "200 text/html; charset=utf-8", 400],
    ["0.0.29", "running", "200 application/json", 400],
    ["0.0.33", "running", "200 application/json", 400],
  ])("%s differs in what a client sees", async (version, turn, shell, malformed) => {
    await start({ version });
    await startTurn("FAKE:ask");
    await client.until("it asks", () => client.threadOf(t3, "t1").pending.length === 1);
    expect(client.stateOf(t3, "t1")).toBe(`${turn}/running`);
    const reply = await http.get("/api/orchestration/shell");
    expect(`${reply.status} ${reply.type}`).toBe(shell);
    expect((await http.dispatch('{"type":')).status).toBe(malformed);
  });

  it.each([
    ["0.0.31", 1],
    ["0.0.32", 0],
  ])("%s shows %i messages in the snapshot", async (version, messages) => {
    await start({ version });
    await startTurn("FAKE:ask");
    const { threads } = (await http.get("/api/orchestration/snapshot")).body;
    expect(threads[0].messages).toHaveLength(messages);
  });

  it.each([
    ["0.0.31", ["null/ready", "completed/ready"]],
    ["0.0.32", ["running/running", "completed/ready"]],
  ])("%s ends over %s", async (version, ends) => {
    await start({ version });
    await startTurn("FAKE:slow=2");
    expect((await statesUntil("completed/ready")).slice(-2)).toEqual(ends);
  });

  it.each([
    ["0.0.32", "running/running"],
    ["0.0.33", "error/error"],
  ])("%s shows a turn after a restart that lost it as %s", async (version, state) => {
    await start({ version });
    await startTurn("FAKE:slow=60");
    await client.until("it runs", () => client.stateOf(t3, "t1") === "running/running");
    await t3.restart({ lose: "turns" });
    expect(client.stateOf(t3, "t1")).toBe(state);
  });

  it.each([
    ["0.0.28", 400, 200],
    ["0.0.29", 200, 500],
  ])("%s answers %i to settling and %i to a twin project", async (version, settled, twin) => {
    await start({ version });
    await startTurn("FAKE:ok");
    const command = client.threadCommand("thread.settle", "t1");
    expect((await http.dispatch(command)).status).toBe(settled);
    const project = client.projectCreate({ workspaceRoot: join(dir, "work") });
    const other = { ...project, commandId: "c-twin", projectId: "p2" };
    expect((await http.dispatch(other)).status).toBe(twin);
  });

  it.each([
    ["0.0.28", "2026-01-01T00:00:00.000Z", true],
    ["0.0.29", "2026-01-01T00:00:00.000Z", false],
  ])("%s takes the client's time: %s (%s)", async (version, at, isTaken) => {
    await start({ version });
    await startTurn("FAKE:ok");
    expect(client.threadOf(t3, "t1").messages[0]?.createdAt === at).toBe(isTaken);
  });

  it("0.1.0 has neither a dispatch nor a snapshot over HTTP", async () => {
    await start({ version: "0.1.0" });
    const dispatched = await http.dispatch(client.threadCreate("t1"));
    expect([dispatched.status, dispatched.text]).toEqual([404, ""]);
    const snapshot = await http.get("/api/orchestration/snapshot");
    expect(snapshot.type).toContain("text/html");
    expect((await http.get("/api/orchestration/shell")).status).toBe(200);
  });

  it("that is no version is refused", async () => {
    await start();
    expect(() => behaviourOf("newest")).toThrow('the sandbox\'s T3 version "newest" is not like');
  });
});

describe("a server that just started", () => {
  const DEAF_MS = 400;

  it("accepts and never answers at first, after a restart too, and then answers", async () => {
    await start({ deafMs: DEAF_MS });
    const early = () =>
      http.call("GET", "/api/auth/session", { signal: AbortSignal.timeout(DEAF_MS / 4) });
    await expect(early()).rejects.toThrow("timeout");
    await client.until("it answers", () => Date.now() > startedAt() + DEAF_MS);
    expect((await http.get("/api/auth/session")).status).toBe(200);
    await t3.restart({ lose: "nothing" });
    await expect(early()).rejects.toThrow("timeout");
  });

  function startedAt(): number {
    return Date.parse(t3.requests[0]?.at ?? "");
  }
});

describe("a pairing", () => {
  const form = (code: string, scope?: string) => ({
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      subject_token: code,
      ...(scope === undefined ? {} : { scope }),
    }).toString(),
  });
  const json = (body: unknown) => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const pair = async (scopes: readonly string[]): Promise<string> => {
    const reply = await http.call("POST", "/api/auth/pairing-token", json({ scopes }));
    return reply.body["credential"];
  };

  it("gives a token of its scopes, once", async () => {
    await start();
    const code = await pair(["orchestration:read"]);
    const { body } = await http.call("POST", "/oauth/token", form(code));
    expect(body).toMatchObject({ scope: "orchestration:read", expires_in: 2_592_000 });
    const paired = client.createClient(t3.url, body["access_token"]);
    expect((await paired.get("/api/orchestration/snapshot")).status).toBe(200);
    expect((await paired.dispatch(client.threadCreate("t1"))).status).toBe(403);
    expect((await http.call("POST", "/oauth/token", form(code))).status).toBe(401);
  });

  it("gives no scope that it does not have, and stays usable", async () => {
    await start();
    const code = await pair(["orchestration:read"]);
    const more = await http.call("POST", "/oauth/token", form(code, "orchestration:operate"));
    expect([more.status, more.body["reason"]]).toEqual([400, "scope_not_granted"]);
    const none = await http.call("POST", "/oauth/token", form(code, "bogus:scope"));
    expect([none.status, none.body["reason"]]).toEqual([400, "invalid_scope"]);
    expect((await http.call("POST", "/oauth/token", form(code))).status).toBe(200);
  });

  it("is made and ended by an administrator only, who cannot end the session in use", async () => {
    await start();
    const paired = client.createClient(t3.url, t3.issueToken(["orchestration:read"]));
    const refused = await paired.call("POST", "/api/auth/pairing-token", json({}));
    expect([refused.status, refused.body["requiredScope"]]).toEqual([403, "access:write"]);
    const sessions = (await http.get("/api/auth/clients")).body as unknown as readonly {
      readonly sessionId: string;
      readonly current: boolean;
    }[];
    const statuses = [];
    for (const { sessionId } of sessions.toSorted(
      (a, b) => Number(a.current) - Number(b.current),
    )) {
      const reply = await http.call("POST", "/api/auth/clients/revoke", json({ sessionId }));
      statuses.push(reply.status);
    }
    expect(statuses).toEqual([200, 403]);
    expect((await paired.get("/api/orchestration/snapshot")).status).toBe(401);
  });
});
