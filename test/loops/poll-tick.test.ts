import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigRefused } from "../../src/loops/deps.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import { account } from "../fakes/fake-tracker.ts";
import { keepLaws } from "./laws.ts";
import {
  DAY,
  LABELS,
  LEASE_TTL_MS,
  MARIA,
  MINUTE,
  policyFor,
  repoNamed,
  ROBOT,
  STRANGER,
  World,
} from "./world.ts";

let world: World;

beforeEach(() => {
  world = new World({ repos: ["a", "b"] });
});

afterEach(() => {
  keepLaws(world);
});

/** The holds of one tick by issue. */
function holds(): readonly string[] {
  return world.logs("decided").flatMap(({ fields }) => {
    const decision = fields["decision"] as { kind: string; because?: string };
    return decision.kind === "hold" ? [`${String(fields["issue"])} ${decision.because}`] : [];
  });
}

/** Does something right before the poller reads the issue a second time. */
function beforeFreshRead(act: () => void): void {
  let isDone = false;
  world.tracker.beforeCall = (call) => {
    if (isDone || !call.startsWith("readIssues")) return;
    isDone = true;
    act();
  };
}

/** A dispatch that died right after the effect whose name begins so. */
async function dispatchDiesAfter(effect: string): Promise<void> {
  const rehearsal = new World({ repos: ["a", "b"] });
  rehearsal.readyIssue();
  const effects = await rehearsal.effectsOf(() => rehearsal.poll());
  const number = effects.findIndex((each) => each.startsWith(effect)) + 1;
  const life = world.life([{ kind: "crash-after", effect: number }]);
  await expect(world.poll(life)).rejects.toThrow("the process died");
  world.advance(LEASE_TTL_MS);
}

const DISPATCH = [
  /^createComment o\/a#1 <!-- afk:run=[0-9a-f]{12} -->$/,
  /^createProject afk-project-/,
  /^createThread afk-[0-9a-f]{12}-1-0 afk-project-/,
  /^startTurn afk-[0-9a-f]{12}-1-0 .*turn-0-first\/attempt-0$/,
  /^addLabel o\/a#1 agent-in-progress$/,
];

function expectEffects(effects: readonly string[], want: readonly RegExp[]): void {
  expect(effects).toHaveLength(want.length);
  for (const [at, pattern] of want.entries()) expect(effects[at]).toMatch(pattern);
}

describe("a ready issue", () => {
  it("is dispatched: record, project, thread, turn, then the lock label", async () => {
    const ref = world.readyIssue();
    const effects = await world.effectsOf(async () => {
      const summary = await world.poll();
      expect(summary).toEqual({
        kind: "ticked",
        candidates: 1,
        dispatched: 1,
        adopted: 0,
        held: {},
        failed: 0,
      });
    });
    expectEffects(effects, DISPATCH);
    expect(world.labels(ref)).toEqual([LABELS.inProgress, LABELS.ready]);
    expect(world.record(ref)).toMatchObject({ state: "dispatching", verdict: null });
    expect(world.agent.turnStarts.map((start) => start.effect)).toEqual(["starts"]);
  });

  it("is decided about, in the log, before anything is done", async () => {
    world.readyIssue();
    await world.poll();
    const at = world.timeline.findIndex((each) => each.kind === "effect");
    const before = world.timeline.slice(0, at).flatMap((e) => (e.kind === "log" ? e.message : []));
    expect(before).toContain("decided");
  });

  it("loses the human label of an earlier run right before it is locked", async () => {
    const ref = world.addIssue();
    world.tracker.label(ref, LABELS.human, MARIA);
    world.tracker.label(ref, LABELS.ready, MARIA);
    const effects = await world.effectsOf(() => world.poll());
    expect(effects.slice(-3)).toEqual([
      expect.stringMatching(/^startTurn/),
      "removeLabel o/a#1 ready-for-human",
      "addLabel o/a#1 agent-in-progress",
    ]);
  });

  it("is dispatched once: the second tick does nothing, and thirty more write nothing", async () => {
    world.readyIssue();
    await world.poll();
    world.agent.startTurns();
    const later = await world.effectsOf(async () => {
      for (let tick = 0; tick < 31; tick += 1) {
        world.advance(MINUTE);
        expect(await world.poll()).toMatchObject({ dispatched: 0, adopted: 0, failed: 0 });
      }
    });
    expect(later).toEqual([]);
  });

  it("is dispatched after days in which no tick ran", async () => {
    world.readyIssue();
    world.advance(5 * DAY);
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
  });

  it("uses a project that is there already, and never touches threads that are not ours", async () => {
    world.readyIssue();
    const theirs = { commandId: "p", projectId: "theirs", title: "t", workspaceRoot: "/data/o__a" };
    await world.agent.createProject(theirs);
    await world.agent.createThread({
      commandId: "t",
      threadId: "their-thread",
      projectId: "theirs",
      title: "t",
    });
    await world.agent.startTurn({
      commandId: "s",
      threadId: "their-thread",
      messageId: "m",
      text: "hello",
    });
    world.agent.startTurns();
    const effects = await world.effectsOf(() => world.poll());
    expect(effects.some((effect) => effect.startsWith("createProject"))).toBe(false);
    expect(effects.join()).not.toContain("their-thread");
    expect(world.agent.see("their-thread").session?.status).toBe("running");
    // Theirs is none of ours, so law 2 does not see it.
    world.agent.turnsAskedWhileLive.length = 0;
  });
});

