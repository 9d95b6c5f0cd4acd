import { afterEach, beforeEach, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { keepLaws } from "./laws.ts";
import { MARIA, MINUTE, ROBOT, World } from "./world.ts";

let world: World;
let ref: IssueRef;

beforeEach(async () => {
  world = new World();
  ref = world.readyIssue();
  await world.poll();
  world.startsWorking(ref);
  await world.watch();
  world.advance(MINUTE);
});

afterEach(() => keepLaws(world));

function logsAsked(): number {
  return world.tracker.calls.filter((call) => call.startsWith("readPushes")).length;
}

it("the push log is asked once a commit is there, and never again while nothing changes", async () => {
  await world.tickOn(3);
  expect(logsAsked()).toBe(0);
  world.agentLands(ref, { ci: "pending" });
  await world.watch();
  expect(logsAsked()).toBe(1);
  const [, newest] = world.record(ref).commits;
  expect(newest?.pushHead).toBe(newest?.sha);
  expect(await world.effectsOf(() => world.tickOn(30))).toEqual([]);
  expect(logsAsked()).toBe(1);
});

it("a log that cannot be read is asked again, and the newest commit is judged meanwhile", async () => {
  world.tracker.setPushesUnreadable(ref.repo, "403: activity needs more rights");
  world.agentLands(ref, { ci: "pending" });
  await world.tickOn(3);
  expect(logsAsked()).toBe(3);
  expect(world.record(ref).commits.at(-1)).not.toHaveProperty("pushHead");
  world.tracker.setPushesUnreadable(ref.repo, null);
  await world.tickOn(3);
  expect(logsAsked()).toBe(4);
  world.tracker.setPushesUnreadable(ref.repo, "403");
  world.ciSays(world.record(ref).commits.at(-1)?.sha ?? "", "green");
  await world.tickOn();
  expect(world.verdict(ref)).toBe("done green");
});

it("a status on the run's commit below the head of its push is no verdict", async () => {
  const { runId } = world.record(ref);
  const own = `Step\n\nAFK-Run: ${runId}\nAFK-Phase: green`;
  const [below = "", head = ""] = world.tracker.pushAll(ref.repo, {
    messages: [own, "Tidy up"],
    by: ROBOT,
  });
  world.ci.status(below, "cla", "success");
  world.agent.finish(world.threadOf(ref), { lastWords: `AFK-Outcome: pushed ${head}` });
  await world.tickOn();
  expect(world.verdict(ref)).toBeNull();
  world.ciSays(head, "green");
  await world.tickOn();
  expect(world.verdict(ref)).toBe("done green");
});

it("a forced push that takes a commit away is told with the branch, who and what", async () => {
  const base = world.record(ref).baseSha ?? "";
  const sha = world.agentLands(ref, { ci: "pending" });
  await world.tickOn();
  world.tracker.forcePush(ref.repo, base, MARIA);
  await world.watch();
  expect(world.verdict(ref)).toBe("needs-human commit-vanished");
  const [notice = ""] = world.notices(ref);
  expect(notice).toContain(`the history of main was rewritten (maria pushed ${base} over ${sha}`);
});
