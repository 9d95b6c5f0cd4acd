import type { World } from "./world.ts";
import type { Played, Scenario } from "./world-messages.ts";
import { type Figure, median } from "./figures.ts";
import { holdLease } from "./held-lease.ts";
import { type Cost, type Env, inTurn, type Stopwatch } from "./process-cost.ts";
import { SNAPSHOT_BYTES } from "./big-snapshot.ts";

/** What the rows about whole processes share. */
export type Bench = {
  readonly bundle: string;
  readonly stopwatch: Stopwatch;
  readonly world: World;
  /** A folder of its own, emptied at the end. */
  readonly folder: string;
  /** The compile cache: warm for every measured process, as in the image. */
  readonly cache: string;
  readonly reps: number;
  readonly isQuick: boolean;
};

/** Rows that are measured together, by the name that `--only` takes. */
export type Row = {
  readonly name: string;
  /** Left out of a quick run: it takes too long, or needs a large world. */
  readonly isLong: boolean;
  measure(bench: Bench): Promise<readonly Figure[]>;
};

/** Of a forge on another continent, and of what the goals are made for. */
const LATENCY_MS = 50;
/** A process of twenty seconds is measured this often at most: its noise is small beside it. */
const LONG_REPS_MAX = 3;
/**
 * The round trips of a poll that depend on one another: the listing, the details of what is listed, and who may
 * write and what CI says.
 */
const READS_DEEP = 3;
/**
 * Those of one dispatch in a fresh repo: read again, record, project, thread, turn, the label made and put on.
 * Effects follow one another by design: each is written down before the next, the lease is checked before each,
 * and GitHub asks for writes one at a time.
 */
const DISPATCH_DEEP = 7;

const SNAPSHOT_MIB = SNAPSHOT_BYTES / 1024 / 1024;

/** Every row that starts processes. */
export const PROCESS_ROWS: readonly Row[] = [
  { name: "disabled", isLong: false, measure: measureDisabled },
  { name: "armed", isLong: false, measure: measureArmed },
  { name: "quiet-50", isLong: false, measure: (bench) => measureQuiet(bench, 50, 2.5) },
  { name: "quiet-200", isLong: true, measure: (bench) => measureQuiet(bench, 200, 3) },
  { name: "dispatch-1", isLong: false, measure: (bench) => measureDispatch(bench, 1, 1.6) },
  { name: "dispatch-50", isLong: true, measure: (bench) => measureDispatch(bench, 50, 1.35) },
  { name: "watch-50", isLong: false, measure: measureWatch },
  { name: "snapshot-memory", isLong: false, measure: measureSnapshotMemory },
];

type Pairs = ReadonlyArray<readonly [Cost, Cost]>;

function ratio(pairs: Pairs, of: (cost: Cost) => number): number {
  return median(pairs.map(([a, b]) => of(a) / of(b)));
}

function both(pairs: Pairs, of: (cost: Cost) => number, unit: string): string {
  const [a, b] = [0, 1].map((side) => median(pairs.map((pair) => of(pair[side] as Cost))));
  return `${a?.toFixed(1)} ÷ ${b?.toFixed(1)} ${unit}`;
}

async function measureDisabled(bench: Bench): Promise<readonly Figure[]> {
  const env = { NODE_COMPILE_CACHE: bench.cache };
  const pairs = await pairWithBare(bench, { args: [bench.bundle, "poll"], env });
  const of = [
    ["wall", "wallMs", "ms"],
    ["cpu", "cpuMs", "ms"],
    ["memory", "peakMib", "MiB"],
  ] as const;
  return of.map(([what, key, unit]) => ({
    id: `disabled-${what}`,
    name: `disabled tick ÷ bare node: ${what}`,
    value: ratio(pairs, (cost) => cost[key]),
    goal: 1.15,
    unit: "ratio",
    detail: both(pairs, (cost) => cost[key], unit),
  }));
}

/** An armed tick whose lease another holds: it builds every client, and asks nobody anything. */
async function measureArmed(bench: Bench): Promise<readonly Figure[]> {
  const { command, env } = await bench.world.play("quiet-50", 0);
  const lease = await holdLease(bench.folder, env["T3_BASE_URL"] ?? "");
  try {
    const started = { ...env, TMPDIR: lease.tmpdir, NODE_COMPILE_CACHE: bench.cache };
    const pairs = await pairWithBare(bench, { args: [bench.bundle, command], env: started });
    const { github, t3 } = await bench.world.played();
    if (github + t3 > 0) throw new Error(`an armed start sent ${github + t3} requests`);
    const wall: Figure = {
      id: "armed-wall",
      name: "armed start ÷ bare node: wall",
      value: ratio(pairs, (cost) => cost.wallMs),
      goal: 2.5,
      unit: "ratio",
      detail: both(pairs, (cost) => cost.wallMs, "ms"),
    };
    const value = ratio(pairs, (cost) => cost.peakMib);
    const detail = both(pairs, (cost) => cost.peakMib, "MiB");
    const name = "armed start ÷ bare node: memory";
    return [wall, { id: "armed-memory", name, value, goal: 1.5, unit: "ratio", detail }];
  } finally {
    await lease.release();
  }
}

