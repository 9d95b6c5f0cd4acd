import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../../sandbox/t3/t3-server.ts";
import * as client from "./t3-client.ts";

let dir: string;
let t3: SandboxT3;
let http: ReturnType<typeof client.createClient>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "afk-t3-"));
  t3 = await startT3({ dir: join(dir, "t3"), token: client.TOKEN });
  http = client.createClient(t3.url);
});

afterEach(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function createThread(threadId: string): Promise<void> {
  await http.dispatch(client.projectCreate({ workspaceRoot: join(dir, "work") }));
  await http.dispatch(client.threadCreate(threadId));
}

const INTERNAL_ERROR = {
  _tag: "EnvironmentInternalError",
  code: "internal_error",
  reason: "orchestration_dispatch_failed",
  traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
};

describe("reads", () => {
  it("describe the environment to anybody", async () => {
    const { status, body } = await client
      .createClient(t3.url, null)
      .get("/.well-known/t3/environment");
    expect(status).toBe(200);
    expect(body).toMatchObject({ environmentId: t3.environmentId, serverVersion: "0.0.33" });
  });

  it("say with a 200 that a token is wrong", async () => {
    const right = await http.get("/api/auth/session");
    const wrong = await client.createClient(t3.url, "other").get("/api/auth/session");
    expect(right.body).toMatchObject({ authenticated: true, expiresAt: expect.any(String) });
    expect([wrong.status, wrong.body["authenticated"]]).toEqual([200, false]);
  });

  it.each([
    ["no token", null, "missing_credential"],
    ["a wrong token", "other", "invalid_credential"],
  ])("refuse %s with a typed 401", async (_name, token, reason) => {
    const reply = await client.createClient(t3.url, token).get("/api/orchestration/snapshot");
    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({
      _tag: "EnvironmentAuthInvalidError",
      code: "auth_invalid",
      reason,
    });
  });

  it("answer an unknown thread with a typed 404, an unknown path with a page, an unknown POST with nothing", async () => {
    const thread = await http.get("/api/orchestration/threads/nope");
    expect([thread.status, thread.body["reason"]]).toEqual([404, "thread_not_found"]);
    const path = await http.get("/api/orchestration/nope");
    expect([path.status, path.type]).toEqual([200, expect.stringContaining("text/html")]);
    const post = await http.call("POST", "/api/orchestration/nope");
    expect([post.status, post.text]).toEqual([404, ""]);
  });

  it("show every thread in the snapshot, without contents, and only active ones in the shell", async () => {
    await createThread("t1");
    for (const threadId of ["t2", "t3"]) await http.dispatch(client.threadCreate(threadId));
    await http.dispatch(client.turnStart("t1", { id: "1", text: "Hello" }));
    await http.dispatch(client.threadCommand("thread.archive", "t2"));
    await http.dispatch(client.threadCommand("thread.delete", "t3"));
    const { body } = await http.get("/api/orchestration/snapshot");
    const rows = body["threads"] as readonly Record<string, unknown>[];
    expect(rows.map(({ id }) => id)).toEqual(["t1", "t2", "t3"]);
    expect(rows.map(({ messages, activities }) => [messages, activities])).toEqual([
      [[], []],
      [[], []],
      [[], []],
    ]);
    expect(rows.map((row) => [row["archivedAt"] !== null, row["deletedAt"] !== null])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    const shell = (await http.get("/api/orchestration/shell")).body;
    expect(shell["threads"]).toHaveLength(1);
    expect(shell["threads"][0]).toMatchObject({ id: "t1", hasPendingUserInput: false });
    for (const threadId of ["t2", "t3"]) {
      expect((await http.get(`/api/orchestration/threads/${threadId}`)).status).toBe(404);
    }
  });

  it("are compressed for whoever takes gzip, once they are long enough", async () => {
    await createThread("t1");
    const encodingOf = async (path: string, accept: string) => {
      const headers = { authorization: `Bearer ${client.TOKEN}`, "accept-encoding": accept };
      return (await fetch(t3.url + path, { headers })).headers.get("content-encoding");
    };
    await http.dispatch(client.turnStart("t1", { id: "1", text: "x".repeat(2_000) }));
    expect(await encodingOf("/api/orchestration/threads/t1", "gzip")).toBe("gzip");
    expect(await encodingOf("/api/orchestration/threads/t1", "identity")).toBeNull();
    expect(await encodingOf("/.well-known/t3/environment", "gzip")).toBeNull();
  });

  it("cut a thread at the last turns asked for, and refuse to show none", async () => {
    await createThread("t1");
    for (const id of ["1", "2", "3"]) {
      await http.dispatch(client.turnStart("t1", { id, text: `Prompt ${id}` }));
      await client.until(
        `answer ${id}`,
        () => client.threadOf(t3, "t1").messages.length === Number(id) * 2,
      );
      await client.untilIdle(t3, "t1");
    }
    const cut = (await http.get("/api/orchestration/threads/t1?turnLimit=2")).body;
    const texts = (cut["thread"].messages as readonly { text: string }[]).map(({ text }) => text);
    expect(texts[0]).toBe("Prompt 2");
    expect(texts).toHaveLength(4);
    expect(cut["page"]).toEqual({ beforeCursor: "m-t1-2", hasMore: true });
    const rest = (await http.get("/api/orchestration/threads/t1?turnLimit=2&beforeCursor=m-t1-2"))
      .body;
    expect(rest["thread"].messages).toHaveLength(2);
    expect(rest["page"]).toEqual({ beforeCursor: null, hasMore: false });
    const none = await http.get("/api/orchestration/threads/t1?turnLimit=0");
    expect([none.status, none.text]).toEqual([400, ""]);
  });
});

describe("commands", () => {
  const thread = client.threadCreate("t1");

  it.each([
    ["malformed JSON", '{"type":'],
    ["an empty object", {}],
    ["an unknown type", { ...thread, type: "thread.explode" }],
    ["an empty title", { ...thread, title: "   " }],
    ["an unknown runtime mode", { ...thread, runtimeMode: "yolo" }],
    ["a missing branch key", { ...thread, branch: undefined }],
    [
      "a turn without runtime mode",
      { ...client.turnStart("t1", { id: "1", text: "x" }), runtimeMode: undefined },
    ],
    ["a missing createdAt", { ...thread, createdAt: undefined }],
  ])("with %s get an empty 400", async (_name, command) => {
    const reply = await http.dispatch(command);
    expect([reply.status, reply.text]).toEqual([400, ""]);
  });

  it("get a 415 for another content type", async () => {
    const reply = await http.dispatch(thread, "text/plain");
    expect([reply.status, reply.text]).toEqual([415, "Unsupported content-type: text/plain"]);
  });

  it("need the scope to operate, and are checked for their shape before it", async () => {
    const reader = client.createClient(t3.url, t3.issueToken(["orchestration:read"]));
    const refused = await reader.dispatch(thread);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      _tag: "EnvironmentScopeRequiredError",
      code: "insufficient_scope",
      requiredScope: "orchestration:operate",
    });
    expect((await reader.dispatch({})).status).toBe(400);
    expect((await reader.get("/api/orchestration/snapshot")).status).toBe(200);
  });

  it("make one project per folder, and the folder where asked to", async () => {
    const workspaceRoot = join(dir, "work");
    const absent = {
      ...client.projectCreate({ workspaceRoot }),
      createWorkspaceRootIfMissing: false,
    };
    const invalid = await http.dispatch(absent);
    expect([invalid.status, invalid.body["reason"]]).toEqual([400, "invalid_command"]);
    // The same command id: a 400 leaves no receipt.
    expect((await http.dispatch(client.projectCreate({ workspaceRoot }))).body).toEqual({
      sequence: 1,
    });
    const twin = {
      ...client.projectCreate({ workspaceRoot }),
      commandId: "c-twin",
      projectId: "p2",
    };
    const second = await http.dispatch(twin);
    expect([second.status, second.body]).toEqual([500, INTERNAL_ERROR]);
  });

  it("answer an accepted command id again with its first sequence and no effect", async () => {
    await createThread("t1");
    const start = client.turnStart("t1", { id: "1", text: "Hello" });
    const first = await http.dispatch(start);
    await client.until("the turn is over", () => client.stateOf(t3, "t1") === "completed/ready");
    await t3.restart({ lose: "turns" });
    const again = await http.dispatch(start);
    expect(again).toEqual({ ...first });
    await client.until("time passes", () => t3.requests.at(-1)?.path.includes("dispatch") === true);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(client.threadOf(t3, "t1").messages).toHaveLength(2);
  });

  it("refuse an accepted command id for another thread", async () => {
    await createThread("t1");
    const other = { ...client.threadCreate("t2"), commandId: "c-create-t1" };
    expect((await http.dispatch(other)).status).toBe(500);
    expect(t3.threads()).toHaveLength(1);
  });

  it("poison a rejected command id for ever, and no other", async () => {
    const early = client.threadCreate("t1");
    expect((await http.dispatch(early)).body).toEqual(INTERNAL_ERROR);
    await http.dispatch(client.projectCreate({ workspaceRoot: join(dir, "work") }));
    expect((await http.dispatch(early)).status).toBe(500);
    await t3.restart({ lose: "turns" });
    expect((await http.dispatch(early)).status).toBe(500);
    expect((await http.dispatch({ ...early, commandId: "c-new" })).status).toBe(200);
  });

  it("never reuse a thread id, deleted or not", async () => {
    await createThread("t1");
    expect((await http.dispatch({ ...thread, commandId: "c-2" })).status).toBe(500);
    await http.dispatch(client.threadCommand("thread.delete", "t1"));
    expect((await http.dispatch({ ...thread, commandId: "c-3" })).status).toBe(500);
  });

  it("archive once, and unarchive once", async () => {
    await createThread("t1");
    const statuses = [];
    for (const [type, nth] of [
      ["thread.archive", 1],
      ["thread.archive", 2],
      ["thread.unarchive", 1],
      ["thread.unarchive", 2],
    ] as const) {
      statuses.push((await http.dispatch(client.threadCommand(type, "t1", nth))).status);
    }
    expect(statuses).toEqual([200, 500, 200, 500]);
  });

  it("rename a thread, and ignore fields they do not know", async () => {
    await createThread("t1");
    await http.dispatch({
      ...client.threadCommand("thread.meta.update", "t1"),
      title: " New name ",
      bogus: 1,
    });
    expect(client.threadOf(t3, "t1").title).toBe("New name");
  });

  it("are listed with their type and status", async () => {
    await createThread("t1");
    await http.dispatch({});
    expect(
      t3.requests.map(({ method, path, commandType, status }) => [
        method,
        path,
        commandType,
        status,
      ]),
    ).toEqual([
      ["POST", "/api/orchestration/dispatch", "project.create", 200],
      ["POST", "/api/orchestration/dispatch", "thread.create", 200],
      ["POST", "/api/orchestration/dispatch", undefined, 400],
    ]);
  });
});