describe("several issues", () => {
  it("start one a repo, the more urgent one first", async () => {
    world.readyIssue("a");
    const urgent = world.addIssue("a");
    world.tracker.label(urgent, "P0", MARIA);
    world.tracker.label(urgent, LABELS.ready, MARIA);
    world.readyIssue("b");
    expect(await world.poll()).toMatchObject({ dispatched: 2, held: { "slot-taken": 1 } });
    expect(holds()).toEqual(["o/a#1 slot-taken"]);
    expect(world.records(urgent)).toHaveLength(1);
  });

  it("wait when as many runs as AFK_MAX_RUNS are under way, and not one fewer", async () => {
    world = new World({ repos: ["a", "b"], limits: { runsMax: 1 } });
    world.readyIssue("a");
    const second = world.readyIssue("b");
    expect(await world.poll()).toMatchObject({ dispatched: 1, held: { "at-capacity": 1 } });
    world.settings.limits = { ...world.settings.limits, runsMax: 2 };
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
    expect(world.records(second)).toHaveLength(1);
  });

  it("start nothing beside a thread of ours that is live, whatever the labels say", async () => {
    const first = world.readyIssue("a");
    await world.poll();
    world.agent.startTurns();
    world.advance(10 * MINUTE);
    world.tracker.unlabel(first, LABELS.inProgress, MARIA);
    world.tracker.unlabel(first, LABELS.ready, MARIA);
    world.readyIssue("a");
    expect(await world.poll()).toMatchObject({ dispatched: 0, held: { "repo-locked": 1 } });
  });
});

describe("one repo's trouble", () => {
  it("that it cannot be read is its line in the summary, and the others go on", async () => {
    world.readyIssue("a");
    world.readyIssue("b");
    world.tracker.setUnreadable(repoNamed("a"), "502");
    expect(await world.poll()).toMatchObject({ candidates: 1, dispatched: 1, failed: 1 });
    expect(world.errors()).toEqual(["repo unreadable: 502"]);
  });

  it("that an effect fails stops the others as little", async () => {
    const first = world.readyIssue("a");
    const second = world.readyIssue("b");
    const life = world.life([{ kind: "fail-before", effect: 1 }]);
    expect(await world.poll(life)).toMatchObject({ dispatched: 1, failed: 1 });
    expect([world.records(first).length, world.records(second).length]).toEqual([0, 1]);
    expect(await world.poll()).toMatchObject({ dispatched: 1, failed: 0 });
  });

  it("that its base is red holds it back alone, unless it says dispatchOnRed", async () => {
    world.readyIssue("a");
    world.readyIssue("b");
    world.ciSays(world.tracker.push(repoNamed("a"), { message: "Break it" }), "red");
    expect(await world.poll()).toMatchObject({ dispatched: 1, held: { "base-red": 1 } });
    policyFor(world, "a", { dispatchOnRed: true });
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
  });

  it("that CI of its base cannot be read holds it back too", async () => {
    world.readyIssue("a");
    world.ci.setUnreadable("502");
    expect(await world.poll()).toMatchObject({ dispatched: 0, held: { "base-red": 1 } });
  });
});

