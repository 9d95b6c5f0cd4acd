import { writeSync } from "node:fs";
import { EXIT_STOPPED } from "./exit-codes.ts";
import { readGates, tellGates } from "./pure/gates.ts";

/** The oldest Node whose built-in modules and syntax the rest of the program relies on. */
const NODE_MAJOR_MIN = 24;

/** Exactly a tick and nothing else: any flag or other command is the command line's to judge. */
function loopOf(argv: readonly string[]): "poller" | "watcher" | null {
  if (argv.length !== 1) return null;
  if (argv[0] === "poll") return "poller";
  return argv[0] === "watch" ? "watcher" : null;
}

/** The one line of a tick that does nothing, or null where the whole program has to look. */
function disabledLine(): string | null {
  const loop = loopOf(process.argv.slice(2));
  if (loop === null) return null;
  const gates = readGates(process.env);
  if (gates.kind !== "disabled") return null;
  const { because, text } = gates;
  return JSON.stringify({
    level: "info",
    time: new Date().toISOString(),
    loop,
    gates: tellGates(process.env),
    because,
    text,
    msg: "disabled",
  });
}

/**
 * The front door. It must parse and run on any Node since 18 and load nothing but `fs`: a disabled tick runs
 * every minute for as long as the product is installed, and costs a bare Node start this way.
 */
function enter(): void {
  const line = disabledLine();
  if (line !== null) {
    writeSync(1, `${line}\n`);
    return;
  }
  const running = process.versions.node;
  if (Number.parseInt(running, 10) < NODE_MAJOR_MIN) {
    writeSync(2, `afk needs Node ${NODE_MAJOR_MIN} or newer; this is Node ${running}.\n`);
    process.exitCode = 1;
    return;
  }
  // In a pod a tick is process 1, for which the kernel drops a signal that nobody listens to: told to end while it
  // starts, it would work on until it is killed. It listens itself once it has something to give back.
  if (loopOf(process.argv.slice(2)) !== null) {
    process.once("SIGTERM", () => process.exit(EXIT_STOPPED));
  }
  // A program that cannot be loaded rejects, and Node itself then prints the stack and exits 1.
  void import("./main.ts");
}

enter();
