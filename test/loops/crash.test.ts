import { describe, expect, it } from "vitest";
import {
  AGENT_WRITE_METHODS,
  NOTIFIER_WRITE_METHODS,
  TRACKER_WRITE_METHODS,
} from "../fakes/fake-faults.ts";
import { type FaultKind, play, type Played, ringsOf, wrongRings, wrongsOf } from "./play.ts";
import { STORIES, type Story } from "./stories.ts";

const KINDS: readonly FaultKind[] = ["crash-before", "crash-after", "fail-before", "fail-after"];

const undisturbed: readonly { readonly story: Story; readonly calm: Played }[] = await Promise.all(
  STORIES.map(async (story) => ({ story, calm: await play(story) })),
);
const effects = undisturbed.flatMap(({ calm }) => calm.effects);

/** Law 6: twice only when the process died, or one of its requests failed, between send and record. */
function mayRingTwice(calm: Played, kind: FaultKind, at: number): boolean {
  const isRing = (effect: string | undefined) => effect?.startsWith("ring ") === true;
  if (kind === "crash-after" || kind === "fail-after") return isRing(calm.effects[at]);
  return isRing(calm.effects[at - 1]);
}

describe("an undisturbed story", () => {
  it.each(undisturbed)("$story.name", ({ story, calm }) => {
    expect(calm.ending).toEqual(story.ends);
    expect(wrongsOf(story, calm)).toEqual([]);
    expect(calm.world.errors()).toEqual(story.errors ?? []);
    expect([...ringsOf(calm.world).values()].filter((times) => times !== 1)).toEqual([]);
  });

  it("has, all in all, every kind of effect there is", () => {
    const seen = new Set(effects.map((effect) => effect.split(" ", 1).join()));
    const all = [...TRACKER_WRITE_METHODS, ...AGENT_WRITE_METHODS, ...NOTIFIER_WRITE_METHODS];
    expect(all.filter((method) => !seen.has(method))).toEqual([]);
  });
});

const plays = effects.length * KINDS.length;

describe(`${STORIES.length} stories with ${effects.length} effects, played ${plays} times with one broken tick`, () => {
  describe.each(undisturbed)("$story.name", ({ story, calm }) => {
    it.each(KINDS)(`%s at each of ${calm.effects.length} effects ends the same`, async (kind) => {
      const wrongs: string[] = [];
      for (const [at, effect] of calm.effects.entries()) {
        const played = await play(story, { kind, effect: at + 1 });
        const repeats = mayRingTwice(calm, kind, at) ? 1 : 0;
        const found = [...wrongsOf(story, played), ...wrongRings(played, calm, repeats)];
        wrongs.push(...found.map((wrong) => `${at + 1} ${effect}: ${wrong}`));
      }
      expect(wrongs).toEqual([]);
    });
  });
});
