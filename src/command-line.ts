import yargs from "yargs";
import { EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";
import { runPlan } from "./loops/plan.main.ts";
import { type LoopName, runTick } from "./loops/tick.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

const DRY_RUN = {
  "dry-run": {
    type: "boolean",
    default: false,
    describe: "read and decide, print every effect, perform none",
  },
} as const;

const JSON_FLAG = {
  json: { type: "boolean", default: false, describe: "print the report as JSON" },
} as const;

const ABOUT =
  "$0 <command>\n\nLabel an issue, walk away from the keyboard, come back to a verdict.";

/** The command line for people: the ticks and what is asked about them, with clear words about mistakes. */
export async function runCommandLine(argv: readonly string[], env: Env): Promise<number> {
  let exitCode = EXIT_OK;
  const run = (loop: LoopName) => async (args: { readonly "dry-run": boolean }) => {
    exitCode = await runTick(loop, env, args["dry-run"] ? "dry-run" : "perform");
  };
  const plan = async (args: { readonly json: boolean }) => {
    exitCode = await runPlan(env, args.json ? "json" : "table");
  };
  const parser = yargs()
    .scriptName("afk")
    .usage(ABOUT)
    .command("poll", "dispatch what is ready, once", DRY_RUN, run("poller"))
    .command("watch", "drive every run in flight, once", DRY_RUN, run("watcher"))
    .command("plan", "show what both would decide now, and change nothing", JSON_FLAG, plan)
    .demandCommand(1, 1, "Name one command.", "Name one command.")
    .strict()
    .version(false)
    .help()
    .epilogue("Everything is configured by environment variables; the README lists them.")
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageProblem(message);
    });
  try {
    await parser.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof UsageProblem)) throw error;
    process.stderr.write(`${await parser.getHelp()}\n\n${error.message}\n`);
    return EXIT_USAGE;
  }
  return exitCode;
}

class UsageProblem extends Error {}
