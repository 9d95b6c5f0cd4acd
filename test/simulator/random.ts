/** Numbers that look like chance and are the same for the same seed. */
export type Random = {
  /** From 0 up to and without 1. */
  next(): number;
  /** A whole number from 0 up to and without `below`. */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
};

const STEP = 0x6d2b79f5;
const SPAN = 2 ** 32;

/** The generator of a seed; `about` gives each purpose a row of its own, so that one does not move another's. */
export function createRandom(seed: number, about = ""): Random {
  let state = mix(seed >>> 0, about);
  const next = (): number => {
    state = (state + STEP) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / SPAN;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[int(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}

/** One of the names, as often as its weight says. */
export function pickWeighted<Name extends string>(
  random: Random,
  weights: Readonly<Record<Name, number>>,
): Name {
  const entries = Object.entries(weights) as [Name, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  const [last] = entries.at(-1) ?? [];
  if (last === undefined) throw new Error("nothing to pick from");
  return last;
}

function mix(seed: number, about: string): number {
  let hash = (seed ^ 0x9e3779b9) >>> 0;
  for (const letter of about) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
