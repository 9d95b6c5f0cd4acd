import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startT3 } from "../../sandbox/t3/t3-server.ts";
import { createT3Agent } from "../../src/adapters/agent/t3.ts";
import { createBoundedFetch } from "../../src/adapters/http.ts";
import { type AgentWorld, BAD_TOKEN, type Behaviour, type Quirk } from "./agent-world.ts";

const TOKEN = "t3-contract-token";

const QUIRKS: ReadonlyMap<string, ReadonlySet<Quirk>> = new Map([
  [
    "0.0.30",
    new Set<Quirk>(["hides-inactive", "forgets-command-owner", "erases-turn", "misses-restart"]),
  ],
  [
    "0.0.27",
    new Set<Quirk>([
      "lists-inactive",
      "forgets-command-owner",
      "twin-projects",
      "shows-hidden",
      "erases-turn",
      "completes-early",
      "message-opens-turn",
      "quiet-refusal",
      "misses-restart",
    ]),
  ],
]);

/** A script of that name does not exist, so its turn fails; `null` is a prompt without a task. */
const SCRIPTS: Readonly<Record<Behaviour, string | null>> = {
  ends: null,
  asks: "asks",
  "asks-permission": "asks-permission",
  "never-stops": "never-stops",
  crashes: "crashes",
  fails: "no-such-script",
};

/** A T3 server of a version, of its own, with the real adapter talking to it. */
export async function openT3Agent(version: string): Promise<AgentWorld> {
  const dir = await mkdtemp(join(tmpdir(), "contract-t3-"));
  const t3 = await startT3({ dir: join(dir, "t3"), token: TOKEN, version });
  const client = createBoundedFetch({
    timeoutMs: 20_000,
    bodyBytesMax: 8 * 1024 * 1024,
    connectionsMax: 4,
  });
  const connect = (url: string, token: string) =>
    createT3Agent({
      fetch: client.fetch,
      baseUrl: new URL(url),
      readToken: async () => token,
      now: () => new Date(),
      model: { instanceId: "claudeAgent", model: "claude-opus-4-8" },
      runtimeMode: "full-access",
    });
  const agent = connect(t3.url, TOKEN);
  let deletions = 0;
  return {
    agent,
    quirks: QUIRKS.get(version) ?? new Set(),
    root: (name) => join(dir, "workspaces", name),
    prompt: (behaviour) => promptFor(SCRIPTS[behaviour]),
    letWork: () => sleep(15),
    answer: (threadId, requestId, text) => t3.answer(threadId, requestId, text),
    deleteThread: async (threadId) => {
      deletions += 1;
      const command = { type: "thread.delete", commandId: `deletion-${deletions}`, threadId };
      const response = await fetch(`${t3.url}/api/orchestration/dispatch`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(command),
      });
      if (!response.ok) throw new Error(`${threadId} was not deleted: ${response.status}`);
    },
    restart: (how) => t3.restart({ lose: how === "noticed" ? "turns" : "zombie", downMs: 1 }),
    breakingStart: (how) => {
      const fault = how === "with-effect" ? "drop-after" : "drop-before";
      t3.failNextDispatch({ type: "thread.turn.start", how: fault });
      return agent;
    },
    // Nothing listens on port 1.
    unreachable: () => connect("http://127.0.0.1:1", TOKEN),
    withBadToken: () => connect(t3.url, BAD_TOKEN),
    async [Symbol.asyncDispose]() {
      await client.close();
      await t3.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function promptFor(script: string | null): string {
  if (script === null) return "Hello.";
  return [
    "- Clone URL: file:///nowhere/to/be-cloned.git",
    "- Default branch: main",
    "- Run id: 0123456789ab",
    "- Issue: acme/sample#7",
    `Story: ${script}`,
  ].join("\n");
}
