import { describe, expect, it } from "vitest";

import {
  collectLocks,
  issueLocks,
  locksOf,
  repoOfThread,
  threadLocks,
} from "../../src/pure/locks.ts";
import type { ThreadSummary } from "../../src/pure/thread.ts";
import {
  aPollPolicy,
  aRecord,
  aRepo,
  aRepoSeen,
  aSession,
  aThread,
  aTurn,
  anAgent,
  anEnd,
  anIssue,
  aVerdict,
  bodyOf,
  type IssueOverrides,
  labels,
  limits,
  NOW,
  repoNamed,
  RUN_ID,
  SECOND,
  startedAgo,
} from "./builders.ts";

const clock = { now: NOW, startGraceMs: limits.startGraceMs };
const KEY = "acme/widgets#12";
const LABEL = { kind: "label", issue: KEY, runId: RUN_ID };
const ASKED = { kind: "turn-asked", issue: KEY, runId: RUN_ID };

/** A record whose turn was asked for so long ago. */
function asked(ms: number): string {
  return bodyOf(aRecord({ turns: [aTurn({ asked: startedAgo(ms) })] }));
}

const LONG_AGO = asked(limits.startGraceMs + 1);
const CONCLUDED = bodyOf(aRecord({ verdict: aVerdict() }));
const { inProgress, human, ready } = labels;

describe("locks by an issue", () => {
  type Row = readonly [name: string, issue: IssueOverrides, locks: readonly unknown[]];
  const rows: readonly Row[] = [
    ["none without the in-progress label", { labels: [ready] }, []],
    ["the in-progress label alone", { labels: [inProgress] }, [{ ...LABEL, runId: null }]],
    [
      "the in-progress label in any case",
      { labels: ["Agent-In-Progress"] },
      [{ ...LABEL, runId: null }],
    ],
    [
      "the label of a closed issue",
      { labels: [inProgress], state: "closed", comments: [LONG_AGO] },
      [LABEL],
    ],
    ["none when a human took over", { labels: [inProgress, human], comments: [LONG_AGO] }, []],
    ["none when the run has its verdict", { labels: [inProgress], comments: [CONCLUDED] }, []],
    ["a turn asked for just now", { labels: [], comments: [asked(0)] }, [ASKED]],
    [
      "a turn asked for as long ago as the grace",
      { labels: [], comments: [asked(120 * SECOND)] },
      [ASKED],
    ],
    ["no turn asked for longer ago", { labels: [], comments: [asked(120 * SECOND + 1)] }, []],
    [
      "a turn asked for by a clock that is ahead",
      { labels: [], comments: [asked(-SECOND)] },
      [ASKED],
    ],
    ["label and turn of one run", { labels: [inProgress], comments: [asked(0)] }, [LABEL, ASKED]],
    [
      "a turn that may yet start though a human took over",
      { labels: [inProgress, human], comments: [asked(0)] },
      [ASKED],
    ],
    [
      "no turn that is over",
      { labels: [], comments: [bodyOf(aRecord({ turns: [aTurn({ end: anEnd() })] }))] },
      [],
    ],
    ["no turn of a concluded run", { labels: [], comments: [CONCLUDED] }, []],
    [
      "no turn of a record without turns",
      { labels: [], comments: [bodyOf(aRecord({ turns: [] }))] },
      [],
    ],
    [
      "nothing that another issue's record says",
      { number: 13, labels: [], comments: [asked(0)] },
      [],
    ],
  ];
  it.each(rows)("%s", (_name, issue, locks) => {
    expect(issueLocks(anIssue(issue), labels, clock)).toEqual(locks);
  });

  it("a damaged newest record keeps the lock that an older verdict would free", () => {
    const damaged = `<!-- afk:run=0123456789ab -->\nno record`;
    const issue = anIssue({ labels: [inProgress], comments: [CONCLUDED, damaged] });
    expect(issueLocks(issue, labels, clock)).toEqual([{ ...LABEL, runId: "0123456789ab" }]);
  });

  it("an older run's turn locks although a newer run was concluded", () => {
    const concluded = bodyOf(aRecord({ runId: "0123456789ab", verdict: aVerdict() }));
    const newer = anIssue({ labels: [inProgress], comments: [asked(0), concluded] });
    expect(issueLocks(newer, labels, clock)).toEqual([ASKED]);
  });
});

