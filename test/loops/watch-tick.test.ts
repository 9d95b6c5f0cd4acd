import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { keepLaws } from "./laws.ts";
import {
  DAY,
  HOUR,
  LABELS,
  LEASE_TTL_MS,
  MARIA,
  MINUTE,
  policyFor,
  repoNamed,
  World,
} from "./world.ts";

/** What would free the repo and end the run, were it believed. */
const FORGED_VERDICT = {
  kind: "done",
  because: "green",
  detail: "",
  at: 0,
  stopAsks: 0,
  bells: {},
};

let world: World;

beforeEach(() => {
  world = new World({ repos: ["a", "b"], notifiers: ["ntfy", "bell-two"] });
});

afterEach(() => {
  keepLaws(world);
});

/** An issue whose agent works and was seen working. */
async function underWay(repo = "a"): Promise<IssueRef> {
  const ref = world.readyIssue(repo);
  await world.poll();
  world.startsWorking(ref);
  await world.watch();
  world.advance(MINUTE);
  return ref;
}

/** The one watch tick in which the run of an agent that landed is concluded. */
async function landedAndTold(): Promise<{ ref: IssueRef; effects: readonly string[] }> {
  const ref = await underWay();
  world.agentLands(ref);
  const effects = await world.effectsOf(() => world.watch());
  return { ref, effects };
}

async function expectStill(ticks = 30): Promise<void> {
  expect(await world.effectsOf(() => world.tickOn(ticks))).toEqual([]);
}

/** Ticks that fail by what they saw, and write nothing all the same. */
async function expectStillThoughFailing(ticks = 30): Promise<void> {
  const effects = await world.effectsOf(async () => {
    for (let tick = 0; tick < ticks; tick += 1) {
      await world.poll();
      expect(await world.watch()).toMatchObject({ failed: 1 });
      world.advance(MINUTE);
    }
  });
  expect(effects).toEqual([]);
}

function rungs(name: string): readonly string[] {
  return world.notifier(name).rung.map((bell) => `${bell.urgency} ${bell.title}`);
}

function ask(ref: IssueRef, requestId: string): void {
  world.agent.ask(world.threadOf(ref), { requestId, kind: "question", text: "Which greeting?" });
}

/** A person follows the doorbell's link and asks the agent something. */
async function talk(ref: IssueRef): Promise<void> {
  const threadId = world.threadOf(ref);
  const ids = { commandId: "person-turn", messageId: "person-message" };
  await world.agent.startTurn({ threadId, ...ids, text: "Why?" });
  world.startsWorking(ref);
}

function deleteOurs(ref: IssueRef, start: string): void {
  for (const { id, body } of world.tracker.commentsOn(ref).slice()) {
    if (body.startsWith(start)) world.tracker.deleteComment(ref, id);
  }
}

function progressCommentOf(ref: IssueRef): { readonly id: string; readonly body: string } {
  const found = world.tracker.commentsOn(ref).find(({ body }) => body.startsWith("<!-- afk:run="));
  if (found === undefined) throw new Error("no progress comment");
  return found;
}

const RECORD = /^editComment o\/a#1 \d+ <!-- afk:run=[0-9a-f]{12} -->$/;
const RING = /^ring [0-9a-f]{12}-verdict$/;

function expectEffects(effects: readonly string[], want: readonly (RegExp | string)[]): void {
  expect(effects).toHaveLength(want.length);
  for (const [at, each] of want.entries()) expect(effects[at]).toMatch(each);
}

