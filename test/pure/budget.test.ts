import { expect, it } from "vitest";
import { estimateUsd } from "../../src/pure/budget.ts";

const rows: ReadonlyArray<readonly [name: string, model: string, usdPerMillion: number]> = [
  ["a model is priced by its prefix", "claude-sonnet-4-5-20250929", 22.5],
  ["the longest prefix wins over a shorter one", "claude-opus-4-5", 25],
  ["a model under only the shorter prefix takes the dearest of its family", "claude-opus-4-8", 75],
  ["a shorter prefix does not take over a longer name", "gpt-5-mini-2025", 2],
  ["case does not matter", "Claude-Haiku-4-5", 5],
  ["an unknown model costs as much as the dearest row", "something-new", 120],
  ["a known prefix in the middle of a name is unknown", "proxy/claude-haiku-4-5", 120],
];

it.each(rows)("%s", (_name, model, usdPerMillion) => {
  expect(estimateUsd(1_000_000, model)).toBe(usdPerMillion);
});

it("scales with the tokens, from nothing on", () => {
  expect(estimateUsd(0, "claude-opus-4-5")).toBe(0);
  expect(estimateUsd(4_000_000, "claude-opus-4-5")).toBe(100);
  expect(estimateUsd(4_000_001, "claude-opus-4-5")).toBeGreaterThan(100);
});
