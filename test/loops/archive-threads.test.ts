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