describe("planned faults", () => {
  beforeEach(() => createThread("t1"));
  const start = client.turnStart("t1", { id: "1", text: "Hello" });

  it("reject one command for ever", async () => {
    t3.failNextDispatch({ type: "thread.turn.start", how: "reject" });
    expect((await http.dispatch(start)).body).toEqual(INTERNAL_ERROR);
    expect((await http.dispatch(start)).status).toBe(500);
    expect((await http.dispatch({ ...start, commandId: "c-new" })).status).toBe(200);
  });

  it.each([
    ["drop-before", 0],
    ["drop-after", 1],
  ] as const)("%s breaks the connection with %i messages stored", async (how, stored) => {
    t3.failNextDispatch({ type: "thread.turn.start", how });
    await expect(http.dispatch(start)).rejects.toThrow("fetch failed");
    expect(client.threadOf(t3, "t1").messages).toHaveLength(stored);
    expect(t3.requests.at(-1)).toMatchObject({ commandType: "thread.turn.start", status: 0 });
    expect((await http.dispatch(start)).status).toBe(200);
    expect(client.threadOf(t3, "t1").messages).toHaveLength(1);
  });

  it("hang until the client gives up, and wait for their type of command", async () => {
    t3.failNextDispatch({ type: "thread.turn.start", how: "hang" });
    expect((await http.dispatch(client.threadCreate("t2"))).status).toBe(200);
    const hung = http.call("POST", "/api/orchestration/dispatch", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(start),
      signal: AbortSignal.timeout(200),
    });
    await expect(hung).rejects.toThrow("timeout");
    expect(client.threadOf(t3, "t1").messages).toHaveLength(0);
  });
});
