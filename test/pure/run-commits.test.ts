import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { BranchCommit, BranchPush, BranchSeen, PushesSeen } from "../../src/pure/commits.ts";
import {
  findRunCommits,
  headsInDoubt,
  lineFrom,
  needsPushes,
  shasToJudge,
  withPushes,
} from "../../src/pure/run-commits.ts";
import type { RunCommitsSeen } from "../../src/pure/run-observation.ts";
import { aRecord, aSha, RUN_ID, startedAgo } from "./builders.ts";

/** A commit named by a word, on top of others. */
function commit(name: string, parents: readonly string[], trailers = ""): BranchCommit {
  return { sha: aSha(name), message: `${name}\n\n${trailers}`, parents: parents.map(aSha) };
}

/** A branch from its newest commit to its oldest. */
function branch(...commits: readonly BranchCommit[]): BranchSeen {
  return { kind: "readable", headSha: commits[0]?.sha ?? aSha("base"), isBaseFound: true, commits };
}

const OURS = `AFK-Run: ${RUN_ID}`;

function recorded(...names: readonly string[]) {
  const firstSeen = startedAgo(0);
  return names.map((name) => ({ sha: aSha(name), phases: [], parent: null, firstSeen }));
}

describe("the run's commits", () => {
  const line = branch(
    commit("other's", ["green"]),
    commit("green", ["red"], `${OURS}\nAFK-Phase: green`),
    commit("another run's", ["red"], "AFK-Run: 0123456789ab"),
    commit("red", ["base", "side"], `${OURS}\nAFK-Phase: tests-red`),
  );

  it("are those with its trailer, oldest first, with their phases and first parents", () => {
    expect(findRunCommits(line, aRecord())).toEqual({
      kind: "readable",
      ours: [
        { sha: aSha("red"), phases: ["tests-red"], parent: aSha("base") },
        { sha: aSha("green"), phases: ["green"], parent: aSha("red") },
      ],
      vanished: [],
    });
  });

  it("are none on a branch without them", () => {
    expect(findRunCommits(branch(), aRecord())).toEqual({
      kind: "readable",
      ours: [],
      vanished: [],
    });
  });

  it("may be the first of all", () => {
    expect(findRunCommits(branch(commit("root", [], OURS)), aRecord())).toMatchObject({
      ours: [{ parent: null }],
    });
  });

  it("have vanished when they were recorded and are there no more", () => {
    const record = aRecord({ commits: recorded("red", "gone") });
    expect(findRunCommits(line, record)).toMatchObject({ vanished: [aSha("gone")] });
  });

  it("are not said to have vanished where only the newest part of a history was asked for", () => {
    const record = aRecord({ baseSha: null, commits: recorded("gone") });
    expect(findRunCommits(line, record)).toMatchObject({ vanished: [] });
  });

  it.each([
    ["truncated", { kind: "truncated", why: "too long" }],
    ["unreadable", { kind: "unreadable", why: "too long" }],
  ] as const)("are unknown on a branch that is %s", (_name, seen) => {
    const commits = findRunCommits(seen, aRecord({ commits: recorded("gone") }));
    expect(commits).toEqual({ kind: "unreadable", why: "too long" });
    expect(shasToJudge(seen, commits)).toEqual([]);
  });
});

