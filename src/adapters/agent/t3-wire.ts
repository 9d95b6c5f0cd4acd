import * as z from "zod";
import { sumTotals } from "../../pure/budget.ts";
import type {
  PendingRequest,
  ProjectSummary,
  ThreadDetail,
  ThreadMessage,
  ThreadSummary,
} from "../../pure/thread.ts";

// Only the fields used: T3 adds fields in most releases, and other people's threads may hold
// anything.

/** `GET /.well-known/t3/environment`. */
export const EnvironmentWire = z.lazy(() =>
  z.object({
    environmentId: z.string().min(1),
    serverVersion: z.string(),
  }),
);

const ProjectWire = z.lazy(() =>
  z.object({
    id: z.string(),
    workspaceRoot: z.string(),
    deletedAt: z.string().nullable(),
  }),
);

/** `GET /api/orchestration/snapshot`, its threads still unread: most are not ours. */
export const SnapshotWire = z.lazy(() =>
  z.object({
    projects: z.array(ProjectWire),
    threads: z.array(z.unknown()),
  }),
);
export type SnapshotWire = z.infer<typeof SnapshotWire>;

/** `GET /api/orchestration/shell`: it lists nothing that was deleted, and has no field for it. */
export const ShellWire = z.lazy(() =>
  z.object({
    projects: z.array(
      ProjectWire.unwrap()
        .omit({ deletedAt: true })
        .transform((each) => ({ ...each, deletedAt: null })),
    ),
    threads: z.array(
      z.union([z.null(), z.looseObject({}).transform((each) => ({ ...each, deletedAt: null }))]),
    ),
  }),
);

const IdWire = z.lazy(() => z.object({ id: z.string() }).nullable());

/** The id of a thread that is still unread; null when it has none, as other people's have. */
export function idOf(thread: unknown): string | null {
  return IdWire.safeParse(thread).data?.id ?? null;
}

const GivenUpWire = z.lazy(() =>
  z.union([z.object({ messages: z.null() }), z.object({ activities: z.null() })]),
);

/** Whether the snapshot's reading had no room for the conversation of a thread that is still unread. */
export function isGivenUp(thread: unknown): boolean {
  return GivenUpWire.safeParse(thread).success;
}

const MessageWire = z.lazy(() =>
  z.object({
    id: z.string(),
    role: z.enum(["user", "assistant", "system"]),
    text: z.string(),
    createdAt: z.string(),
  }),
);

const ActivityWire = z.lazy(() =>
  z.object({
    kind: z.string(),
    payload: z.unknown(),
    turnId: z.string().nullable(),
    createdAt: z.string(),
  }),
);
type ActivityWire = z.infer<typeof ActivityWire>;

/** A thread as the snapshot and the thread route both show it. */
export const ThreadWire = z.lazy(() =>
  z.object({
    id: z.string(),
    projectId: z.string(),
    createdAt: z.string(),
    updatedAt: z.string(),
    archivedAt: z.string().nullable(),
    deletedAt: z.string().nullable(),
    latestTurn: z
      .object({
        turnId: z.string(),
        state: z.string(),
        requestedAt: z.string(),
        startedAt: z.string().nullable(),
        completedAt: z.string().nullable(),
      })
      .nullable(),
    session: z
      .object({
        status: z.string(),
        activeTurnId: z.string().nullable(),
        lastError: z.string().nullable(),
        updatedAt: z.string(),
      })
      .nullable(),
  }),
);
export type ThreadWire = z.infer<typeof ThreadWire>;

/**
 * A thread with its conversation, as the thread route and the snapshot of an old server show it.
 */
export const ThreadDetailWire = z.lazy(() =>
  ThreadWire.unwrap().extend({ messages: z.array(MessageWire), activities: z.array(ActivityWire) }),
);
export type ThreadDetailWire = z.infer<typeof ThreadDetailWire>;

/** `GET /api/orchestration/threads/:id`. */
export const ThreadAnswerWire = z.lazy(() =>
  z.object({
    thread: ThreadDetailWire,
    /** Only when asked for by `turnLimit`. */
    page: z.object({ hasMore: z.boolean(), beforeCursor: z.string().nullable() }).optional(),
  }),
);

/** 0.0.27 quotes the whole rejected prompt in a session's error. */
const LAST_ERROR_CHARS_MAX = 2_000;

/**
 * The root folder of every project by its id, deleted ones included: their threads are still
 * listed.
 */
export function rootsOf(snapshot: SnapshotWire): ReadonlyMap<string, string> {
  return new Map(snapshot.projects.map(({ id, workspaceRoot }) => [id, workspaceRoot]));
}

/** The projects in which a thread can be created. */
export function toProjects(snapshot: SnapshotWire): readonly ProjectSummary[] {
  const existing = snapshot.projects.filter(({ deletedAt }) => deletedAt === null);
  return existing.map(({ id, workspaceRoot }) => ({ id, workspaceRoot }));
}

