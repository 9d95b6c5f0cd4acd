import yargs from "yargs";
import { EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";
import { runDoctor } from "./loops/doctor.main.ts";
import { runPlan } from "./loops/plan.main.ts";
import { runStatus } from "./loops/status.main.ts";
import { runStop } from "./loops/stop.main.ts";
import { runT3Pair } from "./loops/t3-pair.main.ts";
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

const DOCTOR_FLAGS = {
  only: { choices: ["t3"], demandOption: true, describe: "the service to look at" },
  "dispatch-probe": {
    type: "boolean",
    default: false,
    describe: "also make a throw-away thread in a throw-away project, and delete both again",
  },
} as const;

const PAIRING_CODE = {
  code: { type: "string", demandOption: true, describe: "the pairing code that T3 showed" },
} as const;

const STOP_FLAGS = {
  all: { type: "boolean", default: false, describe: "every live turn of afk" },
  issue: { type: "string", describe: "the one issue, when --all is not given" },
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
  const stop = async (args: { readonly all: boolean; readonly issue?: string | undefined }) => {
    if (args.all === (args.issue !== undefined)) throw new UsageProblem(STOP_WHAT);
    exitCode = await runStop(env, args.issue ?? null);
  };
  const status = async () => {
    exitCode = await runStatus(env);
  };
  const doctor = async (args: { readonly "dispatch-probe": boolean }) => {
    exitCode = await runDoctor(env, { isDispatchProbed: args["dispatch-probe"] });
  };
  const pair = async (args: { readonly code: string }) => {
    exitCode = await runT3Pair(env, args.code);
  };
  const parser = yargs()
    .scriptName("afk")
    .usage(ABOUT)
    .command("poll", "dispatch what is ready, once", DRY_RUN, run("poller"))
    .command("watch", "drive every run in flight, once", DRY_RUN, run("watcher"))
    .command("plan", "show what both would decide now, and change nothing", JSON_FLAG, plan)
    .command("status", "show gates, leases and the runs in flight", {}, status)
    .command(
      "stop [issue]",
      "interrupt the live turns of owner/name#7, or --all of them; the kill switch does not matter",
      STOP_FLAGS,
      stop,
    )
    .command("doctor", "look at what a service says of itself", DOCTOR_FLAGS, doctor)
    .command("t3-pair", "exchange a pairing code for a T3 token, once", PAIRING_CODE, pair)
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

const STOP_WHAT = "Name one issue, such as owner/name#7, or say --all.";

class UsageProblem extends Error {}
