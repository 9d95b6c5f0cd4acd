import { setImmediate } from "node:timers/promises";
import type { Gate } from "./gate.ts";

/** Which of so many waiting calls goes next. */
export type Pick = (waiting: number) => number;

/** Lets one call pass at a time, of all processes that stand at its gates. */
export class Turnstile {
  readonly #waiting: { readonly process: number; readonly go: () => void }[] = [];
  readonly #pick: Pick;
  #processes = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  /** The gate of one more process. */
  gate(): Gate {
    this.#processes += 1;
    const process = this.#processes;
    return () => new Promise((resolve) => this.#waiting.push({ process, go: resolve }));
  }

  /** Lets the ticks through, call by call, until all of them are over. */
  async run(ticks: readonly Promise<unknown>[]): Promise<void> {
    let running = ticks.length;
    const all = Promise.all(
      ticks.map((tick) =>
        tick.finally(() => {
          running -= 1;
        }),
      ),
    );
    while (running > 0) {
      // Every process runs until it stands at its gate again, or is over.
      await setImmediate();
      this.#letOnePass();
    }
    await all;
  }

  #letOnePass(): void {
    const processes = [...new Set(this.#waiting.map(({ process }) => process))].toSorted(
      (a, b) => a - b,
    );
    const process = processes[this.#pick(processes.length)];
    const at = this.#waiting.findIndex((each) => each.process === process);
    if (at !== -1) this.#waiting.splice(at, 1).at(0)?.go();
  }
}

/** Picks that look like chance and are the same for the same seed. */
export function seededPick(seed: number): Pick {
  let state = seed;
  return (waiting) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return waiting === 0 ? 0 : Math.floor((state / 2 ** 32) * waiting);
  };
}
