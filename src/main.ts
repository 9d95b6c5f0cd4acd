import type { LoopName } from "./loops/tick.main.ts";

// The two ticks start every minute for years: nothing that only a person needs is loaded on their way.
const TICKS: ReadonlyMap<string, LoopName> = new Map([
  ["poll", "poller"],
  ["watch", "watcher"],
]);

const argv = process.argv.slice(2);
const loop = argv.length === 1 ? TICKS.get(argv[0] ?? "") : undefined;

async function run(): Promise<number> {
  if (loop === undefined) {
    const { runCommandLine } = await import("./command-line.ts");
    return await runCommandLine(argv, process.env);
  }
  const { runTick } = await import("./loops/tick.main.ts");
  return await runTick(loop, process.env, "perform");
}

// What rejects is printed by Node itself, with its stack, and exits 1.
void run().then((code) => {
  process.exitCode = code;
});
