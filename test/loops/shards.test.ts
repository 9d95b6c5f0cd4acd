import { expect, describe, it } from "vitest";
import type { ReadDeps } from "../../src/loops/deps.ts";
import { observePoll } from "../../src/loops/observe-poll.ts";
import { observeWorld } from "../../src/loops/observe-world.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import type { RunCounts } from "../../src/pure/ports/run-counter.ts";
import { sha256 } from "../pure/builders.ts";
import { repoNamed, World } from "./world.ts";

const HERE = repoNamed("a");
const ELSEWHERE: readonly RepoRef[] = [repoNamed("b"), repoNamed("c")];
const SHARD = { index: 0, count: 2 };

/** What the poller of the shard that serves repo `a` decides, and how often it counted the others' runs. */
async function pollShard(world: World, counts: RunCounts | null) {
  let asked = 0;
  const countRuns = async (repos: readonly RepoRef[]): Promise<RunCounts> => {
    asked += 1;
    expect(repos).toEqual(ELSEWHERE);
    return counts ?? { kind: "unreadable", why: "not asked" };
  };
  const deps: ReadDeps = {
    tracker: { reader: world.tracker },
    agent: { reader: world.agent },
    ci: world.ci,
    now: world.clock.now,
    sha256,
    ...(counts === null ? {} : { runCounter: { countRuns } }),
  };
  const settings = {
    ...world.settings,
    repos: [HERE],
    sharding: { shard: SHARD, elsewhere: ELSEWHERE },
  };
  const seen = await observeWorld(deps, [HERE], "candidates");
  const { answers } = await observePoll(deps, settings, seen);
  return { decisions: answers.map(({ decision }) => decision), asked };
}

function aWorld(runsMax: number): World {
  return new World({ repos: ["a", "b", "c"], limits: { runsMax } });
}

describe("the poller of a shard", () => {
  it("starts a run while the limit leaves room over all shards, and none at the limit", async () => {
    const world = aWorld(4);
    world.readyIssue("a");
    const counted = (b: number): RunCounts => ({ kind: "counted", counts: [b, 1] });
    expect(await pollShard(world, counted(1))).toMatchObject({
      decisions: [{ kind: "dispatch" }],
      asked: 1,
    });
    expect((await pollShard(world, counted(3))).decisions).toEqual([
      {
        kind: "hold",
        because: "at-capacity",
        detail: "as many runs as AFK_MAX_RUNS leaves to this shard now",
      },
    ]);
  });

  it("counts a live thread elsewhere that has no label yet", async () => {
    const world = aWorld(1);
    world.readyIssue("a");
    const other = world.readyIssue("b");
    world.settings.repos = [repoNamed("b")];
    await world.poll();
    world.startsWorking(other);
    const { decisions } = await pollShard(world, { kind: "counted", counts: [0, 0] });
    expect(decisions).toMatchObject([{ kind: "hold", because: "at-capacity" }]);
  });

  it.each([
    ["could not be counted", { kind: "unreadable", why: "o/c: hidden" } as const, "o/c: hidden"],
    ["nobody counts", null, "nobody counts the runs of other shards"],
  ])("starts nothing where the others' runs %s", async (_name, counts, why) => {
    const world = aWorld(10);
    world.readyIssue("a");
    expect((await pollShard(world, counts)).decisions).toEqual([
      {
        kind: "hold",
        because: "at-capacity",
        detail: `the runs of other shards could not be counted: ${why}`,
      },
    ]);
  });

  it("asks for no count where it has nothing to start", async () => {
    const { decisions, asked } = await pollShard(aWorld(10), { kind: "counted", counts: [0, 0] });
    expect({ decisions, asked }).toEqual({ decisions: [], asked: 0 });
  });
});

describe("the watcher of a shard", () => {
  it("leaves the live turns of other shards alone, and interrupts what nobody serves", async () => {
    const world = aWorld(10);
    const other = world.readyIssue("b");
    await world.poll();
    world.startsWorking(other);
    world.settings.repos = [HERE];
    world.settings.elsewhere = ELSEWHERE;
    const effects = async () => world.effectsOf(() => world.watch());
    expect(await effects()).toEqual([]);
    world.settings.elsewhere = [];
    expect((await effects()).join()).toContain("interruptTurn");
  });
});
