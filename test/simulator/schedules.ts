import type { RepoPolicy } from "../../src/pure/limits.ts";
import type { FaultKind } from "../loops/play.ts";
import { HOUR, MINUTE } from "../loops/world.ts";
import {
  DELIVERY_ACTS,
  GATE_ACTS,
  type Loop,
  type Move,
  PERSON_ACTS,
  type Scenario,
  type Schedule,
  SERVICE_ACTS,
  STANDSTILL_MS_MAX,
  type TickFault,
} from "./moves.ts";
import { PIPELINE_ID } from "./delivery.ts";
import { createRandom, pickWeighted, type Random } from "./random.ts";

/** Rounds of poll, watch and work: enough for a run to come to its verdict in the middle of trouble. */
const ROUNDS_MIN = 2;
const ROUNDS_MAX = 4;
/** Effects of one tick that may break; a dispatch has five and a verdict some seven. */
const EFFECTS_PER_TICK = 8;
/** Reads as well: some six come before the first effect. */
const CALLS_PER_TICK = 16;
const ISSUES_MAX = 3;
/** More than a minute: ticks may look reordered. A clock that is further off is told by its monitoring. */
const SKEW_MS = 90_000;

/** The share of seeds whose repos deploy, roll out, or both: their runs take longer to play than others. */
const DELIVERING = 0.14;

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = createRandom(seed, "schedule");
  const calm = scenarioOf(random);
  const delivery = createRandom(seed, "delivery");
  const policy = { ...calm.policy, ...deliveryOf(delivery) };
  const isDelivering = policy.deploy !== undefined || policy.rollout !== undefined;
  const moves: Move[] = [];
  const rounds = ROUNDS_MIN + random.int(ROUNDS_MAX - ROUNDS_MIN + 1);
  for (let round = 0; round < rounds; round += 1) {
    if (isDelivering) moves.push(...deliveryTrouble(delivery));
    moves.push(...roundOf(random));
  }
  return { seed, scenario: { ...calm, policy }, moves };
}

/** What the repos of a seed declare of deployments and rollouts; mostly nothing. */
function deliveryOf(random: Random): Pick<RepoPolicy, "deploy" | "rollout"> {
  if (!random.chance(DELIVERING)) return {};
  const creators = random.chance(0.5) ? { creators: [PIPELINE_ID] } : {};
  const deploy = { environment: "production", ...creators };
  const rollout = { namespace: "shop", kind: "Deployment", name: "web" } as const;
  const stages = pickWeighted(random, { deploy: 6, rollout: 1, both: 3 });
  switch (stages) {
    case "deploy":
      return { deploy };
    case "rollout":
      return { rollout };
    case "both":
      return { deploy, rollout };
  }
}

function deliveryTrouble(random: Random): readonly Move[] {
  const moves: Move[] = [];
  while (random.chance(0.3)) {
    const act = random.pick(DELIVERY_ACTS);
    moves.push({ kind: "service", act, issue: random.int(ISSUES_MAX) });
  }
  return moves;
}

function scenarioOf(random: Random): Scenario {
  const repos = random.chance(0.3) ? ["a", "b"] : ["a"];
  const issues = Array.from({ length: 1 + (random.chance(0.35) ? random.int(ISSUES_MAX) : 0) });
  return {
    repos,
    issues: issues.map(() => random.pick(repos)),
    bells: random.chance(0.3) ? ["ntfy", "slack"] : ["ntfy"],
    interruptEndsAs: random.pick(["completed", "interrupted", "error"]),
    obedience: pickWeighted(random, {
      obeys: 8,
      "ignores-interrupt": 1,
      "ignores-interrupt-and-stop": 1,
    }),
    runsMax: random.chance(0.2) ? 1 : 10,
    skewMs: random.chance(0.2) ? random.pick([-SKEW_MS, SKEW_MS]) : 0,
    policy: { ci: random.chance(0.1) ? "none" : "required", dispatchOnRed: random.chance(0.2) },
    attempts: {
      fixForward: random.int(3),
      nudge: random.int(2),
      redispatch: random.int(3),
    },
  };
}

