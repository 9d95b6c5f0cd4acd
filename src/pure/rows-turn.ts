import { noteUndelivered, openBells } from "./bells.ts";
import { estimateUsd } from "./budget.ts";
import {
  act,
  ageMs,
  askTurn,
  commandThread,
  conclude,
  type Context,
  isThreadLive,
  questionAgeMs,
  reviveThread,
  wait,
} from "./rows-context.ts";
import { isStoppedByUs } from "./run-notes.ts";
import type { RunDecision, TurnAsk } from "./run-observation.ts";
import type { RunRecord, TurnRecord } from "./run-record.ts";

/** T3: no answer from the agent server, or none that is understood. Never a verdict from silence. */
export function silenceRow(context: Context): RunDecision | null {
  const { record, seen, policy } = context;
  const why = silenceOf(context);
  if (why === null) return null;
  if (
    record.silence === null ||
    ageMs(context, record.silence.since) <= policy.limits.verdictMsMax
  ) {
    return wait(context, "T3", "agent-server");
  }
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const bells = noteUndelivered(record.silence.bells, clock);
  const noted = { ...record, silence: { ...record.silence, bells } };
  if (openBells(bells, policy.notifiers, clock).length === 0) {
    return wait({ ...context, record: noted }, "T3", "agent-server");
  }
  return act(noted, "T3", { kind: "ring-silence", why });
}

function silenceOf(context: Context): string | null {
  const { thread } = context.seen;
  if (thread.kind === "silent") return thread.why;
  if (
    thread.kind === "seen" &&
    thread.turn.kind === "not-understood" &&
    context.turn?.end === null
  ) {
    return thread.turn.why;
  }
  return null;
}

/** T4: the upper estimate of the cost has passed the budget. Without a report nothing is enforced. */
export function budgetRow(context: Context): RunDecision | null {
  const { seen, policy } = context;
  if (seen.thread.kind !== "seen" || seen.thread.processedTokens === null) return null;
  const usd = estimateUsd(seen.thread.processedTokens, policy.model);
  if (usd <= policy.limits.budgetUsdMax) return null;
  const detail = `about ${usd.toFixed(2)} USD at most, of AFK_BUDGET_USD ${policy.limits.budgetUsdMax}`;
  return conclude(context, "T4", { kind: "needs-human", because: "budget", detail });
}

/** T5: the agent asks for input or approval; each request rings once. */
export function questionRow(context: Context): RunDecision | null {
  const { seen, record, policy, turn } = context;
  if (seen.thread.kind !== "seen" || seen.thread.turn.kind !== "waiting" || turn?.end !== null)
    return null;
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const questions = record.questions.map((each) => ({
    ...each,
    bells: noteUndelivered(each.bells, clock),
  }));
  const noted: Context = { ...context, record: { ...record, questions } };
  for (const request of seen.thread.turn.pending) {
    const question = questions.find((each) => each.requestId === request.requestId);
    if (question === undefined) continue;
    if (questionAgeMs(context, question.firstSeen) > policy.limits.questionMsMax) {
      return conclude(noted, "T5", {
        kind: "needs-human",
        because: "unanswered",
        detail: request.text,
      });
    }
    if (openBells(question.bells, policy.notifiers, clock).length === 0) continue;
    const { requestId, text } = request;
    return act(noted.record, "T5", { kind: "ring-question", requestId, text });
  }
  return wait(noted, "T5", "human-answer");
}

/** T6: asked for and not yet seen, within the grace. */
export function startRow(context: Context): RunDecision | null {
  const { turn, policy } = context;
  if (turn === null || turn.firstSeen !== null || turn.end !== null) return null;
  if (ageMs(context, turn.asked) > policy.limits.startGraceMs) return null;
  return wait(context, "T6", "agent-start");
}

/** T7 and T8: running, and running too long: interrupt, then session stop, then a human. */
export function runningRow(context: Context): RunDecision | null {
  const { turn, policy } = context;
  // What T3 says of an archived thread stands still: the row of the lost turn takes it out first.
  if (turn === null || !isThreadLive(context) || isArchived(context)) return null;
  if (turn.end !== null) {
    // Somebody else's turn in our thread, a person steering: ours waits its own time limit for it.
    const isOld = context.seen.now - turn.end.at > policy.limits.turnMsMax;
    return isOld ? null : wait(context, "T7", "agent");
  }
  const since = turn.firstSeen ?? turn.asked;
  if (ageMs(context, since) <= policy.limits.turnMsMax) return wait(context, "T7", "agent");
  if (turn.stopAsks === 0) {
    return commandThread(context, "T8", { turn, change: { stopAsks: 1 }, verbs: ["interrupt"] });
  }
  if (turn.stopAsks === 1) {
    return commandThread(context, "T8", { turn, change: { stopAsks: 2 }, verbs: ["stop-session"] });
  }
  const detail = "neither an interrupt nor a session stop ended the turn";
  return conclude(context, "T8", { kind: "needs-human", because: "would-not-stop", detail });
}

/** After T2: one uncounted turn resumes what the pause interrupted, unless that had finished anyway. */
export function resumeRow(context: Context): RunDecision | null {
  const { turn } = context;
  if (turn === null || turn.pauseInterrupts === 0 || turn.end === null) return null;
  if (turn.end.outcome !== null) return null;
  const prompt = { kind: "restart", because: "paused" } as const;
  return askTurn(context, "T2", { kind: "restart", again: null, prompt });
}

