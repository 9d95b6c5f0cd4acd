import type { FaultKind } from "../loops/play.ts";
import { HOUR, MINUTE } from "../loops/world.ts";
import { createRandom, pickWeighted, type Random } from "./random.ts";

/** The tick that a move runs. */
export type Loop = "poll" | "watch";

/** What goes wrong at one effect of a tick; the first effect is 1. */
export type TickFault = { readonly kind: FaultKind; readonly effect: number };

/** What people do to an issue. */
export const PERSON_ACTS = [
  "approve-again",
  "withdraw-approval",
  "take-lock-off",
  "close",
  "close-by-keyword",
  "reopen",
  "edit-body",
  "edit-title",
  "pause",
  "resume",
  "take-over",
  "hand-back",
  "delete-progress",
  "tamper-progress",
  "forge-record",
  "forge-trailer",
  "stranger-approves",
  "agent-approves",
  "answer",
  "steer",
] as const;
export type PersonAct = (typeof PERSON_ACTS)[number];

/** A tick that has read that no agent works cannot know of one that a person sets to work a moment later. */
const TRACKER_ACTS = PERSON_ACTS.filter((act) => act !== "steer");

/** What befalls the services. Every `-down` stays until its `-up`. */
export const SERVICE_ACTS = [
  "agents-down",
  "agents-up",
  "agents-unreadable",
  "agents-lose-turns",
  "agents-leave-zombies",
  "agents-lose-next-start",
  "agents-refuse-next",
  "thread-deleted",
  "thread-archived",
  "tracker-down",
  "tracker-up",
  "writes-refused",
  "writes-accepted",
  "repo-unreadable",
  "repo-readable",
  "comments-truncated",
  "history-truncated",
  "branch-truncated",
  "ci-unreadable",
  "ci-readable",
  "ci-cancels",
  "ci-turns-red",
  "ci-turns-green",
  "base-turns-red",
  "base-mended",
  "branch-rewritten",
  "somebody-pushes",
  "bells-down",
  "bells-up",
  "limit-met",
  "limit-over",
] as const;
export type ServiceAct = (typeof SERVICE_ACTS)[number];

/** One step of a schedule. `issue` counts the world's issues, and goes round where there are fewer. */
export type Move =
  | { readonly kind: "tick"; readonly loop: Loop; readonly faults: readonly TickFault[] }
  /** Ticks that stand at every call and are let through one call at a time. */
  | { readonly kind: "together"; readonly loops: readonly Loop[]; readonly order: number }
  /** Right before an effect of a tick its lease runs out, and a whole other tick of its kind passes. */
  | { readonly kind: "overtaken"; readonly loop: Loop; readonly effect: number }
  /** Right before a call of a tick, a read or an effect, a person acts. */
  | {
      readonly kind: "meddled";
      readonly loop: Loop;
      readonly call: number;
      readonly act: PersonAct;
      readonly issue: number;
    }
  /** Agents work, CI runs, for a while. */
  | { readonly kind: "work" }
  | { readonly kind: "person"; readonly act: PersonAct; readonly issue: number }
  | { readonly kind: "service"; readonly act: ServiceAct; readonly issue: number }
  | { readonly kind: "kill-switch"; readonly isOn: boolean }
  | { readonly kind: "drain"; readonly isOn: boolean }
  | { readonly kind: "time"; readonly ms: number };

/** A world to begin with and the moves that follow: the same schedule always gives the same history. */
export type Schedule = {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly moves: readonly Move[];
};

/** How a world begins. */
export type Scenario = {
  readonly repos: readonly string[];
  /** Approved issues, by repo. */
  readonly issues: readonly string[];
  readonly bells: readonly string[];
  readonly interruptEndsAs: "completed" | "interrupted" | "error";
  readonly obedience: "obeys" | "ignores-interrupt" | "ignores-interrupt-and-stop";
  readonly runsMax: number;
  /** How much the ticks' own clock is ahead of everybody else's. */
  readonly skewMs: number;
  readonly policy: { readonly ci: "required" | "none"; readonly dispatchOnRed: boolean };
  readonly attempts: {
    readonly fixForward: number;
    readonly nudge: number;
    readonly redispatch: number;
  };
};

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

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = createRandom(seed, "schedule");
  const scenario = scenarioOf(random);
  const moves: Move[] = [];
  const rounds = ROUNDS_MIN + random.int(ROUNDS_MAX - ROUNDS_MIN + 1);
  for (let round = 0; round < rounds; round += 1) moves.push(...roundOf(random));
  return { seed, scenario, moves };
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

/** The longest that no tick runs: a weekend. */
export const STANDSTILL_MS_MAX = 65 * HOUR;

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
      return { kind: "kill-switch", isOn: random.chance(0.6) };
    case "drain":
      return { kind: "drain", isOn: random.chance(0.5) };
  }
}

/** A move in words, for the trace. */
export function describeMove(move: Move): string {
  switch (move.kind) {
    case "tick": {
      const broken = move.faults.map(({ kind, effect }) => `${kind} effect ${effect}`).join(", ");
      return broken === "" ? move.loop : `${move.loop} (${broken})`;
    }
    case "together":
      return `${move.loops.join(" and ")} at once, order ${move.order}`;
    case "overtaken":
      return `${move.loop}, whose lease runs out before effect ${move.effect}`;
    case "meddled":
      return `${move.loop}, and before its call ${move.call} a person: ${move.act} (issue ${move.issue})`;
    case "work":
      return "agents and CI work";
    case "person":
      return `a person: ${move.act} (issue ${move.issue})`;
    case "service":
      return `a service: ${move.act} (issue ${move.issue})`;
    case "kill-switch":
      return `the kill switch is turned ${move.isOn ? "on" : "off"}`;
    case "drain":
      return `draining is turned ${move.isOn ? "on" : "off"}`;
    case "time":
      return `${Math.round(move.ms / MINUTE)} minutes pass`;
  }
}
