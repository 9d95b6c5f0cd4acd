import { beforeEach, describe, expect, it } from "vitest";
import { type IssueRef, issueKey, type RepoRef } from "../../src/pure/issue.ts";
import type { IssueSeenAlone } from "../../src/pure/ports/tracker.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { account, FAKE_LABELS, FakeTracker } from "../fakes/fake-tracker.ts";

const REPO: RepoRef = { tracker: "github", owner: "o", name: "a" };
const OTHER: RepoRef = { tracker: "github", owner: "o", name: "b" };
const ANN = account("ann", "1");
const BOB = account("bob", "2");
const { ready, inProgress } = FAKE_LABELS;

let clock: FakeClock;
let tracker: FakeTracker;
let issue: IssueRef;

beforeEach(() => {
  clock = new FakeClock();
  tracker = new FakeTracker({ clock });
  tracker.addRepo({ ref: REPO, defaultBranch: "trunk", id: "77" });
  issue = open("first");
});

function open(title: string, repo: RepoRef = REPO): IssueRef {
  return tracker.addIssue({ repo, title, body: "text", by: BOB });
}

async function listed(): Promise<readonly string[]> {
  const [repo] = await tracker.listRepos([REPO], "candidates");
  return repo?.kind === "readable" ? repo.issues.map(({ ref }) => issueKey(ref)) : ["unreadable"];
}

async function readOne(ref: IssueRef): Promise<IssueSeenAlone | undefined> {
  const [seen] = await tracker.readIssues([ref]);
  return seen;
}

function kindsOf(ref: IssueRef): readonly string[] {
  return tracker.see(ref).history.events.map((event) => event.kind);
}

describe("a fake tracker's lists", () => {
  it("hold open issues with the ready label and any issue with the in-progress label", async () => {
    const second = open("second");
    expect(await listed()).toEqual([]);
    tracker.label(issue, ready, ANN);
    tracker.label(second, inProgress, ANN);
    expect(await listed()).toEqual(["o/a#1", "o/a#2"]);
    tracker.close(issue, ANN);
    tracker.close(second, ANN);
    expect(await listed()).toEqual(["o/a#2"]);
  });

  it("carry the facts of the repo", async () => {
    const headSha = tracker.push(REPO, { message: "start" });
    const [repo] = await tracker.listRepos([REPO], "candidates");
    expect(repo).toMatchObject({ facts: { ref: REPO, id: "77", defaultBranch: "trunk", headSha } });
  });

  it("carry the permission of whoever made an issue ready last", async () => {
    tracker.setPermission(REPO, "1", "admin");
    tracker.label(issue, ready, BOB);
    const before = await readOne(issue);
    tracker.unlabel(issue, ready, BOB);
    tracker.label(issue, ready, ANN);
    const after = await readOne(issue);
    expect([before, after]).toMatchObject([
      { permissions: new Map([["2", "none"]]) },
      { permissions: new Map([["1", "admin"]]) },
    ]);
  });

  it("say of an unknown and of an unreadable repo why, and show the others", async () => {
    tracker.addRepo({ ref: OTHER });
    tracker.setUnreadable(OTHER, "503");
    const gone: RepoRef = { ...REPO, name: "gone" };
    const kinds = (await tracker.listRepos([gone, REPO, OTHER], "candidates")).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(["unreadable", "readable", "unreadable"]);
    expect(await readOne({ repo: OTHER, number: 1 })).toEqual({
      kind: "unreadable",
      why: "503",
    });
  });
});

