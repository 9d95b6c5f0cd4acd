import type { LoopName } from "./loops/tick.main.ts";

// The two ticks start every minute for years: nothing that only a person needs is loaded on their way.
const TICKS: ReadonlyMap<string, LoopName> = new Map([
  ["poll", "poller"],
  ["watch", "watcher"],
]);

const argv = process.argv.slice(2);
const loop = argv.length === 1 ? TICKS.get(argv[0] ?? "") : undefined;

if (loop === undefined) {
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine(argv, process.env);
} else {
  const { runTick } = await import("./loops/tick.main.ts");
  process.exitCode = await runTick(loop, process.env, "perform");
}
