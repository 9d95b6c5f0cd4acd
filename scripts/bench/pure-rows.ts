import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Figure, median } from "./figures.ts";
import type { Bench, Row } from "./process-rows.ts";

/** What is measured inside of a process: one side against what the same input costs to be read or written. */
export type PureJob = "policy" | "state-machine" | "checklist" | "snapshot" | "validation";

const runFile = promisify(execFile);
const WORKER = fileURLToPath(new URL("./pure.worker.ts", import.meta.url));

/** A million states and what they were made from are a gigabyte. */
const HEAP_MIB = 4096;
/** Each repetition of the long ones takes seconds. */
const LONG_REPS_MAX = 5;
const JOB_MS_MAX = 120_000;
/** Of these a quick run takes a tenth of the input. */
const TENTHS: ReadonlySet<PureJob> = new Set(["policy", "state-machine"]);

/** Every row about pure code, and the reading of a snapshot. */
export const PURE_ROWS: readonly Row[] = [
  {
    name: "snapshot-time",
    isLong: false,
    measure: async (bench) => {
      const validation = await ofRatio("validation", {
        id: "snapshot-validation",
        name: "T3 snapshot of 12 MB: validation ÷ JSON.parse of the body",
        goal: 0.2,
      })(bench);
      // As much as parsing all of it and validating ours: the filter takes the place of most of the parsing.
      const whole = await ofRatio("snapshot", {
        id: "snapshot-time",
        name: "T3 snapshot of 12 MB: filter, parsing and validation ÷ JSON.parse",
        goal: 1.2,
      })(bench);
      return [...validation, ...whole];
    },
  },
  {
    name: "policy",
    isLong: false,
    measure: ofRatio("policy", {
      id: "policy",
      name: "policy over 100,000 issues in 10,000 repos ÷ JSON.parse",
      goal: 1,
    }),
  },
  {
    name: "state-machine",
    isLong: false,
    measure: ofRatio("state-machine", {
      id: "state-machine",
      name: "state machine over 1,000,000 states ÷ over 100,000",
      goal: 12,
    }),
  },
  {
    name: "checklist",
    isLong: false,
    measure: ofRatio("checklist", {
      id: "checklist",
      name: "checklist × 100,000 ÷ JSON.stringify",
      goal: 2,
    }),
  },
];

function ofRatio(job: PureJob, about: Pick<Figure, "id" | "name" | "goal">): Row["measure"] {
  return async (bench) => {
    const pairs = await runJob(job, bench, Math.min(bench.reps, LONG_REPS_MAX));
    const value = median(pairs.map(([a, b]) => a / b));
    const detail = bench.isQuick && TENTHS.has(job) ? `${both(pairs)}, a tenth` : both(pairs);
    return [{ ...about, value, unit: "ratio", detail }];
  };
}

type Times = ReadonlyArray<readonly [aMs: number, bMs: number]>;

function both(pairs: Times): string {
  const [a, b] = [median(pairs.map(([ms]) => ms)), median(pairs.map(([, ms]) => ms))];
  return `${a.toFixed(1)} ÷ ${b.toFixed(1)} ms`;
}

async function runJob(job: PureJob, { isQuick }: Bench, reps: number): Promise<Times> {
  const node = [`--max-old-space-size=${HEAP_MIB}`, "--expose-gc", WORKER];
  const args = [...node, job, String(reps), isQuick ? "quick" : "whole"];
  const { stdout } = await runFile(process.execPath, args, { timeout: JOB_MS_MAX });
  return JSON.parse(stdout) as Times;
}
