import { describe, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { HOUR, LABELS, MARIA, World } from "../loops/world.ts";
import { brokenAtTheEnd } from "./ending-laws.ts";

type Ending = Parameters<typeof brokenAtTheEnd>[1];

const NOTHING: Ending = { late: [], midTick: new Set(), used: new Set() };

/** What the end breaks of laws that begin so. */
async function broken(world: World, law: string, how: Partial<Ending> = {}) {
  const all = await brokenAtTheEnd(world, { ...NOTHING, ...how });
  return all.filter((what) => what.startsWith(law));
}

async function dispatched(): Promise<{ readonly world: World; readonly ref: IssueRef }> {
  const world = new World();
  const ref = world.readyIssue();
  await world.tickOn();
  return { world, ref };
}

describe("a request that landed late", () => {
  const LATE = "createComment o/a#1 <!-- afk:run=";

  async function withTwoComments() {
    const { world, ref } = await dispatched();
    const [body = ""] = world.progressComments(ref);
    await world.tracker.createComment(ref, body);
    const line = body.split("\n", 1).join();
    return { world, ref, body, effect: `createComment o/a#1 ${line}` };
  }

  it("excuses the very comment that it wrote", async () => {
    const { world, effect } = await withTwoComments();
    expect(effect.startsWith(LATE)).toBe(true);
    expect(await broken(world, "law 5")).toHaveLength(1);
    expect(await broken(world, "law 5", { late: [effect] })).toEqual([]);
  });

  it("excuses no comment of another issue, another run or another effect", async () => {
    const { world, effect } = await withTwoComments();
    const others = [
      effect.replace("#1", "#2"),
      `${LATE}000000000000 -->`,
      effect.replace("createComment", "editComment"),
    ];
    expect(await broken(world, "law 5", { late: others })).toHaveLength(1);
  });

  it("excuses one comment, not two", async () => {
    const { world, ref, body, effect } = await withTwoComments();
    await world.tracker.createComment(ref, body);
    expect(await broken(world, "law 5", { late: [effect] })).toHaveLength(1);
  });
});

describe("an approval that afk took away unused", () => {
  async function takenAway(passesMs: number) {
    const { world, ref } = await dispatched();
    world.approveAgain(ref);
    const id = world.tracker.see(ref).history.events.at(-1)?.id ?? "";
    world.advance(passesMs);
    await world.tracker.removeLabel(ref, LABELS.ready);
    return { world, id };
  }

  it("is excused where it was given in that very moment of a tick", async () => {
    const { world, id } = await takenAway(0);
    expect(await broken(world, "law 3")).toHaveLength(1);
    expect(await broken(world, "law 3", { midTick: new Set([id]) })).toEqual([]);
  });

  it("is lost where another event came in a tick, or time passed since", async () => {
    const { world } = await takenAway(0);
    expect(await broken(world, "law 3", { midTick: new Set(["another"]) })).toHaveLength(1);
    const later = await takenAway(HOUR);
    expect(await broken(later.world, "law 3", { midTick: new Set([later.id]) })).toHaveLength(1);
  });
});

describe("an issue that needs a human and lacks the label", () => {
  async function unlabelled(when: "before the verdict" | "after the verdict") {
    const { world, ref } = await dispatched();
    const touch = () => {
      world.tracker.label(ref, LABELS.human, MARIA);
      world.tracker.unlabel(ref, LABELS.human, MARIA);
    };
    if (when === "before the verdict") touch();
    world.advance(HOUR);
    world.agentSays(ref, "I looked.\n\nAFK-Outcome: blocked the key is missing");
    world.tracker.beforeCall = (call) => {
      if (call.startsWith("addLabel ")) throw new Error("planned trouble");
    };
    await world.watch();
    world.advance(HOUR);
    if (when === "after the verdict") touch();
    return world;
  }

  it("is left so by a person who took it off after the verdict", async () => {
    expect(await broken(await unlabelled("after the verdict"), "verdict")).toEqual([]);
  });

  it("is wronged where a person took an earlier one off", async () => {
    expect(await broken(await unlabelled("before the verdict"), "verdict")).toHaveLength(1);
  });
});
