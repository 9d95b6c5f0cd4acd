import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  activeMs,
  FRESH_CLOCKS,
  noteStillness,
  type RunClocks,
  startClock,
  unpausedMs,
} from "../../src/pure/run-clock.ts";

const RUNNING = { isPaused: false, isWaiting: false };
const PAUSED = { isPaused: true, isWaiting: false };
const WAITING = { isPaused: false, isWaiting: true };
const BOTH = { isPaused: true, isWaiting: true };

describe("a clock of a run", () => {
  it("runs while nothing stands still", () => {
    const start = startClock(FRESH_CLOCKS, 1000);
    expect(activeMs(FRESH_CLOCKS, start, 1500)).toBe(500);
    expect(unpausedMs(FRESH_CLOCKS, start, 1500)).toBe(500);
  });

  it("stands still while paused, and goes on afterwards", () => {
    const start = startClock(FRESH_CLOCKS, 0);
    const paused = noteStillness(FRESH_CLOCKS, PAUSED, 100);
    expect(activeMs(paused, start, 400)).toBe(100);
    expect(unpausedMs(paused, start, 400)).toBe(100);
    const resumed = noteStillness(paused, RUNNING, 400);
    expect(activeMs(resumed, start, 450)).toBe(150);
  });

  it("stands still while waiting for a person, except for the question's own clock", () => {
    const start = startClock(FRESH_CLOCKS, 0);
    const waiting = noteStillness(FRESH_CLOCKS, WAITING, 100);
    expect(activeMs(waiting, start, 400)).toBe(100);
    expect(unpausedMs(waiting, start, 400)).toBe(400);
  });

  it("counts a moment that is both paused and waited once", () => {
    const start = startClock(FRESH_CLOCKS, 0);
    const both = noteStillness(FRESH_CLOCKS, BOTH, 100);
    expect(both.waited.since).toBeNull();
    expect(activeMs(both, start, 400)).toBe(100);
  });

  it("takes nothing from a clock that starts in the middle of a pause", () => {
    const paused = noteStillness(FRESH_CLOCKS, PAUSED, 100);
    const start = startClock(paused, 300);
    expect(activeMs(paused, start, 500)).toBe(0);
    const resumed = noteStillness(paused, RUNNING, 500);
    expect(activeMs(resumed, start, 600)).toBe(100);
  });

  it("is never negative, though the wall clock goes back", () => {
    const start = startClock(FRESH_CLOCKS, 1000);
    expect(activeMs(FRESH_CLOCKS, start, 400)).toBe(0);
    expect(unpausedMs(FRESH_CLOCKS, start, 400)).toBe(0);
    const paused = noteStillness(FRESH_CLOCKS, PAUSED, 1000);
    expect(noteStillness(paused, RUNNING, 400)).toEqual(FRESH_CLOCKS);
  });

  it("notes nothing when nothing changed", () => {
    const paused = noteStillness(FRESH_CLOCKS, PAUSED, 100);
    expect(noteStillness(paused, PAUSED, 200)).toEqual(paused);
    expect(noteStillness(FRESH_CLOCKS, RUNNING, 200)).toEqual(FRESH_CLOCKS);
  });
});

/** A history of spans, each seen as it begins. */
const anyHistory = fc.array(
  fc.record({
    seen: fc.constantFrom(RUNNING, PAUSED, WAITING, BOTH),
    ms: fc.integer({ min: 0, max: 1000 }),
  }),
  { maxLength: 12 },
);

describe("the clocks of a run", () => {
  it("add up to what was counted span by span, from any start on", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(11), (history, startAt) => {
        let clocks: RunClocks = FRESH_CLOCKS;
        let now = 0;
        let start = startClock(clocks, now);
        let [active, unpaused] = [0, 0];
        for (const [at, span] of history.entries()) {
          clocks = noteStillness(clocks, span.seen, now);
          if (at === startAt) {
            start = startClock(clocks, now);
            [active, unpaused] = [0, 0];
          }
          now += span.ms;
          if (!span.seen.isPaused) unpaused += span.ms;
          if (!span.seen.isPaused && !span.seen.isWaiting) active += span.ms;
        }
        expect(activeMs(clocks, start, now)).toBe(active);
        expect(unpausedMs(clocks, start, now)).toBe(unpaused);
      }),
    );
  });
});
