import {
  ageMs,
  askTurn,
  conclude,
  isArchived,
  isThreadLive,
  type OverContext,
  type Push,
  resume,
  wait,
} from "./rows-context.ts";
import { tellRewrite } from "./push-head.ts";
import { isStoppedByUs } from "./run-notes.ts";
import type { RunDecision } from "./run-observation.ts";

/** T7: our turn is over and somebody steers on in our thread: as long as a turn of ours may take. */
export function steeredRow(context: OverContext): RunDecision | null {
  if (!isThreadLive(context) || isArchived(context)) return null;
  const isOld = ageMs(context, context.end) > context.policy.limits.turnMsMax;
  return isOld ? null : wait(context, "T7", "agent");
}

/** After T2: what the pause interrupted goes on, unless it had finished anyway. */
export function resumeRow(context: OverContext): RunDecision | null {
  const { turn, end } = context;
  return turn.pauseInterrupts === 0 || end.outcome !== null ? null : resume(context);
}

/** T10: a commit of the run that was on the default branch is there no more. */
export function vanishedRow(context: OverContext): RunDecision | null {
  const { commits } = context.seen;
  if (commits.kind === "unreadable" || commits.vanished.length === 0) return null;
  const detail = `${tellRewrite(commits.rewrite)}; no longer on it: ${commits.vanished.join(", ")}`;
  return conclude(context, "T10", { kind: "needs-human", because: "commit-vanished", detail });
}

/** T11 and T12: what the end of a turn says by itself, before CI is asked. */
export function endRow(context: OverContext): RunDecision | null {
  const { turn, end } = context;
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
  if (end.outcome === null || end.outcome.kind === "pushed") return null;
  const { kind, words } = end.outcome;
  return conclude(context, "T12", { kind: "needs-human", because: kind, detail: words });
}

type Missing = Extract<Push, { kind: "missing" }>["what"];

const WHAT_IS_MISSING: { readonly [What in Missing]: string } = {
  commit: "a commit of this run",
  outcome: "the outcome line",
  both: "commit and outcome line",
};

/**
 * T13: the turn ended without both a commit and the outcome line. A corrective turn is asked for only when
 * both are there, so none is ever nudged, save that of a rebuilt record, which has no nudge left.
 */
export function nudgeRow(context: OverContext, missing: Missing): RunDecision {
  const { record, policy, seen, end } = context;
  // An unread branch shows no commit, which is no proof that there is none.
  if (seen.commits.kind === "unreadable") return unreadCommitsRow(context, seen.commits.why);
  const spent = record.turns.filter((turn) => turn.kind === "nudge").length;
  const max = record.isRebuilt ? 0 : policy.limits.nudgeAttemptsMax;
  if (spent < max) {
    const prompt = { kind: "nudge", missing } as const;
    return askTurn(context, "T13", { kind: "nudge", again: null, prompt });
  }
  const { rewrite } = seen.commits;
  const told = rewrite === undefined ? "" : ` Since the run began, ${tellRewrite(rewrite)}.`;
  const lacking = WHAT_IS_MISSING[missing];
  const detail = `the turn ended without ${lacking}.${told} Last words: ${end.words}`;
  return conclude(context, "T13", { kind: "needs-human", because: "stalled", detail });
}

/** T22: the branch could not be read for as long as a verdict may take. */
export function unreadCommitsRow(context: OverContext, why: string): RunDecision {
  if (ageMs(context, context.end) <= context.policy.limits.verdictMsMax) {
    return wait(context, "T22", "commits");
  }
  const detail = `the default branch could not be read: ${why}`;
  return conclude(context, "T22", { kind: "needs-human", because: "not-understood", detail });
}
