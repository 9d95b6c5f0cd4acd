import { setTimeout as sleep } from "node:timers/promises";
import { keyOf, readStory } from "./reading.ts";
import type { Stage } from "./story.ts";
import type { LogLine } from "./ticks.ts";
import type { OpenStory, World } from "./world.ts";

/** How often those who wait for something look. */
const LOOK_EVERY_MS = 50;

/** Puts a story on the stage. `lines` is the log of all ticks, growing; `deadline` is epoch ms. */
export function createStage(
  world: World,
  story: OpenStory,
  around: { readonly lines: readonly LogLine[]; readonly deadline: () => number },
): Stage {
  const { repo, number } = story;
  const read = () => readStory(world, story);
  const record = () => read().progress.at(-1)?.record ?? null;
  return {
    world,
    story,
    issue: { repo, number },
    issueOf: (name) => {
      const other = world.stories.find((each) => each.name === name);
      if (other === undefined) throw new Error(`${story.name} needs the story ${name} before it`);
      return { repo: other.repo, number: other.number };
    },
    read,
    record,
    isTurnRunning: () => {
      const threadId = record()?.turns.at(-1)?.threadId;
      const thread = world.t3.threads().find((each) => each.id === threadId);
      return thread?.session?.status === "running";
    },
    log: () => around.lines.filter((line) => line["issue"] === keyOf(story)),
    until: async (what, isSo) => {
      while (!isSo()) {
        if (Date.now() > around.deadline())
          throw new Error(`${story.name}: never came to be: ${what}`);
        await sleep(LOOK_EVERY_MS);
      }
    },
  };
}
