import { afterEach, beforeEach, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { keepLaws } from "./laws.ts";
import { LABELS, LEASE_TTL_MS, MINUTE, World } from "./world.ts";

const BOTH = [LABELS.inProgress, LABELS.human];

let world: World;
let ref: IssueRef;

beforeEach(() => {
  world = new World();
  ref = world.readyIssue();
});

afterEach(() => keepLaws(world));

function labelEffects(effects: readonly string[]): readonly string[] {
  return effects.filter((effect) => /^(?:createLabel|addLabel) /.test(effect));
}

/** The agent gives up in the next tick. */
async function handedOver(): Promise<readonly string[]> {
  world.agentSays(ref, "AFK-Outcome: blocked the key is missing");
  return world.effectsOf(() => world.watch());
}

it("a label that the repo has is put on without more", async () => {
  expect(labelEffects(await world.effectsOf(() => world.poll()))).toEqual([
    `addLabel o/a#1 ${LABELS.inProgress}`,
  ]);
  expect(labelEffects(await handedOver())).toEqual([`addLabel o/a#1 ${LABELS.human}`]);
});

it("a label that the repo lacks is created before it is put on, with a color and words", async () => {
  world.tracker.forgetLabels(ref.repo, BOTH);
  const effects = await world.effectsOf(() => world.poll());
  expect(effects.slice(-2)).toEqual([
    `createLabel a ${LABELS.inProgress}`,
    `addLabel o/a#1 ${LABELS.inProgress}`,
  ]);
  expect(world.logs("performing").map(({ fields }) => fields["effect"])).toContain("create-label");
  expect(labelEffects(await handedOver())).toEqual([
    `createLabel a ${LABELS.human}`,
    `addLabel o/a#1 ${LABELS.human}`,
  ]);
  expect([...world.tracker.created.keys()]).toEqual(BOTH);
});

it("only what is missing is created, in whatever case it is spelled", async () => {
  world.tracker.forgetLabels(ref.repo, [LABELS.human]);
  world.settings.labels = { ...LABELS, human: "Ready-For-Human" };
  await world.poll();
  await handedOver();
  expect([...world.tracker.created.keys()]).toEqual(["Ready-For-Human"]);
});

it("a label that cannot be created is put on all the same, and that is said", async () => {
  world.tracker.forgetLabels(ref.repo, BOTH);
  world.tracker.beforeCall = (call) => {
    if (call.startsWith("createLabel")) throw new Error("403: may not create labels");
  };
  expect(await world.poll()).toMatchObject({ dispatched: 1, failed: 0 });
  expect(world.labels(ref)).toContain(LABELS.inProgress);
  expect(world.logs().filter(({ level }) => level === "warn")).toMatchObject([
    { message: "label not created, it is put on without its look" },
  ]);
});

it("a hand-over by the watcher's lock row creates it too", async () => {
  world.tracker.forgetLabels(ref.repo, BOTH);
  // The poller dies after it asked for the turn, and the watcher puts the lock on once its grace is over.
  const calm = new World();
  calm.readyIssue();
  const dispatch = await calm.effectsOf(() => calm.poll());
  await world
    .poll(world.life([{ kind: "crash-after", effect: dispatch.length - 1 }]))
    .catch(() => {});
  expect(world.labels(ref)).toEqual([LABELS.ready]);
  world.advance(11 * MINUTE);
  const effects = await world.effectsOf(() => world.watch());
  expect(labelEffects(effects)[0]).toBe(`createLabel a ${LABELS.inProgress}`);
  expect(world.labels(ref)).toContain(LABELS.inProgress);
});

it("no label is put on once the lease was lost meanwhile", async () => {
  world.tracker.forgetLabels(ref.repo, BOTH);
  world.tracker.beforeCall = (call) => {
    if (!call.startsWith("createLabel")) return;
    world.advance(2 * LEASE_TTL_MS);
    void world.pollLease.lease("another").acquire();
  };
  expect(await world.poll()).toMatchObject({ failed: 1 });
  expect(world.labels(ref)).toEqual([LABELS.ready]);
});
