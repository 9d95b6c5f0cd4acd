import { describe, expect, it } from "vitest";
import { INCIDENTS } from "./incidents.ts";
import { scheduleOf } from "./schedules.ts";
import { playRegression, REGRESSIONS } from "./regressions.ts";
import { simulate } from "./simulation.ts";

it.each(INCIDENTS)("does not happen again: $name", async ({ replay }) => {
  expect(await replay()).toEqual([]);
});

it.each(REGRESSIONS)("was found once and is mended: $name", async (regression) => {
  expect(await playRegression(regression)).toEqual([]);
});

describe("a seed", () => {
  it.each([1, 7, 50])("tells the same history every time: %i", async (seed) => {
    const [one, other] = [
      await simulate(scheduleOf(seed), true),
      await simulate(scheduleOf(seed), true),
    ];
    expect(one.story.length).toBeGreaterThan(10);
    expect(other).toEqual(one);
  });
});