describe("the commits that may judge the run", () => {
  function judge(seen: BranchSeen): readonly string[] {
    return shasToJudge(seen, findRunCommits(seen, aRecord()));
  }

  /** Our commit with a line of so many others on top of it. */
  function lineOf(count: number): BranchSeen {
    const names = ["ours", ...Array.from({ length: count }, (_, at) => `on-top-${at + 1}`)];
    const commits = names.map((name, at) =>
      commit(name, [names[at - 1] ?? "base"], at === 0 ? OURS : ""),
    );
    return branch(...commits.toReversed());
  }

  function onTop(...numbers: readonly number[]): readonly string[] {
    return [aSha("ours"), ...numbers.map((number) => aSha(`on-top-${number}`))];
  }

  it("are none where it has none", () => {
    expect(judge(branch(commit("other's", ["base"])))).toEqual([]);
  });

  it("are none where the branch cannot be read any more", () => {
    const commits = findRunCommits(lineOf(1), aRecord());
    expect(shasToJudge({ kind: "unreadable", why: "" }, commits)).toEqual([]);
    const unread: RunCommitsSeen = { kind: "unreadable", why: "" };
    expect(shasToJudge(lineOf(1), unread)).toEqual([]);
  });

  it("are its newest commit and then its descendants, the oldest first", () => {
    expect(judge(lineOf(0))).toEqual(onTop());
    expect(judge(lineOf(3))).toEqual(onTop(1, 2, 3));
  });

  it("are all of ten descendants, and both ends of eleven", () => {
    expect(judge(lineOf(10))).toEqual(onTop(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    expect(judge(lineOf(11))).toEqual(onTop(1, 2, 3, 4, 5, 7, 8, 9, 10, 11));
  });

  it("begin with the newest of its own", () => {
    const seen = branch(
      commit("on-top", ["second"]),
      commit("second", ["first"], OURS),
      commit("first", ["base"], OURS),
    );
    expect(judge(seen)).toEqual([aSha("second"), aSha("on-top")]);
  });

  it("leave out what is on the branch and not built on it", () => {
    const seen = branch(
      commit("merge", ["beside", "ours"]),
      commit("beside", ["base"]),
      commit("ours", ["base"], OURS),
    );
    expect(judge(seen)).toEqual([aSha("ours"), aSha("merge")]);
  });

  it("are never asked for twice, nor more than eleven of them", () => {
    fc.assert(
      fc.property(fc.nat(60), (count) => {
        const shas = judge(lineOf(count));
        expect(new Set(shas).size).toBe(shas.length);
        expect(shas).toHaveLength(1 + Math.min(count, 10));
      }),
    );
  });
});

describe("the push log of a run", () => {
  // Two commits of ours below a stranger's, all of one push; then another push on top.
  const seen = branch(
    commit("later", ["head"]),
    commit("head", ["second"]),
    commit("second", ["first"], OURS),
    commit("first", ["base"], OURS),
  );
  const log: PushesSeen = {
    kind: "readable",
    pushes: [push("head", "later"), push("base", "head")],
  };
  const trunk = { name: "trunk", seen };

  function push(before: string, after: string, isForced = false): BranchPush {
    return { before: aSha(before), after: aSha(after), isForced, by: "robot", at: "" };
  }

  function knowing(pushHead: string): ReturnType<typeof aRecord> {
    const commits = recorded("first", "second").map((each) => ({
      ...each,
      pushHead: aSha(pushHead),
    }));
    return aRecord({ commits });
  }

  it("is asked until the head of the newest commit's push is known", () => {
    const found = findRunCommits(seen, aRecord());
    expect(needsPushes(found)).toBe(true);
    expect(needsPushes(withPushes(found, trunk, log))).toBe(false);
    expect(needsPushes(findRunCommits(seen, knowing("head")))).toBe(false);
  });

  it("is asked again when it did not say, and when that head is on the branch no more", () => {
    const found = findRunCommits(seen, aRecord());
    for (const dumb of [
      { kind: "unreadable", why: "404" },
      { kind: "readable", pushes: [] },
    ] as const) {
      expect(withPushes(found, trunk, dumb)).toEqual(found);
    }
    expect(needsPushes(findRunCommits(seen, knowing("left behind")))).toBe(true);
  });

  it("is not asked of a run without commits, nor of a branch that cannot be read", () => {
    expect(needsPushes(findRunCommits(branch(commit("other's", ["base"])), aRecord()))).toBe(false);
    const unread: BranchSeen = { kind: "unreadable", why: "502" };
    const unknown = findRunCommits(unread, aRecord());
    expect(needsPushes(unknown)).toBe(false);
    expect(withPushes(unknown, trunk, log)).toBe(unknown);
    const found = findRunCommits(seen, aRecord());
    expect(withPushes(found, { ...trunk, seen: unread }, log)).toBe(found);
  });

  it("moves the judging from the newest commit to the head of its push", () => {
    const found = findRunCommits(seen, aRecord());
    expect(shasToJudge(seen, found)).toEqual(["second", "head", "later"].map(aSha));
    const known = withPushes(found, trunk, log);
    expect(shasToJudge(seen, known)).toEqual(["head", "later"].map(aSha));
    expect(shasToJudge(seen, findRunCommits(seen, knowing("head")))).toEqual(
      ["head", "later"].map(aSha),
    );
  });

  it("begins the line of what may answer for it", () => {
    expect(lineFrom(seen, aSha("head"))).toEqual(["head", "later"].map(aSha));
    expect(lineFrom({ kind: "unreadable", why: "502" }, aSha("head"))).toEqual([aSha("head")]);
  });

  it("is in doubt for every commit but the branch's own, until the log told it", () => {
    const found = findRunCommits(seen, aRecord());
    expect([...headsInDoubt(seen, found)]).toEqual(["second", "head"].map(aSha));
    expect(headsInDoubt(seen, withPushes(found, trunk, log)).size).toBe(0);
    const unread: BranchSeen = { kind: "unreadable", why: "502" };
    expect(headsInDoubt(unread, found).size).toBe(0);
    expect(headsInDoubt(seen, { kind: "unreadable", why: "502" }).size).toBe(0);
  });

  it("is asked which push took a recorded commit away, and that is kept beside it", () => {
    const rewritten = branch(commit("fresh", ["base"]));
    const record = aRecord({ commits: recorded("own") });
    const found = findRunCommits(rewritten, record);
    expect(needsPushes(found)).toBe(true);
    const forced = push("own", "fresh", true);
    const told = withPushes(
      found,
      { name: "trunk", seen: rewritten },
      { kind: "readable", pushes: [forced] },
    );
    expect(told).toEqual({ ...found, rewrite: { branch: "trunk", push: forced } });
    const untold = withPushes(found, trunk, { kind: "unreadable", why: "404" });
    expect(untold).toMatchObject({ rewrite: { branch: "trunk", push: null } });
  });

  it("is not asked for a base that is lost alone, which is said all the same", () => {
    const lost = { ...seen, isBaseFound: false } as BranchSeen;
    const found = findRunCommits(lost, knowing("head"));
    expect(needsPushes(found)).toBe(false);
    expect(
      withPushes(found, { name: "trunk", seen: lost }, { kind: "unreadable", why: "" }),
    ).toMatchObject({
      rewrite: { branch: "trunk", push: null },
    });
  });
});
