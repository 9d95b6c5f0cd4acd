import type { Move, Schedule } from "./moves.ts";
import { simulate } from "./simulation.ts";

/** Enough for a few passes over a long schedule; a shrunk one is for reading and need not be the least. */
const TRIES_MAX = 400;

/** The law a broken sentence is about: `law 4`. */
export function lawOf(broken: string): string {
  return broken.split(":", 1).join();
}

/** A schedule that breaks the same law with fewer moves, and without faults it does not need. */
export async function shrink(schedule: Schedule, law: string): Promise<Schedule> {
  let tries = 0;
  const breaks = async (moves: readonly Move[]): Promise<boolean> => {
    tries += 1;
    const { broken } = await simulate({ ...schedule, moves });
    return broken.some((what) => lawOf(what) === law);
  };
  let moves = schedule.moves;
  for (let size = Math.ceil(moves.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < moves.length && tries < TRIES_MAX; ) {
      const fewer = [...moves.slice(0, at), ...moves.slice(at + size)];
      if (await breaks(fewer)) moves = fewer;
      else at += size;
    }
  }
  for (const [at, move] of moves.entries()) {
    if (move.kind !== "tick" || move.faults.length === 0) continue;
    const calmer = moves.with(at, { ...move, faults: [] });
    if (await breaks(calmer)) moves = calmer;
  }
  return { ...schedule, moves };
}
