import { beforeEach, describe, expect, it } from "vitest";
import { foldChecks } from "../../src/pure/ci-fold.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import type { Doorbell } from "../../src/pure/ports/notifier.ts";
import { FakeCi } from "../fakes/fake-ci.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";

const REPO: RepoRef = { tracker: "github", owner: "o", name: "a" };
const OTHER: RepoRef = { tracker: "github", owner: "o", name: "b" };

describe("a fake CI", () => {
  let ci: FakeCi;

  beforeEach(() => {
    ci = new FakeCi({ clock: new FakeClock() });
  });

  async function states(sha: string, repo = REPO): Promise<readonly string[]> {
    const [seen] = await ci.readChecks([{ repo, sha }]);
    return seen?.kind === "read"
      ? seen.checks.map((check) => `${check.name} ${check.state}`)
      : ["?"];
  }

  it("knows no check of a commit it never saw", async () => {
    expect(await ci.readChecks([{ repo: REPO, sha: "s1" }])).toEqual([
      { kind: "read", sha: "s1", checks: [] },
    ]);
  });

  it("replaces a check of the same name and keeps the others", async () => {
    ci.pending("s1");
    ci.pending("s1", "lint");
    ci.red("s1", "lint");
    expect(await states("s1")).toEqual(["test pending", "lint failure"]);
    ci.green("s1");
    ci.cancelled("s2");
    expect(await states("s1")).toEqual(["lint failure", "test success"]);
    expect(await states("s2")).toEqual(["test cancelled"]);
  });

  it("gives checks that the fold understands", async () => {
    const check = ci.green("s1");
    expect(foldChecks([check])).toEqual({ kind: "green" });
    expect(foldChecks([ci.red("s1")])).toMatchObject({ kind: "red" });
  });

  it("shows checks set for a repo only there, and replaces all of a commit", async () => {
    ci.green("s1");
    ci.setChecks(REPO, "s1", []);
    expect(await states("s1")).toEqual([]);
    ci.setChecks(REPO, "s1", [ci.green("s9", "build")]);
    expect([await states("s1"), await states("s1", OTHER)]).toEqual([["build success"], []]);
  });

  it("shows the end of a failing check's log, and none for the others", async () => {
    const [red, green] = [ci.red("s1", "unit", "expected 2, got 3"), ci.green("s1", "lint")];
    expect(await ci.readEvidence(REPO, [red, green])).toEqual([
      { name: "unit", url: red.url, logTail: "expected 2, got 3" },
      { name: "lint", url: green.url, logTail: "" },
    ]);
  });

  it("is unreadable for one commit or for all, and then without logs", async () => {
    const red = ci.red("s1");
    ci.setUnreadable("403", "s1");
    expect(await ci.readChecks([{ repo: REPO, sha: "s1" }])).toEqual([
      { kind: "unreadable", sha: "s1", why: "403" },
    ]);
    expect(await states("s2")).toEqual([]);
    ci.setUnreadable(null, "s1");
    expect(await states("s1")).toEqual(["test failure"]);
    ci.setUnreadable("down");
    expect(await states("s2")).toEqual(["?"]);
    expect(await ci.readEvidence(REPO, [red])).toMatchObject([{ logTail: "" }]);
    ci.setUnreadable(null);
    expect(await states("s1")).toEqual(["test failure"]);
  });
});

describe("a fake notifier", () => {
  const bell: Doorbell = {
    key: "run-1:done",
    title: "done",
    body: "o/a#1",
    urgency: "quiet",
    tags: [],
    link: null,
  };

  it("keeps what rang, and refuses while it is down", async () => {
    const notifier = new FakeNotifier("ntfy");
    notifier.setDown(true);
    await expect(notifier.ring(bell)).rejects.toThrow("ntfy is down");
    expect([notifier.rung, notifier.writes]).toEqual([[], 1]);
    notifier.setDown(false);
    await notifier.ring(bell);
    expect([notifier.rung, notifier.writes]).toEqual([[bell], 2]);
  });

  it("answers with a receipt once it gives any, and keeps those it was handed", async () => {
    const notifier = new FakeNotifier("slack");
    expect(await notifier.ring(bell, null)).toBe(null);
    notifier.giveReceipts();
    expect(await notifier.ring(bell, "slack-0")).toBe("slack-2");
    notifier.setDown(true);
    await expect(notifier.ring(bell, "slack-2")).rejects.toThrow("slack is down");
    expect(notifier.receipts).toEqual([null, "slack-0"]);
  });
});
