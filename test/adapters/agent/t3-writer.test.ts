import { describe, expect, it } from "vitest";
import type { AgentWriter, CommandAck } from "../../../src/pure/ports/agent.ts";
import { json, type Reply } from "../http/loopback.ts";
import { HTML, NOW, OURS, SHORT_TIMEOUT_MS, TOKEN, withT3 } from "./t3-world.ts";

const COMMAND = { commandId: "c-1", threadId: OURS };

type Write = (agent: AgentWriter) => Promise<CommandAck>;

const commands: ReadonlyArray<readonly [type: string, write: Write, body: unknown]> = [
  [
    "project.create",
    (agent) =>
      agent.createProject({
        commandId: "c-1",
        projectId: "p1",
        title: "o/r",
        workspaceRoot: "/data/o__r",
      }),
    {
      type: "project.create",
      commandId: "c-1",
      projectId: "p1",
      title: "o/r",
      workspaceRoot: "/data/o__r",
      createWorkspaceRootIfMissing: true,
      createdAt: NOW,
    },
  ],
  [
    "thread.create",
    (agent) => agent.createThread({ ...COMMAND, projectId: "p1", title: "o/r#7" }),
    {
      type: "thread.create",
      commandId: "c-1",
      threadId: OURS,
      projectId: "p1",
      title: "o/r#7",
      modelSelection: { instanceId: "claudeAgent", model: "claude-opus-4-8" },
      runtimeMode: "full-access",
      interactionMode: "default",
      branch: null,
      worktreePath: null,
      createdAt: NOW,
    },
  ],
  [
    "thread.turn.start",
    (agent) => agent.startTurn({ ...COMMAND, messageId: "m-1", text: "Do it." }),
    {
      type: "thread.turn.start",
      commandId: "c-1",
      threadId: OURS,
      message: { messageId: "m-1", role: "user", text: "Do it.", attachments: [] },
      runtimeMode: "full-access",
      interactionMode: "default",
      createdAt: NOW,
    },
  ],
  [
    "thread.turn.interrupt",
    (agent) => agent.interruptTurn(COMMAND),
    { type: "thread.turn.interrupt", ...COMMAND, createdAt: NOW },
  ],
  [
    "thread.session.stop",
    (agent) => agent.stopSession(COMMAND),
    { type: "thread.session.stop", ...COMMAND, createdAt: NOW },
  ],
  [
    "thread.archive",
    (agent) => agent.archiveThread(COMMAND),
    { type: "thread.archive", ...COMMAND },
  ],
  [
    "thread.unarchive",
    (agent) => agent.unarchiveThread(COMMAND),
    { type: "thread.unarchive", ...COMMAND },
  ],
];

describe("a command", () => {
  it.each(commands)("%s is one post of exactly its fields", (_type, write, body) =>
    withT3(async ({ agent, arrived }) => {
      expect(await write(agent)).toEqual({ kind: "accepted" });
      expect(arrived).toHaveLength(1);
      expect(arrived[0]).toMatchObject({ method: "POST", url: "/api/orchestration/dispatch" });
      expect(arrived[0]?.headers).toMatchObject({
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
      });
      expect(JSON.parse(arrived[0]?.body ?? "")).toEqual(body);
    }),
  );
});

/** Sends one command to a server that answers so, and makes sure that it was sent once. */
async function outcomeOf(reply: Reply): Promise<CommandAck | Error> {
  let outcome: CommandAck | Error | null = null;
  const change = reply === "hang" ? { timeoutMs: SHORT_TIMEOUT_MS } : {};
  await withT3(async ({ t3, agent, arrived }) => {
    t3.dispatch = reply;
    outcome = await agent.interruptTurn(COMMAND).catch((error: unknown) => error as Error);
    expect(arrived).toHaveLength(1);
  }, change);
  if (outcome === null) throw new Error("no outcome");
  return outcome;
}