describe("locks by a thread", () => {
  const idle = aSession({ status: "ready", hasActiveTurn: false });
  type Row = readonly [name: string, thread: ThreadSummary, isLock: boolean];
  const rows: readonly Row[] = [
    ["running", aThread(), true],
    [
      "starting",
      aThread({ session: aSession({ status: "starting", hasActiveTurn: false }) }),
      true,
    ],
    [
      "waiting for a person, its turn active",
      aThread({ session: aSession({ status: "ready" }) }),
      true,
    ],
    ["live in the archive", aThread({ presence: "archived" }), true],
    ["at rest", aThread({ session: idle }), false],
    ["without a session", aThread({ session: null }), false],
    ["deleted", aThread({ presence: "deleted" }), false],
    ["somebody else's", aThread({ id: "b7a1f6d2" }), false],
  ];
  it.each(rows)("a thread %s", (_name, thread, isLock) => {
    const lock = { kind: "live-thread", issue: KEY, runId: RUN_ID };
    expect(threadLocks(aRepo, [thread])).toEqual(isLock ? [lock] : []);
  });
});

describe("repoOfThread", () => {
  const repos = [repoNamed("gadgets"), aRepo];
  type Row = readonly [name: string, thread: ThreadSummary, repo: string | null];
  const rows: readonly Row[] = [
    ["says the repo by the folder", aThread(), "widgets"],
    ["reads the folder in any case", aThread({ workspaceRoot: "/DATA/Acme__Widgets" }), "widgets"],
    ["knows no other folder", aThread({ workspaceRoot: "/data/acme__widgets2" }), null],
    ["knows no folder of another root", aThread({ workspaceRoot: "/other/acme__widgets" }), null],
    ["knows no thread of anybody else", aThread({ id: "somebody's" }), null],
  ];
  it.each(rows)("%s", (_name, thread, repo) => {
    expect(repoOfThread(thread, repos, "/data")?.name ?? null).toBe(repo);
  });
});

describe("collectLocks", () => {
  const policy = aPollPolicy();
  const busy = aRepoSeen([anIssue({ labels: [inProgress] })]);
  const free = aRepoSeen([anIssue({ repo: repoNamed("gadgets") })]);
  const dark = { kind: "unreadable", ref: repoNamed("dark"), why: "down" } as const;
  const inDark = aThread({ workspaceRoot: "/data/acme__dark" });

  it("gathers the locks of issues and threads by repo", () => {
    const seen = { now: NOW, repos: [busy, free, dark], agent: anAgent([aThread(), inDark]) };
    const locks = collectLocks(seen, policy);
    expect(locksOf(locks, aRepo).map((lock) => lock.kind)).toEqual(["label", "live-thread"]);
    expect(locksOf(locks, repoNamed("gadgets"))).toEqual([]);
  });

  it("sees the threads of a repo that cannot be read", () => {
    const seen = { now: NOW, repos: [dark], agent: anAgent([inDark]) };
    expect(locksOf(collectLocks(seen, policy), repoNamed("dark"))).toEqual([
      { kind: "live-thread", issue: "acme/dark#12", runId: RUN_ID },
    ]);
  });

  it("knows only labels and records while the agent server is silent", () => {
    const agent = { kind: "unreadable", why: "down" } as const;
    const locks = collectLocks({ now: NOW, repos: [busy], agent }, policy);
    expect(locksOf(locks, aRepo).map((lock) => lock.kind)).toEqual(["label"]);
  });

  it("has none for a repo that was not asked about", () => {
    const locks = collectLocks({ now: NOW, repos: [busy], agent: anAgent() }, policy);
    expect(locksOf(locks, repoNamed("elsewhere"))).toEqual([]);
  });
});
