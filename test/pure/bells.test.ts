import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  areBellsSettled,
  noteRung,
  noteTry,
  noteUndelivered,
  openBells,
} from "../../src/pure/bells.ts";
import type { BellStates } from "../../src/pure/run-record.ts";

const NOTIFIERS = ["ntfy", "slack"];
const MAX = 1000;

function at(now: number): { readonly now: number; readonly notifyMsMax: number } {
  return { now, notifyMsMax: MAX };
}

describe("a doorbell", () => {
  it("is open until it was tried, in the order of the configuration", () => {
    expect(openBells({}, NOTIFIERS, at(0))).toEqual(NOTIFIERS);
    expect(openBells({}, [], at(0))).toEqual([]);
  });

  it("stays open while it is tried, up to the limit and not a millisecond longer", () => {
    const bells = noteTry({}, "ntfy", 500);
    expect(openBells(bells, ["ntfy"], at(500 + MAX))).toEqual(["ntfy"]);
    expect(openBells(bells, ["ntfy"], at(501 + MAX))).toEqual([]);
  });

  it("is undelivered past the limit, and not before", () => {
    const bells = noteTry({}, "ntfy", 500);
    expect(noteUndelivered(bells, at(500 + MAX))).toEqual(bells);
    expect(noteUndelivered(bells, at(501 + MAX))).toEqual({
      ntfy: { firstTryAt: 500, state: "undelivered" },
    });
  });

  it("counts from the first try, however often it is tried", () => {
    const bells = noteTry(noteTry({}, "ntfy", 500), "ntfy", 900);
    expect(bells).toEqual({ ntfy: { firstTryAt: 500, state: "trying" } });
  });

  it("that rang is closed for ever, also past the limit", () => {
    const bells = noteRung(noteTry({}, "ntfy", 500), "ntfy", 900);
    expect(bells).toEqual({ ntfy: { firstTryAt: 500, state: "rung" } });
    expect(openBells(bells, ["ntfy"], at(600))).toEqual([]);
    expect(noteUndelivered(bells, at(10 * MAX))).toEqual(bells);
  });

  it("that rang at once is noted from then", () => {
    expect(noteRung({}, "ntfy", 900)).toEqual({ ntfy: { firstTryAt: 900, state: "rung" } });
  });

  it("that was given up stays given up", () => {
    const bells: BellStates = { ntfy: { firstTryAt: 0, state: "undelivered" } };
    expect(openBells(bells, ["ntfy"], at(1))).toEqual([]);
  });

  it("leaves the others alone", () => {
    const bells = noteRung({}, "ntfy", 0);
    expect(openBells(bells, NOTIFIERS, at(0))).toEqual(["slack"]);
    expect(noteTry(bells, "slack", 5)).toEqual({
      ntfy: { firstTryAt: 0, state: "rung" },
      slack: { firstTryAt: 5, state: "trying" },
    });
  });
});

describe("the doorbells of a verdict", () => {
  it("are settled when none is open", () => {
    expect(areBellsSettled({}, [], at(0))).toBe(true);
    expect(areBellsSettled({}, NOTIFIERS, at(0))).toBe(false);
    const one = noteRung({}, "ntfy", 0);
    expect(areBellsSettled(one, NOTIFIERS, at(0))).toBe(false);
    expect(areBellsSettled(noteTry(one, "slack", 0), NOTIFIERS, at(MAX + 1))).toBe(true);
  });

  it("are settled in bounded time, whatever a service answers and when", () => {
    const anyTries = fc.array(fc.record({ afterMs: fc.nat(MAX), accepts: fc.boolean() }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(anyTries, (tries) => {
        let bells: BellStates = {};
        let now = 0;
        for (const each of tries) {
          now += each.afterMs;
          bells = noteUndelivered(bells, at(now));
          for (const name of openBells(bells, NOTIFIERS, at(now))) {
            bells = noteTry(bells, name, now);
            if (each.accepts) bells = noteRung(bells, name, now);
          }
        }
        const first = Math.min(...Object.values(bells).map((bell) => bell.firstTryAt));
        const after = noteUndelivered(bells, at(first + MAX + 1));
        expect(areBellsSettled(after, NOTIFIERS, at(first + MAX + 1))).toBe(true);
        expect(Object.values(after).map((bell) => bell.state)).not.toContain("trying");
      }),
    );
  });
});
