import type {
  LatestTurn,
  PendingRequest,
  ThreadDetail,
  ThreadSession,
  ThreadSummary,
} from "./thread.ts";
import { parseIso } from "./time.ts";

/** What became of one turn we asked for, as one read of its thread shows it. */
export type TurnState =
  /**
   * No trace of it beyond, at most, our message: T3 accepts a command and may lose it (a 200 is no
   * start).
   */
  | { readonly kind: "never-started" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly startedAt: string | null }
  | { readonly kind: "waiting"; readonly pending: readonly PendingRequest[] }
  | { readonly kind: "over"; readonly lastWords: string }
  | { readonly kind: "failed"; readonly lastError: string; readonly lastWords: string }
  | { readonly kind: "lost-in-restart" }
  | { readonly kind: "limit-reached"; readonly lastWords: string }
  | { readonly kind: "not-understood"; readonly why: string };

/**
 * Whether an agent may be working in the thread. T3 stops the agent of a deleted thread but leaves
 * its row `running` for ever, so such a thread is not live.
 */
export function isLive(summary: ThreadSummary): boolean {
  const { session } = summary;
  if (summary.presence === "deleted" || session === null) return false;
  return session.hasActiveTurn || session.status === "running" || session.status === "starting";
}

/**
 * Classifies the turn that our user message asked for. The session decides whether it still runs,
 * because T3 0.0.27 says `completed` at the agent's first words; what was said counts only after
 * our message. A thread that T3 shows as running stays running here, however long.
 *
 * T3 up to 0.0.31 flickers, and still one read is enough: a class that ends a turn needs what only
 * its end leaves (words of the agent beside a session at rest, an error, a turn that is over). What
 * a beginning shows as well is `never-started`, and that the caller holds against its grace.
 */
export function classifyTurn(
  detail: ThreadDetail,
  turn: { readonly messageId: string },
): TurnState {
  const position = detail.messages.findIndex(({ id }) => id === turn.messageId);
  const asked = detail.messages[position];
  if (detail.presence === "deleted") return { kind: "never-started" };
  if (asked === undefined) return classifyUnasked(detail);
  const seen: Seen = {
    ...detail,
    turn:
      detail.latestTurn !== null && answers(detail.latestTurn, asked.at) ? detail.latestTurn : null,
    // A session state from before our message tells of an earlier turn.
    session:
      detail.session !== null && isSetSince(detail.session, asked.at) ? detail.session : null,
    lastWords: lastWordsAfter(detail, position),
  };
  if (detail.session !== null && isLive(detail)) return classifyLive(detail.session, seen);
  return classifyQuiet(seen);
}

/**
 * A thread that does not show our message. From 0.0.32 on T3 hides what an archived one holds, so
 * there it is no proof that the message never arrived.
 */
function classifyUnasked(detail: ThreadDetail): TurnState {
  if (detail.presence === "active" || detail.messages.length > 0) return { kind: "never-started" };
  if (isLive(detail)) {
    return { kind: "running", startedAt: detail.latestTurn?.startedAt ?? null };
  }
  return { kind: "not-understood", why: "T3 hides what an archived thread holds; unarchive it" };
}

type Seen = {
  /** The latest turn, when it can be the one our message asked for. */
  readonly turn: LatestTurn | null;
  readonly session: ThreadSession | null;
  readonly pending: readonly PendingRequest[];
  /** The agent's last words after our message; empty when it said nothing. */
  readonly lastWords: string;
};

function classifyLive(session: ThreadSession, seen: Seen): TurnState {
  if (session.status === "starting" && !session.hasActiveTurn) return { kind: "starting" };
  if (seen.pending.length > 0) return { kind: "waiting", pending: seen.pending };
  return { kind: "running", startedAt: seen.turn === null ? null : seen.turn.startedAt };
}

/** T3's words for a session that neither starts nor runs. */
const QUIET_STATUSES: ReadonlySet<string> = new Set([
  "idle",
  "ready",
  "interrupted",
  "stopped",
  "error",
]);

/**
 * T3 says so of a session it finds running when it starts (after 0.0.33; older ones stay
 * `running`).
 */
const LOST_IN_RESTART = /did not survive a server restart/i;

