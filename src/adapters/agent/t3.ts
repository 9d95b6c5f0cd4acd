import * as z from "zod";
import { parseThreadId } from "../../pure/identity.ts";
import type { AgentReader, AgentWriter, CommandAck } from "../../pure/ports/agent.ts";
import type { AgentSeen, ThreadRead, ThreadSummary } from "../../pure/thread.ts";
import { dispatchCommand, getJson, type T3Connection } from "./t3-http.ts";
import {
  EnvironmentWire,
  idOf,
  rootsOf,
  SnapshotWire,
  ThreadAnswerWire,
  ThreadDetailWire,
  ThreadWire,
  toDetail,
  toHiddenDetail,
  toProjects,
  toSummary,
} from "./t3-wire.ts";

export type T3Options = T3Connection & {
  /** Stamps the commands; T3 up to 0.0.28 keeps the time, later ones use their own. */
  readonly now: () => Date;
  /** The provider instance and model of new threads. */
  readonly model: { readonly instanceId: string; readonly model: string };
  readonly runtimeMode: string;
};

/**
 * T3 Code over its HTTP API, as recorded from 0.0.27 to 0.0.33. Make one per tick: it remembers the
 * version.
 */
export function createT3Agent(options: T3Options): AgentReader & AgentWriter {
  return { ...createReader(options), ...createWriter(options) };
}

type Unreadable = { readonly kind: "unreadable"; readonly why: string };
type Environment = {
  readonly kind: "environment";
  readonly environmentId: string;
  readonly hasThreadRoute: boolean;
};
type Snapshot = {
  readonly kind: "snapshot";
  readonly wire: SnapshotWire;
  /** Project id to root folder. */
  readonly roots: ReadonlyMap<string, string>;
};

/** What a reader keeps for its lifetime: facts of the server that do not change under a tick. */
type Memory = { environment: Environment | null; roots: ReadonlyMap<string, string> };

type Reading = { readonly connection: T3Connection; readonly memory: Memory };

function createReader(connection: T3Connection): AgentReader {
  const reading: Reading = { connection, memory: { environment: null, roots: new Map() } };
  return {
    observe: () => observe(reading),
    readThread: (threadId) => readThread(reading, threadId),
  };
}

async function observe(reading: Reading): Promise<AgentSeen> {
  const [environment, snapshot] = await Promise.all([
    readEnvironment(reading),
    readSnapshot(reading),
  ]);
  if (environment.kind === "unreadable") return environment;
  if (snapshot.kind === "unreadable") return snapshot;
  const threads: ThreadSummary[] = [];
  for (const thread of snapshot.wire.threads) {
    const id = idOf(thread);
    if (id === null || parseThreadId(id) === null) continue;
    const parsed = ThreadWire.safeParse(thread);
    if (!parsed.success) return notUnderstood(`thread ${id}`, parsed.error);
    const root = snapshot.roots.get(parsed.data.projectId);
    if (root === undefined) return withoutProject(parsed.data);
    threads.push(toSummary(parsed.data, root));
  }
  const { environmentId } = environment;
  return { kind: "readable", environmentId, projects: toProjects(snapshot.wire), threads };
}

async function readThread(reading: Reading, threadId: string): Promise<ThreadRead> {
  const environment = await readEnvironment(reading);
  if (environment.kind === "unreadable") return environment;
  if (!environment.hasThreadRoute) return readFromSnapshot(reading, threadId);
  // Without turnLimit, which 0.0.32 knows: a cut-off conversation could hide a message of ours, and
  // a turn whose message is not seen is asked for again.
  const path = `api/orchestration/threads/${encodeURIComponent(threadId)}`;
  const got = await getJson(reading.connection, path, "token");
  if (got.kind === "unreadable") return got;
  if (got.kind === "not-found") return readHidden(reading, threadId);
  const parsed = ThreadAnswerWire.safeParse(got.body);
  if (!parsed.success) return notUnderstood(`thread ${threadId}`, parsed.error);
  const { thread } = parsed.data;
  const root = reading.memory.roots.get(thread.projectId) ?? (await readRoot(reading, thread));
  return typeof root === "string" ? detailOf(thread, root) : root;
}

/** The thread route does not tell the project's folder; `observe` has usually read it before. */
async function readRoot(reading: Reading, thread: ThreadWire): Promise<string | Unreadable> {
  const snapshot = await readSnapshot(reading);
  if (snapshot.kind === "unreadable") return snapshot;
  return snapshot.roots.get(thread.projectId) ?? withoutProject(thread);
}

/** The snapshot of an old server shows everything. */
async function readFromSnapshot(reading: Reading, threadId: string): Promise<ThreadRead> {
  const snapshot = await readSnapshot(reading);
  if (snapshot.kind === "unreadable") return snapshot;
  const found = snapshot.wire.threads.find((thread) => idOf(thread) === threadId);
  if (found === undefined) return { kind: "unknown" };
  const parsed = ThreadDetailWire.safeParse(found);
  if (!parsed.success) return notUnderstood(`thread ${threadId}`, parsed.error);
  const root = snapshot.roots.get(parsed.data.projectId);
  return root === undefined ? withoutProject(parsed.data) : detailOf(parsed.data, root);
}