describe("the agent server", () => {
  it("that is silent holds everything back, and nothing is written", async () => {
    world.readyIssue("a");
    world.agent.setDown("connection refused");
    const effects = await world.effectsOf(async () => {
      expect(await world.poll()).toMatchObject({
        dispatched: 0,
        held: { "agent-server": 1 },
        failed: 1,
      });
    });
    expect(effects).toEqual([]);
    expect(world.errors()).toEqual(["agent server unreadable: connection refused"]);
    world.agent.setDown(null);
    expect(await world.poll()).toMatchObject({ dispatched: 1, failed: 0 });
  });

  it("that refuses a command costs an attempt, and is asked anew with ids it never saw", async () => {
    const ref = world.readyIssue();
    world.refusals.next.set("startTurn", 1);
    expect(await world.poll()).toMatchObject({ dispatched: 0, failed: 1 });
    expect(world.record(ref).turns.map((turn) => turn.attempt)).toEqual([1]);
    expect(world.labels(ref)).toEqual([LABELS.ready]);
    world.advance(MINUTE);
    expect(await world.poll()).toMatchObject({ adopted: 1, failed: 0 });
    expect(world.turnsAsked(ref)).toEqual(["first/1"]);
    const ids = world.agent.turnStarts.map((start) => start.commandId);
    expect(ids.filter((id) => world.refusals.refused.includes(id))).toEqual([]);
  });

  it("whose answer got lost is asked again with the same ids, and begins one turn", async () => {
    const ref = world.readyIssue();
    const life = world.life([{ kind: "fail-after", effect: 4 }]);
    expect(await world.poll(life)).toMatchObject({ dispatched: 0, failed: 1 });
    expect(world.labels(ref)).toEqual([LABELS.ready]);
    expect(await world.poll()).toMatchObject({ adopted: 1, failed: 0 });
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
    expect(world.record(ref).turns.map((turn) => turn.attempt)).toEqual([0]);
  });

  it("that never got the request gets it again with the same ids", async () => {
    const ref = world.readyIssue();
    const life = world.life([{ kind: "fail-before", effect: 4 }]);
    expect(await world.poll(life)).toMatchObject({ failed: 1 });
    expect(await world.poll()).toMatchObject({ adopted: 1 });
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
  });

  it("that refuses every attempt is handed to the watcher, who tells that the dispatch failed", async () => {
    const ref = world.readyIssue();
    world.refusals.next.set("createThread", 2);
    await world.poll();
    world.advance(MINUTE);
    expect(await world.poll()).toMatchObject({ failed: 1 });
    world.advance(MINUTE);
    const handOver = await world.effectsOf(async () => {
      expect(await world.poll()).toMatchObject({ adopted: 1, failed: 0 });
    });
    expect(handOver).toEqual(["addLabel o/a#1 agent-in-progress"]);
    await world.tickOn(5);
    expect(world.verdict(ref)).toBe("needs-human dispatch-failed");
    expect(world.refusals.refused).toHaveLength(2);
    expect(new Set(world.refusals.refused).size).toBe(2);
    expect(world.labels(ref)).toEqual([LABELS.human]);
  });
});

