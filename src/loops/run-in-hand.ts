import type { RunSeen } from "../pure/run-observation.ts";
import type { AgentSeen } from "../pure/thread.ts";
import type { TickDeps } from "./deps.ts";
import type { ObservedRun } from "./observe-runs.ts";
import type { ProgressComment } from "./progress.ts";
import type { LabelPlace } from "./put-label.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** What every act of one watch tick is performed with. */
export type WatchContext = {
  readonly deps: TickDeps;
  readonly settings: WatchSettings;
  readonly agent: AgentSeen;
};

/** One run while its decision is performed. */
export type RunInHand = {
  readonly observed: ObservedRun;
  readonly progress: ProgressComment;
  readonly seen: RunSeen;
};

/** Where a label of the run is put on. */
export function labelPlace(context: WatchContext, run: RunInHand): LabelPlace {
  const { issue, facts } = run.observed;
  return { ref: issue.ref, facts, labels: context.settings.labels };
}
