import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MUTANTS } from "./mutants.ts";

it("every mutant has its own name, and its line stands in the sources exactly once", () => {
  const times = MUTANTS.map(({ name, file, line }) => {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
    return [name, source.split(line).length - 1];
  });
  expect(times).toEqual(MUTANTS.map(({ name }) => [name, 1]));
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});
