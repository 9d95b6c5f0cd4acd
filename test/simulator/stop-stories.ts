import { type StopScope, stopTurns } from "../../src/loops/stop.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import { AGENT_WRITE_METHODS, FaultPlan, ProcessDied, withFaults } from "../fakes/fake-faults.ts";
import type { Obedience } from "../fakes/fake-thread.ts";
import { brokenLaws } from "../loops/laws.ts";
import { World } from "../loops/world.ts";
import { currentSite } from "./sites.ts";

/** Somebody has `afk stop` end live turns, once and, where it died, once more. */
export type StopStory = {
  readonly name: string;
  readonly obedience: Obedience;
  /** Of two issues, whose turns are to be stopped. */
  readonly scope: "all" | "the first";
};

export const STOP_STORIES: readonly StopStory[] = [
  { name: "all are stopped", obedience: "obeys", scope: "all" },
  { name: "all are stopped, heeding no interrupt", obedience: "ignores-interrupt", scope: "all" },
  { name: "one issue's are stopped", obedience: "obeys", scope: "the first" },
];

/** A death at one effect of a stop. */
export type StopCrash = { readonly kind: "crash-before" | "crash-after"; readonly effect: number };

export type StopPlayed = {
  readonly effects: readonly string[];
  /** Where in the loops the process died. */
  readonly site: string | null;
  readonly broken: readonly string[];
};

/** The runs that were stopped go on, and end, within this. */
const MINUTES_MAX = 30;

/** Ways in which a thread is not ours: by its name, and by its folder, whatever it is called. */
const OTHERS = [
  { threadId: "somebody-elses", workspaceRoot: "/data/o__c" },
  { threadId: "afk-0123456789ab-1-0", workspaceRoot: "/elsewhere/o__a" },
];

/** Plays a stop with a death in it, or none; a death is followed by another stop, and both by the ticks. */
export async function playStop(story: StopStory, crash: StopCrash | null): Promise<StopPlayed> {
  const world = await begin(story);
  const [first] = world.issues;
  if (first === undefined) throw new Error("a world without issues");
  const scope: StopScope =
    story.scope === "all" ? { kind: story.scope } : { kind: "issue", ref: first };
  const before = { turns: world.agent.turnStarts.length, tracker: world.tracker.calls.length };
  const plan = new SitedPlan(crash);
  const isDead = await stopTurns(depsOf(world, plan), scope).then(() => false, onlyDeath);
  const again = await stopTurns(depsOf(world, new FaultPlan()), scope);
  const meant = story.scope === "all" ? world.issues : [first];
  const broken = [
    ...(isDead === (crash !== null) ? [] : ["the stop did not die where it was to"]),
    ...stillLive(world, meant).map((id) => `${id} is still live`),
    ...(again.kind === "stopped" && again.stillLive.length + again.failures.length === 0
      ? []
      : [`the stop answered ${JSON.stringify(again)}`]),
    ...touched(
      world,
      world.issues.filter((ref) => !meant.includes(ref)),
    ),
    ...(world.agent.turnStarts.length === before.turns ? [] : ["a turn was asked for"]),
    ...(world.tracker.calls.length === before.tracker ? [] : ["the tracker was asked"]),
    ...(await goOn(world)),
  ];
  return { effects: plan.effects, site: plan.site, broken };
}

/** Remembers which place in the loops asked for the effect that the process dies at. */
class SitedPlan extends FaultPlan {
  site: string | null = null;
  readonly #crash: StopCrash | null;

  constructor(crash: StopCrash | null) {
    super(crash === null ? [] : [crash]);
    this.#crash = crash;
  }

  override next(effect: string): ReturnType<FaultPlan["next"]> {
    if (this.effects.length + 1 === this.#crash?.effect) this.site = currentSite();
    return super.next(effect);
  }
}

function onlyDeath(error: unknown): true {
  if (error instanceof ProcessDied) return true;
  throw error;
}

/** Two runs of ours, one turn at work and one asked for, and others at work beside them. */
async function begin({ obedience }: StopStory): Promise<World> {
  const world = new World({ repos: ["a", "b"], agent: { obedience } });
  const first = world.readyIssue("a");
  world.readyIssue("b");
  await world.poll();
  world.startsWorking(first);
  for (const { threadId, workspaceRoot } of OTHERS) {
    const id = `a-person-${threadId}`;
    const title = "Somebody else's";
    await world.agent.createProject({ commandId: `${id}-1`, projectId: id, workspaceRoot, title });
    await world.agent.createThread({ commandId: `${id}-2`, threadId, projectId: id, title });
    const turn = { commandId: `${id}-3`, messageId: id, threadId, text: "Go on." };
    await world.agent.startTurn(turn);
    world.agent.startTurns(threadId);
  }
  return world;
}

/** What was asked for begins while the stop looks on. */
function depsOf(world: World, plan: FaultPlan): Parameters<typeof stopTurns>[0] {
  const agent = withFaults(world.agent, plan, AGENT_WRITE_METHODS);
  const sleep = async (ms: number): Promise<void> => {
    world.advance(ms);
    world.agent.startTurns();
  };
  const { workspacesRoot } = world.settings;
  return { reader: agent, writer: agent, now: world.clock.now, sleep, workspacesRoot };
}

function stillLive(world: World, refs: readonly IssueRef[]): readonly string[] {
  return refs.flatMap((ref) => {
    const ids = world.threadsOf(ref);
    return ids.flatMap((id) => world.agent.liveTurns(world.agent.see(id).workspaceRoot));
  });
}

/** Whoever was not meant works on, and nothing was sent to him. */
function touched(world: World, spared: readonly IssueRef[]): readonly string[] {
  const ids = [...OTHERS.map((each) => each.threadId), ...spared.map((ref) => world.threadOf(ref))];
  return ids.flatMap((id) => {
    const isSent = world.agent.calls.some(
      (call) => /^(?:interrupt|stop)\w* (.*)$/.exec(call)?.[1] === id,
    );
    const isLive = world.agent.isWorking(id) || world.agent.isAsked(id);
    return isLive && !isSent ? [] : [`${id} was not to be touched`];
  });
}

/** Let run again, the ticks bring every run to its end. */
async function goOn(world: World): Promise<readonly string[]> {
  const isOver = (ref: IssueRef): boolean => world.verdict(ref) === "done green";
  for (let minute = 0; minute < MINUTES_MAX && !world.issues.every(isOver); minute += 1) {
    await world.tickOn();
    for (const ref of world.issues) {
      if (world.agent.isAsked(world.threadOf(ref))) world.startsWorking(ref);
      else if (world.agent.isWorking(world.threadOf(ref))) world.agentLands(ref);
    }
  }
  return [
    ...world.issues.filter((ref) => !isOver(ref)).map((ref) => `ended as ${world.verdict(ref)}`),
    ...OTHERS.filter(({ threadId }) => !world.agent.isWorking(threadId)).map(
      ({ threadId }) => `the ticks stopped ${threadId}`,
    ),
    ...brokenLaws(world),
  ];
}
