import { collectLocks } from "../pure/locks.ts";
import type { ReadDeps } from "./deps.ts";
import { type IssuesSight, observeIssues } from "./observe-issues.ts";
import { observeRuns, type RunsSight } from "./observe-runs.ts";
import type { WorldSeen } from "./observe-world.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** Everything a watch tick decides from: its runs, and what could not be read of issues and records. */
export type WatchSight = RunsSight & Pick<IssuesSight, "ownId" | "agent" | "strays">;

/** Reads every run, and all that each one's decision is made from. */
export async function observeWatch(
  deps: ReadDeps,
  settings: WatchSettings,
  world: WorldSeen,
): Promise<WatchSight> {
  const sight = await observeIssues(deps, settings, world);
  const locks = collectLocks({ now: deps.now(), repos: sight.repos, agent: sight.agent }, settings);
  const { runs, unreadable } = await observeRuns(deps, settings, { sight, locks });
  const { ownId, agent, strays } = sight;
  return { ownId, agent, strays, runs, unreadable: [...sight.unreadable, ...unreadable] };
}
