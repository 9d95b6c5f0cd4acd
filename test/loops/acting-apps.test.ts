import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TickDeps } from "../../src/loops/deps.ts";
import { performAnswer } from "../../src/loops/perform-answer.ts";
import { observePoll } from "../../src/loops/observe-poll.ts";
import { observeWorld } from "../../src/loops/observe-world.ts";
import type { ActingApp, IssueRef } from "../../src/pure/issue.ts";
import { account } from "../fakes/fake-tracker.ts";
import { sha256 } from "../pure/builders.ts";
import { planOf } from "./bystander.ts";
import { keepLaws } from "./laws.ts";
import { LABELS, MARIA, MINUTE, World } from "./world.ts";

const TRIAGE: ActingApp = { kind: "app", id: "321", slug: "triage" };

let world: World;

beforeEach(() => {
  world = new World({ repos: ["a", "b"] });
});

afterEach(() => {
  keepLaws(world);
});

/** An issue that an App made ready in Maria's name. */
function readyThroughApp(repo = "a", app = TRIAGE): IssueRef {
  const ref = world.addIssue(repo);
  world.tracker.labelThroughApp(ref, LABELS.ready, { by: MARIA, app });
  return ref;
}

/** What the plan would do now, and what one tick then does: `o/a#1 dispatch`. */
async function answers(): Promise<{ planned: readonly string[]; done: readonly string[] }> {
  const { candidates } = await planOf(world);
  const before = world.logs("decided").length;
  await world.poll();
  const say = (issue: string, decision: { kind: string; because?: string }) =>
    `${issue} ${decision.because ?? decision.kind}`;
  return {
    planned: candidates.map(({ issue, decision }) => say(issue, decision)).toSorted(),
    done: world
      .logs("decided")
      .slice(before)
      .map(({ fields }) =>
        say(String(fields["issue"]), fields["decision"] as { kind: string; because?: string }),
      )
      .toSorted(),
  };
}

/** How often the Apps of which issues were asked about. */
function asked(): readonly string[] {
  return world.tracker.calls.filter((call) => call.startsWith("readActingApps"));
}

/** Performs the one dispatch with what was seen, as if these Apps were all that is known. */
async function performKnowing(actingApps: ReadonlyMap<string, ActingApp>): Promise<boolean> {
  const { tracker, agent, ci, settings } = world;
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const deps: TickDeps = {
    tracker: { reader: tracker, writer: tracker },
    agent: { reader: agent, writer: agent },
    ci,
    notifiers: [],
    lease: world.pollLease.lease("one"),
    log,
    now: world.clock.now,
    sha256,
  };
  const sight = await observePoll(deps, settings, await observeWorld(deps, settings, "candidates"));
  const [answer] = sight.answers;
  if (answer?.decision.kind !== "dispatch") throw new Error("nothing is dispatched");
  const input = { ...sight, seen: { ...sight.seen, actingApps }, links: settings.links };
  return performAnswer(deps, input, { issue: answer.issue, decision: answer.decision });
}

