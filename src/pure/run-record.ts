import * as z from "zod";
import type { Approval } from "./approval.ts";
import { once } from "./once.ts";
import { FRESH_CLOCKS } from "./run-clock.ts";
import { parseThreadId, threadIdOf } from "./identity.ts";
import { VERDICT_BECAUSES } from "./verdict.ts";

/** The version this program writes. Another version is left alone: an older image must not judge it. */
export const RECORD_VERSION = 1;

/** Enough for an agent's last words in a notice, and small beside a comment's 60,000 characters. */
export const DETAIL_CHARACTERS_MAX = 2000;

/**
 * A run asks for a handful of turns; one that had this many turns goes nowhere. Every limit of a list here is
 * one that a record filled to all of them is still fitted into its comment by leaving out what decides nothing.
 */
export const TURNS_MAX = 60;

/** A commit takes some 300 of a comment's characters, and only the first and the newest decide anything. */
export const COMMITS_MAX = 60;

/** Past this many, the questions that are answered are forgotten: a request id never comes back. */
export const QUESTIONS_MAX = 20;

/** An agent asks one thing at a time; what is beyond this is noted once the first are answered. */
export const OPEN_QUESTIONS_MAX = 5;

/** More red checks than a person reads; one beyond them is taken for another's doing. */
export const OWN_RED_CHECKS_MAX = 30;

/** Enough to tell apart what is only ever compared: names of checks, ids of requests. */
export const KEY_CHARACTERS_MAX = 60;

/** There are two kinds of doorbells, each at most once. */
export const BELLS_MAX = 4;

/** Ids are a few dozen characters; what a server may send is bounded to this before it is noted. */
export const ID_CHARACTERS_MAX = 200;

/**
 * Another's name or id as a record keeps it, to be compared with the same of another: short, and without a
 * character that takes more than its own room there. Both sides of every comparison go through this.
 */
