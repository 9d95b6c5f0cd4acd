import {
  isProviderInstance,
  type MessageRow,
  pendingOf,
  type ProjectRow,
  type ThreadRow,
} from "./model.ts";
import type { Store } from "./store.ts";
import type { T3Behaviour } from "./versions.ts";

/** Fields of servers from 0.0.32 on that nothing in the sandbox ever sets. */
const PINNING_FIELDS = { pinnedAt: null, pinOrderKey: null, titleRegeneration: null } as const;

/** Which part of a thread's messages to show: the last turns, before a cursor when one is given. */
export type TurnPage = { readonly turnLimit: number; readonly beforeCursor: string | null };

/** The full model: every thread, from 0.0.32 on with none of its contents. */
export function snapshotView(store: Store, behaviour: T3Behaviour) {
  const hasContents = behaviour.hasSnapshotContents;
  return {
    snapshotSequence: store.sequence,
    projects: [...store.projects.values()].map((row) => ({
      ...projectView(row, behaviour),
      ...(behaviour.hasThreadReads ? {} : { repositoryIdentity: null }),
      deletedAt: row.deletedAt,
    })),
    threads: [...store.threads.values()].map((row) => ({
      ...threadView(row, behaviour),
      deletedAt: row.deletedAt,
      messages: hasContents ? row.messages.map(messageView) : [],
      proposedPlans: [],
      activities: hasContents ? row.activities : [],
      checkpoints: hasContents ? row.checkpoints : [],
    })),
    updatedAt: store.updatedAt,
  };
}

/** The list of active threads with what they wait for. */
export function shellView(store: Store, behaviour: T3Behaviour) {
  const isActive = (row: ThreadRow) => row.archivedAt === null && row.deletedAt === null;
  return {
    snapshotSequence: store.sequence,
    projects: [...store.projects.values()]
      .filter(({ deletedAt }) => deletedAt === null)
      .map((row) => ({ ...projectView(row, behaviour), repositoryIdentity: null })),
    threads: [...store.threads.values()]
      .filter(isActive)
      .map((row) => shellThreadView(row, behaviour)),
    updatedAt: store.updatedAt,
  };
}

/** What is asked of one thread. */
export type DetailAsked = { readonly threadId: string; readonly page: TurnPage | null };

/** One thread with its contents; null when it is unknown, archived or deleted. */
export function detailView(store: Store, behaviour: T3Behaviour, { threadId, page }: DetailAsked) {
  const row = store.threads.get(threadId);
  if (row === undefined || row.archivedAt !== null || row.deletedAt !== null) return null;
  const cut = page === null ? null : cutMessages(row.messages, page);
  const messages = cut?.messages ?? row.messages;
  const since = cut?.page.hasMore === true ? (messages[0]?.createdAt ?? "") : "";
  return {
    snapshotSequence: store.sequence,
    thread: {
      ...threadView(row, behaviour),
      deletedAt: null,
      messages: messages.map(messageView),
      proposedPlans: [],
      activities: row.activities.filter(({ createdAt }) => createdAt >= since),
      checkpoints: row.checkpoints,
    },
    ...(cut === null ? {} : { page: cut.page }),
  };
}

function projectView(row: ProjectRow, { hasTurnLimit }: T3Behaviour) {
  const newer = hasTurnLimit ? { defaultThreadEnvMode: null, faviconPath: null } : {};
  const { deletedAt: _d, ...shown } = row;
  return { ...shown, ...newer, scripts: [] };
}

function threadView(row: ThreadRow, { hasSettling, hasTurnLimit }: T3Behaviour) {
  const { messages: _m, activities: _a, checkpoints: _c, deletedAt: _d, ...shown } = row;
  const { session, settledOverride, settledAt, ...rest } = shown;
  return {
    ...rest,
    ...(hasSettling ? { settledOverride, settledAt, snoozedUntil: null, snoozedAt: null } : {}),
    ...(hasTurnLimit ? PINNING_FIELDS : {}),
    session: session && sessionView(row, session),
  };
}

function sessionView(row: ThreadRow, session: NonNullable<ThreadRow["session"]>) {
  const { instanceId } = row.modelSelection;
  return {
    ...session,
    threadId: row.id,
    providerName: isProviderInstance(instanceId) ? instanceId : null,
    providerInstanceId: instanceId,
    runtimeMode: row.runtimeMode,
  };
}

function shellThreadView(row: ThreadRow, behaviour: T3Behaviour) {
  const pending = pendingOf(row);
  const prompts = row.messages.filter(({ role }) => role === "user");
  return {
    ...threadView(row, behaviour),
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