describe("a fake issue's history", () => {
  it("numbers events upwards and stamps them in whole seconds", () => {
    tracker.label(issue, ready, ANN);
    clock.advance(1_999);
    tracker.unlabel(issue, ready, ANN);
    const [first, second] = tracker.see(issue).history.events;
    expect(Number(second?.id)).toBeGreaterThan(Number(first?.id));
    expect([first?.at, second?.at]).toEqual(["2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z"]);
  });

  it("gets no event from what changes nothing", () => {
    tracker.label(issue, ready, ANN);
    tracker.label(issue, ready, BOB);
    tracker.unlabel(issue, "absent", ANN);
    tracker.reopen(issue, ANN);
    tracker.edit(issue, { title: "first", body: "text" }, ANN);
    expect(kindsOf(issue)).toEqual(["labeled"]);
    expect(tracker.see(issue).bodyEditedAt).toBeNull();
  });

  it("tells a rename by an event and an edited body only by its time", () => {
    clock.advance(5_000);
    tracker.edit(issue, { title: "new", body: "new text" }, ANN);
    expect(kindsOf(issue)).toEqual(["renamed"]);
    expect(tracker.see(issue)).toMatchObject({
      title: "new",
      body: "new text",
      bodyEditedAt: "2026-01-05T09:00:05Z",
      createdAt: "2026-01-05T09:00:00Z",
    });
  });

  it("tells who closed it and with what", () => {
    tracker.close(issue, ANN, "pull-request");
    tracker.reopen(issue, BOB);
    tracker.transfer(issue);
    expect(tracker.see(issue).history.events).toMatchObject([
      { kind: "closed", actor: ANN, closer: "pull-request" },
      { kind: "reopened", actor: BOB },
      { kind: "transferred" },
    ]);
  });

  it("tells a label that an agent put on by intent", () => {
    tracker.labelByIntent(issue, ready, ANN);
    expect(tracker.see(issue).history.events).toMatchObject([{ isByIntent: true }]);
  });

  it("shows its newest events when it is truncated", () => {
    tracker.label(issue, ready, ANN);
    tracker.close(issue, ANN);
    tracker.truncateHistory(issue, 2);
    expect(tracker.see(issue).history.kind).toBe("complete");
    tracker.truncateHistory(issue, 1);
    expect(tracker.see(issue).history).toMatchObject({
      kind: "truncated",
      events: [{ kind: "closed" }],
    });
  });

  it("does not change in an answer already given", async () => {
    tracker.label(issue, ready, ANN);
    const answer = await readOne(issue);
    const before = structuredClone(answer);
    tracker.unlabel(issue, ready, ANN);
    await tracker.createComment(issue, "words");
    expect(answer).toEqual(before);
  });
});

describe("a fake issue's comments", () => {
  it("show only those of the own account, although strangers copy its markers", async () => {
    tracker.comment(issue, "marker", BOB);
    const id = await tracker.createComment(issue, "marker");
    expect(tracker.see(issue).ownComments).toEqual({
      kind: "complete",
      comments: [{ id, body: "marker" }],
    });
    expect(tracker.commentsOn(issue)).toHaveLength(2);
  });

  it("are edited in place, and gone when deleted", async () => {
    const id = await tracker.createComment(issue, "one");
    await tracker.editComment(issue, id, "two");
    expect(tracker.see(issue).ownComments.comments).toEqual([{ id, body: "two" }]);
    tracker.deleteComment(issue, id);
    expect(tracker.see(issue).ownComments.comments).toEqual([]);
    await expect(tracker.editComment(issue, id, "three")).rejects.toThrow("404");
  });

  it("are truncated to the newest of all, not of the own ones", async () => {
    await tracker.createComment(issue, "record");
    tracker.comment(issue, "noise", BOB);
    tracker.truncateComments(issue, 1);
    expect(tracker.see(issue).ownComments).toEqual({ kind: "truncated", comments: [] });
  });
});

describe("a fake issue's blockers", () => {
  function states(): readonly string[] {
    const { blockers } = tracker.see(issue);
    return blockers.kind === "listed" ? blockers.blockers.map(({ state }) => state) : ["?"];
  }

  it("are open until they are closed", () => {
    const blocker = open("blocker");
    tracker.addBlocker(issue, blocker);
    expect(states()).toEqual(["open"]);
    tracker.close(blocker, ANN);
    expect(states()).toEqual(["closed"]);
  });

  it("are unreadable where the repo is, or all together", () => {
    tracker.addBlocker(issue, { repo: OTHER, number: 9 });
    expect(states()).toEqual(["unreadable"]);
    tracker.setBlockersUnreadable(issue, "403");
    expect(tracker.see(issue).blockers).toEqual({ kind: "unreadable", why: "403" });
  });
});