describe("a run that lands", () => {
  it("is told in order: record, notice, state, ready label, bells, and the lock label last", async () => {
    const { ref, effects } = await landedAndTold();
    expectEffects(effects, [
      RECORD,
      /^createComment o\/a#1 <!-- afk:notice run=/,
      "closeIssue o/a#1 completed",
      "removeLabel o/a#1 ready-for-agent",
      RECORD,
      RING,
      RECORD,
      RECORD,
      RING,
      RECORD,
      "removeLabel o/a#1 agent-in-progress",
    ]);
    expect([world.state(ref), world.labels(ref), world.verdict(ref)]).toEqual([
      "closed",
      [],
      "done green",
    ]);
    expect(rungs("ntfy")).toEqual(["quiet Done: o/a#1"]);
    expect(rungs("bell-two")).toEqual(["quiet Done: o/a#1"]);
    expect(world.notifier("ntfy").rung[0]?.link).toBe(
      `https://t3.invalid/env-1/${world.threadOf(ref)}`,
    );
  });

  it("says so in its one progress comment, and in the summary", async () => {
    const ref = await underWay();
    world.agentLands(ref);
    expect(await world.watch()).toEqual({
      kind: "ticked",
      runs: 1,
      waiting: {},
      acted: 0,
      concluded: { done: 1 },
      failed: 0,
    });
    expect(world.progressComments(ref)).toHaveLength(1);
    expect(world.progressComments(ref)[0]).toContain("**done** (green)");
  });

  it("is left alone afterwards: thirty ticks write nothing", async () => {
    await landedAndTold();
    expect(await world.effectsOf(() => world.tickOn(30))).toEqual([]);
  });

  it("is found after days in which no tick ran", async () => {
    const ref = world.readyIssue();
    await world.poll();
    world.agentLands(ref);
    world.advance(3 * DAY);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("waits while CI is pending, thirty ticks without a word, and no longer than the limit", async () => {
    const ref = await underWay();
    const sha = world.agentLands(ref, { ci: "pending" });
    expect(await world.watch()).toMatchObject({ waiting: { ci: 1 } });
    await expectStill();
    world.advance(4 * HOUR - 30 * MINUTE);
    await expectStill(1);
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human no-verdict");
    expect(world.record(ref).verdict?.detail).toContain("test");
    expect(world.greens.has(sha)).toBe(false);
  });

  it("in a repo that declares to have no CI is done without one", async () => {
    policyFor(world, "a", { ci: "none" });
    const ref = await underWay();
    world.agentLands(ref, { ci: "none" });
    await world.watch();
    expect(world.verdict(ref)).toBe("done no-ci-declared");
  });

  it("stays closed where a keyword had closed it, and is not closed again over a reopening", async () => {
    const ref = await underWay();
    world.agentLands(ref, { refs: "Closes" });
    expect(world.state(ref)).toBe("closed");
    const effects = await world.effectsOf(() => world.watch());
    expect(effects.filter((effect) => /^(close|reopen)Issue/.test(effect))).toEqual([]);
    expect([world.state(ref), world.verdict(ref)]).toEqual(["closed", "done green"]);
    world.advance(MINUTE);
    world.tracker.reopen(ref, MARIA);
    await expectStill(5);
    expect(world.state(ref)).toBe("open");
  });
});

describe("a run that needs a human", () => {
  it("is told in order: record, notice, human label, ready label, bells, lock label", async () => {
    const ref = await underWay();
    world.agentSays(ref, "No.\n\nAFK-Outcome: blocked the key is missing");
    const effects = await world.effectsOf(() => world.watch());
    expectEffects(effects, [
      RECORD,
      /^createComment o\/a#1 <!-- afk:notice run=/,
      "addLabel o/a#1 ready-for-human",
      "removeLabel o/a#1 ready-for-agent",
      RECORD,
      RING,
      RECORD,
      RECORD,
      RING,
      RECORD,
      "removeLabel o/a#1 agent-in-progress",
    ]);
    expect(world.notices(ref).join()).toContain("the key is missing");
    expect(rungs("ntfy")).toEqual(["loud Needs you: o/a#1"]);
    await expectStill();
  });

  it("is reopened where a keyword had closed it, before its human label goes on", async () => {
    const ref = await underWay();
    world.agentPushes(ref, { ci: "red", refs: "Closes" });
    world.agentSays(ref, "AFK-Outcome: blocked it does not work");
    expect(world.state(ref)).toBe("closed");
    const effects = await world.effectsOf(() => world.watch());
    const hands = effects.filter((effect) => /^(reopenIssue|addLabel)/.test(effect));
    expect(hands).toEqual(["reopenIssue o/a#1", "addLabel o/a#1 ready-for-human"]);
    expect(world.state(ref)).toBe("open");
    await expectStill(5);
  });

  it("with a turn still live has it stopped before anything is told", async () => {
    const ref = await underWay();
    world.agent.setTokens(world.threadOf(ref), 1_000_000_000);
    const first = await world.effectsOf(() => world.watch());
    expectEffects(first, [RECORD, RECORD, /^interruptTurn/]);
    const then = await world.effectsOf(() => world.watch());
    expect(then[0]).toMatch(/^createComment o\/a#1 <!-- afk:notice/);
    expect(world.verdict(ref)).toBe("needs-human budget");
  });

  it("and will not stop is told all the same, with the warning that it may still run", async () => {
    const ref = await underWay();
    world.agent.setObedience(world.threadOf(ref), "ignores-interrupt-and-stop");
    world.agent.setTokens(world.threadOf(ref), 1_000_000_000);
    await world.tickOn(4);
    expect(
      world.effects().filter((each) => /^(interruptTurn|stopSession)/.test(each)),
    ).toHaveLength(3);
    expect(world.notices(ref).join()).toContain("may still be working");
    expect(world.labels(ref)).toEqual([LABELS.human]);
    await expectStill();
  });
});

describe("a run that was told", () => {
  it("leaves a person alone who talks to the agent in its thread", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentSays(ref, "AFK-Outcome: blocked the key is missing");
    await world.watch();
    await talk(ref);
    world.advance(MINUTE);
    await world.watch();
    world.notifier("ntfy").setDown(false);
    await world.watch();
    await world.watch();
    expect(world.labels(ref)).toEqual([LABELS.human]);
    expect(world.effects().filter((each) => /^(interruptTurn|stopSession)/.test(each))).toEqual([]);
    expect(world.agent.liveTurns("/data/o__a")).toHaveLength(1);
  });

  it("and released stays over when its notice is deleted", async () => {
    const { ref } = await landedAndTold();
    deleteOurs(ref, "<!-- afk:notice ");
    await expectStill();
    expect(world.notices(ref)).toEqual([]);
  });

  it("and released stays over when both of its comments are deleted", async () => {
    const { ref } = await landedAndTold();
    deleteOurs(ref, "<!-- afk:");
    await talk(ref);
    world.advance(HOUR);
    await expectStill();
    expect([world.records(ref), world.labels(ref)]).toEqual([[], []]);
  });

  it("and released rings no doorbell that was configured since", async () => {
    const { ref } = await landedAndTold();
    await talk(ref);
    const later = new FakeNotifier("later");
    (world.notifiers as FakeNotifier[]).push(later);
    await expectStill(3);
    expect(later.rung).toEqual([]);
  });

  it("cancelled by a person is told after a crash, and its ready label goes", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "pending" });
    await world.watch();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    const life = world.life([{ kind: "crash-after", effect: 1 }]);
    await expect(world.watch(life)).rejects.toThrow("the process died");
    world.advance(LEASE_TTL_MS);
    await world.watch();
    expect([world.notices(ref).length, world.labels(ref)]).toEqual([1, []]);
  });
});

