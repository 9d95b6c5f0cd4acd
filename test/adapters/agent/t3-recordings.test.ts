import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createT3Agent } from "../../../src/adapters/agent/t3.ts";
import type { BoundedFetch } from "../../../src/adapters/http.ts";
import { classifyTurn, type TurnState } from "../../../src/pure/thread-state.ts";

// Recordings of real servers, kept beside the repository where they are at hand at all.
const RECORDINGS = new URL("../../../../shared/recordings/t3/", import.meta.url);

type Recording = { readonly response: { readonly status: number; readonly body: unknown } };

function recorded(path: string): Recording {
  return JSON.parse(readFileSync(new URL(path, RECORDINGS), "utf8")) as Recording;
}

/** A server that says what was recorded: the environment, one snapshot and one thread. */
function playing(files: {
  environment: string;
  snapshot: string;
  thread: string | null;
}): BoundedFetch {
  return async (input) => {
    const path = new URL(input).pathname;
    let file = files.thread ?? files.snapshot;
    if (path.endsWith("/environment")) file = files.environment;
    if (path.endsWith("/snapshot")) file = files.snapshot;
    const { status, body } = recorded(file).response;
    return new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json" },
    });
  };
}

async function classify(
  files: Parameters<typeof playing>[0],
  threadId: string,
  messageId: string,
): Promise<TurnState> {
  const agent = createT3Agent({
    fetch: playing(files),
    baseUrl: new URL("http://127.0.0.1:1/"),
    readToken: async () => "unused",
    now: () => new Date(0),
    model: { instanceId: "claudeAgent", model: "m" },
    runtimeMode: "full-access",
  });
  const read = await agent.readThread(threadId);
  if (read.kind !== "read") throw new Error(JSON.stringify(read));
  return classifyTurn(read.detail, { messageId });
}

const FINAL = "Final answer after slow work.";
const LIMIT = "You've hit your session limit · resets 3am (UTC)";

type Row = readonly [file: string, threadId: string, messageId: string, want: Partial<TurnState>];

const new33: readonly Row[] = [
  ["ok-thread", "ok", "m-ok", { kind: "over", lastWords: "Hello from fake claude." }],
  ["slow-thread", "slow", "m-slow", { kind: "over", lastWords: FINAL }],
  ["steer-thread", "steer", "m-steer", { kind: "over", lastWords: FINAL }],
  ["steer-thread", "steer", "m-steer-2", { kind: "over", lastWords: FINAL }],
  ["steer-thread", "steer", "m-never-sent", { kind: "never-started" }],
  [
    "interrupt-thread",
    "interrupt",
    "m-interrupt",
    { kind: "failed", lastError: "Claude turn failed." },
  ],
  ["error-thread", "error", "m-error", { kind: "failed", lastWords: "About to fail." }],
  ["crash-thread", "crash", "m-crash", { kind: "failed", lastWords: "About to crash." }],
  ["limit-thread", "limit", "m-limit", { kind: "limit-reached", lastWords: LIMIT }],
  ["ask-thread", "ask", "m-ask", { kind: "waiting" }],
  ["ask-thread-after", "ask", "m-ask", { kind: "over" }],
  ["approve-thread", "approve", "m-approve", { kind: "waiting" }],
  ["approve-thread-after", "approve", "m-approve", { kind: "over" }],
];

// The recording client stamped its messages with midnight, long before all that followed.
const old27: readonly Row[] = [
  ["ok-snapshot", "ok", "m-ok", { kind: "over", lastWords: "Hello from fake claude." }],
  ["steer-snapshot", "steer", "m-steer-2", { kind: "over", lastWords: FINAL }],
  [
    "interrupt-snapshot",
    "interrupt",
    "m-interrupt",
    { kind: "failed", lastError: "Claude turn failed." },
  ],
  ["stop-snapshot", "stop", "m-stop", { kind: "over", lastWords: "Starting: first commentary." }],
  ["error-snapshot", "error", "m-error", { kind: "failed", lastWords: "About to fail." }],
  ["crash-snapshot", "crash", "m-crash", { kind: "failed", lastWords: "About to crash." }],
  ["limit-snapshot", "limit", "m-limit", { kind: "limit-reached", lastWords: LIMIT }],
  ["ask-snapshot", "ask", "m-ask", { kind: "waiting" }],
  ["ask-snapshot-after", "ask", "m-ask", { kind: "over" }],
  ["approve-snapshot", "approve", "m-approve", { kind: "waiting" }],
  ["approve-snapshot-after", "approve", "m-approve", { kind: "over" }],
  ["archive-snapshot", "archive", "m-archive", { kind: "running" }],
  ["x-crash-after-ack-snapshot", "ca1", "m-ca1", { kind: "never-started" }],
  ["x-crash-after-ack-snapshot", "dr1", "m-dr1", { kind: "never-started" }],
  ["x-crash-after-ack-snapshot", "ng1", "m-ng1", { kind: "over" }],
  ["x-crash-after-ack-snapshot", "mc1", "m-mc1", { kind: "failed", lastWords: "" }],
];

describe.skipIf(!existsSync(RECORDINGS))("recorded threads", () => {
  it.each(new33)("0.0.33 %s (%s, %s)", async (file, threadId, messageId, want) => {
    const files = {
      environment: "v0.0.33-nocli/01-descriptor.json",
      snapshot: "v0.0.33-fake/stop-snapshot.json",
      thread: `v0.0.33-fake/${file}.json`,
    };
    expect(await classify(files, threadId, messageId)).toMatchObject(want);
  });

  it.each(old27)("0.0.27 %s (%s, %s)", async (file, threadId, messageId, want) => {
    const files = {
      environment: "v0.0.27-nocli/01-descriptor.json",
      snapshot: `v0.0.27-fake/${file}.json`,
      thread: null,
    };
    expect(await classify(files, threadId, messageId)).toMatchObject(want);
  });

  it("a start that fails without the provider's program, on 0.0.33", async () => {
    const files = {
      environment: "v0.0.33-nocli/01-descriptor.json",
      snapshot: "v0.0.33-nocli/43-snapshot-after-turn.json",
      thread: "v0.0.33-nocli/45-thread-detail-after-turn.json",
    };
    expect(await classify(files, "t1", "m1")).toMatchObject({
      kind: "failed",
      lastError: "Claude runtime stream failed.",
    });
  });

  it("a hidden thread's row is read from the snapshot that lists it", async () => {
    const files = {
      environment: "v0.0.33-nocli/01-descriptor.json",
      snapshot: "v0.0.33-nocli/65-snapshot-deleted.json",
      thread: "v0.0.33-nocli/65-thread-detail-deleted.json",
    };
    expect(await classify(files, "t2", "m2")).toEqual({ kind: "never-started" });
  });
});
