import { expect, it } from "vitest";
import { INCIDENTS } from "./incidents.ts";

it.each(INCIDENTS)("does not happen again: $name", async ({ replay }) => {
  expect(await replay()).toEqual([]);
});