/**
 * The thread route finds no archived or deleted thread; the snapshot tells these from unknown ones.
 */
async function readHidden(reading: Reading, threadId: string): Promise<ThreadRead> {
  const snapshot = await readSnapshot(reading);
  if (snapshot.kind === "unreadable") return snapshot;
  const found = snapshot.wire.threads.find((thread) => idOf(thread) === threadId);
  if (found === undefined) return { kind: "unknown" };
  const parsed = ThreadWire.safeParse(found);
  if (!parsed.success) return notUnderstood(`thread ${threadId}`, parsed.error);
  const root = snapshot.roots.get(parsed.data.projectId);
  if (root === undefined) return withoutProject(parsed.data);
  const detail = toHiddenDetail(parsed.data, root);
  if (detail.presence !== "active") return { kind: "read", detail };
  return { kind: "unreadable", why: `T3 lists thread ${threadId} as active but does not find it` };
}

function detailOf(thread: ThreadDetailWire, root: string): ThreadRead {
  try {
    return { kind: "read", detail: toDetail(thread, root) };
  } catch (error) {
    if (error instanceof z.ZodError) return notUnderstood(`thread ${thread.id}`, error);
    throw error;
  }
}

async function readEnvironment(reading: Reading): Promise<Environment | Unreadable> {
  const { connection, memory } = reading;
  if (memory.environment !== null) return memory.environment;
  const got = await getJson(connection, ".well-known/t3/environment", "none");
  if (got.kind === "unreadable") return got;
  const parsed = EnvironmentWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood("/.well-known/t3/environment", parsed.error);
  const { environmentId, serverVersion } = parsed.data;
  const hasThreadRoute = isAtLeast(serverVersion, FIRST_VERSION_WITH_THREAD_ROUTE);
  memory.environment = { kind: "environment", environmentId, hasThreadRoute };
  return memory.environment;
}

async function readSnapshot(reading: Reading): Promise<Snapshot | Unreadable> {
  const got = await getJson(reading.connection, "api/orchestration/snapshot", "token");
  if (got.kind === "unreadable") return got;
  const parsed = SnapshotWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood("/api/orchestration/snapshot", parsed.error);
  const roots = rootsOf(parsed.data);
  reading.memory.roots = roots;
  return { kind: "snapshot", wire: parsed.data, roots };
}

/**
 * Before it the route answers with the web app, and only the full snapshot shows a conversation.
 */
const FIRST_VERSION_WITH_THREAD_ROUTE = [0, 0, 29] as const;

/** A version that is no number is a development build, so new. */
function isAtLeast(version: string, least: readonly [number, number, number]): boolean {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (match === null) return true;
  for (const [index, wanted] of least.entries()) {
    const part = Number(match[index + 1]);
    if (part !== wanted) return part > wanted;
  }
  return true;
}

function notUnderstood(what: string, error: z.ZodError): Unreadable {
  return {
    kind: "unreadable",
    why: `T3's answer is not understood at ${what}: ${z.prettifyError(error)}`,
  };
}

function withoutProject(thread: ThreadWire): Unreadable {
  const why = `T3 lists thread ${thread.id} in project ${thread.projectId} but not that project`;
  return { kind: "unreadable", why };
}

function createWriter(options: T3Options): AgentWriter {
  const { runtimeMode } = options;
  function send(type: string, fields: Readonly<Record<string, unknown>>): Promise<CommandAck> {
    return dispatchCommand(options, { type, ...fields });
  }
  // createdAt is required here even though newer servers overwrite it.
  const createdAt = (): string => options.now().toISOString();
  return {
    createProject: (creation) =>
      send("project.create", {
        ...creation,
        createWorkspaceRootIfMissing: true,
        createdAt: createdAt(),
      }),
    createThread: (creation) =>
      send("thread.create", {
        ...creation,
        modelSelection: options.model,
        runtimeMode,
        interactionMode: "default",
        // Both keys must be there; null leaves branch and worktree to the agent.
        branch: null,
        worktreePath: null,
        createdAt: createdAt(),
      }),
    startTurn: ({ commandId, threadId, messageId, text }) =>
      send("thread.turn.start", {
        commandId,
        threadId,
        message: { messageId, role: "user", text, attachments: [] },
        runtimeMode,
        interactionMode: "default",
        createdAt: createdAt(),
      }),
    interruptTurn: (command) =>
      send("thread.turn.interrupt", { ...command, createdAt: createdAt() }),
    stopSession: (command) => send("thread.session.stop", { ...command, createdAt: createdAt() }),
    archiveThread: (command) => send("thread.archive", command),
    unarchiveThread: (command) => send("thread.unarchive", command),
  };
}