export function toSummary(wire: ThreadWire, workspaceRoot: string): ThreadSummary {
  const { latestTurn, session } = wire;
  return {
    id: wire.id,
    workspaceRoot,
    presence: presenceOf(wire),
    createdAt: wire.createdAt,
    updatedAt: wire.updatedAt,
    session: session && {
      status: session.status,
      hasActiveTurn: session.activeTurnId !== null,
      lastError: session.lastError?.slice(0, LAST_ERROR_CHARS_MAX) ?? null,
      updatedAt: session.updatedAt,
    },
    latestTurn: latestTurn && {
      id: latestTurn.turnId,
      state: latestTurn.state,
      requestedAt: latestTurn.requestedAt,
      startedAt: latestTurn.startedAt,
      completedAt: latestTurn.completedAt,
    },
  };
}

const AnyThreadWire = z.lazy(() =>
  z.object({
    projectId: z.string().catch(""),
    createdAt: z.string().catch(""),
    updatedAt: z.string().catch(""),
    archivedAt: z.string().nullable().catch(null),
    deletedAt: z.string().nullable().catch(null),
  }),
);

/**
 * A thread of ours of another shape than known, by what can be told of it. It is shown as live: nothing else
 * may start where it may be working. In a project that is not known its folder is the empty text.
 */
export function toNotUnderstood(
  thread: unknown,
  id: string,
  roots: ReadonlyMap<string, string>,
): ThreadSummary {
  const { projectId, createdAt, updatedAt, ...presence } = AnyThreadWire.parse(thread);
  const workspaceRoot = roots.get(projectId) ?? "";
  return {
    id,
    workspaceRoot,
    presence: presenceOf(presence),
    createdAt,
    updatedAt,
    session: { status: "not-understood", hasActiveTurn: true, lastError: null },
    latestTurn: null,
  };
}

function presenceOf(wire: Pick<ThreadWire, "archivedAt" | "deletedAt">): ThreadSummary["presence"] {
  if (wire.deletedAt !== null) return "deleted";
  return wire.archivedAt === null ? "active" : "archived";
}

export function toDetail(wire: ThreadDetailWire, workspaceRoot: string): ThreadDetail {
  return {
    ...toSummary(wire, workspaceRoot),
    messages: toMessages(wire),
    pending: toPending(wire),
    processedTokens: toProcessedTokens(wire.activities),
  };
}

/** A thread that no route shows the conversation of: T3 hides that of archived and deleted ones. */
export function toHiddenDetail(wire: ThreadWire, workspaceRoot: string): ThreadDetail {
  return { ...toSummary(wire, workspaceRoot), messages: [], pending: [], processedTokens: null };
}

// T3 lists them oldest first; the order is made sure of because what was said after a message
// depends on it.
function toMessages(wire: ThreadDetailWire): readonly ThreadMessage[] {
  const messages = wire.messages.map(({ id, role, text, createdAt }) => ({
    id,
    role,
    text,
    at: createdAt,
  }));
  return messages.sort((a, b) => compare(a.at, b.at));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const REQUEST_KINDS: ReadonlyMap<string, PendingRequest["kind"]> = new Map([
  ["approval.requested", "approval"],
  ["user-input.requested", "question"],
]);
const RESOLVED_KINDS: ReadonlySet<string> = new Set(["approval.resolved", "user-input.resolved"]);

const RequestWire = z.lazy(() =>
  z.object({
    requestId: z.string(),
    detail: z.string().optional(),
    questions: z.array(z.object({ question: z.string() })).optional(),
  }),
);

/**
 * What the running turn waits for. A request whose turn is gone is left out: T3 never resolves one
 * that its session did not outlive, and nobody can answer it any more.
 */
function toPending(wire: ThreadDetailWire): readonly PendingRequest[] {
  const resolved = new Set<string>();
  for (const { payload } of wire.activities.filter(({ kind }) => RESOLVED_KINDS.has(kind))) {
    resolved.add(RequestWire.parse(payload).requestId);
  }
  const pending: PendingRequest[] = [];
  for (const activity of wire.activities) {
    const kind = REQUEST_KINDS.get(activity.kind);
    if (kind === undefined || !isOfActiveTurn(activity, wire)) continue;
    const { requestId, detail, questions = [] } = RequestWire.parse(activity.payload);
    if (resolved.has(requestId)) continue;
    const asked = questions.map(({ question }) => question).join("\n");
    pending.push({ requestId, kind, text: detail ?? asked });
  }
  return pending;
}

function isOfActiveTurn(activity: ActivityWire, wire: ThreadDetailWire): boolean {
  return activity.turnId === null || activity.turnId === wire.session?.activeTurnId;
}

const TokensWire = z.lazy(() => z.object({ totalProcessedTokens: z.number().nonnegative() }));

/**
 * Of the reports that have the total; most of T3's tell only how full the context window is. T3's order is not
 * relied on: a total out of order would look like one that began anew.
 */
function toProcessedTokens(activities: readonly ActivityWire[]): number | null {
  const totals = activities
    .filter(({ kind }) => kind === "context-window.updated")
    .toSorted((one, other) => compare(one.createdAt, other.createdAt))
    .flatMap(({ payload }) => TokensWire.safeParse(payload).data?.totalProcessedTokens ?? []);
  return totals.length === 0 ? null : sumTotals(totals);
}
