import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createChaos } from "./demo/chaos.ts";
import { type DemoEnd, playDemo } from "./demo/play.ts";
import { selectStories, STORIES } from "./demo/stories.ts";

/** Seeds are short enough to be typed again. */
const SEEDS = 100_000;

/** As afk's own commands have it. */
const EXIT_USAGE = 2;

const EXIT_CODES: { readonly [End in DemoEnd]: number } = {
  "as-promised": 0,
  "not-as-promised": 1,
  // What a shell says of a program that Ctrl-C ended.
  interrupted: 130,
};

/** A whole number that is exact in a double. */
const SEED = /^\d{1,9}$/;

const USAGE = "npm run demo -- [--list] [--only STORY] [--keep] [--chaos [--seed N]]";

const values = readOptions();

const stories = selectStories(values.only);

if (values.list) {
  const width = Math.max(...STORIES.map((story) => story.name.length));
  for (const story of STORIES) console.log(`${story.name.padEnd(width)}  ${story.tells}`);
} else if (stories === null) {
  const list = "npm run demo -- --list names them";
  console.error(`There is no story named ${values.only}: ${list}.`);
  process.exitCode = EXIT_USAGE;
} else {
  const seed = values.seed === undefined ? randomInt(SEEDS) : Number(values.seed);
  const chaos = values.chaos ? createChaos(seed) : null;
  if (chaos !== null) console.log(`chaos with --seed ${seed}`);
  process.exitCode = EXIT_CODES[await playDemo(stories, { chaos, keep: values.keep })];
}

/** The options of the command line. One that there is not ends the process with a line that says so. */
function readOptions() {
  try {
    const { values: given } = parseArgs({
      options: {
        only: { type: "string" },
        list: { type: "boolean", default: false },
        chaos: { type: "boolean", default: false },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
      },
    });
    if (given.seed === undefined || SEED.test(given.seed)) return given;
    return refuse("--seed takes a number of at most nine digits.");
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(why: string): never {
  console.error(`${why}\n${USAGE}`);
  process.exit(EXIT_USAGE);
}
