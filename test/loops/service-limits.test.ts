import { beforeEach, describe, expect, it } from "vitest";
import { ServiceLimited } from "../../src/pure/ports/service-limited.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import { MINUTE, World } from "./world.ts";

const RESUME_AT = Date.parse("2026-01-05T10:00:00.000Z");
const LIMITED = new ServiceLimited("the limit is reached", RESUME_AT);
const SAID = "service limited, the tick ends early";

let world: World;
beforeEach(() => {
  world = new World({ repos: ["a", "b", "c"], notifiers: ["ntfy", "slack"] });
});

/** From so many effects of a tick on; nothing was wrong with what was read before. */
function limitAfter(effects: number): void {
  world.limitOf = ({ plan }) => (plan.effects.length >= effects ? LIMITED : null);
}

function errorsSince(length: number): readonly (readonly [string, unknown])[] {
  return world.timeline.slice(length).flatMap((each) => {
    if (each.kind !== "log" || each.level !== "error") return [];
    return [[each.message, each.fields["resumeAt"]] as const];
  });
}

async function effectsOfPoll(): Promise<number> {
  const life = world.life();
  await world.poll(life);
  return life.plan.effects.length;
}

describe("a limit met while reading", () => {
  it("ends a poll with one line that says when it may resume, whatever could not be read", async () => {
    world.readyIssue("a");
    world.readyIssue("b");
    limitAfter(0);
    const before = world.timeline.length;
    expect(await world.poll()).toEqual({
      kind: "ticked",
      candidates: 0,
      dispatched: 0,
      adopted: 0,
      held: {},
      failed: 1,
    });
    expect(errorsSince(before)).toEqual([[SAID, "2026-01-05T10:00:00.000Z"]]);
    expect(world.effects()).toEqual([]);
  });

  it("ends a watch likewise, and the run goes on with the next one", async () => {
    const ref = world.readyIssue("a");
    await world.tickOn(2);
    world.agentLands(ref);
    limitAfter(0);
    const before = world.timeline.length;
    const effects = world.effects().length;
    expect(await world.watch()).toMatchObject({ runs: 0, acted: 0, failed: 1 });
    expect(errorsSince(before)).toEqual([[SAID, "2026-01-05T10:00:00.000Z"]]);
    expect(world.effects()).toHaveLength(effects);
    world.limitOf = () => null;
    await world.tickOn(2);
    expect(world.verdict(ref)).toBe("done green");
  });
});

describe("a limit met while performing", () => {
  it("lets no further effect of a poll start, whichever it is, and the next polls double nothing", async () => {
    const [one, other] = [world.readyIssue("a"), world.readyIssue("b")];
    const all = await effectsOfPoll();
    expect(all).toBeGreaterThan(8);
    for (let effects = 1; effects < all; effects += 1) {
      world = new World({ repos: ["a", "b", "c"] });
      world.readyIssue("a");
      world.readyIssue("b");
      limitAfter(effects);
      const before = world.timeline.length;
      const life = world.life();
      expect((await world.poll(life)).failed).toBe(1);
      expect(life.plan.effects).toHaveLength(effects);
      expect(errorsSince(before)).toEqual([[SAID, "2026-01-05T10:00:00.000Z"]]);
      world.limitOf = () => null;
      world.advance(MINUTE);
      await world.tickOn(2);
      for (const ref of [one, other]) expect(world.turnsAsked(ref)).toEqual(["first/0"]);
    }
  });

  it("lets no further effect of a watch start, a doorbell's neither, and the verdict is reached", async () => {
    const land = async (): Promise<IssueRef> => {
      world = new World({ notifiers: ["ntfy", "slack"] });
      const ref = world.readyIssue();
      await world.tickOn(2);
      world.agentLands(ref);
      return ref;
    };
    await land();
    const whole = world.life();
    await world.watch(whole);
    const all = whole.plan.effects.length;
    expect(all).toBeGreaterThan(5);
    for (let effects = 1; effects < all; effects += 1) {
      const ref = await land();
      limitAfter(effects);
      const before = world.timeline.length;
      const life = world.life();
      expect((await world.watch(life)).failed).toBe(1);
      expect(life.plan.effects).toHaveLength(effects);
      expect(errorsSince(before)).toEqual([[SAID, "2026-01-05T10:00:00.000Z"]]);
      world.limitOf = () => null;
      world.advance(MINUTE);
      await world.tickOn(2);
      expect(world.verdict(ref)).toBe("done green");
      // A ring that could not be written down any more is one that did not happen, as after a crash.
      const lost = String(life.plan.effects.at(-1)).startsWith("ring") ? 1 : 0;
      const rung = world.notifiers.map((notifier) => notifier.rung.length);
      expect([Math.min(...rung), Math.max(...rung)]).toEqual([1, 1 + lost]);
    }
  });
});

it("a limit that only the read itself tells of ends the tick as well", async () => {
  world.tracker.whoAmI = async () => {
    throw new ServiceLimited("no answer for now", null);
  };
  const before = world.timeline.length;
  expect(await world.poll()).toMatchObject({ kind: "ticked", failed: 1 });
  expect(await world.watch()).toMatchObject({ kind: "ticked", failed: 1 });
  expect(errorsSince(before)).toEqual([
    [SAID, undefined],
    [SAID, undefined],
  ]);
});
