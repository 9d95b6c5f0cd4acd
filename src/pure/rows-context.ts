import { hasLabel } from "./approval.ts";
import { parseThreadId, threadIdOf } from "./identity.ts";
import { activeMs, type ClockStart, startClock } from "./run-clock.ts";
import type {
  Row,
  RunAct,
  RunDecision,
  RunSeen,
  ThreadVerb,
  TurnAsk,
  WaitOn,
  WatchPolicy,
} from "./run-observation.ts";
import {
  DETAIL_CHARACTERS_MAX,
  newTurn,
  type RunRecord,
  type TurnEnd,
  type TurnRecord,
  TURNS_MAX,
  wasSeen,
  withLastTurn,
} from "./run-record.ts";
import { cut } from "./untrusted-text.ts";
import type { TurnKind, VerdictBecause, VerdictKind } from "./verdict.ts";

/** What every row reads: the noted record, this tick's sight, the policy and the newest turn. */
export type Context = {
  readonly record: RunRecord;
  readonly seen: RunSeen;
  readonly policy: WatchPolicy;
  readonly turn: TurnRecord;
};

/** What the rows of a turn that is over read besides: how it ended. */
export type OverContext = Context & { readonly end: TurnEnd };

export function wait(context: Context, row: Row, on: WaitOn): RunDecision {
  return { row, record: context.record, kind: "wait", on };
}

export function act(record: RunRecord, row: Row, what: RunAct): RunDecision {
  return { row, record, kind: "act", act: what };
}

/** A verdict, written into the record; the finish row performs it. */
export function conclude(
  context: Pick<Context, "record" | "seen">,
  row: Row,
  verdict: {
    readonly kind: VerdictKind;
    readonly because: VerdictBecause;
    readonly detail: string;
  },
): RunDecision {
  const detail = cut(verdict.detail, DETAIL_CHARACTERS_MAX);
  const noted = { ...verdict, detail, at: context.seen.now, stopAsks: 0, bells: {} };
  return { row, record: { ...context.record, verdict: noted }, kind: "conclude" };
}

/** Milliseconds since a start, pauses and waits for a person taken out. */
export function ageMs(context: Context, start: ClockStart): number {
  return activeMs(context.record.clocks, start, context.seen.now);
}

/** Whether an agent may be working in the run's thread now. */
export function isThreadLive(context: Context): boolean {
  return context.seen.thread.kind === "seen" && context.seen.thread.isLive;
}

/** Whether the run's thread is in the archive, where what T3 says of it stands still. */
export function isArchived(context: Context): boolean {
  return context.seen.thread.kind === "seen" && context.seen.thread.isArchived;
}

/** Commands for the newest turn's thread, their count already in the record. */
export function commandThread(
  context: Context,
  row: Row,
  command: { readonly change: Partial<TurnRecord>; readonly verbs: readonly ThreadVerb[] },
): RunDecision {
  const record = withLastTurn(context.record, command.change);
  const { threadId } = context.turn;
  return act(record, row, { kind: "command-thread", threadId, verbs: command.verbs });
}

/** T8: stops what runs too long, one step a tick: interrupt, then session stop, then a human. */
export function stopTurn(context: Context): RunDecision {
  const { stopAsks } = context.turn;
  if (stopAsks === 0) {
    return commandThread(context, "T8", { change: { stopAsks: 1 }, verbs: ["interrupt"] });
  }
  if (stopAsks === 1) {
    return commandThread(context, "T8", { change: { stopAsks: 2 }, verbs: ["stop-session"] });
  }
  const detail = "neither an interrupt nor a session stop ended the turn";
  return conclude(context, "T8", { kind: "needs-human", because: "would-not-stop", detail });
}

/** What a turn to be asked for is, before its thread is known. */
export type TurnWish = {
  readonly kind: TurnKind;
  /** The turn tried again; null for a turn of its own. */
  readonly again: TurnRecord | null;
  readonly prompt: TurnAsk["prompt"];
  readonly isCounted?: boolean;
};

/**
 * Asks for a turn, recorded before it is asked. Waits while another turn of ours is or may be live in the
 * repo, and while a person has the issue; takes an archived thread out of the archive first, since a turn there is accepted and never runs;
 * stops what somebody else left running in the thread; opens the next thread when the old one is gone, and
 * then only with the text that was approved. A run that had as many turns as a record holds gets no more.
 */
export function askTurn(context: Context, row: Row, wish: TurnWish): RunDecision {
  const { seen, record, turn } = context;
  if (seen.otherLive.length > 0) return waitForRepo(context, row);
  if (isTakenOver(context)) return waitForHandBack(context, row);
  if (isArchived(context)) return reviveThread(context, row);
  if (isThreadLive(context)) return stopTurn(context);
  if (wish.again === null && record.turns.length >= TURNS_MAX) return concludeStalled(context, row);
  const isNewThread = seen.thread.kind === "gone";
  const needsIssueText = isNewThread || wish.prompt.kind === "first";
  // A rebuilt record holds the hash of the text as it stood when it was rebuilt: that proves nothing.
  if (needsIssueText && (record.isRebuilt || seen.textHash !== record.approval.textHash)) {
    const detail =
      "the approved text is needed again, and was edited since or cannot be proven to stand; " +
      "label again to approve it as it is now";
    return conclude(context, row, {
      kind: "needs-human",
      because: "edited-after-approval",
      detail,
    });
  }
  const threadId = isNewThread ? nextThreadId(context) : turn.threadId;
  const asked = newTurn({
    threadId,
    kind: wish.kind,
    asked: startClock(record.clocks, seen.now),
    ...(wish.again === null ? freshTurn(context, wish) : nextAttempt(wish.again)),
  });
  const kept = wish.again === null ? record.turns : record.turns.slice(0, -1);
  const ask = { threadId, isNewThread, prompt: wish.prompt };
  return act({ ...record, turns: [...kept, asked] }, row, { kind: "ask-turn", ask });
}

