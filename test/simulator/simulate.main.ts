import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import yargs from "yargs";
import type { CrashReport } from "./exhaustive.ts";
import { describeMove } from "./moves.ts";
import { renderReport, untouchedSites } from "./report.ts";
import { scheduleOf } from "./schedules.ts";
import { lawOf, shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";
import { addTotals, joinCrashes, noTotals, type Totals } from "./totals.ts";
import type { WorkerTask } from "./worker.ts";

/** What the continuous check plays: the least that must pass before anything lands. */
const SCHEDULES = 20_000;
/** Of failing schedules so many are shrunk and told; the rest are named by their seeds. */
const FAILURES_TOLD_MAX = 3;
const FAILURES_NAMED_MAX = 20;

const args = await yargs(process.argv.slice(2))
  .scriptName("npm run simulate --")
  .usage(
    "Plays the whole control plane against a seeded world full of faults, and checks the laws.",
  )
  .option("seed", { type: "number", describe: "plays one schedule" })
  .option("trace", { type: "boolean", default: false, describe: "tells its whole history" })
  .option("from", { type: "number", default: 1, describe: "the first seed" })
  .option("schedules", { type: "number", default: SCHEDULES, describe: "how many seeds" })
  .option("also", {
    type: "string",
    describe: "one more seed, in hexadecimal: a commit's name will do",
  })
  .option("seconds", { type: "number", describe: "goes on until so many seconds have passed" })
  .option("jobs", { type: "number", default: availableParallelism(), describe: "threads" })
  .check((given) => {
    for (const key of ["seed", "from", "schedules", "seconds", "jobs"] as const) {
      const value = given[key];
      if (value === undefined) continue;
      // Else nothing would be played, and nothing played breaks no law.
      if (!(value >= 1 && Number.isFinite(value)))
        throw new Error(`--${key} is a number from 1 on.`);
    }
    if (given.also !== undefined && !/^[0-9a-f]+$/i.test(given.also))
      throw new Error("--also is a number in hexadecimal.");
    return true;
  })
  .strict()
  .parseAsync();

process.exitCode = args.seed === undefined ? await playMany() : await playOne(args.seed);

async function playOne(seed: number): Promise<number> {
  const schedule = scheduleOf(seed);
  const { broken, story } = await simulate(schedule, args.trace);
  for (const line of story) console.log(line);
  for (const what of broken) console.log(`broken: ${what}`);
  if (broken.length === 0) console.log(`seed ${seed} keeps every law`);
  else await tellShrunk(seed, broken[0] ?? "");
  return broken.length === 0 ? 0 : 1;
}

async function playMany(): Promise<number> {
  const beganAt = Date.now();
  const workers = range(args.jobs).map(() => new Worker(new URL("./worker.ts", import.meta.url)));
  const crashes = joinCrashes(
    await Promise.all(
      workers.map((worker, part) =>
        ask<CrashReport>(worker, { kind: "crashes", part, parts: args.jobs }),
      ),
    ),
  );
  const totals = noTotals();
  const until = args.seconds === undefined ? Infinity : beganAt + args.seconds * 1000;
  const to = args.seconds === undefined ? args.from + args.schedules - 1 : Number.MAX_SAFE_INTEGER;
  const seeds = { kind: "seeds", to, step: args.jobs, until, failuresMax: 100 } as const;
  const parts = await Promise.all(
    workers.map((worker, part) => ask<Totals>(worker, { ...seeds, from: args.from + part })),
  );
  const [first] = workers;
  if (args.also !== undefined && first !== undefined) {
    const seed = Number.parseInt(args.also.slice(0, 8), 16);
    console.log(`and seed ${seed}, of ${args.also}`);
    parts.push(await ask<Totals>(first, { ...seeds, from: seed, to: seed, until: Infinity }));
  }
  for (const part of parts) addTotals(totals, part);
  await Promise.all(workers.map((worker) => worker.terminate()));
  console.log(renderReport({ crashes, totals, ms: Date.now() - beganAt, from: args.from }));
  for (const { seed, broken } of totals.failures.slice(0, FAILURES_NAMED_MAX))
    console.log(`seed ${seed}: ${broken[0]}`);
  for (const { seed, broken } of totals.failures.slice(0, FAILURES_TOLD_MAX)) {
    console.log(`\nseed ${seed}: ${broken.join("\n  ")}`);
    await tellShrunk(seed, broken[0] ?? "");
  }
  const isBroken = totals.failures.length + crashes.broken.length > 0;
  return isBroken || untouchedSites(crashes).length > 0 ? 1 : 0;
}

async function tellShrunk(seed: number, broken: string): Promise<void> {
  const law = lawOf(broken);
  const schedule = await shrink(scheduleOf(seed), law);
  console.log(`the fewest moves found that break ${law}:`);
  for (const move of schedule.moves) console.log(`  ${describeMove(move)}`);
  console.log(`its whole history: npm run simulate -- --seed ${seed} --trace`);
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function ask<Answer>(worker: Worker, task: WorkerTask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(task);
  });
}