function classifyQuiet(seen: Seen): TurnState {
  const { session, lastWords } = seen;
  if (session !== null && !QUIET_STATUSES.has(session.status)) {
    return { kind: "not-understood", why: `T3 shows the unknown session status ${session.status}` };
  }
  const lastError = errorOf(session);
  if (lastError !== null && LOST_IN_RESTART.test(lastError)) return { kind: "lost-in-restart" };
  const limit = [lastWords, lastError ?? ""].find((text) => isNotice(text, LIMIT_NOTICES));
  if (limit !== undefined) return { kind: "limit-reached", lastWords: limit };
  if (lastError !== null) return { kind: "failed", lastError, lastWords };
  if (isNotice(lastWords, REFUSAL_NOTICES)) {
    return { kind: "failed", lastError: "the provider refused", lastWords };
  }
  // Up to 0.0.31 the latest turn is null once the session rests, without git for ever: words are
  // the proof.
  if (seen.turn === null)
    return lastWords === "" ? { kind: "never-started" } : { kind: "over", lastWords };
  return classifyEnded(seen.turn, lastWords);
}

function classifyEnded(turn: LatestTurn, lastWords: string): TurnState {
  // An interrupted turn ends in any of these three states: whether we interrupted it is for the
  // record to say.
  if (turn.state === "completed" || turn.state === "interrupted")
    return { kind: "over", lastWords };
  if (turn.state === "error") return { kind: "failed", lastError: NO_REASON, lastWords };
  // Turn and session are not always set in one step: the ceilings end a turn that stays so.
  if (turn.state === "running") return { kind: "running", startedAt: turn.startedAt };
  return { kind: "not-understood", why: `T3 shows the unknown turn state ${turn.state}` };
}

const NO_REASON = "T3 shows an error and gives no reason";

/** A failed start is seen nowhere else, on 0.0.27 even beside the status `ready`. */
function errorOf(session: ThreadSession | null): string | null {
  if (session === null) return null;
  return session.lastError ?? (session.status === "error" ? NO_REASON : null);
}

/**
 * A start that failed leaves the turn before it in place: a turn counts for our message when it was
 * asked for with it or later, or was still open then, since T3 hands a message to a running turn.
 */
function answers(turn: LatestTurn, askedAt: string): boolean {
  if (turn.completedAt === null || isAtOrAfter(turn.requestedAt, askedAt)) return true;
  return isAtOrAfter(turn.completedAt, askedAt);
}

function isSetSince(session: ThreadSession, askedAt: string): boolean {
  return session.updatedAt === undefined || isAtOrAfter(session.updatedAt, askedAt);
}

function isAtOrAfter(time: string, than: string): boolean {
  const [left, right] = [parseIso(time), parseIso(than)];
  return left !== null && right !== null && left >= right;
}

function lastWordsAfter(detail: ThreadDetail, position: number): string {
  const said = detail.messages.slice(position + 1).filter(({ role }) => role === "assistant");
  return said.findLast(({ text }) => text.trim() !== "")?.text ?? "";
}

/** A provider's notice is all there is and short; an agent that writes *about* limits says more. */
const NOTICE_CHARS_MAX = 500;

/**
 * T3 reports a used-up provider limit as a success whose only sign is the text. These are the
 * openings of Claude Code's, Codex's and the APIs' own notices (session, weekly, usage, extra
 * usage, credit, 429).
 */
const LIMIT_NOTICES: readonly RegExp[] = [
  /^you['’]ve (?:hit|reached) your (?:[\w-]+ ){0,4}limit\b/i,
  /^you['’]re out of extra usage\b/i,
  /^(?:[\w-]+ ){0,3}limit reached(?: ?[|·∙.]|$)/i,
  /^(?:your )?credit balance is too low\b/i,
  /^you exceeded your current quota\b/i,
  /^api error\W{1,3}429\b/i,
];

/** Likewise a success to T3: the provider refused the login or failed, and no agent has worked. */
const REFUSAL_NOTICES: readonly RegExp[] = [
  /^api error\b/i,
  /^invalid api key\b/i,
  /^please run \/login\b/i,
  /^failed to authenticate\b/i,
  /^oauth (?:token|session) (?:has )?(?:expired|revoked)\b/i,
];

function isNotice(text: string, notices: readonly RegExp[]): boolean {
  const line = text.trim();
  if (line.length > NOTICE_CHARS_MAX || line.includes("\n")) return false;
  return notices.some((notice) => notice.test(line));
}
