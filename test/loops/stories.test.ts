import { describe, expect, it } from "vitest";
import { brokenLaws, ordinalsBegunTwice } from "./laws.ts";
import { play, ringsOf } from "./play.ts";
import { STORIES } from "./stories.ts";

describe("an undisturbed story", () => {
  it.each(STORIES)("$name", async (story) => {
    const { world, ending, afterwards, effects } = await play(story);
    expect(ending).toEqual(story.ends);
    expect(afterwards).toEqual([]);
    expect([...brokenLaws(world), ...ordinalsBegunTwice(world)]).toEqual([]);
    expect(world.errors()).toEqual([]);
    expect([...ringsOf(world)].filter(([, times]) => times !== 1)).toEqual([]);
  });
});
