import { beforeEach, describe, expect, it } from "vitest";
import type { IssueRef, RepoRef } from "../../src/pure/issue.ts";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import {
  AGENT_WRITE_METHODS,
  FaultPlan,
  LEASE_WRITE_METHODS,
  NOTIFIER_WRITE_METHODS,
  ProcessDied,
  TRACKER_WRITE_METHODS,
  withFaults,
} from "../fakes/fake-faults.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { account, FakeTracker } from "../fakes/fake-tracker.ts";

const REPO: RepoRef = { tracker: "github", owner: "o", name: "a" };
const BELL = { key: "k", title: "t", body: "b", urgency: "loud", tags: [], link: null } as const;

let tracker: FakeTracker;
let notifier: FakeNotifier;
let issue: IssueRef;

beforeEach(() => {
  tracker = new FakeTracker({ clock: new FakeClock() });
  notifier = new FakeNotifier();
  tracker.addRepo({ ref: REPO });
  issue = tracker.addIssue({ repo: REPO, title: "t", body: "b", by: account("ann", "1") });
});

function processOf(plan: FaultPlan) {
  return {
    tracker: withFaults(tracker, plan, TRACKER_WRITE_METHODS),
    notifier: withFaults(notifier, plan, NOTIFIER_WRITE_METHODS),
  };
}

/** Two labels and a ring in between: three effects over two ports. Errors of the living are passed over. */
async function work(plan: FaultPlan): Promise<void> {
  const { tracker: wrapped, notifier: bell } = processOf(plan);
  for (const effect of [
    () => wrapped.addLabel(issue, "one"),
    () => bell.ring(BELL),
    () => wrapped.addLabel(issue, "two"),
  ]) {
    await effect().catch(() => undefined);
  }
}

function done(): readonly unknown[] {
  return [...tracker.see(issue).labels, ...notifier.rung.map(({ key }) => `rang ${key}`)];
}

describe("a process with faults", () => {
  it("does everything when none is planned, and lists its effects over all ports", async () => {
    const plan = new FaultPlan();
    await work(plan);
    expect(plan.effects).toEqual(["addLabel o/a#1 one", "ring k", "addLabel o/a#1 two"]);
    expect(done()).toEqual(["one", "two", "rang k"]);
    expect(plan.isDead).toBe(false);
  });

  const rows = [
    ["crash-before", 1, []],
    ["crash-after", 1, ["one"]],
    ["crash-before", 2, ["one"]],
    ["crash-after", 2, ["one", "rang k"]],
    ["crash-before", 3, ["one", "rang k"]],
    ["crash-after", 3, ["one", "two", "rang k"]],
    ["fail-before", 2, ["one", "two"]],
    ["fail-after", 2, ["one", "two", "rang k"]],
  ] as const;

  it.each(rows)("that meets %s at effect %i leaves exactly %j", async (kind, effect, want) => {
    const plan = new FaultPlan([{ kind, effect }]);
    await work(plan);
    expect(done()).toEqual(want);
    expect(plan.isDead).toBe(kind.startsWith("crash"));
    expect(plan.effects).toHaveLength(kind.startsWith("crash") ? effect : 3);
  });

  it("rejects every read and write once it is dead", async () => {
    const plan = new FaultPlan([{ kind: "crash-after", effect: 1 }]);
    const { tracker: wrapped, notifier: bell } = processOf(plan);
    await expect(wrapped.addLabel(issue, "one")).rejects.toThrow(ProcessDied);
    await expect(wrapped.whoAmI()).rejects.toThrow(ProcessDied);
    await expect(bell.ring(BELL)).rejects.toThrow(ProcessDied);
    expect(tracker.calls).toHaveLength(1);
  });

  it("gets no answer to what was under way when it died", async () => {
    const plan = new FaultPlan([{ kind: "crash-before", effect: 2 }]);
    const { tracker: wrapped } = processOf(plan);
    const asked = [wrapped.listRepos([REPO], "candidates"), wrapped.addLabel(issue, "one")];
    const killer = wrapped.addLabel(issue, "two");
    const outcomes = await Promise.allSettled([...asked, killer]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(done()).toEqual(["one"]);
  });

  it("tells a failure of the living from its own death, and passes real errors on", async () => {
    const plan = new FaultPlan([{ kind: "fail-after", effect: 1 }]);
    const { tracker: wrapped } = processOf(plan);
    await expect(wrapped.addLabel(issue, "one")).rejects.toThrow(
      "failed after: addLabel o/a#1 one",
    );
    tracker.setWritesRefused("403");
    await expect(wrapped.addLabel(issue, "two")).rejects.toThrow("403");
  });

  it("sees the other properties of a port as they are", () => {
    expect(processOf(new FaultPlan()).notifier.name).toBe("fake");
  });

  it("names agents' commands and the lease's steps too, in one line each", async () => {
    const clock = new FakeClock();
    const plan = new FaultPlan();
    const agent = withFaults(new FakeAgent({ clock }), plan, AGENT_WRITE_METHODS);
    const store = new FakeLeaseStore({ clock, ttlMs: 1_000 });
    const lease = withFaults(store.lease("one"), plan, LEASE_WRITE_METHODS);
    await lease.acquire();
    await lease.isHeld();
    await agent.startTurn({ commandId: "c", threadId: "t", messageId: "m", text: "long\ntext" });
    await processOf(plan).tracker.createComment(issue, "<!-- mark -->\nwords");
    expect(plan.effects).toEqual(["acquire", "startTurn t m", "createComment o/a#1 <!-- mark -->"]);
  });
});