type Measured = Omit<Parameters<typeof newTurn>[0], "threadId" | "kind" | "asked">;

function freshTurn(context: Context, wish: TurnWish): Measured {
  const newestCommitAtAsk = context.record.commits.at(-1)?.sha ?? null;
  const { isCounted = true } = wish;
  return { ordinal: context.turn.ordinal + 1, attempt: 0, newestCommitAtAsk, isCounted };
}

/** What a turn is measured by stays with it through its attempts. */
function nextAttempt(again: TurnRecord): Measured {
  const { ordinal, newestCommitAtAsk, isCounted } = again;
  const wasSeenEarlier = wasSeen(again);
  return { ordinal, attempt: again.attempt + 1, wasSeenEarlier, newestCommitAtAsk, isCounted };
}

function concludeStalled(context: Context, row: Row): RunDecision {
  const detail = `more turns than a run may have: ${TURNS_MAX} were asked for`;
  return conclude(context, row, { kind: "needs-human", because: "stalled", detail });
}

/** The turn waits for the other run's end, and not for ever: an agent that never stops is nobody's verdict. */
function waitForRepo(context: Context, row: Row): RunDecision {
  const { seen, policy, record } = context;
  const lockedOut = record.lockedOut ?? startClock(record.clocks, seen.now);
  const noted = { ...context, record: { ...record, lockedOut } };
  if (ageMs(noted, lockedOut) <= policy.limits.verdictMsMax) return wait(noted, row, "repo-locked");
  const detail = `an agent may still be working in the repo on ${seen.otherLive.join(", ")}`;
  return conclude(noted, row, { kind: "needs-human", because: "not-understood", detail });
}

/**
 * Whether a person has the issue: with the human label on, the lock label locks nothing, and the poller may
 * start another run of the repo at any moment.
 */
export function isTakenOver(context: Context): boolean {
  return hasLabel(context.seen.issue, context.policy.labels.human);
}

/** No turn is asked for without the repo's lock; a person who keeps the issue has stopped the run. */
function waitForHandBack(context: Context, row: Row): RunDecision {
  const { seen, policy, record } = context;
  const lockedOut = record.lockedOut ?? startClock(record.clocks, seen.now);
  const noted = { ...context, record: { ...record, lockedOut } };
  if (ageMs(noted, lockedOut) <= policy.limits.verdictMsMax) return wait(noted, row, "taken-over");
  const detail = `the label ${policy.labels.human} was put on while the run needed another turn`;
  return conclude(noted, row, { kind: "cancelled", because: "cancelled-by-person", detail });
}

/** How often a turn may be asked for again. */
export function redispatchMax(context: Context): number {
  return context.record.isRebuilt ? 0 : context.policy.limits.redispatchAttemptsMax;
}

/** Out of the archive, and its session stopped: the agent may have worked on unseen. */
export function reviveThread(context: Context, row: Row): RunDecision {
  const { revivals } = context.turn;
  // The first time is no new attempt; a thread that always is in the archive again is lost.
  if (revivals > redispatchMax(context)) return concludeLost(context, row);
  const change = { revivals: revivals + 1 };
  return commandThread(context, row, { change, verbs: ["unarchive", "stop-session"] });
}

export function concludeLost(context: Context, row: Row): RunDecision {
  const { turns, isRebuilt } = context.record;
  if (isRebuilt || turns.some(wasSeen)) {
    const detail = "the agent server lost the turn and may not be asked again";
    return conclude(context, row, { kind: "needs-human", because: "lost", detail });
  }
  const detail = "the agent server never ran the first turn";
  return conclude(context, row, { kind: "needs-human", because: "dispatch-failed", detail });
}

/** After T2: one uncounted turn goes on with what the pause interrupted. */
export function resume(context: Context): RunDecision {
  const prompt = { kind: "restart", because: "paused" } as const;
  return askTurn(context, "T2", { kind: "restart", again: null, prompt });
}

/** How many corrective turns were spent: one about a red that our own commits never showed is not. */
export function correctionsSpent(turns: readonly TurnRecord[]): number {
  return turns.filter((turn) => turn.kind === "corrective" && turn.isCounted).length;
}

type CommitNote = RunRecord["commits"][number];

/** Whether the run has pushed, and the agent said so. */
export type Push =
  | { readonly kind: "complete"; readonly newest: CommitNote }
  | { readonly kind: "missing"; readonly what: "commit" | "outcome" | "both" };

export function pushOf(record: RunRecord): Push {
  const newest = record.commits.at(-1);
  const hasDeclared = record.turns.some((turn) => turn.end?.outcome?.kind === "pushed");
  if (newest === undefined) return { kind: "missing", what: hasDeclared ? "commit" : "both" };
  return hasDeclared ? { kind: "complete", newest } : { kind: "missing", what: "outcome" };
}

function nextThreadId(context: Context): string {
  const { record, seen } = context;
  const used = record.turns.map((turn) => parseThreadId(turn.threadId)?.restart ?? 0);
  const restart = Math.max(...used) + 1;
  return threadIdOf({ runId: record.runId, issueNumber: seen.issue.ref.number, restart });
}
