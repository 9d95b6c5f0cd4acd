import { describe, expect, it } from "vitest";
import { brokenLaws, ordinalsBegunTwice } from "./laws.ts";
import { type FaultKind, play, type Played, ringsOf } from "./play.ts";
import { STORIES, type Story } from "./stories.ts";

const KINDS: readonly FaultKind[] = ["crash-before", "crash-after", "fail-before", "fail-after"];

type Undisturbed = { readonly story: Story; readonly effects: readonly string[] };

const undisturbed: readonly Undisturbed[] = await Promise.all(
  STORIES.map(async (story) => ({ story, effects: (await play(story)).effects })),
);
const sites = undisturbed.map(({ effects }) => effects.length).reduce((a, b) => a + b, 0);

/** What is wrong with the end of a story in which one effect went wrong. */
function wrongsOf(story: Story, played: Played): readonly string[] {
  const { world, ending, afterwards } = played;
  const isSame = [story.ends, story.alsoEnds].some(
    (ends) => JSON.stringify(ends) === JSON.stringify(ending),
  );
  return [
    ...(isSame ? [] : [`ended as ${ending.join("; ")}`]),
    ...brokenLaws(world),
    ...ordinalsBegunTwice(world),
    ...world.issues.flatMap((ref) => {
      const runs = world.records(ref).length;
      const notices = world.notices(ref).length;
      return notices === runs ? [] : [`${notices} notices for ${runs} runs`];
    }),
    ...afterwards.map((effect) => `after the end: ${effect}`),
  ];
}

/** Law 6: twice only when the process died, or its request failed, between send and record. */
function wrongRings(
  played: Played,
  wanted: ReadonlyMap<string, number>,
  mayRingTwice: boolean,
): readonly string[] {
  const rings = ringsOf(played.world);
  const names = new Set([...rings.keys(), ...wanted.keys()]);
  let repeats = 0;
  const wrong: string[] = [];
  for (const name of names) {
    const times = rings.get(name) ?? 0;
    const want = wanted.get(name) ?? 0;
    repeats += Math.max(0, times - want);
    if (times < want || want === 0) wrong.push(`${name} rang ${times} times`);
  }
  if (repeats > (mayRingTwice ? 1 : 0)) wrong.push(`rang again ${repeats} times`);
  return wrong;
}

function mayRingTwice(effects: readonly string[], kind: FaultKind, at: number): boolean {
  const isRing = (effect: string | undefined) => effect?.startsWith("ring ") === true;
  if (kind === "crash-after" || kind === "fail-after") return isRing(effects[at]);
  return isRing(effects[at - 1]);
}

describe(`a tick that breaks once at any of ${sites} effects of ${STORIES.length} stories`, () => {
  for (const { story, effects } of undisturbed) {
    for (const kind of KINDS) {
      it(`${story.name}: ${kind} at each of its ${effects.length} effects ends the same`, async () => {
        const calm = await play(story);
        const wanted = ringsOf(calm.world);
        const wrongs: string[] = [];
        for (const [at, effect] of effects.entries()) {
          const played = await play(story, { kind, effect: at + 1 });
          const again = mayRingTwice(effects, kind, at);
          const found = [...wrongsOf(story, played), ...wrongRings(played, wanted, again)];
          wrongs.push(...found.map((wrong) => `${at + 1} ${effect}: ${wrong}`));
        }
        expect(wrongs).toEqual([]);
      });
    }
  }
});
