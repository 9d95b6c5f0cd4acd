import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { BranchCommit, BranchSeen } from "../../src/pure/commits.ts";
import { findRunCommits, shasToJudge } from "../../src/pure/run-commits.ts";
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