describe("a step of a verdict that fails", () => {
  it("keeps no other step and no doorbell from being tried, and the lock label on", async () => {
    const ref = await underWay();
    world.agentSays(ref, "AFK-Outcome: blocked the key is missing");
    // 1 the record, 2 the notice, 3 the human label, 4 the ready label.
    const life = world.life([
      { kind: "fail-before", effect: 2 },
      { kind: "fail-before", effect: 3 },
    ]);
    expect(await world.watch(life)).toMatchObject({ failed: 2 });
    expect(world.logs("step failed, next tick tries again").map((line) => line.fields)).toEqual([
      expect.objectContaining({ effect: "post-notice", issue: "o/a#1" }),
      expect.objectContaining({ step: { kind: "add-label", label: LABELS.human } }),
    ]);
    expect(world.labels(ref)).toEqual([LABELS.inProgress]);
    expect([rungs("ntfy").length, rungs("bell-two").length]).toEqual([1, 1]);
    expect(await world.watch()).toMatchObject({ failed: 0 });
    expect([world.notices(ref).length, world.labels(ref)]).toEqual([1, [LABELS.human]]);
    expect([rungs("ntfy").length, rungs("bell-two").length]).toEqual([1, 1]);
    await expectStill(3);
  });

  it("is counted beside a doorbell that is down", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentLands(ref);
    const life = world.life([{ kind: "fail-before", effect: 3 }]);
    expect(await world.watch(life)).toMatchObject({ failed: 2 });
    expect(world.state(ref)).toBe("open");
  });
});

