import { setImmediate as nextTurn } from "node:timers/promises";
import { parseThreadId } from "../../pure/identity.ts";
import { noCommandsOverHttp } from "./t3-environment.ts";
import { getJson, type Unreadable } from "./t3-http.ts";
import type { Environment, Reading, Snapshot } from "./t3-reading.ts";
import { createSnapshotSkim } from "./t3-skim.ts";
import { notUnderstood } from "./t3-unreadable.ts";
import { rootsOf, ShellWire, SnapshotWire } from "./t3-wire.ts";

/**
 * Of projects and of threads of ours, about 1 kB each, and of the conversations asked for. Parsing takes
 * about six times this, and a pod has 256 MiB.
 */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** What is over is for the rows of 4 000 threads, so that no conversation can crowd them out. */
export const CONVERSATIONS_BYTES_MAX = 12 * 1024 * 1024;

/** Threads that a reading is made for, and how much of them it is to bring. */
export type AskedThreads = {
  readonly ids: ReadonlySet<string>;
  readonly part: "row" | "conversation";
};

const NOBODY: AskedThreads = { ids: new Set(), part: "row" };

/**
 * `GET /api/orchestration/snapshot`: the one route that lists archived and deleted threads too. From 0.0.32
 * on it is half the size of `/shell` a thread; before, it is the whole database, and read in one pass
 * that keeps only what is ours.
 */
export async function readSnapshot(
  reading: Reading,
  environment: Environment,
  asked: AskedThreads = NOBODY,
): Promise<Snapshot | Unreadable> {
  const { patience } = reading.connection;
  const path = "api/orchestration/snapshot";
  const isWhole = !environment.capabilities.bodilessSnapshot;
  const got = await getJson(reading.connection, {
    path,
    auth: "token",
    triesMs: isWhole ? [patience.wholeSnapshotMs] : patience.triesMs,
    skim: () =>
      createSnapshotSkim({
        isWanted: (threadId) => parseThreadId(threadId) !== null || asked.ids.has(threadId),
        conversations: asked.part === "conversation" ? asked.ids : NOBODY.ids,
        bytesMax: KEPT_BYTES_MAX,
        conversationsBytesMax: CONVERSATIONS_BYTES_MAX,
      }),
  });
  if (got.kind === "unreadable") {
    const isGone = environment.isNewer && got.isNoRoute === true;
    return isGone ? noCommandsOverHttp(environment) : { kind: "unreadable", why: got.why };
  }
  const parsed = SnapshotWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood(`/${path}`, parsed.error);
  const roots = rootsOf(parsed.data);
  reading.memory.roots = roots;
  return { kind: "snapshot", wire: parsed.data, roots };
}

/**
 * `GET /api/orchestration/shell`: the active threads and the projects that are there. From 0.0.29 to 0.0.31
 * about 1 kB a thread, where the snapshot is the whole database and blocks the server while it is made.
 */
export async function readShell(reading: Reading): Promise<Snapshot | Unreadable> {
  const path = "api/orchestration/shell";
  const got = await getJson(reading.connection, {
    path,
    auth: "token",
    triesMs: reading.connection.patience.triesMs,
    skim: () =>
      createSnapshotSkim({
        isWanted: (threadId) => parseThreadId(threadId) !== null,
        conversations: NOBODY.ids,
        bytesMax: KEPT_BYTES_MAX,
        conversationsBytesMax: CONVERSATIONS_BYTES_MAX,
      }),
  });
  if (got.kind === "unreadable") return { kind: "unreadable", why: got.why };
  const parsed = ShellWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood(`/${path}`, parsed.error);
  const roots = rootsOf(parsed.data);
  reading.memory.roots = roots;
  return { kind: "snapshot", wire: parsed.data, roots };
}

/**
 * The snapshot of an old server with this thread's conversation. Threads asked for at the same time share
 * one reading of it.
 */
export async function readConversation(
  reading: Reading,
  environment: Environment,
  threadId: string,
): Promise<Snapshot | Unreadable> {
  const { memory } = reading;
  memory.batch ??= openBatch(reading, environment);
  memory.batch.ids.add(threadId);
  return memory.batch.snapshot;
}

function openBatch(reading: Reading, environment: Environment) {
  const ids = new Set<string>();
  async function read(): Promise<Snapshot | Unreadable> {
    await nextTurn();
    reading.memory.batch = null;
    return readSnapshot(reading, environment, { ids, part: "conversation" });
  }
  return { ids, snapshot: read() };
}