describe("a dispatch that was cut short", () => {
  it.each(["createComment", "createProject", "createThread", "startTurn"])(
    "after %s is finished by the next tick, never doubled",
    async (effect) => {
      const ref = world.readyIssue();
      await dispatchDiesAfter(effect);
      const rest = await world.effectsOf(async () => {
        expect(await world.poll()).toMatchObject({ dispatched: 0, adopted: 1 });
      });
      const done = DISPATCH.findIndex((pattern) => pattern.source.startsWith(`^${effect} `)) + 1;
      // When the turn is asked for only now, the record says so first.
      const missing = rest.filter((each) => !each.startsWith("editComment"));
      expectEffects(missing, DISPATCH.slice(done));
      expect(world.turnsAsked(ref)).toEqual(["first/0"]);
    },
  );

  it("keeps another issue of the repo waiting", async () => {
    world.readyIssue();
    await dispatchDiesAfter("createComment");
    world.readyIssue();
    await world.poll();
    expect(holds()).toContain("o/a#2 repo-locked");
    expect(world.agent.turnStarts).toHaveLength(1);
  });

  const handed: ReadonlyArray<readonly [name: string, act: (ref: IssueRef) => void]> = [
    ["it took too long", () => world.advance(11 * MINUTE)],
    ["it was paused", (ref) => world.tracker.label(ref, LABELS.paused, MARIA)],
    ["its text was edited", (ref) => world.tracker.edit(ref, { body: "Else." }, MARIA)],
  ];
  it.each(handed)("is handed to the watcher when %s meanwhile", async (_name, act) => {
    const ref = world.readyIssue();
    await dispatchDiesAfter("createThread");
    act(ref);
    expect(await world.effectsOf(() => world.poll())).toEqual(["addLabel o/a#1 agent-in-progress"]);
    expect(world.agent.turnStarts).toEqual([]);
  });

  it("that nobody finished in time, after days, ends with a run all the same", async () => {
    const ref = world.readyIssue();
    await dispatchDiesAfter("createComment");
    world.advance(2 * DAY);
    await world.poll();
    await world.watch();
    world.agentLands(ref);
    await world.watch();
    expect(world.verdict(ref)).toBe("done green");
  });
});

describe("a fresh reading right before the dispatch", () => {
  const changes: ReadonlyArray<readonly [name: string, act: (ref: IssueRef) => void]> = [
    ["edited", (ref) => world.tracker.edit(ref, { body: "Else." }, MARIA)],
    ["renamed", (ref) => world.tracker.edit(ref, { title: "Else" }, MARIA)],
    ["unlabelled", (ref) => world.tracker.unlabel(ref, LABELS.ready, MARIA)],
    ["labelled for humans", (ref) => world.tracker.label(ref, LABELS.human, MARIA)],
    ["paused", (ref) => world.tracker.label(ref, LABELS.paused, MARIA)],
    ["closed", (ref) => world.tracker.close(ref, MARIA)],
    ["deleted", (ref) => world.tracker.removeIssue(ref)],
    ["blocked", (ref) => world.tracker.addBlocker(ref, world.addIssue("b"))],
    ["approved anew by a stranger", approvedByStranger],
  ];

  function approvedByStranger(ref: IssueRef): void {
    world.tracker.unlabel(ref, LABELS.ready, STRANGER);
    world.tracker.label(ref, LABELS.ready, STRANGER);
  }

  it.each(changes)("that finds it %s starts nothing", async (_name, act) => {
    const ref = world.readyIssue();
    world.advance(MINUTE);
    beforeFreshRead(() => act(ref));
    const effects = await world.effectsOf(async () => {
      expect(await world.poll()).toMatchObject({ dispatched: 0, failed: 0 });
    });
    expect(effects).toEqual([]);
    expect(world.logs("changed on the fresh reading")).toHaveLength(1);
    world.issues.length = 0;
  });

  it("that fails starts nothing, and is a failure of the tick", async () => {
    world.readyIssue();
    world.advance(MINUTE);
    beforeFreshRead(() => world.tracker.setUnreadable(repoNamed("a"), "502"));
    const effects = await world.effectsOf(async () => {
      expect(await world.poll()).toMatchObject({ dispatched: 0, failed: 1 });
    });
    expect(effects).toEqual([]);
    expect(world.errors().join()).toContain("o/a#1 could not be read again before its dispatch");
    world.issues.length = 0;
  });

  it("that finds a newer approval leaves it to the next tick, under the newer approval's id", async () => {
    const ref = world.readyIssue();
    beforeFreshRead(() => world.approveAgain(ref));
    expect(await world.poll()).toMatchObject({ dispatched: 0 });
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
    const newest = world.tracker
      .see(ref)
      .history.events.findLast((event) => event.kind === "labeled" && event.label === LABELS.ready);
    expect(world.record(ref).approval.eventId).toBe(newest?.id);
  });
});

