import * as z from "zod";
import { parseMessageId } from "../../pure/identity.ts";
import type { ThreadRead } from "../../pure/thread.ts";
import { readEnvironment } from "./t3-environment.ts";
import { getJson, type T3Got, type Unreadable } from "./t3-http.ts";
import { type Environment, noteTime, type Reading, type Snapshot } from "./t3-reading.ts";
import { CONVERSATIONS_BYTES_MAX, readConversation, readSnapshot } from "./t3-snapshot.ts";
import { notUnderstood, withoutProject } from "./t3-unreadable.ts";
import {
  idOf,
  isGivenUp,
  ThreadAnswerWire,
  ThreadDetailWire,
  ThreadWire,
  toDetail,
  toHiddenDetail,
} from "./t3-wire.ts";

/** One thread with its conversation, or, where T3 hides that, without. */
export async function readThread(reading: Reading, threadId: string): Promise<ThreadRead> {
  const read = await readOne(reading, threadId);
  if (read.kind === "read") noteTime(reading.memory, read.detail.updatedAt);
  return read;
}

async function readOne(reading: Reading, threadId: string): Promise<ThreadRead> {
  const environment = await readEnvironment(reading);
  if (environment.kind === "unreadable") return environment;
  if (!environment.capabilities.threadRoute) {
    return readFromSnapshot(await readConversation(reading, environment, threadId), threadId);
  }
  const thread = await readPages(reading, environment, threadId);
  if (thread.kind === "unreadable") return thread;
  if (thread.kind === "not-found") {
    const asked = { ids: new Set([threadId]), part: "row" } as const;
    return readHidden(await readSnapshot(reading, environment, asked), threadId);
  }
  const { wire } = thread;
  const root =
    reading.memory.roots.get(wire.projectId) ?? (await readRoot(reading, environment, wire));
  return typeof root === "string" ? detailOf(wire, root) : root;
}

/** More turns than a run with the default limits asks for: nearly every thread is one page. */
const TURNS_PER_PAGE = 20;
/** 400 turns after our last message are nobody's conversation. */
const PAGES_MAX = 20;

type ThreadPages =
  | { readonly kind: "thread"; readonly wire: ThreadDetailWire }
  | { readonly kind: "not-found" }
  | Unreadable;

/**
 * The newest turns of a thread, back to one that we asked for: a cut-off conversation must not hide our
 * newest message, since a turn whose message is not seen is asked for again.
 */
async function readPages(
  reading: Reading,
  environment: Environment,
  threadId: string,
): Promise<ThreadPages> {
  let thread: ThreadDetailWire | null = null;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const got = await readPage(reading, environment, { threadId, cursor });
    if (got.kind !== "json") return got;
    const parsed = ThreadAnswerWire.safeParse(got.body);
    if (!parsed.success) return notUnderstood(`thread ${threadId}`, parsed.error);
    const { page } = parsed.data;
    thread = thread === null ? parsed.data.thread : withOlder(thread, parsed.data.thread);
    const isWhole = page === undefined || !page.hasMore || page.beforeCursor === null;
    if (isWhole || hasOurs(thread)) return { kind: "thread", wire: thread };
    cursor = page.beforeCursor;
  }
  const turns = PAGES_MAX * TURNS_PER_PAGE;
  return {
    kind: "unreadable",
    why: `thread ${threadId}: none of its newest ${turns} turns is ours`,
  };
}

function readPage(
  { connection }: Reading,
  { capabilities }: Environment,
  at: { readonly threadId: string; readonly cursor: string | null },
): Promise<T3Got> {
  const query = new URLSearchParams();
  if (capabilities.turnLimit) query.set("turnLimit", String(TURNS_PER_PAGE));
  if (at.cursor !== null) query.set("beforeCursor", at.cursor);
  const route = `api/orchestration/threads/${encodeURIComponent(at.threadId)}`;
  const path = query.size === 0 ? route : `${route}?${query.toString()}`;
  return getJson(connection, { path, auth: "token", triesMs: connection.patience.triesMs });
}

function withOlder(newer: ThreadDetailWire, older: ThreadDetailWire): ThreadDetailWire {
  return {
    ...newer,
    messages: [...older.messages, ...newer.messages],
    activities: [...older.activities, ...newer.activities],
  };
}

function hasOurs({ messages }: ThreadDetailWire): boolean {
  return messages.some(({ id }) => parseMessageId(id) !== null);
}

/** The thread route does not tell the project's folder; `observe` has usually read it before. */
async function readRoot(
  reading: Reading,
  environment: Environment,
  thread: ThreadWire,
): Promise<string | Unreadable> {
  const snapshot = await readSnapshot(reading, environment);
  if (snapshot.kind === "unreadable") return snapshot;
  return snapshot.roots.get(thread.projectId) ?? withoutProject(thread);
}

/** The snapshot of an old server shows everything. */
function readFromSnapshot(snapshot: Snapshot | Unreadable, threadId: string): ThreadRead {
  if (snapshot.kind === "unreadable") return snapshot;
  const found = snapshot.wire.threads.find((thread) => idOf(thread) === threadId);
  if (found === undefined) return { kind: "unknown" };
  if (isGivenUp(found)) {
    const why =
      `thread ${threadId}: with the other runs' conversations its own is larger than ` +
      `${CONVERSATIONS_BYTES_MAX} bytes in T3's snapshot: update T3 to 0.0.32 or later`;
    return { kind: "unreadable", why };
  }
  const parsed = ThreadDetailWire.safeParse(found);
  if (!parsed.success) return notUnderstood(`thread ${threadId}`, parsed.error);
  const root = snapshot.roots.get(parsed.data.projectId);
  return root === undefined ? withoutProject(parsed.data) : detailOf(parsed.data, root);
}

/**
 * The thread route finds no archived or deleted thread; the snapshot tells these from unknown ones.
 */
function readHidden(snapshot: Snapshot | Unreadable, threadId: string): ThreadRead {
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
