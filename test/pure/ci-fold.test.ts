import { describe, expect, it } from "vitest";

import { type Check, type CheckState, foldChecks } from "../../src/pure/ci-fold.ts";

type Short = CheckState | Partial<Check>;

/** Checks `a`, `b`, … in the order given, each in the state named. */
function checks(shorts: readonly Short[]): readonly Check[] {
  return shorts.map((short, index) => ({
    name: String.fromCharCode(97 + index),
    source: "check:ci",
    state: "success",
    at: "2026-01-01T00:00:00Z",
    url: null,
    id: String(index),
    ...(typeof short === "string" ? { state: short } : short),
  }));
}

/** `red a b`, `pending a`, `green` … */
function fold(shorts: readonly Short[]): string {
  const verdict = foldChecks(checks(shorts));
  if (verdict.kind === "red") return ["red", ...verdict.failing.map((each) => each.name)].join(" ");
  return "names" in verdict ? [verdict.kind, ...verdict.names].join(" ") : verdict.kind;
}

type Row = readonly [name: string, shorts: readonly Short[], want: string];

describe("one check alone", () => {
  const rows: readonly Row[] = [
    ["no check is none", [], "none"],
    ["a success is green", ["success"], "green"],
    ["a neutral one is none", ["neutral"], "none"],
    ["a skipped one is none", ["skipped"], "none"],
    ["a failure is red", ["failure"], "red a"],
    ["a timeout is red", ["timed-out"], "red a"],
    ["a failed start is red", ["startup-failure"], "red a"],
    ["a cancelled one is inconclusive", ["cancelled"], "inconclusive"],
    ["a stale one is inconclusive", ["stale"], "inconclusive"],
    ["one that waits for a person is said", ["action-required"], "action-required a"],
    ["a pending one is pending", ["pending"], "pending a"],
    ["a word nobody knows is pending", ["unknown"], "pending a"],
  ];
  it.each(rows)("%s", (_name, shorts, want) => {
    expect(fold(shorts)).toBe(want);
  });
});

describe("checks together", () => {
  const rows: readonly Row[] = [
    ["two successes are green", ["success", "success"], "green"],
    ["neutral beside success is green", ["success", "neutral"], "green"],
    ["skipped beside success is green", ["skipped", "success"], "green"],
    ["neutral and skipped alone are none", ["neutral", "skipped"], "none"],
    [
      "one success among many skipped is green",
      ["skipped", "skipped", "neutral", "success"],
      "green",
    ],
    ["one failure among successes is red", ["success", "failure", "success"], "red b"],
    [
      "every failing check is named",
      ["failure", "success", "timed-out", "startup-failure"],
      "red a c d",
    ],
    ["red beside pending is red at once", ["pending", "failure"], "red b"],
    ["red beside unknown is red", ["unknown", "failure"], "red b"],
    ["red beside action required is red", ["action-required", "failure"], "red b"],
    ["red beside cancelled is red", ["cancelled", "failure"], "red b"],
    ["red beside stale is red", ["stale", "timed-out"], "red b"],
    ["red beside skipped is red", ["skipped", "failure", "skipped"], "red b"],
    [
      "red beside all there is is red",
      [
        "success",
        "neutral",
        "skipped",
        "failure",
        "cancelled",
        "stale",
        "action-required",
        "pending",
        "unknown",
      ],
      "red d",
    ],
    ["a timeout beside pending is red", ["timed-out", "pending"], "red a"],
    ["a failed start beside pending is red", ["startup-failure", "pending"], "red a"],
    [
      "action required beside pending waits for the person",
      ["pending", "action-required"],
      "action-required b",
    ],
    [
      "action required beside unknown waits for the person",
      ["unknown", "action-required"],
      "action-required b",
    ],
    [
      "action required beside success waits for the person",
      ["success", "action-required"],
      "action-required b",
    ],
    [
      "action required beside cancelled waits for the person",
      ["cancelled", "action-required"],
      "action-required b",
    ],
    [
      "action required beside skipped waits for the person",
      ["skipped", "action-required"],
      "action-required b",
    ],
    [
      "all that wait for a person are named",
      ["action-required", "action-required"],
      "action-required a b",
    ],
    ["pending beside success is pending", ["success", "pending"], "pending b"],
    ["unknown beside success is never green", ["success", "unknown"], "pending b"],
    ["pending beside cancelled is pending", ["cancelled", "pending"], "pending b"],
    ["pending beside stale is pending", ["pending", "stale"], "pending a"],
    ["unknown beside cancelled is pending", ["cancelled", "unknown"], "pending b"],
    ["pending beside neutral is pending", ["neutral", "pending"], "pending b"],
    ["pending beside skipped is pending", ["skipped", "pending"], "pending b"],
    ["all that are pending are named", ["pending", "success", "unknown"], "pending a c"],
    ["cancelled beside success is inconclusive", ["success", "cancelled"], "inconclusive"],
    ["stale beside success is inconclusive", ["success", "stale"], "inconclusive"],
    ["cancelled beside skipped is inconclusive", ["skipped", "cancelled"], "inconclusive"],
    ["stale beside neutral is inconclusive", ["neutral", "stale"], "inconclusive"],
    ["cancelled beside stale is inconclusive", ["cancelled", "stale"], "inconclusive"],
  ];
  it.each(rows)("%s", (_name, shorts, want) => {
    expect(fold(shorts)).toBe(want);
  });
});

