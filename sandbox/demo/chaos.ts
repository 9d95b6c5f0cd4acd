import type { ChildProcess } from "node:child_process";
import type { LogLine } from "./ticks.ts";

/** The least number of ticks that chaos kills. */
export const KILLS_MIN = 50;

/** Most ticks die, so that fifty deaths fall within the stories and not after them. */
const KILL_SHARE = 0.6;
/** How often a loop is started twice at once. */
const DOUBLE_SHARE = 0.3;
/** A loaded machine needs about this long for a tick: a moment in it may be before, within or after. */
const MOMENT_MS_MAX = 1500;
/** Half of the deaths are aimed at an effect: right after its log line, while its request is under way. */
const AIMED_SHARE = 0.5;
const AIMED_EFFECTS_MAX = 6;
const AIMED_DELAY_MS_MAX = 12;

/** What happens to one tick: nothing, or death at a moment or close to an effect. */
export type Fate =
  | { readonly kind: "lives" }
  | { readonly kind: "dies-after"; readonly ms: number }
  | { readonly kind: "dies-at-effect"; readonly effect: number; readonly delayMs: number };

/** Chaos by a seed: the same seed draws the same fates, though not at the same moments of a busy machine. */
export type Chaos = {
  readonly seed: number;
  /** Ticks killed so far. */
  readonly kills: () => number;
  /** The loops of a round, each once or twice. */
  readonly round: () => readonly ("poll" | "watch")[];
  /** Draws a fate for a tick that was just started. */
  readonly follow: (child: ChildProcess) => (line: LogLine) => void;
};

/** Starts chaos from a seed of 32 bits. */
export function createChaos(seed: number): Chaos {
  const random = createRandom(seed);
  let kills = 0;
  const twice = () => (random() < DOUBLE_SHARE ? 2 : 1);
  return {
    seed,
    kills: () => kills,
    round: () => [
      ...Array.from({ length: twice() }, () => "poll" as const),
      ...Array.from({ length: twice() }, () => "watch" as const),
    ],
    follow: (child) => {
      child.on("close", (_code, signal) => {
        if (signal === "SIGKILL") kills += 1;
      });
      return carryOut(drawFate(random), child);
    },
  };
}

function drawFate(random: () => number): Fate {
  if (random() >= KILL_SHARE) return { kind: "lives" };
  if (random() >= AIMED_SHARE) return { kind: "dies-after", ms: random() * MOMENT_MS_MAX };
  const effect = 1 + Math.floor(random() * AIMED_EFFECTS_MAX);
  return { kind: "dies-at-effect", effect, delayMs: random() * AIMED_DELAY_MS_MAX };
}

function carryOut(fate: Fate, child: ChildProcess): (line: LogLine) => void {
  const kill = () => void child.kill("SIGKILL");
  if (fate.kind === "dies-after") {
    const timer = setTimeout(kill, fate.ms);
    child.on("close", () => clearTimeout(timer));
  }
  let effects = 0;
  return (line) => {
    if (fate.kind !== "dies-at-effect" || line.msg !== "performing") return;
    effects += 1;
    if (effects === fate.effect) setTimeout(kill, fate.delayMs);
  };
}

// A linear congruential step mixed by shifts: not for secrets, enough to draw fates, and the same everywhere.
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 2_246_822_519) >>> 0;
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
  };
}
