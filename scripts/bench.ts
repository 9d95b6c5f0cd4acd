import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { renderTable } from "../src/pure/text-table.ts";
import {
  type BenchResult,
  type Figure,
  findRegressions,
  isMet,
  printValue,
} from "./bench/figures.ts";
import { createStopwatch } from "./bench/process-cost.ts";
import { type Bench, PROCESS_ROWS, type Row } from "./bench/process-rows.ts";
import { PURE_ROWS } from "./bench/pure-rows.ts";
import { newestResult, saveResult } from "./bench/results.ts";
import { startWorld } from "./bench/world.ts";

// `npm run bench`: what ticks and decisions cost, as ratios that hold on any machine, each beside its goal. With
// --quick nothing is judged: it only shows that all of it runs.

const root = fileURLToPath(new URL("..", import.meta.url));
const RESULTS = join(root, "bench/results");

/** Enough that one disturbed pair does not move the median; the whole run stays below six minutes. */
const REPS = 15;
const QUICK_REPS = 3;
/** Two hundred to measure, and one for the snapshot; a quick run needs fifty and one for each other scenario. */
const REPOS = 201;
const QUICK_REPOS = 52;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    reps: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
  },
});

const rows = chooseRows();
const reps = chooseReps();
const result = await measure();
const missed = result.figures.filter((figure) => !isMet(figure));
const newest = newestResult(RESULTS);
const worse = newest === null ? [] : findRegressions(newest.result.figures, result.figures);
const saved = values.save ? saveResult(RESULTS, result) : null;
const text = values.json
  ? JSON.stringify({ ...result, against: newest?.file ?? null, regressions: worse }, null, 2)
  : [...table(result.figures), "", ...closing()].join("\n");
process.stdout.write(`${text}\n`);
// A quick run on a busy machine proves nothing about speed.
process.exitCode = missed.length > 0 && !values.quick ? 1 : 0;

function chooseRows(): readonly Row[] {
  const all = [...PROCESS_ROWS, ...PURE_ROWS];
  const unknown = values.only.filter((name) => !all.some((row) => row.name === name));
  if (unknown.length > 0) {
    const names = all.map((row) => row.name).join(", ");
    throw new Error(`--only ${unknown.join(", ")} is no row: choose of ${names}`);
  }
  const asked = all.filter((row) => values.only.length === 0 || values.only.includes(row.name));
  return asked.filter((row) => !(values.quick && row.isLong));
}

function chooseReps(): number {
  if (values.reps === undefined) return values.quick ? QUICK_REPS : REPS;
  const asked = Number(values.reps);
  if (!Number.isInteger(asked) || asked < 1) {
    throw new Error(`--reps ${values.reps} is not a whole number of at least 1`);
  }
  return asked;
}

async function measure(): Promise<BenchResult> {
  const takenAt = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), "afk-bench-"));
  try {
    const dist = join(folder, "dist");
    // A process of its own: every process started from here is forked from this one, and it stays small.
    execFileSync(process.execPath, [join(root, "scripts/build.ts"), dist], { stdio: "inherit" });
    const cache = join(folder, "cache");
    mkdirSync(cache);
    const bundle = join(dist, "afk.cjs");
    const world = await startWorld(bundle, values.quick ? QUICK_REPOS : REPOS);
    try {
      const stopwatch = createStopwatch(folder);
      const { quick: isQuick } = values;
      const figures = await measureRows({ bundle, stopwatch, world, folder, cache, reps, isQuick });
      const node = process.versions.node;
      return { takenAt, node, cpus: availableParallelism(), reps, figures };
    } finally {
      await world.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureRows(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const row of rows) {
    const beganAt = performance.now();
    figures.push(...(await row.measure(bench)));
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
    // To stderr: stdout is the result.
    process.stderr.write(`${row.name}: ${seconds} s\n`);
  }
  return figures;
}

function table(figures: readonly Figure[]): readonly string[] {
  return renderTable(
    [
      { key: "name", heading: "figure", fit: "whole" },
      { key: "value", heading: "measured", fit: "whole" },
      { key: "goal", heading: "goal", fit: "whole" },
      { key: "met", heading: "", fit: "whole" },
      { key: "detail", heading: "from", fit: "wrap" },
    ],
    figures.map((figure) => ({
      name: figure.name,
      value: printValue(figure.value, figure.unit),
      goal: `≤ ${printValue(figure.goal, figure.unit)}`,
      met: values.quick ? "not judged" : isMet(figure) ? "met" : "MISSED",
      detail: figure.detail,
    })),
  );
}

function closing(): readonly string[] {
  const measured = `Medians of ${reps} pairs (fewer of what takes seconds), Node ${result.node}, ${result.cpus} cpus.`;
  // Few repetitions of smaller inputs: beside a saved result they would only raise alarms.
  if (values.quick)
    return [measured, "A quick run shows that all of it can be measured, and judges nothing."];
  const against =
    newest === null
      ? ["No earlier result to compare with."]
      : [
          `Against ${newest.file} (Node ${newest.result.node}, ${newest.result.cpus} cpus): ` +
            (worse.length === 0 ? "nothing is worse beyond noise." : "worse beyond noise:"),
          ...worse.map(({ id, before, now, isWithinGoal }) => {
            const goal = isWithinGoal ? "within its goal" : "past its goal";
            return `WORSE  ${id}: ${before.toFixed(2)} before, ${now.toFixed(2)} now, ${goal}`;
          }),
        ];
  return [measured, ...against, ...(saved === null ? [] : [`Saved as bench/results/${saved}.`])];
}
