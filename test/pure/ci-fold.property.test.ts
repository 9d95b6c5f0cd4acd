import fc from "fast-check";
import { expect, it } from "vitest";

import { type Check, type CheckState, foldChecks } from "../../src/pure/ci-fold.ts";

const states: readonly CheckState[] = [
  "success",
  "neutral",
  "skipped",
  "failure",
  "timed-out",
  "startup-failure",
  "cancelled",
  "stale",
  "action-required",
  "pending",
  "unknown",
];

const anyCheck: fc.Arbitrary<Check> = fc.record({
  name: fc.constantFrom("test", "lint", "build"),
  source: fc.constantFrom("check:ci", "status"),
  state: fc.constantFrom(...states),
  at: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", ""),
  url: fc.constant(null),
  id: fc.constantFrom("1", "2"),
});
const anyChecks = fc.array(anyCheck, { maxLength: 8 });

it("the order in which checks arrive changes nothing", () => {
  fc.assert(
    fc.property(anyChecks, fc.infiniteStream(fc.nat()), (checks, random) => {
      const shuffled = checks
        .map((check) => ({ check, key: random.next().value }))
        .toSorted((one, other) => one.key - other.key)
        .map((each) => each.check);
      expect(foldChecks(shuffled)).toEqual(foldChecks(checks));
    }),
  );
});

function isReplaced(check: Check, checks: readonly Check[]): boolean {
  return checks.some(
    (other) =>
      other.name === check.name &&
      other.source === check.source &&
      check.at !== "" &&
      other.at > check.at,
  );
}

it("green never stands beside a check that did not pass and was not replaced", () => {
  fc.assert(
    fc.property(anyChecks, (checks) => {
      const spoilers = checks.filter(
        (check) =>
          !["success", "neutral", "skipped"].includes(check.state) && !isReplaced(check, checks),
      );
      const isGreen = foldChecks(checks).kind === "green";
      expect(isGreen && spoilers.length > 0).toBe(false);
    }),
  );
});

it("one more failing check of its own makes anything red", () => {
  fc.assert(
    fc.property(anyChecks, (checks) => {
      const failing = {
        name: "own",
        source: "status",
        state: "failure",
        at: "",
        url: null,
        id: "x",
      } as const;
      const verdict = foldChecks([...checks, failing]);
      expect(verdict.kind === "red" && verdict.failing.includes(failing)).toBe(true);
    }),
  );
});

it("a skipped check of its own changes nothing", () => {
  fc.assert(
    fc.property(anyChecks, (checks) => {
      const skipped = {
        name: "own",
        source: "status",
        state: "skipped",
        at: "",
        url: null,
        id: "x",
      } as const;
      expect(foldChecks([...checks, skipped])).toEqual(foldChecks(checks));
    }),
  );
});
