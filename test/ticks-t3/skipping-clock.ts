import { FakeClock } from "../fakes/fake-clock.ts";

/** The real time and what was skipped of it: a real server keeps its own clock, and hours pass at once. */
export class SkippingClock extends FakeClock {
  #skippedMs = 0;

  override readonly now = (): number => Date.now() + this.#skippedMs;

  override iso(): string {
    return new Date(this.now()).toISOString();
  }

  override isoSeconds(): string {
    return `${this.iso().slice(0, 19)}Z`;
  }

  override advance(ms: number): void {
    this.#skippedMs += ms;
  }
}
