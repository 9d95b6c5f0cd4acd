import { expect, it } from "vitest";
import { estimateUsd, sumTotals } from "../../src/pure/budget.ts";

const rows: ReadonlyArray<readonly [name: string, model: string, usdPerMillion: number]> = [
  ["a model is priced by its prefix", "claude-sonnet-4-5-20250929", 22.5],
  ["the longest prefix wins over a shorter one", "claude-opus-4-5", 25],
  ["a model under only the shorter prefix takes the dearest of its family", "claude-opus-4-8", 75],
  ["a shorter prefix does not take over a longer name", "gpt-5-mini-2025", 2],
  ["a dearer edition of a known model costs more", "gpt-5.2-pro", 168],
  ["a newer model is not priced as an older one", "gpt-5.4-codex", 22.5],
  ["a model that is not known by its minor version costs as the dearest", "gpt-5.9", 270],
  ["case does not matter", "Claude-Haiku-4-5", 5],
  ["an unknown model costs as much as the dearest row", "something-new", 270],
  ["a known prefix in the middle of a name is unknown", "proxy/claude-haiku-4-5", 270],
];

it.each(rows)("%s", (_name, model, usdPerMillion) => {
  expect(estimateUsd(1_000_000, model)).toBe(usdPerMillion);
});

it("scales with the tokens, from nothing on", () => {
  expect(estimateUsd(0, "claude-opus-4-5")).toBe(0);
  expect(estimateUsd(4_000_000, "claude-opus-4-5")).toBe(100);
  expect(estimateUsd(4_000_001, "claude-opus-4-5")).toBeGreaterThan(100);
});

it.each([
  ["nothing without totals", [], 0],
  ["the last of those that grow", [1, 5, 5, 9], 9],
  ["every last one before a total begins anew", [5, 9, 2, 4, 1], 14],
])("totals sum up to %s", (_name, totals, want) => {
  expect(sumTotals(totals)).toBe(want);
});
