import { checkDecision } from "../pure/check-decision.ts";
import type { KnownGates } from "../pure/gates.ts";
import { issueKey } from "../pure/issue.ts";
import { type PlanReport, reportPlan, type RunToReport } from "../pure/plan-report.ts";
import { decideWatched, noteAsked, type TurnsAsked } from "./decide-watched.ts";
import type { ReadDeps } from "./deps.ts";
import { observePoll } from "./observe-poll.ts";
import { observeWatch, type WatchSight } from "./observe-watch.ts";
import { observeWorld, type WorldSeen } from "./observe-world.ts";
import type { PollSettings } from "./poll-tick.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** What a plan is told by the configuration. */
export type PlanSettings = {
  readonly gates: KnownGates;
  /** What the configuration file lists although the allowlist does not, as `owner/name`. */
  readonly notEnrolled?: readonly string[];
  readonly poll: PollSettings;
  readonly watch: WatchSettings;
  /** The names of the configured doorbells. */
  readonly notifiers: readonly string[];
};

/** What both ticks would decide now, from one reading. Takes no lease and writes nothing. */
export async function readPlan(deps: ReadDeps, settings: PlanSettings): Promise<PlanReport> {
  const { poll, watch, gates } = settings;
  const world = await observeWorld(deps, poll, "candidates");
  const [dispatches, runs] = await Promise.all([
    observePoll(deps, poll, world),
    observeWatch(deps, watch, world),
  ]);
  return reportPlan({
    now: dispatches.seen.now,
    gates,
    isDraining: poll.isDraining,
    enrolled: poll.repos,
    notEnrolled: settings.notEnrolled ?? [],
    repos: world.repos,
    agent: world.agent,
    answers: dispatches.answers,
    runs: decideAll(settings, runs),
    unreadable: [...runs.unreadable, ...unreadableCandidates(world)],
    strays: runs.strays,
    links: watch.links,
  });
}

function unreadableCandidates({ repos }: WorldSeen): PlanReport["unreadable"] {
  return repos
    .flatMap((repo) => (repo.kind === "readable" ? (repo.issuesUnreadable ?? []) : []))
    .map(({ ref, why }) => ({ name: issueKey(ref), why }));
}

/** The plan where no repo is enrolled: nothing is asked. */
export function planNothing(deps: Pick<ReadDeps, "now">, settings: PlanSettings): PlanReport {
  return reportPlan({
    now: deps.now(),
    gates: settings.gates,
    isDraining: settings.poll.isDraining,
    enrolled: [],
    notEnrolled: settings.notEnrolled ?? [],
    repos: [],
    agent: null,
    answers: [],
    runs: [],
    unreadable: [],
    strays: [],
    links: settings.watch.links,
  });
}

/** In the order of the tick: a turn asked for one run keeps the next run of its repo waiting. */
function decideAll(settings: PlanSettings, sight: WatchSight): readonly RunToReport[] {
  const asked: TurnsAsked = new Map();
  const { ownId } = sight;
  const runs: RunToReport[] = [];
  for (const observed of sight.runs) {
    const beside = { ownId, notifiers: settings.notifiers, asked };
    const { seen, policy, decision } = decideWatched(settings.watch, observed, beside);
    const violated = checkDecision(seen, policy, decision);
    if (violated.length === 0) noteAsked(asked, observed, decision);
    runs.push({ seen, decision, violated });
  }
  return runs;
}