async function measureQuiet(
  bench: Bench,
  repos: 50 | 200,
  goal: number,
): Promise<readonly Figure[]> {
  const { pairs, played } = await pairTick(bench, `quiet-${repos}`, bench.reps);
  if (played.writes > 0) throw new Error("a quiet poll wrote something");
  const name = `quiet poll, ${repos} repos ÷ (bare + 1 round trip of ${LATENCY_MS} ms)`;
  return [overFloor({ id: `quiet-${repos}`, name, goal }, { pairs, played, floorDepth: 1 })];
}

async function measureDispatch(
  bench: Bench,
  count: 1 | 50,
  goal: number,
): Promise<readonly Figure[]> {
  const scenario = `dispatch-${count}` as const;
  const reps = count === 1 ? bench.reps : Math.min(bench.reps, LONG_REPS_MAX);
  const floorDepth = READS_DEEP + DISPATCH_DEEP * count;
  const { pairs, played } = await pairTick(bench, scenario, reps);
  const name = `poll, ${count} dispatched ÷ (bare + ${floorDepth} round trips)`;
  return [overFloor({ id: scenario, name, goal }, { pairs, played, floorDepth })];
}

function overFloor(
  about: Pick<Figure, "id" | "name" | "goal">,
  of: { readonly pairs: Pairs; readonly played: Played; readonly floorDepth: number },
): Figure {
  const { pairs, played, floorDepth } = of;
  const floorMs = floorDepth * LATENCY_MS;
  const value = median(pairs.map(([a, b]) => a.wallMs / (b.wallMs + floorMs)));
  const cost = both(pairs, ({ wallMs }) => wallMs, "ms");
  const peak = median(pairs.map(([a]) => a.peakMib));
  const asked = `${played.github} + ${played.t3} requests, ${played.depth} deep`;
  const detail = `${cost} (+ ${floorMs}); ${asked}; ${Math.round(peak)} MiB`;
  return { ...about, value, unit: "ratio", detail };
}

async function measureWatch(bench: Bench): Promise<readonly Figure[]> {
  // The runs it watches are those of the fifty dispatches.
  await bench.world.play("dispatch-50", 0);
  const { pairs, played } = await pairTick(bench, "watch-50", Math.min(bench.reps, 5));
  const detail = `${played.t3} more of T3, ${played.depth} deep; ${both(pairs, ({ wallMs }) => wallMs, "ms")}`;
  const name = "watch, 50 runs unchanged";
  const peak = median(pairs.map(([a]) => a.peakMib));
  return [
    {
      id: "watch-50-requests",
      name: `${name}: requests to the forge`,
      value: played.github,
      goal: 6,
      unit: "requests",
      detail,
    },
    {
      id: "watch-50-writes",
      name: `${name}: writes`,
      value: played.writes,
      goal: 0,
      unit: "writes",
      detail: "to forge, T3 and doorbells",
    },
    {
      id: "watch-50-memory",
      name: `${name}: peak memory`,
      value: peak,
      goal: 110,
      unit: "MiB",
      detail: both(pairs, ({ peakMib }) => peakMib, "MiB"),
    },
  ];
}

async function measureSnapshotMemory(bench: Bench): Promise<readonly Figure[]> {
  const { pairs } = await pairTick(bench, "snapshot", Math.min(bench.reps, 5), 0);
  const value = median(pairs.map(([a, b]) => (a.peakMib - b.peakMib) / SNAPSHOT_MIB));
  const detail = `(${both(pairs, ({ peakMib }) => peakMib, "MiB").replace("÷", "−")}) ÷ ${SNAPSHOT_MIB} MiB, a whole tick`;
  const name = "T3 snapshot of 12 MB: peak memory over bare ÷ its size";
  return [{ id: "snapshot-memory", name, value, goal: 7, unit: "ratio", detail }];
}

/** A tick of a scenario against bare node, and what the last one asked. */
async function pairTick(
  bench: Bench,
  scenario: Scenario,
  reps: number,
  latencyMs = LATENCY_MS,
): Promise<{ readonly pairs: Pairs; readonly played: Played }> {
  const { command, env } = await bench.world.play(scenario, latencyMs);
  const started = { args: [bench.bundle, command], env: warm(bench, env) };
  const pairs = await pairWithBare(
    { ...bench, reps },
    {
      ...started,
      rewind: async () => void (await bench.world.play(scenario, latencyMs)),
    },
  );
  return { pairs, played: await bench.world.played() };
}

function warm(bench: Bench, env: Env): Env {
  return { ...env, NODE_COMPILE_CACHE: bench.cache };
}

async function pairWithBare(
  { stopwatch, reps }: Bench,
  started: {
    readonly args: readonly string[];
    readonly env: Env;
    readonly rewind?: () => Promise<void>;
  },
): Promise<Pairs> {
  const run = async () => {
    await started.rewind?.();
    return await stopwatch.run(started);
  };
  // The first fills the compile cache.
  await run();
  return await inTurn(reps, { a: run, b: () => stopwatch.bare(started.env) });
}