function roundOf(random: Random): readonly Move[] {
  const moves: Move[] = [];
  while (random.chance(0.45)) moves.push(trouble(random));
  moves.push(...ticksOf(random));
  if (random.chance(0.85)) moves.push({ kind: "work" });
  moves.push({ kind: "time", ms: passing(random) });
  return moves;
}

function ticksOf(random: Random): readonly Move[] {
  const kind = pickWeighted(random, {
    "in turn": 14,
    reversed: 2,
    poll: 2,
    watch: 2,
    "twice each": 1,
    together: 3,
    "two pollers": 1,
    "two watchers": 1,
    overtaken: 2,
    meddled: 3,
  });
  const order = random.int(2 ** 31);
  const tick = (loop: Loop): Move => ({ kind: "tick", loop, faults: faultsOf(random) });
  switch (kind) {
    case "in turn":
      return [tick("poll"), tick("watch")];
    case "reversed":
      return [tick("watch"), tick("poll")];
    case "poll":
      return [tick("poll")];
    case "watch":
      return [tick("watch")];
    case "twice each":
      return [tick("poll"), tick("poll"), tick("watch"), tick("watch")];
    case "together":
      return [{ kind: "together", loops: ["poll", "watch"], order }];
    case "two pollers":
      return [{ kind: "together", loops: ["poll", "poll", "watch"], order }];
    case "two watchers":
      return [{ kind: "together", loops: ["watch", "poll", "watch"], order }];
    case "meddled":
      return [
        {
          kind: "meddled",
          loop: random.pick<Loop>(["poll", "watch"]),
          call: 1 + random.int(CALLS_PER_TICK),
          act: random.pick(TRACKER_ACTS),
          issue: random.int(ISSUES_MAX),
        },
      ];
    case "overtaken":
      return [
        {
          kind: "overtaken",
          loop: random.pick<Loop>(["poll", "watch"]),
          effect: 1 + random.int(EFFECTS_PER_TICK),
        },
      ];
  }
}

/** A tick that has read that no agent works cannot know of one that a person sets to work a moment later. */
const TRACKER_ACTS = PERSON_ACTS.filter((act) => act !== "steer");

const FAULT_KINDS: readonly FaultKind[] = [
  "crash-before",
  "crash-after",
  "fail-before",
  "fail-after",
];

function faultsOf(random: Random): readonly TickFault[] {
  if (!random.chance(0.35)) return [];
  return [{ kind: random.pick(FAULT_KINDS), effect: 1 + random.int(EFFECTS_PER_TICK) }];
}

/** Mostly a minute; at times the loop stood still for hours or days. */
function passing(random: Random): number {
  const kind = pickWeighted(random, { minute: 20, minutes: 4, hour: 2, hours: 1, days: 1 });
  switch (kind) {
    case "minute":
      return MINUTE;
    case "minutes":
      return (2 + random.int(15)) * MINUTE;
    case "hour":
      return HOUR;
    case "hours":
      return (2 + random.int(22)) * HOUR;
    case "days":
      return 25 * HOUR + random.int(STANDSTILL_MS_MAX / HOUR - 25) * HOUR;
  }
}

function trouble(random: Random): Move {
  const issue = random.int(ISSUES_MAX);
  const kind = pickWeighted(random, { person: 10, service: 10, switch: 1, drain: 1 });
  switch (kind) {
    case "person":
      return { kind: "person", act: random.pick(PERSON_ACTS), issue };
    case "service":
      return { kind: "service", act: random.pick(SERVICE_ACTS), issue };
    case "switch":
      if (random.chance(0.4)) return { kind: "gate", act: random.pick(GATE_ACTS) };
      return { kind: "kill-switch", isOn: random.chance(0.6) };
    case "drain":
      return { kind: "drain", isOn: random.chance(0.5) };
  }
}
