import { expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { MINUTE, World } from "./world.ts";

/** A run whose agent asks, in a world with two doorbells of which the second gives receipts. */
async function runThatAsks(): Promise<{ readonly world: World; readonly ref: IssueRef }> {
  const world = new World({ notifiers: ["ntfy", "slack"] });
  world.notifier("slack").giveReceipts();
  const ref = world.readyIssue();
  await world.poll();
  world.startsWorking(ref);
  await world.watch();
  const request = { requestId: "q1", kind: "question", text: "Postgres?" } as const;
  world.agent.ask(world.threadOf(ref), request);
  return { world, ref };
}

async function landAndConclude(world: World, ref: IssueRef): Promise<void> {
  world.agent.answerRequest(world.threadOf(ref), "q1");
  world.agentLands(ref);
  world.advance(MINUTE);
  await world.watch();
  await world.watch();
  expect(world.verdict(ref)).toBe("done green");
}

it("a doorbell gets back what it answered to the run's last ring, and no other's", async () => {
  const { world, ref } = await runThatAsks();
  await world.watch();
  await landAndConclude(world, ref);
  expect(world.notifier("slack").receipts).toEqual([null, "slack-1"]);
  expect(world.notifier("ntfy").receipts).toEqual([null, null]);
  expect(world.record(ref).receipts).toEqual({ slack: "slack-2" });
});

it("a ring that died before it was recorded left no receipt, and is a new one", async () => {
  const { world } = await runThatAsks();
  const effects = await world.effectsOf(() => world.watch());
  const rings = effects.flatMap((effect, at) => (effect.startsWith("ring ") ? [at + 1] : []));
  expect(rings).toHaveLength(2);

  const again = await runThatAsks();
  const life = again.world.life([{ kind: "crash-after", effect: rings[1] ?? 0 }]);
  await expect(again.world.watch(life)).rejects.toThrow("the process died");
  expect(again.world.record(again.ref).receipts).toBe(undefined);
  again.world.advance(MINUTE);
  await again.world.watch();
  expect(again.world.notifier("slack").receipts).toEqual([null, null]);
  expect(again.world.notifier("ntfy").receipts).toEqual([null]);
  expect(again.world.record(again.ref).receipts).toEqual({ slack: "slack-2" });
});
