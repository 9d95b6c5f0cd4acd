import type { IssueRef } from "../../src/pure/issue.ts";
import { workOn } from "./agents-at-work.ts";
import { begin } from "./beginning.ts";
import { countEnds, type Counts, countUp, noCounts } from "./counts.ts";
import { brokenAtTheEnd } from "./ending-laws.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import { describeMove, type Move, type Schedule, type ServiceAct } from "./moves.ts";
import { comeToRest, effectsAfterRest } from "./rest.ts";
import { performService } from "./services.ts";
import type { Silence, Stage } from "./stage.ts";
import { Storyteller } from "./storyteller.ts";
import { actAsPerson, playMeddled, playOvertaken, playTick, playTogether } from "./tick-players.ts";
import { Watchman } from "./watchman.ts";

/** What a schedule came to. */
export type Outcome = {
  /** Laws that were broken, in words; none is what every schedule wants. */
  readonly broken: readonly string[];
  readonly counts: Counts;
  /** The history, line by line, where it was asked for. */
  readonly story: readonly string[];
};

/** Plays one schedule to its end and judges it. */
export async function simulate(schedule: Schedule, isTold = false): Promise<Outcome> {
  const { seed, moves } = schedule;
  const stage = setUp(schedule, isTold);
  const { world, watchman, teller, excuses, counts } = stage;
  watchman.noteApprovals();
  for (const [at, move] of moves.entries()) {
    teller.tell(`${at + 1}. ${describeMove(move)}`);
    await perform(stage, move, { seed, at });
    watchman.noteApprovals();
  }
  const isQuiet = await comeToRest(stage, seed);
  const quiet = await effectsAfterRest(stage, { seed, isQuiet });
  const broken = [
    ...watchman.broken,
    ...(await brokenAtTheEnd(world, { ...excuses, used: watchman.used })),
    ...quiet.map((effect) => `law 11: after the end: ${effect}`),
  ];
  countEnds(world, counts);
  return { broken: [...new Set(broken)], counts, story: teller.story };
}

function setUp({ scenario }: Schedule, isTold: boolean): Stage {
  const world = begin(scenario);
  const excuses = { late: [], midTick: new Set<string>() };
  const isObedient = scenario.obedience === "obeys";
  return {
    world,
    watchman: new Watchman(world, { isObedient, excuses }),
    gates: new Gatekeeper(scenario.repos),
    counts: noCounts(),
    teller: new Storyteller(world, isTold),
    excuses,
    silence: { isAgentSilent: false, isCiSilent: false },
  };
}

/** Moves that are trouble by themselves; faults of ticks count when they come about, acts by their name. */
const PLAYED_AS_FAULTS: ReadonlySet<Move["kind"]> = new Set([
  "together",
  "overtaken",
  "meddled",
  "kill-switch",
  "gate",
  "drain",
]);

async function perform(
  stage: Stage,
  move: Move,
  of: { readonly seed: number; readonly at: number },
): Promise<void> {
  const { world } = stage;
  if (PLAYED_AS_FAULTS.has(move.kind)) countUp(stage.counts.faults, move.kind);
  switch (move.kind) {
    case "tick":
      await playTick(stage, move.loop, world.life([...move.faults]));
      return;
    case "together":
      await playTogether(stage, move);
      return;
    case "overtaken":
      await playOvertaken(stage, move);
      return;
    case "meddled":
      await playMeddled(stage, move, { ref: issueAt(stage, move.issue), number: of.at });
      return;
    case "work":
      workOn(world, of.seed, "as-they-please");
      return;
    case "person":
      actAsPerson(stage, move.act, { ref: issueAt(stage, move.issue), number: of.at });
      return;
    case "service":
      countUp(stage.counts.faults, move.act);
      noteSilence(stage.silence, move.act);
      await performService(world, issueAt(stage, move.issue), move.act);
      return;
    case "kill-switch":
      stage.gates.setKillSwitch(move.isOn);
      return;
    case "gate":
      stage.gates.perform(move.act);
      return;
    case "drain":
      world.settings.isDraining = move.isOn;
      return;
    case "time":
      world.advance(move.ms);
  }
}

function issueAt({ world }: Stage, issue: number): IssueRef {
  const ref = world.issues[issue % world.issues.length];
  if (ref === undefined) throw new Error("a world without issues");
  return ref;
}

function noteSilence(silence: Silence, act: ServiceAct): void {
  if (act === "agents-down" || act === "agents-unreadable") silence.isAgentSilent = true;
  if (act === "agents-up") silence.isAgentSilent = false;
  if (act === "ci-unreadable") silence.isCiSilent = true;
  if (act === "ci-readable") silence.isCiSilent = false;
}