export function recordKey(text: string): string {
  const half = KEY_CHARACTERS_MAX / 2;
  // Both ends: the names of a matrix begin alike, and so do the ids of one server.
  const short = text.length <= KEY_CHARACTERS_MAX ? text : text.slice(0, half) + text.slice(-half);
  return short.replace(/[\p{Cc}\p{Cs}"\\<>]|-(?=-)/gu, "_");
}

const Id = once(() => z.string().min(1).max(ID_CHARACTERS_MAX));
const Key = once(() => z.string().refine((text) => recordKey(text) === text));
const ThreadId = once(() => z.string().refine((text) => parseThreadId(text) !== null));
const Ms = once(() => z.number().int().nonnegative());
const Count = once(() => z.number().int().nonnegative().max(10_000));
const Detail = once(() => z.string().max(DETAIL_CHARACTERS_MAX));
const Sha = once(() => z.string().regex(/^[0-9a-f]{40,64}$/));

const ClockStart = once(() => z.strictObject({ at: Ms(), pausedMs: Ms(), waitedMs: Ms() }));
const Stillness = once(() => z.strictObject({ since: Ms().nullable(), ms: Ms() }));

/** Per notifier name: since when it was tried, and how that stands. */
const Bells = once(() =>
  z
    .record(
      Key().max(40),
      z.strictObject({ firstTryAt: Ms(), state: z.enum(["trying", "rung", "undelivered"]) }),
    )
    .refine(isFew),
);

function isFew(byBell: object): boolean {
  return Object.keys(byBell).length <= BELLS_MAX;
}

const Outcome = once(() =>
  z.union([
    z.strictObject({ kind: z.literal("pushed"), sha: z.string().max(64) }),
    z.strictObject({
      kind: z.enum(["blocked", "already-done", "not-reproducible"]),
      words: Detail(),
    }),
  ]),
);

/** The moment is a clock's start: what is waited for after a turn has its ceiling too. */
const TurnEnd = once(() =>
  z.strictObject({
    ...ClockStart().shape,
    how: z.enum(["over", "failed", "limit-reached"]),
    outcome: Outcome().nullable(),
    /** The agent's last words, or the server's last error: data. */
    words: Detail(),
    /** Tokens that the thread had processed in all by then; absent where the server reports none. */
    tokens: Ms().optional(),
  }),
);

const Turn = once(() =>
  z.strictObject({
    ordinal: Count(),
    kind: z.enum(["first", "corrective", "nudge", "restart", "answer"]),
    attempt: Count(),
    threadId: ThreadId(),
    asked: ClockStart(),
    /** When it was first seen running, or over when it was never caught running. */
    firstSeen: ClockStart().nullable(),
    /** An earlier attempt at it was seen; each attempt begins with `firstSeen` null. */
    wasSeenEarlier: z.boolean(),
    end: TurnEnd().nullable(),
    /** How often the pause brake interrupted it. */
    pauseInterrupts: Count(),
    /** 0, then 1 after an interrupt, 2 after a session stop, for running too long. */
    stopAsks: Count(),
    /** How often its thread was taken out of the archive. */
    revivals: Count(),
    /** The newest commit of the run when a corrective turn was asked for. */
    newestCommitAtAsk: Sha().nullable(),
    /** False for a corrective turn about a red that our own commit never showed. */
    isCounted: z.boolean(),
  }),
);

const Commit = once(() =>
  z.strictObject({
    sha: Sha(),
    phases: z.array(z.enum(["tests-red", "green"])).max(2),
    parent: Sha().nullable(),
    firstSeen: ClockStart(),
    /** The head of the push that brought it; absent while the push log did not say, and in older records. */
    pushHead: Sha().optional(),
  }),
);

const Question = once(() =>
  z.strictObject({ requestId: Key().min(1), firstSeen: ClockStart(), bells: Bells() }),
);

const VerdictNote = once(() =>
  z.strictObject({
    kind: z.enum(["done", "needs-human", "frozen", "cancelled"]),
    because: z.enum(VERDICT_BECAUSES),
    detail: Detail(),
    at: Ms(),
    /** 0, then 1 after an interrupt, one more after each session stop of a turn still live. */
    stopAsks: Count(),
    bells: Bells(),
  }),
);

export const RunRecordSchema = z.lazy(() =>
  z.strictObject({
    version: z.literal(RECORD_VERSION),
    issue: z.string().max(300),
    runId: z.string().regex(/^[0-9a-f]{12}$/),
    approval: z.strictObject({
      eventId: Id(),
      actor: z.strictObject({ id: Id(), login: Id() }),
      at: z.string().max(40),
      textHash: z.string().max(64),
    }),
    state: z.enum(["dispatching", "watching"]),
    begunAt: Ms(),
    /** Head of the default branch at dispatch: commits after it may be the run's. */
    baseSha: Sha().nullable(),
    environmentId: z.string().max(200),
    /** When the in-progress label was first seen on the issue for this run. */
    lockedAt: Ms().nullable(),
    /** Written anew after its comment was lost: nothing is known of what was spent, so all of it is. */
    isRebuilt: z.boolean(),
    turns: z.array(Turn()).max(TURNS_MAX),
    commits: z.array(Commit()).max(COMMITS_MAX),
    firstRed: ClockStart().nullable(),
    /** What CI said when it was last looked at. */
    ciSeen: z.enum(["green", "red", "pending", "none-yet"]),
    /** What became of its deployment when that was last looked at. Absent where none is configured. */
    deploySeen: z.enum(["green", "red", "pending"]).optional(),
    /** Keys of the names of the checks that were ever red on a commit of this run itself. */
    ownRedChecks: z.array(Key()).max(OWN_RED_CHECKS_MAX),
    clocks: z.strictObject({ paused: Stillness(), waited: Stillness() }),
    questions: z.array(Question()).max(QUESTIONS_MAX),
    /** Since when the agent server has not answered, and whether that was rung. */
    silence: z.strictObject({ since: ClockStart(), bells: Bells() }).nullable(),
    /** Per notifier name: what it answered to the last ring. Absent while none answered anything. */
    receipts: z.record(Key().max(40), Id()).refine(isFew).optional(),
    /** Since when a turn it needs waits for another run of the repo. */
    lockedOut: ClockStart().nullable(),
    /** What the last decision waits on, for the reader of the comment. */
    waitingOn: z.string().max(60).nullable(),
    /** `metered`: the agent server reports the tokens processed, an upper estimate of the cost is enforced. */
    metering: z.enum(["unmetered", "metered"]),
    verdict: VerdictNote().nullable(),
  }),
);

/** The run's state: everything a tick must know that cannot be read anew from the outside world. */
export type RunRecord = z.infer<typeof RunRecordSchema>;
export type TurnRecord = z.infer<ReturnType<typeof Turn>>;
export type BellStates = z.infer<ReturnType<typeof Bells>>;
export type TurnEnd = z.infer<ReturnType<typeof TurnEnd>>;

/** What the last decision saw of CI is derived again each tick; only what cannot be is kept. */
export function beginRecord(start: {
  readonly issue: string;
  readonly runId: string;
  readonly issueNumber: number;
  readonly approval: Approval;
  readonly baseSha: string | null;
  readonly environmentId: string;
  readonly now: number;
}): RunRecord {
  const asked = { at: start.now, pausedMs: 0, waitedMs: 0 };
  const threadId = threadIdOf({ runId: start.runId, issueNumber: start.issueNumber, restart: 0 });
  return {
    version: RECORD_VERSION,
    issue: start.issue,
    runId: start.runId,
    approval: start.approval,
    state: "dispatching",
    begunAt: start.now,
    baseSha: start.baseSha,
    environmentId: start.environmentId,
    lockedAt: null,
    isRebuilt: false,
    turns: [newTurn({ ordinal: 0, kind: "first", attempt: 0, threadId, asked })],
    commits: [],
    firstRed: null,
    ciSeen: "none-yet",
    ownRedChecks: [],
    clocks: FRESH_CLOCKS,
    questions: [],
    silence: null,
    lockedOut: null,
    waitingOn: null,
    metering: "unmetered",
    verdict: null,
  };
}

/** A turn as it is recorded before it is asked for. */
export function newTurn(
  ask: Pick<TurnRecord, "ordinal" | "kind" | "attempt" | "threadId" | "asked"> &
    Partial<Pick<TurnRecord, "wasSeenEarlier" | "newestCommitAtAsk" | "isCounted">>,
): TurnRecord {
  return {
    firstSeen: null,
    wasSeenEarlier: false,
    end: null,
    pauseInterrupts: 0,
    stopAsks: 0,
    revivals: 0,
    newestCommitAtAsk: null,
    isCounted: true,
    ...ask,
  };
}

/** The turn all turn rows are about: the newest one. A record always has one, save for an orphan's. */
export function lastTurn(record: RunRecord): TurnRecord | null {
  return record.turns.at(-1) ?? null;
}

/** Whether an agent was ever seen working on the turn, in any attempt. */
export function wasSeen(turn: TurnRecord): boolean {
  return turn.firstSeen !== null || turn.wasSeenEarlier;
}

/** The record with its newest turn changed. */
export function withLastTurn(record: RunRecord, change: Partial<TurnRecord>): RunRecord {
  const turns = record.turns.map((turn, at) =>
    at === record.turns.length - 1 ? { ...turn, ...change } : turn,
  );
  return { ...record, turns };
}
