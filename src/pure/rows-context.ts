import { activeMs, type ClockStart, startClock, unpausedMs } from "./run-clock.ts";
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
  type TurnRecord,
  withLastTurn,
} from "./run-record.ts";
import { parseThreadId, threadIdOf } from "./identity.ts";
import { cut } from "./untrusted-text.ts";
import type { TurnKind, VerdictBecause, VerdictKind } from "./verdict.ts";

/** What every row reads: the noted record, this tick's sight, the policy and the newest turn. */
export type Context = {
  readonly record: RunRecord;
  readonly seen: RunSeen;
  readonly policy: WatchPolicy;
  readonly turn: TurnRecord | null;
};

export function wait(context: Context, row: Row, on: WaitOn): RunDecision {
  return { row, record: context.record, kind: "wait", on };
}

export function act(record: RunRecord, row: Row, what: RunAct): RunDecision {
  return { row, record, kind: "act", act: what };
}

/** A verdict, written into the record; the finish row performs it. */
export function conclude(
  context: Context,
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

/** Milliseconds since a start, only pauses taken out. */
export function questionAgeMs(context: Context, start: ClockStart): number {
  return unpausedMs(context.record.clocks, start, context.seen.now);
}

/** Whether an agent may be working in the run's thread now. */
export function isThreadLive(context: Context): boolean {
  return context.seen.thread.kind === "seen" && context.seen.thread.isLive;
}

/** Commands for the newest turn's thread, their count already in the record. */
export function commandThread(
  context: Context,
  row: Row,
  command: {
    readonly turn: TurnRecord;
    readonly change: Partial<TurnRecord>;
    readonly verbs: readonly ThreadVerb[];
  },
): RunDecision {
  const record = withLastTurn(context.record, command.change);
  const { threadId } = command.turn;
  return act(record, row, { kind: "command-thread", threadId, verbs: command.verbs });
}

/** What a turn to be asked for is, before its thread is known. */
export type TurnWish = {
  readonly kind: TurnKind;
  /** The ordinal of the turn tried again; null for a turn of its own. */
  readonly again: TurnRecord | null;
  readonly prompt: TurnAsk["prompt"];
  readonly isCounted?: boolean;
};

/**
 * Asks for a turn, recorded before it is asked. Waits while another turn of ours is or may be live in the
 * repo; takes an archived thread out of the archive first, since a turn there is accepted and never runs;
 * opens the next thread when the old one is gone, and then only with the text that was approved.
 */
export function askTurn(context: Context, row: Row, wish: TurnWish): RunDecision {
  const { seen, record, turn } = context;
  if (seen.otherLive.length > 0) return wait(context, row, "repo-locked");
  if (turn !== null && seen.thread.kind === "seen" && seen.thread.isArchived) {
    return reviveThread(context, row, turn);
  }
  const isNewThread = turn === null || seen.thread.kind === "gone";
  const needsIssueText = isNewThread || wish.prompt.kind === "first";
  if (needsIssueText && seen.textHash !== record.approval.textHash) {
    const detail =
      "the approved text is needed again, and was edited since; label again to approve the new one";
    return conclude(context, row, {
      kind: "needs-human",
      because: "edited-after-approval",
      detail,
    });
  }
  const threadId = isNewThread ? nextThreadId(context) : turn.threadId;
  const asked = newTurn({
    ordinal: wish.again?.ordinal ?? record.turns.length,
    kind: wish.kind,
    attempt: wish.again === null ? 0 : wish.again.attempt + 1,
    threadId,
    asked: startClock(record.clocks, seen.now),
    newestCommitAtAsk: record.commits.at(-1)?.sha ?? null,
    isCounted: wish.isCounted ?? true,
  });
  const kept = wish.again === null ? record.turns : record.turns.slice(0, -1);
  const ask = { threadId, isNewThread, prompt: wish.prompt };
  return act({ ...record, turns: [...kept, asked] }, row, { kind: "ask-turn", ask });
}

/** Out of the archive, and its session stopped: the agent may have worked on unseen. */
export function reviveThread(context: Context, row: Row, turn: TurnRecord): RunDecision {
  const change = { revivals: turn.revivals + 1 };
  return commandThread(context, row, { turn, change, verbs: ["unarchive", "stop-session"] });
}

function nextThreadId(context: Context): string {
  const { record, seen } = context;
  const used = record.turns.map((turn) => parseThreadId(turn.threadId)?.restart ?? 0);
  const restart = Math.max(-1, ...used) + 1;
  return threadIdOf({ runId: record.runId, issueNumber: seen.issue.ref.number, restart });
}
