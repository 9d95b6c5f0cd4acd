import yargs from "yargs";
import { EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";
import { type LoopName, runTick } from "./loops/tick.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The command line for people: the same ticks, with help and clear words about mistakes. */
export async function runCommandLine(argv: readonly string[], env: Env): Promise<number> {
  let exitCode = EXIT_OK;
  const run = (loop: LoopName) => async () => {
    exitCode = await runTick(loop, env);
  };
  const parser = yargs()
    .scriptName("afk")
    .usage("$0 <command>\n\nLabel an issue, walk away from the keyboard, come back to a verdict.")
    .command("poll", "dispatch what is ready, once", {}, run("poller"))
    .command("watch", "drive every run in flight, once", {}, run("watcher"))
    .demandCommand(1, 1, "Name one command.", "Name one command.")
    .strict()
    .version(false)
    .help()
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
