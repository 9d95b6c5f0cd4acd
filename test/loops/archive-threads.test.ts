import { describe, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { HOUR, LABELS, MARIA, MINUTE, World } from "./world.ts";

const AFTER = HOUR;

/** A world whose one run is done and told, and whose thread rests since. */
async function concluded(archiveAfterMs: number): Promise<{ world: World; ref: IssueRef }> {
  const world = new World({ limits: { archiveAfterMs } });
  const ref = world.readyIssue();
  await world.tickOn();
  world.agentLands(ref);
  await world.tickOn(2);
  expect(world.verdict(ref)).toBe("done green");
  return { world, ref };
}

function presenceOf(world: World, ref: IssueRef): string {
  return world.thread(ref).presence;
}

describe("the thread of a run that is over", () => {
  it("goes to the archive once it rested long enough, and is written to only once", async () => {
    const { world, ref } = await concluded(AFTER);
    world.advance(AFTER - 5 * MINUTE);
    await world.tickOn();
    expect(presenceOf(world, ref)).toBe("active");
    world.advance(5 * MINUTE);
    const effects = await world.effectsOf(() => world.tickOn(3));
    expect(presenceOf(world, ref)).toBe("archived");
    expect(effects).toEqual([`archiveThread ${world.threadOf(ref)}`]);
  });

  it("stays where it is while nothing else is asked for", async () => {
    const { world, ref } = await concluded(0);
    world.advance(1000 * HOUR);
    await world.tickOn(2);
    expect(presenceOf(world, ref)).toBe("active");
  });

  it("goes there again when somebody took it out and let it rest", async () => {
    const { world, ref } = await concluded(AFTER);
    world.advance(AFTER);
    await world.tickOn();
    await world.agent.unarchiveThread({ commandId: "a-person", threadId: world.threadOf(ref) });
    world.advance(AFTER + MINUTE);
    await world.tickOn();
    expect(presenceOf(world, ref)).toBe("archived");
  });

  it("waits while its issue cannot be read, and while the server refuses", async () => {
    const { world, ref } = await concluded(AFTER);
    world.advance(AFTER);
    world.tracker.setUnreadable(ref.repo, "502");
    await world.watch();
    expect(presenceOf(world, ref)).toBe("active");
    world.tracker.setUnreadable(ref.repo, null);
    world.refusals.next.set("archiveThread", 1);
    expect((await world.watch()).failed).toBe(1);
    expect(world.errors().at(-1)).toContain("archiving failed");
    world.advance(MINUTE);
    expect((await world.watch()).failed).toBe(0);
    expect(presenceOf(world, ref)).toBe("archived");
  });

  it("has its turn although ten before it can never go", async () => {
    const repos = "abcdefghijk".split("");
    const world = new World({ limits: { archiveAfterMs: AFTER }, repos });
    const refs = repos.map((repo) => world.readyIssue(repo));
    const landed = new Set<IssueRef>();
    for (let round = 0; round < 8 && landed.size < refs.length; round += 1) {
      await world.tickOn();
      for (const ref of refs) {
        if (landed.has(ref) || world.threadsOf(ref).length === 0) continue;
        world.agentLands(ref);
        landed.add(ref);
      }
    }
    await world.tickOn(3);
    expect(refs.map((ref) => world.verdict(ref))).toEqual(refs.map(() => "done green"));
    const oldestFirst = refs.toSorted((one, other) =>
      world.thread(one).updatedAt < world.thread(other).updatedAt ? -1 : 1,
    );
    const last = oldestFirst.at(-1);
    for (const ref of oldestFirst.slice(0, -1)) world.tracker.setUnreadable(ref.repo, "404");
    world.advance(AFTER);
    for (let minute = 0; minute < refs.length; minute += 1) {
      await world.watch();
      world.advance(MINUTE);
    }
    expect(refs.filter((ref) => presenceOf(world, ref) === "archived")).toEqual([last]);
  });

  it("stays while another run of the issue is in flight", async () => {
    const { world, ref } = await concluded(AFTER);
    world.tracker.reopen(ref, MARIA);
    world.approveAgain(ref);
    await world.tickOn();
    const [first] = world.threadsOf(ref);
    world.advance(AFTER + MINUTE);
    expect(world.labels(ref)).toContain(LABELS.inProgress);
    await world.watch();
    expect(world.agent.see(first ?? "").presence).toBe("active");
  });
});
