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

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    list: { type: "boolean", default: false },
    chaos: { type: "boolean", default: false },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

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
