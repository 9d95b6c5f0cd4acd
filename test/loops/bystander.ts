import type { TickDeps } from "../../src/loops/deps.ts";
import { withoutEffects } from "../../src/loops/dry-run.ts";
import { type PlanSettings, readPlan } from "../../src/loops/plan.ts";
import { pollTick } from "../../src/loops/poll-tick.ts";
import { watchTick } from "../../src/loops/watch-tick.ts";
import type { PlanReport } from "../../src/pure/plan-report.ts";
import { sha256 } from "../pure/builders.ts";
import type { LogLine, World } from "./world.ts";

/** What a bystander may ask of a world: to look at it, and to change nothing. */
export type Loop = "poll" | "watch";

/** Every write that ever reached the world, refused ones included, by whom it reached. */
export function writesOf(world: World): Readonly<Record<string, number>> {
  const { tracker, agent, pollLease, watchLease } = world;
  const rings = Object.fromEntries(world.notifiers.map((each) => [each.name, each.writes]));
  const leases = pollLease.calls.length + watchLease.calls.length;
  return { ...rings, tracker: tracker.writes, agent: agent.writes, leases };
}

/** One dry tick, with the very ports of the world behind it, and all it said. */
export async function dryTick(world: World, loop: Loop): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  const log = (level: LogLine["level"]) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  const lease = loop === "poll" ? world.pollLease : world.watchLease;
  const deps: TickDeps = {
    tracker: { reader: world.tracker, writer: world.tracker },
    agent: { reader: world.agent, writer: world.agent },
    ci: world.ci,
    notifiers: world.notifiers,
    lease: lease.lease("dry"),
    log: { info: log("info"), warn: log("warn"), error: log("error") },
    now: world.clock.now,
    sha256,
  };
  const tick = loop === "poll" ? pollTick : watchTick;
  await tick(withoutEffects(deps), { ...world.settings });
  return lines;
}

/** The plan of a world as it stands. */
export async function planOf(
  world: World,
  gates: PlanSettings["gates"] = { kind: "open" },
): Promise<PlanReport> {
  const readers = {
    tracker: { reader: world.tracker },
    agent: { reader: world.agent },
    ci: world.ci,
    now: world.clock.now,
    sha256,
  };
  const settings = { ...world.settings };
  const notifiers = world.notifiers.map((each) => each.name);
  return readPlan(readers, { gates, poll: settings, watch: settings, notifiers });
}
