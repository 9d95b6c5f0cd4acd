import { hasLabel } from "./approval.ts";
import { isStageGreen } from "./ci-stages.ts";
import { correctionsSpent } from "./rows-context.ts";
import type { RunDecision, RunSeen, TurnAsk, WatchPolicy } from "./run-observation.ts";
import { lastTurn, type RunRecord, RunRecordSchema } from "./run-record.ts";

/**
 * What a decision about one run must never do, as the sentences it violates; empty when it may be performed.
 * A second reading of the laws, independent of the rows that decide.
 */
export function checkDecision(
  seen: RunSeen,
  policy: WatchPolicy,
  decision: RunDecision,
): readonly string[] {
  const { record } = decision;
  const violated: string[] = [];
  const parsed = RunRecordSchema.safeParse(record);
  if (!parsed.success) {
    const where = parsed.error.issues.map((problem) => problem.path.join(".")).join(", ");
    violated.push(`its record could not be read again: ${where}`);
  }
  if (decision.kind === "act" && decision.act.kind === "ask-turn") {
    // What is asked for once more was counted before, under the limits of its time.
    const counting = decision.row === "T6" ? null : policy;
    violated.push(...beside(seen, policy), ...asked(record, counting, decision.act.ask));
  }
  if (decision.kind === "conclude") violated.push(...concluded(seen, policy, record));
  if (decision.kind === "finish" && record.verdict?.kind === "cancelled") {
    if (decision.plan.bells.length > 0) violated.push("it rings for what a person stopped");
  }
  return violated;
}

function beside(seen: RunSeen, policy: WatchPolicy): readonly string[] {
  const { thread } = seen;
  const violated: string[] = [];
  if (thread.kind === "silent") violated.push("it asks a silent agent server for a turn");
  if (thread.kind === "seen" && thread.isLive)
    violated.push("it asks for a turn beside a live one");
  if (thread.kind === "seen" && thread.isArchived)
    violated.push("it asks for a turn in an archived thread, where none ever runs");
  if (seen.otherLive.length > 0) violated.push("it asks for a turn beside another run's");
  if (hasLabel(seen.issue, policy.labels.paused)) violated.push("it asks a paused run for a turn");
  if (hasLabel(seen.issue, policy.labels.human))
    violated.push("it asks for a turn while a person has the issue");
  if (!hasLabel(seen.issue, policy.labels.inProgress))
    violated.push("it asks for a turn without the lock label");
  return violated;
}

function asked(record: RunRecord, policy: WatchPolicy | null, ask: TurnAsk): readonly string[] {
  const turn = lastTurn(record);
  if (turn?.threadId !== ask.threadId || turn.firstSeen !== null || turn.end !== null) {
    return ["it asks for a turn that its record does not hold"];
  }
  if (policy === null) return [];
  const { limits } = policy;
  const violated: string[] = [];
  if (turn.attempt > limits.redispatchAttemptsMax)
    violated.push("it asks for a turn more often than AFK_REDISPATCH_MAX_ATTEMPTS");
  // A limit lowered while the run is under way does not undo what was asked for before.
  if (turn.attempt > 0) return violated;
  const nudges = record.turns.filter((each) => each.kind === "nudge").length;
  if (turn.kind === "nudge" && nudges > limits.nudgeAttemptsMax)
    violated.push("it nudges more often than AFK_NUDGE_MAX_ATTEMPTS");
  if (turn.kind !== "corrective" || !turn.isCounted) return violated;
  if (correctionsSpent(record.turns) > limits.fixForwardAttemptsMax)
    violated.push("it fixes forward more often than AFK_FIX_FORWARD_MAX_ATTEMPTS");
  return violated;
}

function concluded(seen: RunSeen, policy: WatchPolicy, record: RunRecord): readonly string[] {
  const kind = record.verdict?.kind ?? null;
  const violated: string[] = [];
  if (kind === null) violated.push("it concludes without a verdict");
  if (seen.thread.kind === "silent" && kind !== "cancelled")
    violated.push("it draws a verdict from an agent server's silence");
  if (kind !== "done") return violated;
  const hasDeclared = record.turns.some((turn) => turn.end?.outcome?.kind === "pushed");
  if (!hasDeclared || record.commits.length === 0)
    violated.push("it calls done what was not pushed or not declared so");
  const ci = seen.ci.kind === "judged" ? seen.ci.verdict.kind : seen.ci.kind;
  if (ci !== "green" && !(ci === "none" && policy.repo.ci === "none"))
    violated.push("it calls done what is not green");
  if (policy.repo.deploy !== undefined && !isStageGreen(seen.ci, "deploy"))
    violated.push("it calls done what was not deployed");
  if (policy.repo.rollout !== undefined && !isStageGreen(seen.ci, "rollout"))
    violated.push("it calls done what was not rolled out");
  return violated;
}
