import type { TickDeps } from "../../src/loops/deps.ts";
import type { ThreadDetail } from "../../src/pure/thread.ts";
import { FakeTracker } from "../fakes/fake-tracker.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { sha256 } from "../pure/builders.ts";

type Call = readonly unknown[];

/** Ports that keep what they were asked to write, and say the same words wherever they have something to say. */
export function dependenciesThatEcho(options: {
  readonly words: string;
  readonly isSilent?: boolean;
}): { readonly deps: TickDeps; readonly calls: readonly Call[] } {
  const { words, isSilent = false } = options;
  const calls: Call[] = [];
  const keeps =
    <Answer>(name: string, answer: Answer) =>
    async (...args: readonly unknown[]): Promise<Answer> => {
      calls.push([name, ...args]);
      return answer;
    };
  const detail = threadSaying(words);
  const { messages: _messages, pending: _pending, processedTokens: _tokens, ...summary } = detail;
  const clock = new FakeClock();
  const accepted = { kind: "accepted" } as const;
  const deps: TickDeps = {
    tracker: {
      reader: new FakeTracker({ clock }),
      writer: {
        createComment: keeps("createComment", "1"),
        editComment: keeps("editComment", undefined),
        createLabel: keeps("createLabel", undefined),
        addLabel: keeps("addLabel", undefined),
        removeLabel: keeps("removeLabel", undefined),
        closeIssue: keeps("closeIssue", undefined),
        reopenIssue: keeps("reopenIssue", undefined),
      },
    },
    agent: {
      reader: {
        observe: async () =>
          isSilent
            ? { kind: "unreadable", why: words }
            : {
                kind: "readable",
                environmentId: "e",
                projects: [],
                threads: [summary, { ...summary, session: null }],
              },
        readThread: async (threadId) => {
          if (threadId === "unknown") return { kind: "unknown" };
          return threadId === "read"
            ? { kind: "read", detail }
            : { kind: "unreadable", why: words };
        },
      },
      writer: {
        createProject: keeps("createProject", accepted),
        createThread: keeps("createThread", accepted),
        startTurn: keeps("startTurn", accepted),
        interruptTurn: keeps("interruptTurn", accepted),
        stopSession: keeps("stopSession", accepted),
        archiveThread: keeps("archiveThread", accepted),
        unarchiveThread: keeps("unarchiveThread", accepted),
      },
    },
    ci: {
      readChecks: async (queries) =>
        queries.map(({ sha }) =>
          sha === "unreadable"
            ? { kind: "unreadable", sha, why: words }
            : {
                kind: "read",
                sha,
                checks: [
                  { name: words, source: "status", state: "failure", at: "", url: null, id: "1" },
                ],
              },
        ),
      readDeployments: async (queries) =>
        queries.map(({ environment }) => ({ kind: "unreadable", environment, why: words })),
      readEvidence: async () => [{ name: words, url: null, logTail: words }],
    },
    notifiers: [{ name: "echo", ring: keeps("ring", null) }],
    lease: new FakeLeaseStore({ clock, ttlMs: 60_000 }).lease("echo"),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    now: clock.now,
    sha256,
  };
  return { deps, calls };
}

function threadSaying(words: string): ThreadDetail {
  return {
    id: "t",
    workspaceRoot: "/w",
    presence: "active",
    createdAt: "2026-03-01T12:00:00Z",
    updatedAt: "2026-03-01T12:00:00Z",
    session: { status: "error", hasActiveTurn: false, lastError: words },
    latestTurn: null,
    messages: [{ id: "m", role: "assistant", text: words, at: "2026-03-01T12:00:00Z" }],
    pending: [{ requestId: "r", kind: "question", text: words }],
    processedTokens: null,
  };
}