/** T9: no outcome, and the turn never began, or its thread or session is gone: the same kind again. */
export function lostRow(context: Context): RunDecision | null {
  const { turn, record, policy, seen } = context;
  if (turn === null || turn.end !== null) return null;
  const max = record.isRebuilt ? 0 : policy.limits.redispatchAttemptsMax;
  if (isArchived(context)) {
    return turn.revivals > max ? concludeLost(context) : reviveThread(context, "T9", turn);
  }
  if (!isLost(context)) return null;
  if (turn.attempt >= max) return concludeLost(context);
  return askTurn(context, "T9", { kind: turn.kind, again: turn, prompt: promptAgain(seen, turn) });
}

function isLost(context: Context): boolean {
  const { thread } = context.seen;
  if (thread.kind === "gone") return true;
  if (thread.kind === "silent") return false;
  return thread.turn.kind === "never-started" || thread.turn.kind === "lost-in-restart";
}

function concludeLost(context: Context): RunDecision {
  const wasEverSeen = context.record.turns.some((turn) => turn.firstSeen !== null);
  const because = wasEverSeen || context.record.isRebuilt ? "lost" : "dispatch-failed";
  const detail =
    because === "lost"
      ? "the agent server lost the turn and may not be asked again"
      : "the agent server never ran the first turn";
  return conclude(context, "T9", { kind: "needs-human", because, detail });
}

function isArchived(context: Context): boolean {
  return context.seen.thread.kind === "seen" && context.seen.thread.isArchived;
}

function promptAgain(seen: Context["seen"], turn: TurnRecord): TurnAsk["prompt"] {
  if (turn.kind === "first" && (seen.thread.kind === "gone" || turn.firstSeen === null)) {
    return { kind: "first" };
  }
  return { kind: "restart", because: "lost" };
}

/** T10: a commit of the run that was on the default branch is there no more. */
export function vanishedRow(context: Context): RunDecision | null {
  const { commits } = context.seen;
  if (commits.kind === "unreadable" || commits.vanished.length === 0) return null;
  const detail = `no longer on the default branch: ${commits.vanished.join(", ")}`;
  return conclude(context, "T10", { kind: "needs-human", because: "commit-vanished", detail });
}

/** T11, T12 and T13: what the end of a turn says by itself, before CI is asked. */
export function endRows(context: Context): RunDecision | null {
  const { turn, record } = context;
  const end = turn?.end ?? null;
  if (turn === null || end === null) return null;
  if (end.how === "limit-reached") {
    return conclude(context, "T11", {
      kind: "needs-human",
      because: "provider-limit",
      detail: end.words,
    });
  }
  if (end.how === "failed" && !isStoppedByUs(turn) && end.outcome === null) {
    return conclude(context, "T12", {
      kind: "needs-human",
      because: "turn-failed",
      detail: end.words,
    });
  }
  if (end.outcome !== null && end.outcome.kind !== "pushed") {
    const { kind, words } = end.outcome;
    return conclude(context, "T12", { kind: "needs-human", because: kind, detail: words });
  }
  if (turn.kind === "corrective") return null;
  return nudgeRow(context, missingOf(record));
}

function missingOf(record: RunRecord): "commit" | "outcome" | "both" | "nothing" {
  const hasCommit = record.commits.length > 0;
  const hasDeclared = record.turns.some((turn) => turn.end?.outcome?.kind === "pushed");
  if (hasCommit) return hasDeclared ? "nothing" : "outcome";
  return hasDeclared ? "commit" : "both";
}

function nudgeRow(context: Context, missing: ReturnType<typeof missingOf>): RunDecision | null {
  const { record, policy, seen } = context;
  if (missing === "nothing") return null;
  // An unread branch shows no commit, which is no proof that there is none.
  if (seen.commits.kind === "unreadable") return unreadCommitsRow(context, seen.commits.why);
  const spent = record.turns.filter((turn) => turn.kind === "nudge").length;
  const max = record.isRebuilt ? 0 : policy.limits.nudgeAttemptsMax;
  if (spent < max) {
    return askTurn(context, "T13", {
      kind: "nudge",
      again: null,
      prompt: { kind: "nudge", missing },
    });
  }
  const what = {
    commit: "a commit of this run",
    outcome: "the outcome line",
    both: "commit and outcome line",
  };
  const words = record.turns.at(-1)?.end?.words ?? "";
  const detail = `the turn ended without ${what[missing]}. Last words: ${words}`;
  return conclude(context, "T13", { kind: "needs-human", because: "stalled", detail });
}

/** T22: the branch could not be read for as long as a verdict may take. */
export function unreadCommitsRow(context: Context, why: string): RunDecision {
  const { turn, seen, policy } = context;
  const since = turn?.end?.at ?? context.record.begunAt;
  if (seen.now - since <= policy.limits.verdictMsMax) return wait(context, "T22", "commits");
  const detail = `the default branch could not be read: ${why}`;
  return conclude(context, "T22", { kind: "needs-human", because: "not-understood", detail });
}
