import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type BenchResult,
  depthOf,
  type Figure,
  findRegressions,
  isMet,
  median,
  printValue,
} from "../../scripts/bench/figures.ts";
import { newestResult, saveResult } from "../../scripts/bench/results.ts";

const folder = mkdtempSync(join(tmpdir(), "afk-figures-"));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function aFigure(overrides: Partial<Figure> = {}): Figure {
  return { id: "a", name: "A", value: 1, goal: 2, unit: "ratio", detail: "", ...overrides };
}

describe("a median", () => {
  const rows: ReadonlyArray<readonly [name: string, values: readonly number[], want: number]> = [
    ["of one value is that value", [3], 3],
    ["of an odd number is the one in the middle, by size", [10, 9, 100], 10],
    ["of an even number is between the two in the middle", [4, 1, 100, 2], 3],
  ];
  it.each(rows)("%s", (_name, values, want) => {
    expect(median(values)).toBe(want);
  });

  it("of nothing is an error and no figure", () => {
    expect(() => median([])).toThrow("no values");
  });
});

describe("a goal", () => {
  const rows: ReadonlyArray<readonly [name: string, value: number, want: boolean]> = [
    ["is met at its figure", 2, true],
    ["is missed past it", 2.001, false],
    ["is missed by what is no number", Number.NaN, false],
  ];
  it.each(rows)("%s", (_name, value, want) => {
    expect(isMet({ value, goal: 2 })).toBe(want);
  });
});

describe("the report of regressions", () => {
  const rows: ReadonlyArray<
    readonly [name: string, before: Partial<Figure>, now: Partial<Figure>, ids: readonly string[]]
  > = [
    ["leaves noise out", { value: 1 }, { value: 1.15 }, []],
    ["names what is worse beyond noise", { value: 1 }, { value: 1.16 }, ["a"]],
    ["leaves out what is better", { value: 1 }, { value: 0.2 }, []],
    [
      "knows no noise in counts",
      { value: 5, unit: "requests" },
      { value: 6, unit: "requests" },
      ["a"],
    ],
    ["sees the first write", { value: 0, unit: "writes" }, { value: 1, unit: "writes" }, ["a"]],
    ["has room for noise below nought as well", { value: -1 }, { value: -0.9 }, []],
    ["leaves out what was not measured before", { id: "b", value: 1 }, { value: 9 }, []],
  ];
  it.each(rows)("%s", (_name, before, now, ids) => {
    const found = findRegressions([aFigure(before)], [aFigure(now)]);
    expect(found.map(({ id }) => id)).toEqual(ids);
  });

  it("tells whether the goal is still kept", () => {
    const found = findRegressions([aFigure({ value: 1 })], [aFigure({ value: 1.9 })]);
    expect(found).toEqual([{ id: "a", before: 1, now: 1.9, isWithinGoal: true }]);
  });
});

describe("the depth of a tick's requests", () => {
  const rows: ReadonlyArray<
    readonly [name: string, spans: ReadonlyArray<readonly [number, number]>, want: number]
  > = [
    ["is nought without requests", [], 0],
    [
      "counts those that follow one another",
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
      3,
    ],
    [
      "counts those side by side once",
      [
        [0, 2],
        [1, 3],
        [0, 3],
      ],
      1,
    ],
    [
      "is the longest chain, whatever runs beside it",
      [
        [0, 9],
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      3,
    ],
    [
      "does not lean on the order they are told in",
      [
        [2, 3],
        [0, 1],
      ],
      2,
    ],
  ];
  it.each(rows)("%s", (_name, spans, want) => {
    expect(depthOf(spans.map(([from, to]) => ({ from, to })))).toBe(want);
  });
});

describe("a printed figure", () => {
  it("has two places when it is a ratio, and its unit when it is not", () => {
    expect([
      printValue(1.005, "ratio"),
      printValue(6, "requests"),
      printValue(99.6, "MiB"),
    ]).toEqual(["1.00", "6 requests", "100 MiB"]);
  });
});

describe("the saved results", () => {
  const aResult = (takenAt: string): BenchResult => {
    return { takenAt, node: "24.0.0", cpus: 2, reps: 3, figures: [aFigure()] };
  };

  it("are none in an empty folder", () => {
    expect(newestResult(folder)).toBeNull();
  });

  it("are read back, the newest one by the time it was taken", () => {
    const newer = aResult("2026-11-21T05:00:00.000Z");
    expect(saveResult(folder, newer)).toBe("2026-11-21T0500Z.json");
    saveResult(folder, aResult("2026-11-20T23:59:59.000Z"));
    expect(newestResult(folder)).toEqual({ file: "2026-11-21T0500Z.json", result: newer });
  });
});
