import { HOUR, MINUTE } from "../loops/world.ts";
import type { Move, Scenario } from "./moves.ts";
import { simulate } from "./simulation.ts";

/** What a schedule once broke, and the fewest moves that broke it. */
export type Regression = {
  readonly name: string;
  readonly scenario?: Partial<Scenario>;
  readonly moves: (seed: number) => readonly Move[];
};

/** What agents do follows from the seed: so many of their stories. */
const SEEDS = 24;

const CALM: Scenario = {
  repos: ["a"],
  issues: ["a"],
  bells: ["ntfy"],
  interruptEndsAs: "completed",
  obedience: "obeys",
  runsMax: 10,
  skewMs: 0,
  policy: { ci: "required", dispatchOnRed: false },
  attempts: { fixForward: 2, nudge: 1, redispatch: 1 },
};

const poll: Move = { kind: "tick", loop: "poll", faults: [] };
const watch: Move = { kind: "tick", loop: "watch", faults: [] };
const work: Move = { kind: "work" };
const minute: Move = { kind: "time", ms: MINUTE };
const overtaken: Move = { kind: "overtaken", loop: "watch", effect: 8 };

function person(act: Extract<Move, { kind: "person" }>["act"]): Move {
  return { kind: "person", act, issue: 0 };
}

function service(act: Extract<Move, { kind: "service" }>["act"]): Move {
  return { kind: "service", act, issue: 0 };
}

export const REGRESSIONS: readonly Regression[] = [
  {
    name: "a tick dies between counting its session stop and asking for it, and people are told while the agent works",
    moves: () => [
      poll,
      person("close"),
      watch,
      { kind: "tick", loop: "watch", faults: [{ kind: "crash-before", effect: 2 }] },
      work,
      minute,
      watch,
    ],
  },
  {
    name: "a run loses its lock and its thread between two ticks, and nobody hears of it again",
    moves: () => [
      poll,
      watch,
      minute,
      person("take-lock-off"),
      service("thread-deleted"),
      service("agents-lose-next-start"),
      minute,
    ],
  },
  {
    name: "a turn is asked for in a repo that a person's human label had freed for another issue",
    scenario: { issues: ["a", "a"] },
    moves: (order) => [
      poll,
      minute,
      work,
      { kind: "time", ms: 13 * MINUTE },
      person("take-over"),
      service("thread-deleted"),
      { kind: "together", loops: ["poll", "watch"], order },
    ],
  },
  {
    name: "a bell is given up for, and the record changes without a decision in the log",
    scenario: { bells: ["ntfy", "slack"] },
    moves: () => [poll, work, work, minute, work, overtaken, { kind: "time", ms: 61 * HOUR }],
  },
  {
    name: "a turn is asked for in a thread in which a person's own turn goes on for hours",
    moves: () => [
      poll,
      work,
      minute,
      work,
      person("steer"),
      watch,
      { kind: "time", ms: 3 * HOUR },
      watch,
      watch,
      minute,
      watch,
    ],
  },
  {
    name: "a person sets the agent to work in a thread whose first turn was not asked for yet",
    moves: () => [
      { kind: "tick", loop: "poll", faults: [{ kind: "crash-before", effect: 4 }] },
      minute,
      person("steer"),
      poll,
    ],
  },
  {
    name: "a doorbell that rang, and could not be noted, rings in every tick that follows",
    moves: (seed) => [
      poll,
      work,
      work,
      minute,
      work,
      { kind: "tick", loop: "watch", faults: [{ kind: "fail-before", effect: 5 + (seed % 4) }] },
      service("writes-refused"),
      watch,
      minute,
      watch,
      minute,
      watch,
      minute,
      watch,
    ],
  },
];

/** Plays a regression with every seed; answers what is wrong today. */
export async function playRegression({ scenario, moves }: Regression): Promise<readonly string[]> {
  const wrongs: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const schedule = { seed, scenario: { ...CALM, ...scenario }, moves: moves(seed) };
    const { broken } = await simulate(schedule);
    wrongs.push(...broken.map((what) => `${what} (seed ${seed})`));
  }
  return wrongs;
}
