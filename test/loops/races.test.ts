import { describe, expect, it } from "vitest";
import {
  AGENT_WRITE_METHODS,
  NOTIFIER_WRITE_METHODS,
  TRACKER_WRITE_METHODS,
} from "../fakes/fake-faults.ts";
import { play, type Played, playMinutes, wrongRings, wrongsOf } from "./play.ts";
import { STORIES, type Story } from "./stories.ts";
import { seededPick, Turnstile } from "./turnstile.ts";
import { isLeaseStep } from "./world.ts";

/** Enough for every pair of neighbouring calls to meet in both orders in nearly every minute. */
const SEEDS = 8;

type Loop = "poll" | "watch";

const undisturbed: readonly { readonly story: Story; readonly calm: Played }[] = await Promise.all(
  STORIES.map(async (story) => ({ story, calm: await play(story) })),
);

function other(loop: Loop): Loop {
  return loop === "poll" ? "watch" : "poll";
}

const WRITES: ReadonlySet<string> = new Set([
  ...TRACKER_WRITE_METHODS,
  ...AGENT_WRITE_METHODS,
  ...NOTIFIER_WRITE_METHODS,
]);

/** Right before effect `cutAt` of one loop, over the whole story, a whole tick of the other one passes. */
async function playCut(story: Story, cut: Loop, cutAt: number): Promise<Played & { met: boolean }> {
  let tried = 0;
  let met = false;
  const played = await playMinutes(story, async (world) => {
    const gate = async (call: string) => {
      if (!WRITES.has(call)) return;
      tried += 1;
      if (tried !== cutAt) return;
      met = true;
      await world[other(cut)]();
    };
    for (const loop of ["poll", "watch"] as const) {
      await world[loop](loop === cut ? world.life([], gate) : world.life());
    }
  });
  return { ...played, met };
}

function wrongsWithRings(story: Story, played: Played, calm: Played): readonly string[] {
  return [...wrongsOf(story, played), ...wrongRings(played, calm, 0)];
}

let cuts = 0;

describe.each(undisturbed)("poller and watcher at once: $story.name", ({ story, calm }) => {
  it.each<Loop>(["poll", "watch"])("a %s cut in two by a whole tick of the other", async (cut) => {
    const wrongs: string[] = [];
    let cutAt = 0;
    for (let met = true; met; ) {
      cutAt += 1;
      const played = await playCut(story, cut, cutAt);
      ({ met } = played);
      const found = wrongsWithRings(story, played, calm);
      wrongs.push(...found.map((wrong) => `cut before effect ${cutAt}: ${wrong}`));
    }
    expect(wrongs).toEqual([]);
    cuts += cutAt - 1;
  });

  it(`call by call, in ${SEEDS} orders`, async () => {
    const wrongs: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const pick = seededPick(seed);
      const played = await playMinutes(story, async (world) => {
        const turnstile = new Turnstile(pick);
        await turnstile.run([
          world.poll(world.life([], turnstile.gate())),
          world.watch(world.life([], turnstile.gate())),
        ]);
      });
      const found = wrongsWithRings(story, played, calm);
      wrongs.push(...found.map((wrong) => `seed ${seed}: ${wrong}`));
    }
    expect(wrongs).toEqual([]);
  });
});

it("were cut before every effect of theirs", () => {
  const effects = undisturbed
    .flatMap(({ calm }) => calm.effects)
    .filter((each) => !isLeaseStep(each));
  expect(cuts).toBeGreaterThanOrEqual(effects.length);
});