describe("the App behind a label", () => {
  it("starts no work unless it is listed, and the plan says so", async () => {
    const ref = readyThroughApp();
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 untrusted-labeler"]);
    expect(done).toEqual(planned);
    expect(world.threadsOf(ref)).toEqual([]);
    expect(world.effects()).toEqual([]);
  });

  it("starts work where it is listed, and the plan says so", async () => {
    const ref = readyThroughApp();
    world.settings.trust = { ...world.settings.trust, trustedActors: ["app:321"] };
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 dispatch"]);
    expect(done).toEqual(planned);
    expect(world.threadsOf(ref)).toHaveLength(1);
  });

  it("makes way for the next of its repo in the same tick, and the plan says so", async () => {
    const refused = readyThroughApp();
    const next = world.readyIssue();
    const other = world.readyIssue("b");
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 untrusted-labeler", "o/a#2 dispatch", "o/b#1 dispatch"]);
    expect(done).toEqual(planned);
    expect(world.threadsOf(refused)).toEqual([]);
    expect(world.threadsOf(next)).toHaveLength(1);
    expect(world.threadsOf(other)).toHaveLength(1);
    expect(asked().slice(-2)).toEqual(["readActingApps o/a#1,o/b#1", "readActingApps o/a#2"]);
  });

  it("makes way for another repo where there is room for one run only", async () => {
    world = new World({ repos: ["a", "b"], limits: { runsMax: 1 } });
    readyThroughApp();
    world.advance(MINUTE);
    const other = world.readyIssue("b");
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 untrusted-labeler", "o/b#1 dispatch"]);
    expect(done).toEqual(planned);
    expect(world.threadsOf(other)).toHaveLength(1);
  });

  it("is asked about three refusals deep, and the fourth approval still starts", async () => {
    for (let count = 1; count <= 3; count += 1) readyThroughApp();
    const last = world.readyIssue();
    await answers();
    expect(world.threadsOf(last)).toHaveLength(1);
  });

  it("is asked about no deeper: who is left starts nothing and is asked about in no way", async () => {
    for (let count = 1; count <= 4; count += 1) readyThroughApp();
    const last = world.readyIssue();
    const { planned, done } = await answers();
    expect(done).toEqual(planned);
    expect(done).toContain("o/a#5 untrusted-labeler");
    expect(world.threadsOf(last)).toEqual([]);
    expect(asked().filter((call) => call.includes("#5"))).toEqual([]);
  });

  it("is asked about for those alone that would start", async () => {
    readyThroughApp();
    world.tracker.comment({ repo: readyThroughApp("b").repo, number: 1 }, "Hello", MARIA);
    world.settings.isDraining = true;
    await answers();
    expect(asked()).toEqual([]);
  });

  it("starts nothing as long as it cannot be read, and starts with the first reading", async () => {
    const ref = world.readyIssue();
    world.tracker.setActingAppsUnreadable("no events");
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 untrusted-labeler"]);
    expect(done).toEqual(planned);
    expect(world.threadsOf(ref)).toEqual([]);
    world.tracker.setActingAppsUnreadable(null);
    await world.poll();
    expect(world.threadsOf(ref)).toHaveLength(1);
  });

  it("starts nothing where the tracker leaves the question out", async () => {
    const ref = world.readyIssue();
    world.tracker.readActingApps = () => Promise.resolve([]);
    await world.poll();
    expect(world.threadsOf(ref)).toEqual([]);
  });

  it("is no obstacle to a listed bot whose own it is", async () => {
    const bot = account("triage[bot]", "55", true);
    world.settings.trust = { ...world.settings.trust, trustedActors: ["55"] };
    const ref = world.addIssue();
    world.tracker.labelThroughApp(ref, LABELS.ready, { by: bot, app: TRIAGE });
    await world.poll();
    expect(world.threadsOf(ref)).toHaveLength(1);
  });

  it("answers no comment, whatever else is wrong with the issue", async () => {
    const ref = readyThroughApp();
    world.tracker.edit(ref, { body: `Blocked by #${ref.number}` }, MARIA);
    world.advance(MINUTE);
    world.tracker.unlabel(ref, LABELS.ready, MARIA);
    world.tracker.labelThroughApp(ref, LABELS.ready, { by: account("eve", "9"), app: TRIAGE });
    await world.poll();
    expect(world.holdNotices(ref)).toEqual([]);
  });

  it("is asked about anew for a newer approval, which never starts in the tick that did not know it", async () => {
    const ref = world.readyIssue();
    let isDone = false;
    world.tracker.beforeCall = (call) => {
      if (isDone || !call.startsWith("readIssues")) return;
      isDone = true;
      world.tracker.unlabel(ref, LABELS.ready, MARIA);
      world.tracker.labelThroughApp(ref, LABELS.ready, { by: MARIA, app: TRIAGE });
    };
    await world.poll();
    expect(isDone).toBe(true);
    expect(world.threadsOf(ref)).toEqual([]);
    await world.poll();
    expect(world.threadsOf(ref)).toEqual([]);
  });

  it("must be known where a dispatch is performed, whatever was decided before", async () => {
    const ref = world.readyIssue();
    expect(await performKnowing(new Map())).toBe(false);
    expect(world.tracker.writes + world.agent.writes).toBe(0);
    const eventId = world.tracker.see(ref).history.events.at(-1)?.id ?? "";
    expect(await performKnowing(new Map([[eventId, { kind: "none" }]]))).toBe(true);
    expect(world.threadsOf(ref)).toHaveLength(1);
  });
});

describe("blockers in an issue's own words", () => {
  it("hold it until they are closed, and the plan says so", async () => {
    const blocker = world.addIssue("b");
    const ref = world.readyIssue();
    world.tracker.unlabel(ref, LABELS.ready, MARIA);
    world.tracker.edit(ref, { body: "Blocked by o/b#1" }, MARIA);
    world.advance(MINUTE);
    world.tracker.label(ref, LABELS.ready, MARIA);
    const { planned, done } = await answers();
    expect(planned).toEqual(["o/a#1 blocked"]);
    expect(done).toEqual(planned);
    expect(world.holdNotices(ref)).toEqual([]);
    world.tracker.close(blocker, MARIA);
    await world.poll();
    expect(world.threadsOf(ref)).toHaveLength(1);
  });

  it("that wait for each other are said once, with the way round", async () => {
    const [one, other] = [world.addIssue(), world.addIssue("b")];
    world.tracker.edit(one, { body: "Depends on o/b#1" }, MARIA);
    world.tracker.addBlocker(other, one);
    world.advance(MINUTE);
    world.tracker.label(one, LABELS.ready, MARIA);
    await world.poll();
    await world.poll();
    expect(world.threadsOf(one)).toEqual([]);
    expect(world.holdNotices(one)).toHaveLength(1);
    expect(world.holdNotices(one)[0]).toContain("o/a#1 → o/b#1 → o/a#1");
  });
});
