import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createChaos } from "./demo/chaos.ts";
import { playDemo } from "./demo/play.ts";
import { selectStories, STORIES } from "./demo/stories.ts";

/** Seeds are short enough to be typed again. */
const SEEDS = 100_000;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    list: { type: "boolean", default: false },
    chaos: { type: "boolean", default: false },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

if (values.list) {
  const width = Math.max(...STORIES.map((story) => story.name.length));
  for (const story of STORIES) console.log(`${story.name.padEnd(width)}  ${story.tells}`);
} else {
  const seed = values.seed === undefined ? randomInt(SEEDS) : Number(values.seed);
  const chaos = values.chaos ? createChaos(seed) : null;
  if (chaos !== null) console.log(`chaos with --seed ${seed}`);
  process.exitCode = (await playDemo(selectStories(values.only), { chaos, keep: values.keep }))
    ? 0
    : 1;
}