describe("a red run", () => {
  it("gets a corrective turn in the same thread, with the evidence", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "red" });
    const effects = await world.effectsOf(async () => {
      expect(await world.watch()).toMatchObject({ acted: 1, failed: 0 });
    });
    expectEffects(effects, [RECORD, /^startTurn .*turn-1-corrective\/attempt-0$/]);
    expect(world.agent.turnStarts.at(-1)?.text).toContain("expected hello, got goodbye");
    expect(world.threadsOf(ref)).toHaveLength(1);
    world.startsWorking(ref);
    world.agentLands(ref);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("whose corrective prompt never arrived is shown the evidence again", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "red" });
    const life = world.life([{ kind: "fail-before", effect: 2 }]);
    expect(await world.watch(life)).toMatchObject({ failed: 1 });
    await world.tickOn(4);
    expect(world.turnsAsked(ref)).toEqual(["first/0", "corrective/0"]);
    expect(world.agent.turnStarts.at(-1)?.text).toContain("expected hello, got goodbye");
  });

  it("whose corrective turn is refused asks again with an id the server never saw", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "red" });
    world.refusals.next.set("startTurn", 1);
    expect(await world.watch()).toMatchObject({ failed: 1 });
    await world.tickOn(4);
    expect(world.turnsAsked(ref)).toEqual(["first/0", "corrective/1"]);
    expect(new Set(world.refusals.refused).size).toBe(1);
  });

  it("asks for nothing beside another live turn of ours in the repo", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "red" });
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    world.tracker.label(ref, LABELS.human, MARIA);
    policyFor(world, "a", { dispatchOnRed: true });
    const second = world.readyIssue();
    world.advance(3 * MINUTE);
    await world.poll();
    world.startsWorking(second);
    world.tracker.label(ref, LABELS.inProgress, MARIA);
    expect(await world.watch()).toMatchObject({ waiting: { "repo-locked": 1, agent: 1 } });
    expect(world.logs("decided").map(({ fields }) => fields["decision"])).toContainEqual(
      expect.objectContaining({
        on: "repo-locked",
        detail: `${second.repo.owner}/${second.repo.name}#${second.number}`,
      }),
    );
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
  });
});

describe("a person's brake", () => {
  it("the in-progress label taken off cancels by the next tick, without a bell", async () => {
    const ref = await underWay();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    const effects = await world.effectsOf(() => world.tickOn(3));
    expectEffects(effects, [
      RECORD,
      RECORD,
      /^interruptTurn/,
      /^createComment o\/a#1 <!-- afk:notice run=/,
      "removeLabel o/a#1 ready-for-agent",
    ]);
    expect(world.verdict(ref)).toBe("cancelled cancelled-by-person");
    expect(world.agent.liveTurns("/data/o__a")).toEqual([]);
    expect([...rungs("ntfy"), ...world.labels(ref)]).toEqual([]);
    await expectStill();
  });

  it("the issue closed by hand cancels and stays closed", async () => {
    const ref = await underWay();
    world.tracker.close(ref, MARIA);
    await world.tickOn(3);
    expect([world.state(ref), world.verdict(ref)]).toEqual([
      "closed",
      "cancelled cancelled-by-person",
    ]);
    expect(world.labels(ref)).toEqual([]);
  });

  it("the paused label interrupts once, stands the clocks still, and a restart turn goes on", async () => {
    const ref = await underWay();
    world.tracker.label(ref, LABELS.paused, MARIA);
    const effects = await world.effectsOf(() => world.watch());
    expectEffects(effects, [RECORD, /^interruptTurn/]);
    world.advance(MINUTE);
    // The end of the turn is noted, and then nothing.
    expect(await world.effectsOf(() => world.watch())).toHaveLength(1);
    await expectStill();
    world.advance(2 * DAY);
    world.tracker.unlabel(ref, LABELS.paused, MARIA);
    await world.watch();
    expect(world.turnsAsked(ref)).toEqual(["first/0", "restart/0"]);
    world.agentLands(ref);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("a pause that an agent does not obey is asked for twice, and not every tick", async () => {
    const ref = await underWay();
    world.agent.setObedience(world.threadOf(ref), "ignores-interrupt-and-stop");
    world.tracker.label(ref, LABELS.paused, MARIA);
    await world.tickOn(3);
    const asks = world.effects().filter((effect) => effect.startsWith("interruptTurn"));
    expect(asks).toHaveLength(2);
    await expectStill();
  });

  it("a newer approval after the label was taken off supersedes: both runs end", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "pending" });
    await world.watch();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    world.approveAgain(ref);
    await world.poll();
    expect(world.records(ref)).toHaveLength(2);
    await world.watch();
    const [older, newer] = world.records(ref);
    expect(older?.verdict?.because).toBe("cancelled-by-person");
    expect(newer?.verdict).toBeNull();
    expect(world.labels(ref)).toEqual([LABELS.inProgress, LABELS.ready]);
    world.agentLands(ref);
    await world.watch();
    expect(world.records(ref).map((record) => record.verdict?.kind)).toEqual(["cancelled", "done"]);
    expect(world.notices(ref)).toHaveLength(2);
    await expectStill(5);
  });

  it("a newer run leaves nothing of the older one's verdict untold", async () => {
    const ref = await underWay();
    world.agentLands(ref, { ci: "pending" });
    await world.watch();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    world.approveAgain(ref);
    await world.poll();
    // The verdict of the older run is recorded, and the tick dies before its notice.
    const life = world.life([{ kind: "crash-after", effect: 1 }]);
    await expect(world.watch(life)).rejects.toThrow("the process died");
    expect(world.notices(ref)).toHaveLength(0);
    world.advance(LEASE_TTL_MS);
    await world.watch();
    expect(world.notices(ref)).toHaveLength(1);
  });
});