describe("holds", () => {
  it("that only a person can clear are said once, however many ticks pass", async () => {
    const edited = world.readyIssue("a");
    world.tracker.edit(edited, { body: "Else." }, MARIA);
    const forHumans = world.readyIssue("b");
    world.tracker.label(forHumans, LABELS.human, MARIA);
    for (let tick = 0; tick < 3; tick += 1) {
      expect(await world.poll()).toMatchObject({ failed: 0, candidates: 2 });
      world.advance(MINUTE);
    }
    expect(world.holdNotices(edited)).toHaveLength(1);
    expect(world.holdNotices(forHumans)).toHaveLength(1);
    expect(world.effects()).toHaveLength(2);
  });

  it("of another approval are said again", async () => {
    const ref = world.readyIssue();
    world.tracker.edit(ref, { body: "Else." }, MARIA);
    await world.poll();
    world.advance(MINUTE);
    world.approveAgain(ref);
    world.tracker.edit(ref, { body: "Else again." }, MARIA);
    await world.poll();
    expect(world.holdNotices(ref)).toHaveLength(2);
  });

  it("name blockers that cannot be read, and say nothing of open ones", async () => {
    const unreadable = world.readyIssue("a");
    world.tracker.addBlocker(unreadable, { repo: repoNamed("elsewhere"), number: 7 });
    const waiting = world.readyIssue("b");
    world.tracker.addBlocker(waiting, unreadable);
    expect(await world.poll()).toMatchObject({ held: { blocked: 2 } });
    expect(world.holdNotices(unreadable).join()).toContain("o/elsewhere#7");
    expect(world.holdNotices(waiting)).toEqual([]);
  });

  it("are never said in answer to a labeller whom nobody trusts", async () => {
    const ref = world.addIssue();
    world.tracker.label(ref, LABELS.ready, STRANGER);
    world.tracker.edit(ref, { body: "Do as I say." }, STRANGER);
    const byRobot = world.addIssue("b");
    world.tracker.label(byRobot, LABELS.ready, ROBOT);
    world.tracker.edit(byRobot, { body: "Do as I say." }, ROBOT);
    expect(await world.poll()).toMatchObject({ held: { "untrusted-labeler": 2 }, dispatched: 0 });
    expect(world.effects()).toEqual([]);
  });

  it("that cannot be said are a failure of their issue alone", async () => {
    const ref = world.readyIssue("a");
    world.tracker.edit(ref, { body: "Else." }, MARIA);
    world.readyIssue("b");
    const life = world.life([{ kind: "fail-after", effect: 1 }]);
    expect(await world.poll(life)).toMatchObject({ failed: 1, dispatched: 1 });
    await world.poll();
    expect(world.holdNotices(ref)).toHaveLength(1);
  });

  it("because of a drain start nothing new", async () => {
    world.readyIssue();
    world.settings.isDraining = true;
    expect(await world.poll()).toMatchObject({ dispatched: 0, held: { draining: 1 } });
    expect(world.effects()).toEqual([]);
  });
});

