import { areBellsSettled } from "../../src/pure/bells.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import { findNotice } from "../../src/pure/notices.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { ProcessDied } from "../fakes/fake-faults.ts";
import { brokenLaws, ordinalsBegunTwice } from "./laws.ts";
import type { Story } from "./stories.ts";
import { isLeaseStep, LABELS, MINUTE, World } from "./world.ts";

type Faults = Parameters<World["life"]>[0];
type Fault = NonNullable<Faults>[number];
export type FaultKind = Fault["kind"];

/** Nobody waits longer: a run that is not over by then never will be. */
const MINUTES_MAX = 60;

/** Ticks over a world in which nothing is left to do. */
const QUIET_MINUTES = 3;

/** A story as it was played to its end. */
export type Played = {
  readonly world: World;
  /** Effects tried over the whole story, both ticks' in one line. */
  readonly effects: readonly string[];
  readonly ending: readonly string[];
  /** What ticks still did after the end. */
  readonly afterwards: readonly string[];
};

/** What runs in one minute of a story: its ticks, in whatever order and as broken as the test wants. */
export type Minute = (world: World) => Promise<void>;

/** Plays a story with one fault in it. A fault's effect is numbered over the whole story. */
export async function play(story: Story, fault: Fault | null = null): Promise<Played> {
  let tried = 0;
  return playMinutes(story, async (world) => {
    for (const loop of ["poll", "watch"] as const) {
      const life = world.life(fault === null ? [] : [{ ...fault, effect: fault.effect - tried }]);
      await outlive(world[loop](life));
      tried += life.plan.effects.length;
    }
  });
}

/** Plays a story minute by minute: its ticks, then what the world does. */
export async function playMinutes(story: Story, minute: Minute): Promise<Played> {
  const world = new World(story.options);
  const live = story.begin(world);
  for (let minutes = 0; minutes < MINUTES_MAX && !isOver(world, story); minutes += 1) {
    await minute(world);
    live();
    world.advance(MINUTE);
  }
  const effects = world.effects();
  const afterwards = await world.effectsOf(() => world.tickOn(QUIET_MINUTES));
  const ending = world.issues.map((ref) => endingOf(world, ref));
  return { world, effects, ending, afterwards: afterwards.filter(isNoLeaseStep) };
}

/** A death and a planned failure are the play's own; every other error is a bug. */
async function outlive(tick: Promise<unknown>): Promise<void> {
  try {
    await tick;
  } catch (error) {
    const isPlanned =
      error instanceof ProcessDied ||
      (error instanceof Error && error.message.startsWith("failed "));
    if (!isPlanned) throw error;
  }
}

function isNoLeaseStep(effect: string): boolean {
  return !isLeaseStep(effect);
}

function isOver(world: World, story: Story): boolean {
  if (story.isOver !== undefined) return story.isOver(world);
  return world.issues.every((ref) => {
    const records = world.records(ref);
    const isReady = world.labels(ref).includes(LABELS.ready);
    const isLocked = world.labels(ref).includes(LABELS.inProgress);
    return (
      records.length > 0 &&
      !isReady &&
      !isLocked &&
      records.every((record) => isTold(world, ref, record))
    );
  });
}

function isTold(world: World, ref: IssueRef, { verdict, runId }: RunRecord): boolean {
  if (verdict === null) return false;
  if (findNotice(world.tracker.see(ref).ownComments.comments, runId) === null) return false;
  const names = verdict.kind === "cancelled" ? [] : world.notifiers.map((each) => each.name);
  const clock = { now: world.clock.now(), notifyMsMax: world.settings.limits.notifyMsMax };
  return areBellsSettled(verdict.bells, names, clock);
}

function endingOf(world: World, ref: IssueRef): string {
  const about = `${issueKey(ref)} ${world.state(ref)} [${world.labels(ref).join()}]`;
  const records = world.records(ref);
  if (records.length === 0) return `${about} no run, ${world.holdNotices(ref).length} hold`;
  const verdicts = records.map(({ verdict }) =>
    verdict === null ? "no verdict" : `${verdict.kind} ${verdict.because}`,
  );
  const turns = records.at(-1)?.turns.map((turn) => turn.kind) ?? [];
  return `${about} ${verdicts.join(", ")}: ${turns.join(" ")}`;
}

/** How often each doorbell rang, by notifier and key: `ntfy ef81-verdict`. */
export function ringsOf(world: World): ReadonlyMap<string, number> {
  const rings = new Map<string, number>();
  for (const notifier of world.notifiers) {
    for (const { key } of notifier.rung) {
      const name = `${notifier.name} ${key}`;
      rings.set(name, (rings.get(name) ?? 0) + 1);
    }
  }
  return rings;
}

/** What is wrong with the end of a story whose ticks were disturbed. */
export function wrongsOf(story: Story, played: Played): readonly string[] {
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
      return notices === runs || story.isUntold === true
        ? []
        : [`${notices} notices for ${runs} runs`];
    }),
    ...afterwards.map((effect) => `after the end: ${effect}`),
  ];
}

/** Doorbells that did not ring as often as in the undisturbed story, but for `mayRepeat` of them. */
export function wrongRings(played: Played, calm: Played, mayRepeat: number): readonly string[] {
  const rings = ringsOf(played.world);
  const wanted = ringsOf(calm.world);
  const wrong: string[] = [];
  let repeats = 0;
  for (const name of new Set([...rings.keys(), ...wanted.keys()])) {
    const times = rings.get(name) ?? 0;
    const want = wanted.get(name) ?? 0;
    repeats += Math.max(0, times - want);
    if (times < want || want === 0) wrong.push(`${name} rang ${times} times`);
  }
  return repeats > mayRepeat ? [...wrong, `rang again ${repeats} times`] : wrong;
}
