import { noteUndelivered, openBells } from "./bells.ts";
import { estimateUsd, sumTotals } from "./budget.ts";
import {
  act,
  ageMs,
  askTurn,
  concludeLost,
  conclude,
  type Context,
  correctionsSpent,
  isArchived,
  isTakenOver,
  isThreadLive,
  pushOf,
  redispatchMax,
  resume,
  reviveThread,
  stopTurn,
  wait,
} from "./rows-context.ts";
import { unpausedMs } from "./run-clock.ts";
import { isUnderWay, pendingOf, silenceOf } from "./run-notes.ts";
import type { RunDecision, TurnAsk } from "./run-observation.ts";
import { wasSeen } from "./run-record.ts";

/** T3: no answer from the agent server, or none that is understood. Never a verdict from silence. */
export function silenceRow(context: Context): RunDecision | null {
  const { record, seen, policy } = context;
  const { silence } = record;
  const why = silenceOf(record, seen.thread);
  if (why === null || silence === null) return null;
  if (ageMs(context, silence.since) <= policy.limits.verdictMsMax) {
    return wait(context, "T3", "agent-server");
  }
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const noted = noteUndelivered(silence.bells, clock);
  const rung = { ...record, silence: { ...silence, bells: noted } };
  const bells = openBells(noted, policy.notifiers, clock);
  if (bells.length === 0) return wait({ ...context, record: rung }, "T3", "agent-server");
  return act(rung, "T3", { kind: "ring-silence", why, bells });
}

/**
 * T4: the upper estimate of the cost of all the run's threads has passed the budget. Without a report nothing is
 * enforced; of a thread that is gone, what it had processed at the end of its last turn counts.
 */
export function budgetRow(context: Context): RunDecision | null {
  const { seen, policy } = context;
  if (seen.thread.kind !== "seen" || seen.thread.processedTokens === null) return null;
  const tokens = tokensOf(context, seen.thread.processedTokens);
  const usd = estimateUsd(tokens, policy.model);
  if (usd <= policy.limits.budgetUsdMax) return null;
  const detail = `about ${usd.toFixed(2)} USD at most, of AFK_BUDGET_USD ${policy.limits.budgetUsdMax}`;
  return conclude(context, "T4", { kind: "needs-human", because: "budget", detail });
}

/** What all the run's threads processed: each end tells the thread's total, the reading the current one's. */
function tokensOf({ record, turn }: Context, current: number): number {
  const byThread = new Map<string, readonly number[]>();
  for (const { threadId, end } of record.turns) {
    if (end?.tokens === undefined) continue;
    byThread.set(threadId, [...(byThread.get(threadId) ?? []), end.tokens]);
  }
  byThread.set(turn.threadId, [...(byThread.get(turn.threadId) ?? []), current]);
  let tokens = 0;
  for (const totals of byThread.values()) tokens += sumTotals(totals);
  return tokens;
}

/** T5: the agent asks for input or approval; each request rings once. */
export function questionRow(context: Context): RunDecision | null {
  const { seen, record, policy } = context;
  const pending = pendingOf(record, seen.thread);
  if (pending.length === 0) return null;
  const texts = new Map(pending.map((request) => [request.requestId, request.text]));
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const questions = record.questions.map((each) => ({
    ...each,
    bells: noteUndelivered(each.bells, clock),
  }));
  const noted: Context = { ...context, record: { ...record, questions } };
  for (const { requestId, firstSeen, bells } of questions) {
    const text = texts.get(requestId);
    if (text === undefined) continue;
    // Its own clock runs on while it is waited for, and stands still only while paused.
    if (unpausedMs(record.clocks, firstSeen, seen.now) > policy.limits.questionMsMax) {
      return conclude(noted, "T5", { kind: "needs-human", because: "unanswered", detail: text });
    }
    const open = openBells(bells, policy.notifiers, clock);
    if (open.length === 0) continue;
    return act(noted.record, "T5", { kind: "ring-question", requestId, text, bells: open });
  }
  return wait(noted, "T5", "human-answer");
}

