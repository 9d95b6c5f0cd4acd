import { parseArgs } from "node:util";
import { playDemo } from "./demo/play.ts";
import { selectStories, STORIES } from "./demo/stories.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, list: { type: "boolean", default: false } },
});

if (values.list) {
  const width = Math.max(...STORIES.map((story) => story.name.length));
  for (const story of STORIES) console.log(`${story.name.padEnd(width)}  ${story.tells}`);
} else {
  process.exitCode = (await playDemo(selectStories(values.only))) ? 0 : 1;
}