describe("a question of the agent", () => {
  it("rings once per bell, then waits without a word", async () => {
    const ref = await underWay();
    ask(ref, "q1");
    await world.tickOn(2);
    expect(rungs("ntfy")).toEqual(["loud Question: o/a#1"]);
    expect(rungs("bell-two")).toEqual(["loud Question: o/a#1"]);
    expect(await world.watch()).toMatchObject({ waiting: { "human-answer": 1 } });
    await expectStill();
    ask(ref, "q2");
    await world.tickOn(2);
    expect(rungs("ntfy")).toHaveLength(2);
  });

  it("that nobody answers in time ends the run, interrupted", async () => {
    const ref = await underWay();
    ask(ref, "q1");
    await world.tickOn(2);
    world.advance(DAY);
    await world.tickOn(2);
    expect(world.verdict(ref)).toBe("needs-human unanswered");
    expect(world.agent.liveTurns("/data/o__a")).toEqual([]);
  });

  it("is not rung again because another bell is down", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    ask(ref, "q1");
    expect(await world.watch()).toMatchObject({ failed: 1 });
    expect(await world.watch()).toMatchObject({ failed: 1 });
    world.notifier("ntfy").setDown(false);
    expect(await world.watch()).toMatchObject({ failed: 0 });
    expect([rungs("ntfy").length, rungs("bell-two").length]).toEqual([1, 1]);
  });
});

describe("a doorbell that is down", () => {
  it("stops no other one, keeps the lock label, and is rung when it is back", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentLands(ref);
    expect(await world.watch()).toMatchObject({ concluded: { done: 1 }, failed: 1 });
    expect([rungs("ntfy").length, rungs("bell-two").length]).toEqual([0, 1]);
    expect(world.labels(ref)).toEqual([LABELS.inProgress]);
    world.advance(HOUR);
    expect(await world.watch()).toMatchObject({ failed: 1 });
    world.notifier("ntfy").setDown(false);
    expect(await world.watch()).toMatchObject({ failed: 0 });
    expect([rungs("ntfy").length, rungs("bell-two").length]).toEqual([1, 1]);
    expect(world.labels(ref)).toEqual([]);
    await expectStill(3);
  });

  it.each([
    ["is still tried at the limit", DAY, "trying", [LABELS.inProgress]],
    ["is undelivered a moment past it, and the run released", DAY + 1, "undelivered", []],
  ] as const)("%s", async (_name, ms, state, labels) => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentLands(ref);
    await world.watch();
    world.advance(ms);
    await world.watch();
    expect(world.record(ref).verdict?.bells["ntfy"]?.state).toBe(state);
    expect(world.record(ref).verdict?.bells["bell-two"]?.state).toBe("rung");
    expect(world.labels(ref)).toEqual(labels);
  });

  it("is still rung for a run that a newer run of the same issue has followed", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentSays(ref, "AFK-Outcome: blocked the key is missing");
    await world.watch();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    world.tracker.label(ref, LABELS.ready, MARIA);
    world.advance(MINUTE);
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
    expect(await world.watch()).toMatchObject({ failed: 1 });
    world.notifier("ntfy").setDown(false);
    expect(await world.watch()).toMatchObject({ failed: 0 });
    expect(rungs("ntfy")).toEqual(["loud Needs you: o/a#1"]);
    expect(rungs("bell-two")).toHaveLength(1);
    world.startsWorking(ref);
    await world.watch();
    await expectStill(3);
  });

  it("does not keep the repo from its next run", async () => {
    const ref = await underWay();
    world.notifier("ntfy").setDown(true);
    world.agentLands(ref);
    await world.watch();
    world.readyIssue();
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
  });
});

