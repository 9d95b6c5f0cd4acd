import { describe, expect, it } from "vitest";
import { HOUR, LABELS, MARIA, World } from "./world.ts";

/** A server that answers without archived and deleted threads, with one run whose turn is under way. */
async function running() {
  const world = new World({ agent: { hidesInactive: true } });
  const ref = world.readyIssue();
  await world.tickOn();
  world.startsWorking(ref);
  await world.tickOn();
  return { world, ref };
}

/** The readings of lists that are made meanwhile. */
async function listsOf(world: World, what: () => Promise<unknown>): Promise<readonly string[]> {
  const before = world.agent.calls.length;
  await what();
  return world.agent.calls.slice(before).filter((call) => call.startsWith("observe"));
}

describe("on a server whose list of all threads is the whole database", () => {
  it("idle ticks, and those of a run whose thread is active, ask only for the active threads", async () => {
    const idle = new World({ agent: { hidesInactive: true } });
    expect(await listsOf(idle, () => idle.tickOn(2))).toEqual(Array(4).fill("observe active"));
    const { world } = await running();
    expect(await listsOf(world, () => world.tickOn(2))).toEqual(Array(4).fill("observe active"));
  });

  it("the active threads are asked for through what takes secrets out", async () => {
    const same = (text: string) => text;
    const redaction = { redact: same, redactTokens: same };
    const world = new World({ agent: { hidesInactive: true }, redaction });
    expect(await listsOf(world, () => world.tickOn())).toEqual(Array(2).fill("observe active"));
  });

  it("a running run whose thread was archived is revived", async () => {
    const { world, ref } = await running();
    const threadId = world.threadOf(ref);
    await world.agent.archiveThread({ commandId: "person-1", threadId });
    const lists = await listsOf(world, () => world.watch());
    expect(lists).toEqual(["observe active", "observe"]);
    expect(world.thread(ref).presence).toBe("active");
    await world.tickOn(3);
    world.agentLands(ref);
    await world.tickOn(3);
    expect([world.verdict(ref), world.threadsOf(ref)]).toEqual(["done green", [threadId]]);
  });

  it("a running run whose thread was deleted is restarted in another", async () => {
    const { world, ref } = await running();
    world.agent.deleteThread(world.threadOf(ref));
    expect(await listsOf(world, () => world.watch())).toEqual(["observe active", "observe"]);
    await world.tickOn(3);
    expect(world.turnsAsked(ref)).toEqual(["first/0", "first/1"]);
    world.agentLands(ref);
    await world.tickOn(3);
    expect([world.verdict(ref), world.threadsOf(ref).length]).toEqual(["done green", 2]);
  });

  it("what is about to start is decided with all threads: a hidden one shows its approval as used", async () => {
    const world = new World({ agent: { hidesInactive: true } });
    const ref = world.readyIssue();
    expect(await listsOf(world, () => world.poll())).toEqual(["observe active", "observe"]);
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
    const [comment] = world.tracker.see(ref).ownComments.comments;
    world.tracker.deleteComment(ref, comment?.id ?? "");
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    await world.agent.archiveThread({ commandId: "person-1", threadId: world.threadOf(ref) });
    world.advance(HOUR);
    const again = await world.poll();
    expect(again).toMatchObject({ dispatched: 0, held: { "approval-already-used": 1 } });
    expect(world.agent.turnStarts).toHaveLength(1);
  });
});

describe("a dispatch that was cut short", () => {
  it("is not finished beside a thread that works on in the archive", async () => {
    const world = new World();
    const done = world.readyIssue();
    await world.tickOn();
    world.startsWorking(done);
    await world.tickOn();
    world.agentLands(done);
    await world.tickOn(4);
    expect(world.verdict(done)).toBe("done green");
    const ref = world.readyIssue();
    const life = world.life([{ kind: "crash-after", effect: 2 }]);
    await world.poll(life).catch(() => undefined);
    expect(world.threadsOf(ref)).toHaveLength(1);
    const threadId = world.threadOf(done);
    const steering = { commandId: "person-1", threadId, messageId: "person-1", text: "Go on." };
    await world.agent.startTurn(steering);
    await world.agent.archiveThread({ commandId: "person-2", threadId });
    world.pollLease.expire();
    expect(await world.poll()).toMatchObject({ adopted: 0, held: { "repo-locked": 1 } });
    expect(world.agent.turnStarts.filter((start) => start.threadId !== threadId)).toEqual([]);
  });
});
