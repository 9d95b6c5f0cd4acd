import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compareUrgency, priorityOf } from "../../src/pure/priority.ts";
import { ago, anIssue, DAY, HOUR } from "./builders.ts";

const NONE = Number.POSITIVE_INFINITY;

const rows: ReadonlyArray<readonly [name: string, labels: readonly string[], priority: number]> = [
  ["no label", [], NONE],
  ["other labels", ["bug", "performance"], NONE],
  ["priority:1", ["priority:1"], 1],
  ["priority: 2 with a blank", ["priority: 2"], 2],
  ["priority/3", ["priority/3"], 3],
  ["priority:0 is the most urgent", ["priority:0"], 0],
  ["a large number", ["priority:1000"], 1000],
  ["any case", ["Priority:4"], 4],
  ["blanks around it", [" P5 "], 5],
  ["P0", ["P0"], 0],
  ["p9", ["p9"], 9],
  ["P10 is none: P0 to P9 are", ["P10"], NONE],
  ["a number that is no number", ["priority:high"], NONE],
  ["a negative number", ["priority:-1"], NONE],
  ["a number inside a word", ["my-p1"], NONE],
  ["ten digits", ["priority:1000000000"], NONE],
  ["the lowest of several", ["priority:7", "P2", "bug"], 2],
];

describe("priorityOf", () => {
  it.each(rows)("%s", (_name, labels, priority) => {
    expect(priorityOf(anIssue({ labels }))).toBe(priority);
  });
});

describe("compareUrgency", () => {
  it("puts the low number first, then the old issue, then the low issue number", () => {
    const urgent = anIssue({ number: 9, labels: ["P1"], createdAt: ago(HOUR) });
    const lesser = anIssue({ number: 8, labels: ["P2"], createdAt: ago(3 * DAY) });
    const old = anIssue({ number: 7, createdAt: ago(2 * DAY) });
    const young = anIssue({ number: 3, createdAt: ago(DAY) });
    const twin = anIssue({ number: 4, createdAt: ago(DAY) });
    const sorted = [twin, young, old, lesser, urgent].toSorted(compareUrgency);
    expect(sorted.map((issue) => issue.ref.number)).toEqual([9, 8, 7, 3, 4]);
  });

  it("ties only an issue with itself", () => {
    expect(compareUrgency(anIssue(), anIssue())).toBe(0);
  });

  const anyIssue = fc
    .record({
      number: fc.integer({ min: 1, max: 5 }),
      label: fc.constantFrom("P0", "P1", "bug"),
      days: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ number, label, days }) =>
      anIssue({ number, labels: [label], createdAt: ago(days * DAY) }),
    );

  it("is a total order", () => {
    fc.assert(
      fc.property(anyIssue, anyIssue, anyIssue, (a, b, c) => {
        const [ab, ba, bc, ac] = [
          [a, b],
          [b, a],
          [b, c],
          [a, c],
        ].map(([one, other]) => Math.sign(compareUrgency(one ?? a, other ?? a)));
        expect(ab).toBe(0 - (ba ?? 0));
        expect(ab === 0 && a.ref.number !== b.ref.number).toBe(false);
        expect(ab === bc && ac !== ab).toBe(false);
      }),
    );
  });
});
