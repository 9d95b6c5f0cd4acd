import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createT3Agent } from "../../../src/adapters/agent/t3.ts";
import type { BoundedFetch } from "../../../src/adapters/http.ts";
import type { ThreadRead } from "../../../src/pure/thread.ts";
import { classifyTurn, type TurnState } from "../../../src/pure/thread-state.ts";

// Recordings of real servers, kept beside the repository where they are at hand at all.
const RECORDINGS = new URL("../../../../shared/recordings/t3/", import.meta.url);

type Recording = {
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
};

function recorded(path: string): Recording {
  return JSON.parse(readFileSync(new URL(path, RECORDINGS), "utf8")) as Recording;
}

/** Accepted and never answered, as every connection right after the server listens. */
const HANGS = "hangs";

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
    if (file === HANGS) throw new DOMException("The operation timed out", "TimeoutError");
    const { status, headers, body } = recorded(file).response;
    const type = headers["content-type"];
    return new Response(typeof body === "string" ? body : JSON.stringify(body), {
      status,
      headers: type === undefined ? {} : { "content-type": type },
    });
  };
}

async function read(files: Parameters<typeof playing>[0], threadId: string): Promise<ThreadRead> {
  const agent = createT3Agent({
    fetch: playing(files),
    baseUrl: new URL("http://127.0.0.1:1/"),
    readToken: async () => "unused",
    now: () => new Date(0),
    model: { instanceId: "claudeAgent", model: "m" },
    runtimeMode: "full-access",
  });
  return agent.readThread(threadId);
}

async function classify(
  files: Parameters<typeof playing>[0],
  threadId: string,
  messageId: string,
): Promise<TurnState> {
  const got = await read(files, threadId);
  if (got.kind !== "read") throw new Error(JSON.stringify(got));
  return classifyTurn(got.detail, { messageId });
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

  // `unknown` is the class gone, `unreadable` the class unreachable: nothing is concluded from it.
  it.each([
    ["gone: 404 for the thread, and no snapshot lists it", "39-thread-detail-unknown", "unknown"],
    ["unreachable: the token was refused", "07-snapshot-wrongtoken", "unreadable"],
    ["unreachable: an unknown path answers no JSON", "69-route-unknown", "unreadable"],
    ["unreachable: the server accepts and never answers", HANGS, "unreadable"],
  ] as const)("%s", async (_name, file, want) => {
    const isOfThread = file === "39-thread-detail-unknown";
    const answer = file === HANGS ? HANGS : `v0.0.33-nocli/${file}.json`;
    const files = {
      environment: file === HANGS ? HANGS : "v0.0.33-nocli/01-descriptor.json",
      snapshot: isOfThread ? "v0.0.33-nocli/36-snapshot-before-turn.json" : answer,
      thread: answer,
    };
    expect((await read(files, "nope")).kind).toBe(want);
  });
});
