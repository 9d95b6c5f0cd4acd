const START = Date.parse("2026-01-05T09:00:00.000Z");

/** The one clock of a faked world: it moves only when told. Milliseconds since the epoch. */
export class FakeClock {
  #ms: number;
  #told = { ms: Number.NaN, iso: "" };

  constructor(startMs: number = START) {
    this.#ms = startMs;
  }

  /** May be handed on by itself, as adapters and ticks take their clock. */
  readonly now = (): number => this.#ms;

  /** ISO 8601 with milliseconds, as T3 stamps. */
  iso(): string {
    // Asked far more often than the clock moves.
    if (this.#told.ms !== this.#ms)
      this.#told = { ms: this.#ms, iso: new Date(this.#ms).toISOString() };
    return this.#told.iso;
  }

  /** ISO 8601 in whole seconds, as GitHub stamps: two things within a second look simultaneous. */
  isoSeconds(): string {
    return `${this.iso().slice(0, 19)}Z`;
  }

  advance(ms: number): void {
    if (ms < 0) throw new Error("a clock does not run backwards");
    this.#ms += ms;
  }
}