describe("a fake tracker's writes", () => {
  it("are by the own account, counted, logged, and without event when repeated", async () => {
    await tracker.addLabel(issue, inProgress);
    await tracker.addLabel(issue, inProgress);
    await tracker.closeIssue(issue, "completed");
    await tracker.closeIssue(issue, "completed");
    await tracker.reopenIssue(issue);
    await tracker.removeLabel(issue, inProgress);
    await tracker.removeLabel(issue, inProgress);
    expect(kindsOf(issue)).toEqual(["labeled", "closed", "reopened", "unlabeled"]);
    expect(tracker.see(issue).history.events[0]).toMatchObject({ actor: { id: "900" } });
    expect([tracker.writes, tracker.calls[0]]).toEqual([7, "addLabel o/a#1 agent-in-progress"]);
  });

  it("are refused without effect, and reads go on", async () => {
    tracker.setWritesRefused("403");
    await expect(tracker.addLabel(issue, ready)).rejects.toThrow("403");
    expect((await readOne(issue))?.kind).toBe("read");
    expect(kindsOf(issue)).toEqual([]);
  });

  it("and reads all fail while it is down", async () => {
    tracker.setDown("no route");
    await expect(tracker.whoAmI()).rejects.toThrow("no route");
    await expect(tracker.createComment(issue, "x")).rejects.toThrow("no route");
    expect((await readOne(issue))?.kind).toBe("unreadable");
    expect(await listed()).toEqual(["unreadable"]);
    tracker.setDown(null);
    expect(await tracker.whoAmI()).toEqual(tracker.own);
  });

  it("leave each of several reads its own answer, in the order asked", async () => {
    const gone: IssueRef = { repo: OTHER, number: 1 };
    const seen = await tracker.readIssues([gone, { repo: REPO, number: 9 }, issue]);
    expect(seen.map(({ kind }) => kind)).toEqual(["unreadable", "absent", "read"]);
    expect(tracker.calls).toEqual(["readIssues o/b#1,o/a#9,o/a#1"]);
  });

  it("fail on an issue that is gone, which reads call absent", async () => {
    tracker.removeIssue(issue);
    expect(await readOne(issue)).toEqual({ kind: "absent" });
    await expect(tracker.addLabel(issue, ready)).rejects.toThrow("404");
  });

  it("can be preceded by a person's hand", async () => {
    tracker.beforeCall = (call) => {
      if (call.startsWith("readIssues")) tracker.unlabel(issue, ready, ANN);
    };
    tracker.label(issue, ready, ANN);
    expect(await listed()).toEqual(["o/a#1"]);
    expect(await readOne(issue)).toMatchObject({ issue: { labels: [] } });
  });
});

describe("a fake repo's branch", () => {
  function branchSince(baseSha: string | null) {
    return tracker.readBranches([{ repo: REPO, baseSha }]);
  }

  it("shows what came after the base, newest first", async () => {
    const [one, two, three] = ["1", "2", "3"].map((message) => tracker.push(REPO, { message }));
    expect(one).toMatch(/^[0-9a-f]{40}$/);
    expect(await branchSince(one ?? null)).toEqual([
      {
        kind: "readable",
        headSha: three,
        isBaseFound: true,
        commits: [
          { sha: three, message: "3", parents: [two] },
          { sha: two, message: "2", parents: [one] },
        ],
      },
    ]);
    expect(await branchSince(null)).toMatchObject([{ isBaseFound: true, commits: { length: 3 } }]);
  });

  it("takes no forced push to a commit it never had", () => {
    tracker.push(REPO, { message: "first" });
    expect(() => tracker.forcePush(REPO, "0".repeat(40))).toThrow("never had");
  });

  it("has the same shas in the same story told again, others in another repo", () => {
    const again = new FakeTracker({ clock });
    again.addRepo({ ref: REPO });
    again.addRepo({ ref: OTHER });
    const sha = tracker.push(REPO, { message: "m" });
    expect(again.push(REPO, { message: "m" })).toBe(sha);
    expect(again.push(OTHER, { message: "m" })).not.toBe(sha);
  });

  it("is unreadable while empty and truncated on demand", async () => {
    expect(await branchSince(null)).toMatchObject([{ kind: "unreadable" }]);
    tracker.push(REPO, { message: "m" });
    tracker.truncateBranch(REPO, "over 5 pages");
    expect(await branchSince(null)).toEqual([{ kind: "truncated", why: "over 5 pages" }]);
  });

  it("closes issues by keyword, here and by full name, and not by a mere mention", () => {
    tracker.addRepo({ ref: OTHER });
    const [there, mentioned] = [open("there", OTHER), open("mentioned")];
    tracker.push(REPO, { message: "Fixes #1, closes o/b#1\n\nRefs o/a#2 and #2", by: ANN });
    expect(tracker.see(issue).history.events).toMatchObject([
      { kind: "closed", closer: "commit", actor: ANN },
    ]);
    expect([tracker.see(there).state, tracker.see(mentioned).state]).toEqual(["closed", "open"]);
  });
});
