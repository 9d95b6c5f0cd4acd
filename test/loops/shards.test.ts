import { expect, describe, it } from "vitest";
import type { ReadDeps } from "../../src/loops/deps.ts";
import { observePoll } from "../../src/loops/observe-poll.ts";
import { observeWorld } from "../../src/loops/observe-world.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import type { RunCount } from "../../src/pure/ports/run-counter.ts";
import { sha256 } from "../pure/builders.ts";
import { repoNamed, World } from "./world.ts";

const HERE = repoNamed("a");
const ELSEWHERE: readonly RepoRef[] = [repoNamed("b"), repoNamed("c")];
const SHARD = { index: 0, count: 2 };

/** What the poller of the shard that serves repo `a` decides, and how often it counted the others' runs. */
async function pollShard(world: World, counts: readonly RunCount[] | null) {
  let asked = 0;
  const countRuns = async (repos: readonly RepoRef[]): Promise<readonly RunCount[]> => {
    asked += 1;
    expect(repos).toEqual(ELSEWHERE);
    return counts ?? [];
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
  const seen = await observeWorld(deps, settings, "candidates");
  const { answers } = await observePoll(deps, settings, seen);
  return { decisions: answers.map(({ decision }) => decision), asked };
}

function counted(...issues: readonly number[]): readonly RunCount[] {
  return issues.map((each) => ({ kind: "counted", issues: each }));
}

function aWorld(runsMax: number): World {
  return new World({ repos: ["a", "b", "c"], limits: { runsMax } });
}

describe("the poller of a shard", () => {
  it("starts a run while the limit leaves room over all shards, and none at the limit", async () => {
    const world = aWorld(4);
    world.readyIssue("a");
    expect(await pollShard(world, counted(1, 1))).toMatchObject({
      decisions: [{ kind: "dispatch" }],
      asked: 1,
    });
    expect((await pollShard(world, counted(3, 1))).decisions).toEqual([
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
    const { decisions } = await pollShard(world, counted(0, 0));
    expect(decisions).toMatchObject([{ kind: "hold", because: "at-capacity" }]);
  });

  it("takes a repo elsewhere that cannot be counted for a busy one, and goes on", async () => {
    const hidden: readonly RunCount[] = [{ kind: "unreadable", why: "hidden" }, ...counted(0)];
    const decide = async (runsMax: number) => {
      const world = aWorld(runsMax);
      world.readyIssue("a");
      return (await pollShard(world, hidden)).decisions;
    };
    expect(await decide(1)).toMatchObject([{ kind: "hold", because: "at-capacity" }]);
    // Two left for two shards: one is ours.
    expect(await decide(3)).toMatchObject([{ kind: "dispatch" }]);
  });

  it("starts nothing where nobody counts the others' runs", async () => {
    const world = aWorld(10);
    world.readyIssue("a");
    expect((await pollShard(world, null)).decisions).toEqual([
      {
        kind: "hold",
        because: "at-capacity",
        detail:
          "the runs of other shards could not be counted: nobody counts the runs of other shards",
      },
    ]);
  });

  it("asks for no count where it has nothing to start", async () => {
    const { decisions, asked } = await pollShard(aWorld(10), counted(0, 0));
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
