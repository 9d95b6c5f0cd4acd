import { issueKey, repoKey } from "../pure/issue.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "../pure/run-observation.ts";
import { decideRun } from "../pure/run-state-machine.ts";
import type { ObservedRun } from "./observe-runs.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** The issues asked for a turn in this tick, by repo key: the readings do not show them yet. */
export type TurnsAsked = Map<string, readonly string[]>;

/** A run with its decision, and what that was made from. */
export type DecidedRun = {
  readonly seen: RunSeen;
  readonly policy: WatchPolicy;
  readonly decision: RunDecision;
};

/** Decides one run as it was read, with the turns asked for since. */
export function decideWatched(
  settings: WatchSettings,
  observed: ObservedRun,
  beside: {
    readonly ownId: string;
    readonly notifiers: readonly string[];
    readonly asked: TurnsAsked;
  },
): DecidedRun {
  const repo = repoKey(observed.facts.ref);
  const otherLive = [...observed.seen.otherLive, ...(beside.asked.get(repo) ?? [])];
  const seen: RunSeen = { ...observed.seen, otherLive };
  const policy: WatchPolicy = {
    labels: settings.labels,
    limits: settings.limits,
    machines: { ownId: beside.ownId, agentActors: settings.agentActors },
    repo: settings.policies.get(repo) ?? { ci: "required", dispatchOnRed: false },
    notifiers: beside.notifiers,
    model: settings.model,
  };
  return { seen, policy, decision: decideRun(observed.record, seen, policy) };
}

/** Notes a turn that is about to be asked for: no other run of the repo asks beside it. */
export function noteAsked(asked: TurnsAsked, observed: ObservedRun, decision: RunDecision): void {
  if (decision.kind !== "act" || decision.act.kind !== "ask-turn") return;
  const repo = repoKey(observed.facts.ref);
  asked.set(repo, [...(asked.get(repo) ?? []), issueKey(observed.issue.ref)]);
}