describe("a used approval", () => {
  it("never dispatches again, however often the in-progress label is taken off", async () => {
    const ref = world.readyIssue();
    await world.poll();
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    expect(await world.poll()).toMatchObject({ dispatched: 0, adopted: 0 });
    expect(holds()).toEqual(["o/a#1 approval-already-used"]);
  });

  it("stays used when its progress comment was deleted", async () => {
    const ref = world.readyIssue();
    await world.poll();
    for (const { id } of world.tracker.commentsOn(ref)) world.tracker.deleteComment(ref, id);
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    expect(await world.poll()).toMatchObject({ dispatched: 0, adopted: 0 });
  });

  it("of an unknown record version stays used", async () => {
    const ref = world.readyIssue();
    await world.poll();
    const [comment] = world.tracker.commentsOn(ref);
    if (comment === undefined) throw new Error("no progress comment");
    const newer = comment.body.replace('"version":1', '"version":99');
    expect(newer).not.toBe(comment.body);
    await world.tracker.editComment(ref, comment.id, newer);
    world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
    world.advance(10 * MINUTE);
    expect(await world.poll()).toMatchObject({ dispatched: 0, adopted: 0 });
  });
});

describe("the poller's lease", () => {
  it("lets one of two ticks at once do the work", async () => {
    world.readyIssue();
    const summaries = await Promise.all([world.poll(), world.poll()]);
    expect(summaries.map((each) => each.kind).toSorted()).toEqual([
      "lease-held-elsewhere",
      "ticked",
    ]);
    expect(world.agent.turnStarts).toHaveLength(1);
    expect(world.tracker.calls.filter((call) => call === "whoAmI")).toHaveLength(1);
  });

  it.each([1, 2, 3, 4, 5])("lost before effect %i lets no further effect start", async (lost) => {
    const ref = world.readyIssue("a");
    world.readyIssue("b");
    let checks = 0;
    const gate = async (call: string) => {
      checks += call === "isHeld" ? 1 : 0;
      if (call === "isHeld" && checks === lost) world.pollLease.steal("another");
    };
    const summary = await world.poll(world.life([], gate));
    expect(summary.failed).toBe(1);
    expect(world.effects()).toHaveLength(lost - 1);
    world.pollLease.expire();
    await world.poll();
    expect(world.turnsAsked(ref)).toEqual(["first/0"]);
    expect(world.agent.turnStarts).toHaveLength(2);
  });

  it("is given back at the end, also when the tick fails", async () => {
    await world.poll();
    expect(world.pollLease.holder).toBeNull();
    world.tracker.setDown("401");
    await expect(world.poll()).rejects.toThrow("401");
    expect(world.pollLease.holder).toBeNull();
  });

  it("that cannot be asked for fails the tick before it reads anything", async () => {
    world.readyIssue();
    world.pollLease.setDown("the volume is gone");
    await expect(world.poll()).rejects.toThrow("the volume is gone");
    expect(world.tracker.calls).toEqual([]);
  });
});

describe("AFK_AGENT_ACTORS", () => {
  it.each(["900", "AFK"])("that lists afk's own account as %s is refused", async (entry) => {
    world.readyIssue();
    world.settings.trust = { trustedActors: [], agentActors: ["3", entry] };
    const poll = world.poll();
    await expect(poll).rejects.toThrow(ConfigRefused);
    await expect(poll).rejects.toThrow(/AFK_AGENT_ACTORS lists (?:900|AFK).*account afk\b/);
    expect(world.effects()).toEqual([]);
    expect(world.pollLease.holder).toBeNull();
  });

  it("of which one put the label on starts nothing", async () => {
    const ref = world.addIssue();
    world.tracker.setPermission(repoNamed("a"), "3", "admin");
    world.tracker.label(ref, LABELS.ready, account("robot", "3"));
    expect(await world.poll()).toMatchObject({ held: { "untrusted-labeler": 1 } });
  });
});
