/**
 * Time that stands still. A run is paused by a person, or waits for one to answer; its clocks must not
 * run meanwhile. Both spans are kept apart, because the question's own clock runs while it is waited for.
 */
export type Stillness = {
  /** Epoch ms since when the run stands still now; null when it does not. */
  readonly since: number | null;
  /** Milliseconds of all ended spans. */
  readonly ms: number;
};

export type RunClocks = {
  readonly paused: Stillness;
  /** Waiting for a person's answer while not paused: the two spans never overlap. */
  readonly waited: Stillness;
};

/** A moment a duration is measured from: the wall clock, and how long had been stood still by then. */
export type ClockStart = {
  readonly at: number;
  readonly pausedMs: number;
  readonly waitedMs: number;
};

export const FRESH_CLOCKS: RunClocks = {
  paused: { since: null, ms: 0 },
  waited: { since: null, ms: 0 },
};

/** A duration that starts now. */
export function startClock(clocks: RunClocks, now: number): ClockStart {
  return { at: now, pausedMs: totalMs(clocks.paused, now), waitedMs: totalMs(clocks.waited, now) };
}

/** Milliseconds since a start, pauses and waits for a person taken out. Never negative. */
export function activeMs(clocks: RunClocks, start: ClockStart, now: number): number {
  const waited = totalMs(clocks.waited, now) - start.waitedMs;
  return Math.max(0, unpausedMs(clocks, start, now) - waited);
}

/** Milliseconds since a start with only pauses taken out: the clock of an open question. */
export function unpausedMs(clocks: RunClocks, start: ClockStart, now: number): number {
  const paused = totalMs(clocks.paused, now) - start.pausedMs;
  return Math.max(0, now - start.at - paused);
}

/** Opens and closes the spans by what is seen now. */
export function noteStillness(
  clocks: RunClocks,
  seen: { readonly isPaused: boolean; readonly isWaiting: boolean },
  now: number,
): RunClocks {
  return {
    paused: noteSpan(clocks.paused, seen.isPaused, now),
    waited: noteSpan(clocks.waited, seen.isWaiting && !seen.isPaused, now),
  };
}

function noteSpan(span: Stillness, isStill: boolean, now: number): Stillness {
  if (isStill) return span.since === null ? { since: now, ms: span.ms } : span;
  return span.since === null ? span : { since: null, ms: totalMs(span, now) };
}

function totalMs(span: Stillness, now: number): number {
  return span.since === null ? span.ms : span.ms + Math.max(0, now - span.since);
}
