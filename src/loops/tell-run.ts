import { issueKey } from "../pure/issue.ts";
import type { RunDecision, RunSeen } from "../pure/run-observation.ts";
import type { TickDeps } from "./deps.ts";

/** Tells of a run without a verdict how old it is, and of the others what this tick decided about them. */
export function tellRun(
  { signals }: Pick<TickDeps, "signals">,
  seen: RunSeen,
  decision: RunDecision,
): void {
  if (signals === undefined) return;
  const { record } = decision;
  const { verdict } = record;
  if (verdict === null) signals.tell({ kind: "in-flight", beganAt: record.begunAt });
  if (decision.kind === "act" && decision.act.kind === "ask-turn") {
    signals.tell({ kind: "turn-asked", turn: decision.act.ask.prompt.kind });
  }
  if (decision.kind !== "conclude" || verdict === null) return;
  signals.tell({
    kind: "concluded",
    issue: issueKey(seen.issue.ref),
    runId: record.runId,
    verdict: verdict.kind,
    because: verdict.because,
    tookMs: Math.max(0, verdict.at - record.begunAt),
    tokens: seen.thread.kind === "seen" ? seen.thread.processedTokens : null,
  });
}