describe("one run's trouble", () => {
  it("fails that run and lets the others go on", async () => {
    const first = await underWay("a");
    const second = await underWay("b");
    world.agentLands(first);
    world.agentLands(second);
    const life = world.life([{ kind: "fail-before", effect: 1 }]);
    expect(await world.watch(life)).toMatchObject({ runs: 2, failed: 1, concluded: { done: 1 } });
    expect([world.verdict(first), world.verdict(second)]).toEqual([null, "done green"]);
    expect(await world.watch()).toMatchObject({ failed: 0 });
    expect(world.verdict(first)).toBe("done green");
  });

  it("of a repo that cannot be read waits, counted as failed", async () => {
    const first = await underWay("a");
    const second = await underWay("b");
    world.agentLands(first);
    world.agentLands(second);
    world.tracker.setUnreadable(repoNamed("a"), "502");
    const summary = await world.watch();
    expect(summary).toMatchObject({ runs: 1, failed: 1 });
    expect([world.verdict(first), world.verdict(second)]).toEqual([null, "done green"]);
    world.tracker.setUnreadable(repoNamed("a"), null);
    await world.watch();
    expect(world.verdict(first)).toBe("done green");
  });
});

describe("the agent server", () => {
  it("that is silent brings no verdict, rings once past the ceiling, and keeps the run", async () => {
    const ref = await underWay();
    world.agent.setDown("connection refused");
    expect(await world.watch()).toMatchObject({ waiting: { "agent-server": 1 }, failed: 1 });
    await expectStillThoughFailing();
    world.advance(4 * HOUR);
    for (let tick = 0; tick < 2; tick += 1)
      expect(await world.watch()).toMatchObject({ failed: 1 });
    expect(rungs("ntfy")).toEqual(["loud Agent server silent: o/a#1"]);
    expect(rungs("bell-two")).toHaveLength(1);
    await expectStillThoughFailing();
    expect(world.verdict(ref)).toBeNull();
    world.agent.setDown(null);
    world.agentLands(ref);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("that is silent fails the tick, though no run waits for it", async () => {
    world.agent.setDown("connection refused");
    expect(await world.watch()).toMatchObject({ runs: 0, failed: 1 });
    expect(world.errors()).toEqual(["agent server unreadable, its runs wait: connection refused"]);
  });

  it("that lost the turn in a restart is asked for it again, once", async () => {
    const ref = await underWay();
    world.agent.loseInRestart();
    await world.watch();
    expect(world.turnsAsked(ref)).toEqual(["first/0", "first/1"]);
    world.startsWorking(ref);
    await world.watch();
    world.agent.loseInRestart();
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human lost");
  });
});

describe("what does not fit", () => {
  it("an in-progress label with neither record nor thread is handed over once", async () => {
    const ref = world.addIssue();
    world.tracker.label(ref, LABELS.inProgress, MARIA);
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human orphan");
    expect(world.notices(ref).join()).toContain("agent may still be working");
    expect(world.labels(ref)).toEqual([LABELS.human]);
    await expectStill();
    expect(world.notices(ref)).toHaveLength(1);
  });

  it("an in-progress label waits while nobody can say whether it has a thread", async () => {
    const ref = world.addIssue();
    world.tracker.label(ref, LABELS.inProgress, MARIA);
    world.agent.setDown("connection refused");
    expect(await world.effectsOf(() => world.watch())).toEqual([]);
    expect(world.errors().join()).toContain("does not tell of a thread");
    world.agent.setDown(null);
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human orphan");
  });

  it("a run taken for an orphan while its thread was in the archive is found again", async () => {
    const ref = await underWay();
    const thread = { commandId: "person-1", threadId: world.threadOf(ref) };
    await world.agent.archiveThread(thread);
    world.tracker.deleteComment(ref, progressCommentOf(ref).id);
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human orphan");
    await world.agent.unarchiveThread({ ...thread, commandId: "person-2" });
    world.advance(HOUR);
    await world.watch();
    expect(world.records(ref)).toHaveLength(2);
    expect(world.record(ref)).toMatchObject({ isRebuilt: true, verdict: null });
  });

  it("a deleted progress comment is rebuilt with every attempt counted as spent", async () => {
    const ref = await underWay();
    world.tracker.deleteComment(ref, progressCommentOf(ref).id);
    await world.watch();
    expect(world.record(ref)).toMatchObject({ isRebuilt: true, verdict: null });
    expect(world.progressComments(ref)).toHaveLength(1);
    await expectStill();
    world.agentSays(ref, "I think I am finished.");
    await world.watch();
    expect(world.verdict(ref)).toBe("needs-human stalled");
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
  });

  it("a damaged progress comment is rebuilt in place", async () => {
    const ref = await underWay();
    const { id, body } = progressCommentOf(ref);
    await world.tracker.editComment(ref, id, body.replace('"runId"', '"rumId"'));
    await world.watch();
    expect(progressCommentOf(ref).id).toBe(id);
    expect(world.record(ref).isRebuilt).toBe(true);
  });

  it("a progress comment that a maintainer edited is no record, and is rebuilt in its place", async () => {
    const ref = await underWay();
    const { id, body } = progressCommentOf(ref);
    const forged = body.replace('"verdict":null', `"verdict":${JSON.stringify(FORGED_VERDICT)}`);
    expect(forged).not.toBe(body);
    for (const text of [forged, body, forged]) {
      world.tracker.tamper(ref, id, { body: text, by: MARIA });
      await world.watch();
      expect(world.record(ref)).toMatchObject({ isRebuilt: true, verdict: null });
      expect(world.tracker.commentsOn(ref).map((comment) => comment.id)).toEqual([id]);
    }
    await expectStill();
    world.agentLands(ref);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("a notice that a maintainer edited stays told: no other is posted", async () => {
    const bell = world.notifier("ntfy");
    bell.setDown(true);
    const { ref } = await landedAndTold();
    const notice = world.tracker.commentsOn(ref).find(({ body }) => body.includes("afk:notice"));
    const by = MARIA;
    world.tracker.tamper(ref, notice?.id ?? "", { body: `${notice?.body}\nSeen. Thanks!`, by });
    await world.watch();
    expect(world.notices(ref)).toHaveLength(1);
    bell.setDown(false);
    await world.watch();
    expect(world.labels(ref)).toEqual([]);
    expect(world.notices(ref)).toHaveLength(1);
  });

  it("a record of another version is left alone and counted as failed", async () => {
    const ref = await underWay();
    const { id, body } = progressCommentOf(ref);
    await world.tracker.editComment(ref, id, body.replace('"version":1', '"version":2'));
    world.agentLands(ref);
    const effects = await world.effectsOf(async () => {
      expect(await world.watch()).toMatchObject({ runs: 0, failed: 1 });
    });
    expect(effects).toEqual([]);
    expect(world.labels(ref)).toEqual([LABELS.inProgress, LABELS.ready]);
  });

  it("a live thread of a repo that is not enrolled any more is interrupted, its tracker not touched", async () => {
    const ref = await underWay("b");
    world.settings.repos = [repoNamed("a")];
    const effects = await world.effectsOf(() => world.watch());
    expectEffects(effects, [/^interruptTurn/]);
    expect(world.agent.liveTurns("/data/o__b")).toEqual([]);
    expect(world.labels(ref)).toEqual([LABELS.inProgress, LABELS.ready]);
    expect(world.logs("live thread of a repo that is not enrolled")).toHaveLength(1);
    await expectStill(5);
  });

  it("a live thread whose issue is gone is interrupted", async () => {
    const ref = await underWay();
    world.tracker.removeIssue(ref);
    world.issues.length = 0;
    const effects = await world.effectsOf(async () => {
      expect(await world.watch()).toMatchObject({ runs: 0, failed: 0 });
    });
    expectEffects(effects, [/^interruptTurn/]);
    expect(world.agent.liveTurns("/data/o__a")).toEqual([]);
    expect(world.logs("live thread of an issue that is gone")).toHaveLength(1);
    await expectStill(5);
  });

  it("a stray's refused interrupt is counted", async () => {
    await underWay("b");
    world.settings.repos = [repoNamed("a")];
    world.refusals.next.set("interruptTurn", 1);
    expect(await world.watch()).toMatchObject({ failed: 1 });
  });

  it("a stray that no interrupt changes is left, with a warning, after a turn's longest time", async () => {
    const ref = await underWay("b");
    world.agent.zombie(world.threadOf(ref));
    world.settings.repos = [repoNamed("a")];
    const { updatedAt } = world.thread(ref);
    const limit = Date.parse(updatedAt) + world.settings.limits.turnMsMax;
    world.advance(limit - world.clock.now());
    const effects = await world.effectsOf(() => world.watch());
    expectEffects(effects, [/^interruptTurn/]);
    world.advance(1);
    await expectStill();
    expect(world.logs("stray heeds no interrupt")).toHaveLength(30);
  });

  it("a live thread in somebody else's folder is not touched", async () => {
    await underWay("a");
    world.settings.workspacesRoot = "/elsewhere";
    const effects = await world.effectsOf(() => world.watch());
    expect(effects.filter((effect) => effect.startsWith("interruptTurn"))).toEqual([]);
  });

  it("a run whose lock label nobody ever put on is adopted after the grace, not before", async () => {
    const ref = world.readyIssue();
    const life = world.life([{ kind: "crash-after", effect: 4 }]);
    await expect(world.poll(life)).rejects.toThrow("the process died");
    world.startsWorking(ref);
    world.advance(10 * MINUTE);
    expect(await world.effectsOf(() => world.watch())).toEqual([]);
    world.advance(1);
    await world.watch();
    expect(world.labels(ref)).toEqual([LABELS.inProgress, LABELS.ready]);
    expect(world.verdict(ref)).toBeNull();
  });
});

describe("the log", () => {
  it("holds the decision of each tick before what it does", async () => {
    const { effects } = await landedAndTold();
    expect(effects.length).toBeGreaterThan(0);
    const decided = world.logs("decided").map(({ fields }) => fields["decision"]);
    expect(decided).toContainEqual(
      expect.objectContaining({ kind: "conclude", row: "T14", verdict: "done", because: "green" }),
    );
  });
});

describe("the watcher's lease", () => {
  it("lets one of two ticks at once do the work", async () => {
    const ref = await underWay();
    world.agentLands(ref);
    const summaries = await Promise.all([world.watch(), world.watch()]);
    expect(summaries.map((each) => each.kind).toSorted()).toEqual([
      "lease-held-elsewhere",
      "ticked",
    ]);
    expect(world.notices(ref)).toHaveLength(1);
    expect(rungs("ntfy")).toHaveLength(1);
  });

  it("is not the poller's: both may tick at once", async () => {
    const ref = await underWay();
    world.agentLands(ref);
    const [polled, watched] = await Promise.all([world.poll(), world.watch()]);
    expect([polled.kind, watched.kind]).toEqual(["ticked", "ticked"]);
  });

  it("lost before any one effect lets no further effect start, and the next tick goes on", async () => {
    const { effects } = await landedAndTold();
    for (let lost = 1; lost <= effects.length; lost += 1) {
      world = new World({ repos: ["a", "b"], notifiers: ["ntfy", "bell-two"] });
      const ref = await underWay();
      world.agentLands(ref);
      let checks = 0;
      const gate = async (call: string) => {
        checks += call === "isHeld" ? 1 : 0;
        if (call === "isHeld" && checks === lost) world.watchLease.steal("another");
      };
      const done = await world.effectsOf(async () => {
        expect(await world.watch(world.life([], gate))).toMatchObject({ failed: 1 });
      });
      expect(done).toEqual(effects.slice(0, lost - 1));
      world.watchLease.expire();
      await world.watch();
      expect([world.verdict(ref), world.labels(ref)]).toEqual(["done green", []]);
      expect(rungs("ntfy")).toHaveLength(lost === 7 ? 2 : 1);
    }
  });

  it("lost at one run leaves the others alone: they are not this tick's any more", async () => {
    const refs = [await underWay("a"), await underWay("b")];
    for (const ref of refs) world.agentLands(ref);
    const gate = async (call: string) => {
      if (call === "isHeld") world.watchLease.steal("another");
    };
    expect(await world.watch(world.life([], gate))).toMatchObject({ runs: 2, failed: 1 });
    expect(refs.map((ref) => world.verdict(ref))).toEqual([null, null]);
  });

  it("is given back at the end, also when the tick fails", async () => {
    world.tracker.setDown("401");
    await expect(world.watch()).rejects.toThrow("401");
    expect(world.watchLease.holder).toBeNull();
  });
});
