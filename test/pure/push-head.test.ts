import { describe, expect, it } from "vitest";

import type { BranchCommit, BranchPush } from "../../src/pure/commits.ts";
import { findPushHead, findRewrite, tellRewrite } from "../../src/pure/push-head.ts";
import { aSha } from "./builders.ts";

const AT = "2026-03-01T11:59:00Z";

function push(before: string, after: string, overrides: Partial<BranchPush> = {}): BranchPush {
  return {
    before: aSha(before),
    after: aSha(after),
    isForced: false,
    by: "robot",
    at: AT,
    ...overrides,
  };
}

/** A branch from its newest commit to its oldest: `name parent parent`. */
function branch(...lines: readonly string[]): readonly BranchCommit[] {
  return lines.map((line) => {
    const [name = "", ...parents] = line.split(" ");
    return { sha: aSha(name), message: name, parents: parents.map(aSha) };
  });
}

const LINE = branch("d c", "c b", "b a", "a base");

describe("the head of the push that brought a commit", () => {
  const rows: ReadonlyArray<
    readonly [name: string, pushes: readonly BranchPush[], of: string, want: string | null]
  > = [
    ["is the commit itself where it was pushed last", [push("base", "b")], "b", "b"],
    ["is the commit above it that the same push ended at", [push("base", "c")], "a", "c"],
    ["is that of the oldest push that reaches it", [push("c", "d"), push("base", "c")], "a", "c"],
    ["is not that of a push before it", [push("b", "d"), push("base", "b")], "c", "d"],
    [
      "is not one that a forced push left behind",
      [push("gone", "c", { isForced: true }), push("base", "gone")],
      "a",
      "c",
    ],
    ["is unknown to an empty log", [], "a", null],
    ["is unknown to a log that lags behind", [push("base", "a")], "b", null],
    ["is unknown where the branch was deleted", [push("a", "none")], "a", null],
  ];
  it.each(rows)("%s", (_name, pushes, of, want) => {
    expect(findPushHead(pushes, aSha(of), LINE)).toBe(want === null ? null : aSha(want));
  });

  it("is found through a merge by either of its parents", () => {
    const merged = branch("merge main side", "side base", "main base");
    const pushes = [push("main", "merge"), push("base", "main")];
    expect(findPushHead(pushes, aSha("side"), merged)).toBe(aSha("merge"));
    expect(findPushHead(pushes, aSha("main"), merged)).toBe(aSha("main"));
  });
});

describe("the push that rewrote a branch", () => {
  const forced = push("x", "y", { isForced: true });
  const ofOurs = push("own", "base", { isForced: true });

  it("is the one that left a vanished commit, or else the newest forced one", () => {
    expect(findRewrite([forced, ofOurs, push("a", "own")], [aSha("own")])).toEqual(ofOurs);
    expect(findRewrite([push("a", "own"), forced, ofOurs], [aSha("below")])).toEqual(forced);
  });

  it("is none where no push was forced, whatever it left", () => {
    expect(findRewrite([push("own", "base")], [aSha("own")])).toBeNull();
  });

  it("is told with its branch, and with who and when where the log shows it", () => {
    expect(tellRewrite(undefined)).toBe("the history of the default branch was rewritten");
    expect(tellRewrite({ branch: "trunk", push: null })).toBe("the history of trunk was rewritten");
    const told = `pushed ${aSha("base")} over ${aSha("own")} at ${AT}`;
    expect(tellRewrite({ branch: "trunk", push: ofOurs })).toBe(
      `the history of trunk was rewritten (robot ${told})`,
    );
    const byNobody = { branch: "trunk", push: { ...ofOurs, by: null } };
    expect(tellRewrite(byNobody)).toBe(`the history of trunk was rewritten (somebody ${told})`);
  });
});
