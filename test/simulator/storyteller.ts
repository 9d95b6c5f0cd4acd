import type { World } from "../loops/world.ts";

/** Keeps the history of a world line by line, where somebody wants to read it. */
export class Storyteller {
  readonly story: string[] = [];
  readonly #world: World;
  readonly #isWanted: boolean;
  #toldTo = 0;

  constructor(world: World, isWanted: boolean) {
    this.#world = world;
    this.#isWanted = isWanted;
  }

  tell(line: string): void {
    if (this.#isWanted)
      this.story.push(`${new Date(this.#world.clock.now()).toISOString()} ${line}`);
  }

  /** What ticks said and did since it was last told. */
  tellNews(): void {
    if (!this.#isWanted) return;
    for (const each of this.#world.timeline.slice(this.#toldTo)) {
      const text =
        each.kind === "effect"
          ? `effect ${each.effect}`
          : `${each.level} ${each.message} ${JSON.stringify(each.fields, tellError)}`;
      this.story.push(`     [${each.process}] ${text}`);
    }
    this.#toldTo = this.#world.timeline.length;
  }
}

function tellError(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