const T0 = "2026-01-01T00:00:00Z";
const T1 = "2026-01-01T00:00:01Z";

function run(state: CheckState, at: string, more: Partial<Check> = {}): Partial<Check> {
  return { name: "test", state, at, ...more };
}

describe("checks of one name", () => {
  const rows: readonly Row[] = [
    ["the newer success replaces a failure", [run("failure", T0), run("success", T1)], "green"],
    ["the newer failure replaces a success", [run("success", T0), run("failure", T1)], "red test"],
    ["the order they come in says nothing", [run("success", T1), run("failure", T0)], "green"],
    [
      "a rerun under way replaces a failure",
      [run("failure", T0), run("pending", T1)],
      "pending test",
    ],
    [
      "a rerun under way replaces a success",
      [run("success", T0), run("pending", T1)],
      "pending test",
    ],
    [
      "a newer success replaces a cancelled one",
      [run("cancelled", T0), run("success", T1)],
      "green",
    ],
    [
      "a newer cancelled one replaces a success",
      [run("success", T0), run("cancelled", T1)],
      "inconclusive",
    ],
    ["a newer skipped one replaces a failure", [run("failure", T0), run("skipped", T1)], "none"],
    [
      "of three the newest counts",
      [run("failure", T0), run("success", "2026-01-01T00:00:02Z"), run("failure", T1)],
      "green",
    ],
    [
      "a year is longer than a second",
      [run("failure", "2025-12-31T23:59:59Z"), run("success", T0)],
      "green",
    ],
    [
      "a fraction of a second counts",
      [run("failure", T0), run("success", "2026-01-01T00:00:00.001Z")],
      "green",
    ],
    [
      "a fraction of a second counts the other way",
      [run("success", T0), run("failure", "2026-01-01T00:00:00.001Z")],
      "red test",
    ],
    [
      "UTC may be spelled as an offset",
      [run("failure", T0), run("success", "2026-01-01T00:00:01+00:00")],
      "green",
    ],
    ["at the same time both count", [run("success", T0), run("failure", T0)], "red test"],
    [
      "at the same time a pending one keeps it pending",
      [run("success", T0), run("pending", T0)],
      "pending test",
    ],
    [
      "one without a time counts beside a dated success",
      [run("success", T1), run("failure", "")],
      "red test",
    ],
    [
      "one without a time keeps a success pending",
      [run("success", T1), run("pending", "")],
      "pending test",
    ],
    ["one without a time hides no failure", [run("failure", T1), run("success", "")], "red test"],
    ["two without a time both count", [run("success", ""), run("failure", "soon")], "red test"],
    [
      "an offset that is not UTC is no time",
      [run("failure", "2025-01-01T00:00:00+02:00"), run("success", T1)],
      "red test",
    ],
    [
      "of another source it is another check",
      [run("failure", T0), run("success", T1, { source: "status" })],
      "red test",
    ],
    [
      "of another workflow it is another check",
      [run("failure", T0), run("success", T1, { source: "check:nightly" })],
      "red test",
    ],
    [
      "a name is compared as it is",
      [run("failure", T0), run("success", T1, { name: "Test" })],
      "red test",
    ],
    [
      "a name and a source never blur into each other",
      [
        run("failure", T0, { name: "a", source: "b c" }),
        run("success", T1, { name: "a b", source: "c" }),
      ],
      "red a",
    ],
    [
      "one name pending from two sources is named once",
      [run("pending", T0), run("pending", T0, { source: "status" })],
      "pending test",
    ],
    [
      "an old failure of one does not hide a new failure of another",
      [run("failure", T0), run("success", T1), { name: "lint", state: "failure" }],
      "red lint",
    ],
  ];
  it.each(rows)("%s", (_name, shorts, want) => {
    expect(fold(shorts)).toBe(want);
  });
});

it("a red verdict carries the failing checks whole, by name and source", () => {
  const seen = checks([
    { name: "z", state: "failure", url: "https://ci/z", id: "9" },
    { name: "a", state: "timed-out", source: "status" },
    { name: "a", state: "failure", source: "check:ci" },
    "success",
  ]);
  const verdict = foldChecks(seen);
  expect(verdict).toEqual({ kind: "red", failing: [seen[2], seen[1], seen[0]] });
});

it("two checks alike in everything are both kept", () => {
  const [check] = checks(["failure"]);
  const twice = check === undefined ? [] : [check, { ...check }];
  expect(foldChecks(twice)).toEqual({ kind: "red", failing: twice });
});
