import { expect, it } from "vitest";

import type { Check, CheckState, RequiredCheck } from "../../src/pure/ci-fold.ts";
import { countedChecks, foldSeen } from "../../src/pure/required-checks.ts";

function check(name: string, state: CheckState, more: Partial<Check> = {}): Check {
  const at = "2026-01-01T00:00:00Z";
  return { name, source: "check:ci", state, at, url: null, id: name, ...more };
}

function by(appId: string | null, name: string, state: CheckState = "success"): Check {
  return check(name, state, { appId });
}

const test: RequiredCheck = { context: "test", appId: null };
const lint: RequiredCheck = { context: "lint", appId: null };
const pinned: RequiredCheck = { context: "test", appId: "7" };
const status = { source: "status", appId: null };

type Row = readonly [
  name: string,
  required: readonly RequiredCheck[] | undefined,
  checks: readonly Check[],
  want: string,
];

const rows: readonly Row[] = [
  ["without rules every check counts", undefined, [check("docs", "failure")], "red docs"],
  ["a required success is green", [test], [check("test", "success")], "green"],
  [
    "what is not required may be red",
    [test],
    [check("test", "success"), check("docs", "failure")],
    "green",
  ],
  [
    "what is not required may stay pending for ever",
    [test],
    [check("test", "success"), check("zombie", "pending")],
    "green",
  ],
  [
    "what is not required may ask for a person",
    [test],
    [check("test", "success"), check("docs", "action-required")],
    "green",
  ],
  ["a required failure is red", [test], [check("test", "failure")], "red test"],
  [
    "a required success is green while another job of its workflow waits for a person",
    [test],
    [check("test", "pending", { ownState: "success" }), check("ship", "pending")],
    "green",
  ],
  [
    "without rules a success is not green before its workflow has ended",
    undefined,
    [check("test", "pending", { ownState: "success" })],
    "pending test",
  ],
  [
    "a required skip does not turn green before its workflow has ended",
    [test],
    [check("test", "pending", { ownState: "skipped" })],
    "none",
  ],
  [
    "a required one that was skipped alone says nothing",
    [test],
    [check("test", "skipped")],
    "none",
  ],
  [
    "a required one that was skipped beside a success is green",
    [test, lint],
    [check("test", "skipped"), check("lint", "success")],
    "green",
  ],
  [
    "a required one that was cancelled is open",
    [test],
    [check("test", "cancelled")],
    "inconclusive",
  ],
  ["one that has not reported is pending", [test], [check("docs", "success")], "pending test"],
  [
    "of two the one that has not reported is pending",
    [test, lint],
    [check("test", "success")],
    "pending lint",
  ],
  [
    "a red one is red while another has not reported",
    [test, lint],
    [check("test", "failure")],
    "red test",
  ],
  [
    "one required twice is waited for once",
    [test, test],
    [check("docs", "success")],
    "pending test",
  ],
  ["a commit that nothing was reported on says nothing yet", [test], [], "none"],
  ["where nothing is required nothing is green", [], [check("test", "success")], "none"],
  ["where nothing is required nothing is red", [], [check("test", "failure")], "none"],
  ["a name is compared as it is", [test], [check("Test", "success")], "pending test"],
  ["the App named counts", [pinned], [by("7", "test")], "green"],
  ["another App does not", [pinned], [by("8", "test")], "pending test"],
  [
    "another App's red is none of it",
    [pinned],
    [by("7", "test"), by("8", "test", "failure")],
    "green",
  ],
  ["one of no App does not", [pinned], [by(null, "test")], "pending test"],
  ["a check that names no App does not", [pinned], [check("test", "success")], "pending test"],
  [
    "a status proves nothing of an App",
    [pinned],
    [check("test", "success", status)],
    "pending test",
  ],
  ["a status counts where no App is named", [test], [check("test", "success", status)], "green"],
  [
    "a check and a status of one name both count",
    [test],
    [check("test", "success"), check("test", "failure", status)],
    "red test",
  ],
  [
    "required by anybody and by one App, both are needed",
    [test, pinned],
    [by("8", "test")],
    "pending test",
  ],
  [
    "the newest of one name and source counts",
    [test],
    [check("test", "failure"), check("test", "success", { at: "2026-01-01T00:00:01Z" })],
    "green",
  ],
];

it.each(rows)("%s", (_name, required, checks, want) => {
  const seen = { kind: "read" as const, sha: "a", checks };
  const verdict = foldSeen(required === undefined ? seen : { ...seen, required });
  const names =
    verdict.kind === "red"
      ? verdict.failing.map((each) => each.name)
      : "names" in verdict
        ? verdict.names
        : [];
  expect([verdict.kind, ...names].join(" ")).toBe(want);
});

it("what has not reported is told apart from what has", () => {
  const seen = { kind: "read" as const, sha: "a", checks: [], required: [lint] };
  expect(countedChecks(seen)).toMatchObject([
    { name: "lint", source: "required, not reported", state: "pending" },
  ]);
});
