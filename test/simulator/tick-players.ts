import type { IssueEvent } from "../../src/pure/issue.ts";
import { ProcessDied } from "../fakes/fake-faults.ts";
import { Turnstile } from "../loops/turnstile.ts";
import type { Life } from "../loops/world.ts";
import { countUp } from "./counts.ts";
import { requestsOf } from "./gatekeeper.ts";
import type { Loop, Move, PersonAct } from "./moves.ts";
import { performPerson } from "./people.ts";
import { createRandom } from "./random.ts";
import type { ActedOn, Stage } from "./stage.ts";
import type { TickSeen } from "./watchman.ts";

/** One tick; its process may die, and what it throws must be the outside world's doing. */
export async function playTick(stage: Stage, loop: Loop, life: Life): Promise<void> {
  await whileWatched(stage, async () => {
    const isAlive = await outlive(stage, stage.world[loop](life));
    noteTick(stage, life, isAlive);
    return [{ loop, process: life.process, isWhole: isAlive }];
  });
}

/** Ticks that stand at every call and are let through one call at a time. */
export async function playTogether(
  stage: Stage,
  move: Extract<Move, { kind: "together" }>,
): Promise<void> {
  await whileWatched(stage, async () => {
    const random = createRandom(move.order);
    const turnstile = new Turnstile((waiting) => (waiting === 0 ? 0 : random.int(waiting)));
    const ticks = move.loops.map((loop) => ({
      loop,
      life: stage.world.life([], turnstile.gate()),
    }));
    await turnstile.run(ticks.map(({ loop, life }) => outlive(stage, stage.world[loop](life))));
    for (const { life } of ticks) noteTick(stage, life, true);
    return ticks.map(({ loop, life }) => ({ loop, process: life.process, isWhole: false }));
  });
}

/** A person acts between what a tick read and what it does about it. */
export async function playMeddled(
  stage: Stage,
  move: Extract<Move, { kind: "meddled" }>,
  on: ActedOn,
): Promise<void> {
  await whileWatched(stage, async () => {
    let calls = 0;
    const gate = async (): Promise<void> => {
      calls += 1;
      if (calls !== move.call) return;
      const before = stage.world.tracker.see(on.ref).history.events.at(-1);
      actAsPerson(stage, move.act, on);
      noteMidTick(stage, on, before);
    };
    const life = stage.world.life([], gate);
    const isAlive = await outlive(stage, stage.world[move.loop](life));
    noteTick(stage, life, isAlive);
    return [{ loop: move.loop, process: life.process, isWhole: false }];
  });
}

/** The process sleeps in the middle of a request, another tick passes, and the request still lands. */
export async function playOvertaken(
  stage: Stage,
  move: Extract<Move, { kind: "overtaken" }>,
): Promise<void> {
  const { world, watchman, excuses } = stage;
  await whileWatched(stage, async () => {
    const lease = move.loop === "poll" ? world.pollLease : world.watchLease;
    let effects = 0;
    let triedBefore: number | null = null;
    const gate = async (call: string): Promise<void> => {
      if (!isWrite(call)) return;
      effects += 1;
      if (effects !== move.effect) return;
      triedBefore = life.plan.effects.length;
      lease.expire();
      await world[move.loop]();
    };
    const life: Life = world.life([], gate);
    const isAlive = await outlive(stage, world[move.loop](life));
    const landed = triedBefore === null ? [] : life.plan.effects.slice(triedBefore);
    // The first is the request that was under way when the lease was lost; no law excuses another.
    excuses.late.push(...landed.slice(0, 1));
    if (landed.length > 1)
      watchman.broken.push(`law 2: ${landed.length} effects after the lease was lost`);
    noteTick(stage, life, isAlive);
    const tick = { loop: move.loop, process: life.process, isWhole: false };
    return [tick, { ...tick, process: -1 }];
  });
}

/** What a person does to an issue, whether or not a tick is under way. */
export function actAsPerson(stage: Stage, act: PersonAct, on: ActedOn): void {
  const { world, watchman, counts } = stage;
  countUp(counts.faults, act);
  if (act === "delete-progress" || act === "tamper-progress") watchman.forgetRecords(on.ref);
  performPerson(world, on.ref, { act, number: on.number });
  watchman.noteApprovals();
}

/** Law 1: a tick whose gates are shut asks nothing of anybody. All others are looked at from outside. */
async function whileWatched(stage: Stage, play: () => Promise<readonly TickSeen[]>): Promise<void> {
  const { world, watchman, gates, teller, silence } = stage;
  const isArmed = gates.isArmed();
  const askedBefore = isArmed ? 0 : requestsOf(world);
  if (gates.letsPass()) {
    watchman.before(silence);
    watchman.after(await play());
  } else {
    teller.tell("   disabled");
    if (isArmed) watchman.broken.push("law 1: a tick is disabled with both gates open");
  }
  const asked = isArmed ? 0 : requestsOf(world) - askedBefore;
  if (asked > 0) watchman.broken.push(`law 1: a disabled tick made ${asked} requests`);
  teller.tellNews();
}

/** What a person just did, as the tracker tells it. */
function noteMidTick({ world, excuses }: Stage, { ref }: ActedOn, before?: IssueEvent): void {
  const { events } = world.tracker.see(ref).history;
  const known = events.findIndex(({ id }) => id === before?.id);
  for (const { id } of events.slice(known + 1)) excuses.midTick.add(id);
}

async function outlive({ watchman }: Stage, tick: Promise<unknown>): Promise<boolean> {
  try {
    await tick;
    return true;
  } catch (error) {
    if (error instanceof ProcessDied) return false;
    const isPlanned = error instanceof Error && /^failed |planned trouble/.test(error.message);
    if (!isPlanned) watchman.broken.push(`law 12: a tick threw: ${String(error)}`);
    return false;
  }
}

function noteTick({ counts }: Stage, life: Life, isAlive: boolean): void {
  counts.ticks += 1;
  counts.effects += life.plan.effects.length;
  if (!isAlive && life.plan.isDead) counts.crashes += 1;
  for (const kind of life.plan.fired) countUp(counts.faults, kind);
}

/** Every write of a port is a verb in the imperative; reads begin otherwise. */
function isWrite(call: string): boolean {
  return !/^(?:read|list|observe|whoAmI|isHeld|acquire|release)/.test(call);
}