/**
 * T6: asked for and not yet seen, within the grace. A request that never arrived is made again with the same
 * ids and counts nothing: a server that had it after all answers from its receipt.
 */
export function startRow(context: Context): RunDecision | null {
  const { turn, policy, record, seen } = context;
  if (turn.firstSeen !== null || ageMs(context, turn.asked) > policy.limits.startGraceMs)
    return null;
  // The server had it and says that it lost it: nothing more is to be waited for.
  if (seen.thread.kind === "seen" && seen.thread.turn.kind === "lost-in-restart") return null;
  if (!mayAskAgain(context)) return wait(context, "T6", "agent-start");
  const isNewThread = context.seen.thread.kind === "gone";
  const ask = { threadId: turn.threadId, isNewThread, prompt: promptAgain(context) };
  return act(record, "T6", { kind: "ask-turn", ask });
}

/** What would refuse a new turn refuses the old one as well; past the grace the lost turn's row says why. */
function mayAskAgain(context: Context): boolean {
  const { seen, record, turn } = context;
  if (!seen.isAskMissing || record.isRebuilt || seen.otherLive.length > 0) return false;
  if (isTakenOver(context)) return false;
  // Every attempt there is was refused: this one was counted and never made.
  if (turn.attempt > redispatchMax(context)) return false;
  if (isThreadLive(context) || isArchived(context)) return false;
  const needsText = seen.thread.kind === "gone" || turn.kind === "first";
  return !needsText || seen.textHash === record.approval.textHash;
}

/** T7 and T8: running, and running too long. */
export function runningRow(context: Context): RunDecision | null {
  const { turn, policy, seen } = context;
  // What T3 says of an archived thread stands still: the row of the lost turn takes it out first.
  if (seen.thread.kind !== "seen" || isArchived(context)) return null;
  // T3 may show a turn as running beside a session that rests; the ceiling ends one that stays so.
  if (!isThreadLive(context) && !isUnderWay(seen.thread.turn)) return null;
  const since = turn.firstSeen ?? turn.asked;
  if (ageMs(context, since) <= policy.limits.turnMsMax) return wait(context, "T7", "agent");
  return stopTurn(context);
}

/**
 * T9: the turn never began, or its thread or session is gone: the same kind again. Answers every turn that
 * is not over, and that no row before sees at work.
 */
export function lostRow(context: Context): RunDecision {
  const { turn } = context;
  if (isArchived(context)) return reviveThread(context, "T9");
  // A pause can interrupt a turn before there is any trace of it: that is no loss.
  if (turn.pauseInterrupts > 0) return resume(context);
  if (turn.attempt >= redispatchMax(context)) return concludeLost(context, "T9");
  return askTurn(context, "T9", { kind: turn.kind, again: turn, prompt: promptAgain(context) });
}

/** An agent that never read the prompt, or whose thread is gone, is told again; another to go on. */
function promptAgain(context: Context): TurnAsk["prompt"] {
  const { turn, seen, record } = context;
  const goOn = { kind: "restart", because: "lost" } as const;
  if (wasSeen(turn) && seen.thread.kind !== "gone") return goOn;
  switch (turn.kind) {
    case "first":
      return { kind: "first" };
    case "corrective": {
      const { ci } = seen;
      if (ci.kind !== "judged" || ci.verdict.kind !== "red") return goOn;
      const attempt = correctionsSpent(record.turns.slice(0, -1)) + 1;
      return { kind: "corrective", sha: ci.sha, failing: ci.verdict.failing, attempt };
    }
    case "nudge": {
      const push = pushOf(record);
      return push.kind === "complete" ? goOn : { kind: "nudge", missing: push.what };
    }
    case "restart":
    case "answer":
      return goOn;
  }
}
