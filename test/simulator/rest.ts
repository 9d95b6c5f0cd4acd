import { isLeaseStep, LABELS, MARIA, MINUTE, type World } from "../loops/world.ts";
import { workOn } from "./agents-at-work.ts";
import { isOver, runBoundMs } from "./ending.ts";
import { answerAll } from "./people.ts";
import { healServices } from "./services.ts";
import type { Stage } from "./stage.ts";
import { playTick } from "./tick-players.ts";

/** Ticks over a world in which nothing is left to do: one, and thirty in every so manieth schedule. */
const QUIET_TICKS = 1;
const QUIET_TICKS_LONG = 30;
const LONG_EVERY = 50;

/** Found, concluded, told and released: one step a tick, with as many to spare. */
const TICKS_AGAIN = 10;

/** Several hours into the rest: afk has done all it can about a thread by then. */
const STEPS_BEFORE_HANDS = 24;

/** Ticks that found nothing to do wait for time alone: it passes the sooner. */
const STEPS_PER_IDLE = 4;

/**
 * Services heal, people answer and resume, agents end what they began, until every run has its verdict. False when
 * that takes longer than a run may.
 */
export async function comeToRest(stage: Stage, seed: number): Promise<boolean> {
  const { world } = stage;
  stage.teller.tell("everything heals");
  stage.gates.openBoth();
  stage.silence.isAgentSilent = false;
  stage.silence.isCiSilent = false;
  world.settings.isDraining = false;
  healServices(world);
  for (const ref of world.issues) world.tracker.unlabel(ref, LABELS.paused, MARIA);
  const boundMs = runBoundMs(world.settings.limits) * (world.issues.length + 1);
  const until = world.clock.now() + boundMs;
  let pace = 0;
  for (let step = 0; world.clock.now() <= until; step += 1) {
    const before = world.effects().length;
    await playBoth(stage);
    const isIdle = world.effects().length === before;
    if (isIdle && isOver(world)) return true;
    pace = isIdle ? pace + STEPS_PER_IDLE : 0;
    for (const ref of world.issues) answerAll(world, ref);
    if (step === STEPS_BEFORE_HANDS) deleteStubborn(world);
    // What was asked for begins, and ends in the same step.
    workOn(world, seed, "swift");
    workOn(world, seed, "swift");
    world.advance(stepMs(pace));
  }
  return false;
}

/** What ticks still do after the end. A rest that ended with ticks that did nothing has shown so already. */
export async function effectsAfterRest(
  stage: Stage,
  of: { readonly seed: number; readonly isQuiet: boolean },
): Promise<readonly string[]> {
  const { world } = stage;
  const isLong = of.seed % LONG_EVERY === 0;
  if (isLong) await comeToRestAgain(stage);
  const ticks = isLong ? QUIET_TICKS_LONG : of.isQuiet ? 0 : QUIET_TICKS;
  const effects: string[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    effects.push(...(await world.effectsOf(() => playBoth(stage))));
    world.advance(MINUTE);
  }
  return effects.filter((effect) => !isLeaseStep(effect));
}

/** What has no record and no label is looked into only after a grace, and what that leads to ends within some ticks. */
async function comeToRestAgain(stage: Stage): Promise<void> {
  const { world } = stage;
  world.advance(world.settings.limits.adoptGraceMs + MINUTE);
  for (let tick = 0; tick < TICKS_AGAIN; tick += 1) {
    await playBoth(stage);
    world.advance(MINUTE);
  }
}

async function playBoth(stage: Stage): Promise<void> {
  await playTick(stage, "poll", stage.world.life());
  await playTick(stage, "watch", stage.world.life());
}

/** What heeds neither interrupt nor stop is a person's to end, as the notice says. */
function deleteStubborn(world: World): void {
  for (const id of world.agent.threadIds()) {
    const { session, presence } = world.agent.see(id);
    if (presence !== "deleted" && session?.status === "running") world.agent.deleteThread(id);
  }
}

/** Minutes at first, then longer, so that the longest wait of the product ends within few steps. */
function stepMs(step: number): number {
  if (step < 8) return MINUTE;
  return step < 20 ? 10 * MINUTE : 3 * 60 * MINUTE;
}
