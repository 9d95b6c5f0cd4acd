import type { T3Patience } from "../../../src/adapters/agent/t3-http.ts";
import { createT3Agent } from "../../../src/adapters/agent/t3.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import type { AgentReader, AgentWriter } from "../../../src/pure/ports/agent.ts";
import { type Arrived, json, listen, type Reply } from "../http/loopback.ts";

export const OURS = "afk-0123456789ab-7-0";
export const TOKEN = "t3-s3cret";
export const NOW = "2026-11-20T16:00:00.000Z";

// Long enough that a busy machine does not fail the tests that are not about it.
const TIMEOUT_MS = 10_000;
const PATIENCE: T3Patience = { triesMs: [TIMEOUT_MS, TIMEOUT_MS], wholeSnapshotMs: TIMEOUT_MS };
/** For the tests in which a server does not answer. */
export const SHORT_TIMEOUT_MS = 1_000;
export const IMPATIENT: T3Patience = {
  triesMs: [SHORT_TIMEOUT_MS, SHORT_TIMEOUT_MS],
  wholeSnapshotMs: SHORT_TIMEOUT_MS,
};

/** A thread as T3 0.0.33 shows it, with more fields than anyone reads. */
export function threadWire(
  fields: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    id: OURS,
    projectId: "p1",
    title: "o/r#7",
    modelSelection: { instanceId: "claudeAgent", model: "m" },
    branch: null,
    latestTurn: null,
    createdAt: "2026-11-20T15:00:00.000Z",
    updatedAt: "2026-11-20T15:10:00.000Z",
    archivedAt: null,
    deletedAt: null,
    pinnedAt: null,
    messages: [],
    activities: [],
    checkpoints: [],
    session: null,
    ...fields,
  };
}

export function activity(kind: string, payload: unknown, fields: Record<string, unknown> = {}) {
  return {
    id: `x-${kind}`,
    tone: "info",
    kind,
    summary: kind,
    payload,
    turnId: "t-1",
    createdAt: "2026-11-20T15:05:00.000Z",
    ...fields,
  };
}

/** A small T3 over loopback: what each route says can be replaced. */
export class FakeT3 {
  version = "0.0.33";
  projects: unknown[] = [{ id: "p1", title: "r", workspaceRoot: "/data/o__r", deletedAt: null }];
  threads: Record<string, unknown>[] = [threadWire()];
  environment: Reply | null = null;
  snapshot: Reply | null = null;
  shell: Reply | null = null;
  thread: Reply | null = null;
  dispatch: Reply = json({ sequence: 4 });
  session: Reply = json({ authenticated: true, scopes: [], expiresAt: "2026-12-20T00:00:00.000Z" });
  /** So many requests are accepted and never answered, as in T3's first quarter second. */
  hangs = 0;

  reply(request: Arrived): Reply {
    const url = request.url.replace(/^\/t3(?=\/)/, "");
    if (this.hangs > 0) {
      this.hangs -= 1;
      return "hang";
    }
    if (url === "/.well-known/t3/environment") return this.environment ?? this.environmentReply();
    if (url === "/api/orchestration/dispatch") return this.dispatch;
    if (url === "/api/orchestration/snapshot") return this.snapshot ?? this.snapshotReply();
    if (url === "/api/orchestration/shell") return this.shell ?? this.shellReply();
    if (url === "/api/auth/session") return this.session;
    const path = url.replace("/api/orchestration/threads/", "").replace(/\?.*/, "");
    return this.thread ?? this.threadReply(decodeURIComponent(path));
  }

  private environmentReply(): Reply {
    return json({ environmentId: "env-1", label: "vm", serverVersion: this.version });
  }

  private snapshotReply(): Reply {
    return json({ snapshotSequence: 9, projects: this.projects, threads: this.threads });
  }

  /** What is left out of it has no field in it either. */
  private shellReply(): Reply {
    const isThere = (row: Record<string, unknown>) =>
      (row["archivedAt"] ?? row["deletedAt"] ?? null) === null;
    const shown = ({ deletedAt: _d, ...row }: Record<string, unknown>) => row;
    const projects = (this.projects as Record<string, unknown>[]).filter(isThere).map(shown);
    const threads = this.threads
      .filter(isThere)
      .map(shown)
      .map(({ messages: _m, activities: _a, checkpoints: _c, ...row }) => row);
    return json({ snapshotSequence: 9, projects, threads });
  }

  private threadReply(id: string): Reply {
    const thread = this.threads.find((each) => each["id"] === id);
    const isHidden = thread !== undefined && (thread["archivedAt"] ?? thread["deletedAt"]) !== null;
    if (thread !== undefined && !isHidden) return json({ snapshotSequence: 9, thread });
    return json({ _tag: "EnvironmentResourceNotFoundError", reason: "thread_not_found" }, 404);
  }
}

export type T3World = {
  readonly t3: FakeT3;
  readonly agent: AgentReader & AgentWriter;
  readonly arrived: readonly Arrived[];
  readonly paths: () => readonly string[];
};

/** Runs a test against a FakeT3, with a real HTTP client between. */
export async function withT3(
  run: (world: T3World) => Promise<void>,
  change: {
    readonly path?: string;
    readonly readToken?: () => Promise<string>;
    readonly timeoutMs?: number;
    readonly patience?: T3Patience;
    readonly runtimeMode?: string;
  } = {},
): Promise<void> {
  const t3 = new FakeT3();
  const client = createBoundedFetch({
    timeoutMs: change.timeoutMs ?? TIMEOUT_MS,
    bodyBytesMax: 100_000,
    connectionsMax: 4,
  });
  await using server = await listen((request) => t3.reply(request));
  const agent = createT3Agent({
    fetch: client.fetch,
    baseUrl: new URL(change.path ?? "", server.url),
    readToken: change.readToken ?? (async () => `${TOKEN}\n\n`),
    now: () => new Date(NOW),
    model: { instanceId: "claudeAgent", model: "claude-opus-4-8" },
    runtimeMode: change.runtimeMode ?? "full-access",
    patience: change.patience ?? PATIENCE,
  });
  try {
    const { arrived } = server;
    await run({ t3, agent, arrived, paths: () => arrived.map(({ url }) => url) });
  } finally {
    await client.close();
  }
}

export const HTML: Reply = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!doctype html><title>T3</title>",
};
