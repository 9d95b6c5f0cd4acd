import type { World } from "../loops/world.ts";
import { stageTold } from "./delivery.ts";

/** What was simulated, to be added up. */
export type Counts = {
  ticks: number;
  effects: number;
  crashes: number;
  faults: Record<string, number>;
  verdicts: Record<string, number>;
  holds: Record<string, number>;
};

export function noCounts(): Counts {
  return { ticks: 0, effects: 0, crashes: 0, faults: {}, verdicts: {}, holds: {} };
}

/** One more of a kind. */
export function countUp(counted: Record<string, number>, kind: string): void {
  counted[kind] = (counted[kind] ?? 0) + 1;
}

/** Adds the verdicts that a world's records tell, and the holds that its ticks decided. */
export function countEnds(world: World, counts: Counts): void {
  for (const ref of world.issues) {
    for (const { verdict } of world.records(ref)) {
      const told = verdict === null ? "" : stageTold(verdict);
      const ended = verdict === null ? "none" : `${verdict.kind} ${verdict.because}${told}`;
      countUp(counts.verdicts, ended);
    }
  }
  for (const { fields } of world.logs("decided")) {
    const { decision } = fields as { decision?: { kind?: string; because?: string } };
    if (decision?.kind === "hold") countUp(counts.holds, decision.because ?? "");
  }
}
