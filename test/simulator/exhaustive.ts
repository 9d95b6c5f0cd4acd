import { ProcessDied } from "../fakes/fake-faults.ts";
import { type FaultKind, type Played, playMinutes, wrongsOf } from "../loops/play.ts";
import { STORIES, type Story } from "../loops/stories.ts";
import { currentSite } from "./sites.ts";
import { playStop, STOP_STORIES } from "./stop-stories.ts";

const CRASHES = ["crash-before", "crash-after"] as const satisfies readonly FaultKind[];

/** How often a tick died right before and right after an effect of one place in the loops. */
export type SiteCrashes = { before: number; after: number };

/**
 * Every story of the ticks, and every one of `afk stop`, played once for each of its effects with a death before it
 * and once with one after it.
 */
export type CrashReport = {
  readonly plays: number;
  readonly bySite: Readonly<Record<string, SiteCrashes>>;
  readonly broken: readonly string[];
};

/** A story that can be played with a death in it. */
type Crashable = {
  readonly name: string;
  readonly play: (crash: Crash | null) => Promise<{
    readonly effects: readonly string[];
    /** The place in the loops that asked for the effect which the process died at. */
    readonly site: string | null;
    readonly broken: readonly string[];
  }>;
};

type Crash = { readonly kind: (typeof CRASHES)[number]; readonly effect: number };

const CRASHABLE: readonly Crashable[] = [
  ...STORIES.map((story) => ({
    name: story.name,
    play: async (crash: Crash | null) => {
      const played = await playTicks(story, crash);
      return { ...played, broken: wrongsOf(story, played) };
    },
  })),
  ...STOP_STORIES.map((story) => ({
    name: `afk stop: ${story.name}`,
    play: (crash: Crash | null) => playStop(story, crash),
  })),
];

/** Plays a share of the stories; `part` of `parts`. */
export async function crashEverywhere(part: number, parts: number): Promise<CrashReport> {
  const bySite: Record<string, SiteCrashes> = {};
  const broken: string[] = [];
  let plays = 0;
  for (const { name, play } of CRASHABLE.filter((_, at) => at % parts === part)) {
    const calm = await play(null);
    broken.push(...calm.broken.map((wrong) => `${name}: undisturbed: ${wrong}`));
    for (const kind of CRASHES) {
      for (let effect = 1; effect <= calm.effects.length; effect += 1) {
        const played = await play({ kind, effect });
        plays += 1;
        note(bySite, played.site, kind);
        const at = `${name}: ${kind} of effect ${effect}`;
        broken.push(...played.broken.map((wrong) => `${at}: ${wrong}`));
      }
    }
  }
  return { plays, bySite, broken };
}

async function playTicks(
  story: Story,
  crash: Crash | null,
): Promise<Played & { readonly site: string | null }> {
  let tried = 0;
  let site: string | null = null;
  const played = await playMinutes(story, async (world) => {
    for (const loop of ["poll", "watch"] as const) {
      const faults = crash === null ? [] : [{ ...crash, effect: crash.effect - tried }];
      const life = world.life(faults);
      const onEffect = (): void => {
        if (tried + life.plan.effects.length + 1 === crash?.effect) site = currentSite();
      };
      await world[loop]({ ...life, onEffect }).catch(onlyDeath);
      tried += life.plan.effects.length;
    }
  });
  return { ...played, site };
}

function onlyDeath(error: unknown): void {
  if (!(error instanceof ProcessDied)) throw error;
}

/** Taking and releasing the lease is no place in the loops that a decision leads to. */
function note(bySite: Record<string, SiteCrashes>, site: string | null, kind: Crash["kind"]): void {
  if (site === null) return;
  const crashes = (bySite[site] ??= { before: 0, after: 0 });
  crashes[kind === "crash-before" ? "before" : "after"] += 1;
}