function typed(status: number, reason: string): Reply {
  return json({ _tag: "EnvironmentInternalError", code: "c", reason, traceId: "f00" }, status);
}

describe("a rejection", () => {
  it.each([400, 404, 409, 415, 500])(
    "of status %i tells T3's tag, reason and trace",
    async (status) => {
      expect(await outcomeOf(typed(status, "orchestration_dispatch_failed"))).toEqual({
        kind: "rejected",
        why:
          `T3 rejected thread.turn.interrupt: ${status} EnvironmentInternalError ` +
          "orchestration_dispatch_failed trace f00",
      });
    },
  );

  it("may have no reason and no trace", async () => {
    expect(await outcomeOf(json({ _tag: "SomethingElse" }, 400))).toEqual({
      kind: "rejected",
      why: "T3 rejected thread.turn.interrupt: 400 SomethingElse",
    });
  });

  it("of a command's shape is an empty 400", async () => {
    expect(await outcomeOf({ status: 400 })).toMatchObject({ kind: "rejected" });
  });

  it("of a content type is a line of text", async () => {
    const reply = { status: 415, body: "Unsupported content-type: text/plain" };
    expect(await outcomeOf(reply)).toMatchObject({ kind: "rejected" });
  });
});

describe("an unknown outcome throws", () => {
  const unknown: ReadonlyArray<readonly [name: string, reply: Reply, message: RegExp]> = [
    ["no answer in time", "hang", /no full answer within 1000 ms/],
    ["the web app", HTML, /outcome of thread.turn.interrupt is not known: T3_BASE_URL .* 200/],
    ["a 200 without a sequence", json({ ok: true }), /is not known/],
    [
      "a 200 that is not JSON",
      { status: 200, headers: { "content-type": "application/json" }, body: "{" },
      /is not known/,
    ],
    ["a proxy's 400 with a page", { status: 400, body: "<html>" }, /is not known.* 400/],
    ["an empty 404, so no such route", { status: 404 }, /is not known.* 404/],
    ["an empty 500", { status: 500 }, /is not known.* 500/],
    ["a 415 of something else", { status: 415, body: "no" }, /is not known.* 415/],
    ["a 502", typed(502, "x"), /is not known.* 502/],
    ["a 503", typed(503, "x"), /is not known.* 503/],
    ["a 504", { status: 504 }, /is not known.* 504/],
    ["a redirect", { status: 307, headers: { location: "/api/other" } }, /is not known.* 307/],
    [
      "a refused token",
      json({ _tag: "EnvironmentAuthInvalidError", reason: "invalid_credential" }, 401),
      /T3 refuses T3_TOKEN \(401 .*invalid_credential\): issue a new one/,
    ],
    [
      "a missing scope",
      json({ _tag: "EnvironmentScopeRequiredError", requiredScope: "orchestration:operate" }, 403),
      /T3_TOKEN .*lacks the scope orchestration:operate/,
    ],
    ["a proxy's 403", { status: 403 }, /T3_TOKEN .*lacks the scope orchestration:operate/],
  ];
  it.each(unknown)("for %s", async (_name, reply, message) => {
    const outcome = await outcomeOf(reply);
    expect(outcome).toBeInstanceOf(Error);
    expect((outcome as Error).message).toMatch(message);
    expect((outcome as Error).message).not.toContain(TOKEN);
  });

  it("for a token that cannot be read, having sent nothing", () =>
    withT3(
      async ({ agent, arrived }) => {
        await expect(agent.stopSession(COMMAND)).rejects.toThrow(/T3_TOKEN could not be read/);
        expect(arrived).toHaveLength(0);
      },
      { readToken: () => Promise.reject(new Error("ENOENT")) },
    ));

  it("for a connection that is refused", () =>
    withT3(async ({ t3, agent }) => {
      t3.dispatch = (response) => response.socket?.destroy();
      await expect(agent.stopSession(COMMAND)).rejects.toThrow(/POST 127.0.0.1:\d+\/api/);
    }));
});
