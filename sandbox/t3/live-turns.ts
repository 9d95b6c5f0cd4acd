/** The highest number of turns that were ever alive at once, by thread id and by the project's folder. */
export type LiveTurnsMax = {
  readonly byThread: ReadonlyMap<string, number>;
  readonly byWorkspaceRoot: ReadonlyMap<string, number>;
};

/** Counts the agent's turns that are really under way, whatever the rows say. */
export class LiveTurnCounter {
  readonly #threads = new HighWater();
  readonly #roots = new HighWater();

  get max(): LiveTurnsMax {
    return { byThread: this.#threads.max, byWorkspaceRoot: this.#roots.max };
  }

  /** Counts a turn until the function it answers is called. */
  enter(threadId: string, workspaceRoot: string): () => void {
    this.#threads.add(threadId, 1);
    this.#roots.add(workspaceRoot, 1);
    return () => {
      this.#threads.add(threadId, -1);
      this.#roots.add(workspaceRoot, -1);
    };
  }
}

class HighWater {
  readonly max = new Map<string, number>();
  readonly #now = new Map<string, number>();

  add(key: string, by: number): void {
    const count = (this.#now.get(key) ?? 0) + by;
    this.#now.set(key, count);
    this.max.set(key, Math.max(this.max.get(key) ?? 0, count));
  }
}
