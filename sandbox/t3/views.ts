import { type MessageRow, pendingOf, type ProjectRow, type ThreadRow } from "./model.ts";
import type { Store } from "./store.ts";

/** Fields of the real server that nothing in the sandbox ever sets. */
const UNUSED_THREAD_FIELDS = {
  settledOverride: null,
  settledAt: null,
  snoozedUntil: null,
  snoozedAt: null,
  pinnedAt: null,
  pinOrderKey: null,
  titleRegeneration: null,
} as const;

/** Which part of a thread's messages to show: the last turns, before a cursor when one is given. */
export type TurnPage = { readonly turnLimit: number; readonly beforeCursor: string | null };

/** The full model as servers from 0.0.32 on show it: every thread, none of its contents. */
export function snapshotView(store: Store) {
  return {
    snapshotSequence: store.sequence,
    projects: [...store.projects.values()].map((row) => ({ ...projectView(row), deletedAt: null })),
    threads: [...store.threads.values()].map((row) => ({
      ...threadView(row),
      deletedAt: row.deletedAt,
      messages: [],
      proposedPlans: [],
      activities: [],
      checkpoints: [],
    })),
    updatedAt: store.updatedAt,
  };
}

/** The list of active threads with what they wait for. */
export function shellView(store: Store) {
  const isActive = (row: ThreadRow) => row.archivedAt === null && row.deletedAt === null;
  return {
    snapshotSequence: store.sequence,
    projects: [...store.projects.values()].map((row) => ({
      ...projectView(row),
      repositoryIdentity: null,
    })),
    threads: [...store.threads.values()].filter(isActive).map(shellThreadView),
    updatedAt: store.updatedAt,
  };
}

/** One thread with its contents; null when it is unknown, archived or deleted. */
export function detailView(store: Store, threadId: string, page: TurnPage | null) {
  const row = store.threads.get(threadId);
  if (row === undefined || row.archivedAt !== null || row.deletedAt !== null) return null;
  const cut = page === null ? null : cutMessages(row.messages, page);
  const messages = cut?.messages ?? row.messages;
  const since = cut?.page.hasMore === true ? (messages[0]?.createdAt ?? "") : "";
  return {
    snapshotSequence: store.sequence,
    thread: {
      ...threadView(row),
      deletedAt: null,
      messages: messages.map(messageView),
      proposedPlans: [],
      activities: row.activities.filter(({ createdAt }) => createdAt >= since),
      checkpoints: [],
    },
    ...(cut === null ? {} : { page: cut.page }),
  };
}

function projectView(row: ProjectRow) {
  return { ...row, defaultThreadEnvMode: null, faviconPath: null, scripts: [] };
}

function threadView(row: ThreadRow) {
  const { messages: _m, activities: _a, deletedAt: _d, session, ...rest } = row;
  return { ...rest, ...UNUSED_THREAD_FIELDS, session: session && sessionView(row, session) };
}

function sessionView(row: ThreadRow, session: NonNullable<ThreadRow["session"]>) {
  const { instanceId } = row.modelSelection;
  return {
    ...session,
    threadId: row.id,
    providerName: instanceId,
    providerInstanceId: instanceId,
    runtimeMode: row.runtimeMode,
  };
}

function shellThreadView(row: ThreadRow) {
  const pending = pendingOf(row);
  const prompts = row.messages.filter(({ role }) => role === "user");
  return {
    ...threadView(row),
    latestUserMessageAt: prompts.at(-1)?.createdAt ?? null,
    hasPendingApprovals: pending.some(({ kind }) => kind === "approval"),
    hasPendingUserInput: pending.some(({ kind }) => kind === "question"),
    hasActionableProposedPlan: false,
    backgroundLiveness: null,
    planProgress: null,
  };
}

function messageView(row: MessageRow) {
  return { ...row, ...(row.role === "user" ? { attachments: [] } : {}), streaming: false };
}

function cutMessages(all: readonly MessageRow[], { turnLimit, beforeCursor }: TurnPage) {
  const end = all.findIndex(({ id }) => id === beforeCursor);
  const messages = end === -1 ? all : all.slice(0, end);
  const starts = [...messages.keys()].filter((index) => messages[index]?.role === "user");
  const first = starts.at(-turnLimit) ?? 0;
  const hasMore = first > 0;
  return {
    messages: messages.slice(first),
    page: { beforeCursor: hasMore ? (messages[first]?.id ?? null) : null, hasMore },
  };
}
