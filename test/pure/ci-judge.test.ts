import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Check, ChecksSeen, CheckState } from "../../src/pure/ci-fold.ts";
import { judgeCi, withBase } from "../../src/pure/ci-judge.ts";
import type { RunCiSeen } from "../../src/pure/run-observation.ts";

function check(state: CheckState, name = "build"): Check {
  return { name, source: "check:ci", state, at: "2026-03-01T12:00:00Z", url: null, id: "1" };
}

/** What one commit shows, in a word. */
type Word = "green" | "red" | "pending" | "action" | "cancelled" | "none" | "unread";

const STATES: { readonly [word: string]: CheckState } = {
  green: "success",
  red: "failure",
  pending: "pending",
  action: "action-required",
  cancelled: "cancelled",
};

/** Commits from the run's newest to its newest descendant; their shas are their places. */
function commits(...words: readonly Word[]): readonly ChecksSeen[] {
  return words.map((word, at): ChecksSeen => {
    const sha = String(at);
    if (word === "unread") return { kind: "unreadable", sha, why: `commit ${at}` };
    const state = STATES[word];
    return { kind: "read", sha, checks: state === undefined ? [] : [check(state)] };
  });
}

function tell(seen: RunCiSeen): string {
  if (seen.kind === "unreadable") return `unreadable: ${seen.why}`;
  if (seen.kind === "not-asked") return seen.kind;
  const note = seen.note === undefined ? "" : `; ${seen.note}`;
  return `${seen.verdict.kind} on ${seen.sha}${seen.isOwnHead ? ", our own" : ""}${note}`;
}

const rows: ReadonlyArray<readonly [name: string, words: readonly Word[], want: string]> = [
  ["nothing was pushed", [], "not-asked"],
  ["our commit is green", ["green"], "green on 0, our own"],
  ["our commit is red", ["red"], "red on 0, our own"],
  ["our commit is pending", ["pending"], "pending on 0, our own"],
  ["our commit waits for a person", ["action"], "action-required on 0, our own"],
  ["our commit was cancelled", ["cancelled"], "inconclusive on 0, our own"],
  ["our commit has no checks", ["none"], "none on 0, our own"],
  ["our green counts, whatever comes after", ["green", "red"], "green on 0, our own"],
  ["the head of our push answers for it", ["none", "none", "red"], "red on 2, our own"],
  ["the head of our push is pending", ["none", "pending", "none"], "pending on 1, our own"],
  ["a descendant answers for a cancelled commit", ["cancelled", "red"], "red on 1"],
  ["our pending is waited for, whatever is red later", ["pending", "red"], "pending on 0, our own"],
  ["a green descendant answers for our pending", ["pending", "green"], "green on 1"],
  ["a pending commit is waited for", ["cancelled", "none", "pending"], "pending on 2"],
  ["the first of two answers counts", ["none", "action", "red"], "action-required on 1, our own"],
  ["a green descendant mends our red", ["red", "pending", "green"], "green on 2"],
  ["a green descendant mends a red one", ["cancelled", "red", "green"], "green on 2"],
  ["a red after the mending changes nothing", ["red", "green", "red"], "green on 1"],
  ["a green descendant acts for no person", ["action", "green"], "action-required on 0, our own"],
  ["the first of two greens is named", ["cancelled", "green", "green"], "green on 1"],
  ["the first of two pendings is named", ["cancelled", "pending", "pending"], "pending on 1"],
  ["our commit cannot be read", ["unread"], "unreadable: commit 0"],
  ["our commit cannot be read, and one after it is red", ["unread", "red"], "unreadable: commit 0"],
  ["a red is not the first after an unread one", ["none", "unread", "red"], "unreadable: commit 1"],
  ["no checks may be checks that were not read", ["none", "unread"], "unreadable: commit 1"],
  ["our pending needs no other reading", ["pending", "unread"], "pending on 0, our own"],
  [
    "a cancelled one may be answered by an unread one",
    ["cancelled", "unread", "red"],
    "unreadable: commit 1",
  ],
  ["our red needs no other reading", ["red", "unread"], "red on 0, our own"],
  ["a green proves nothing of an unread one", ["none", "unread", "green"], "unreadable: commit 1"],
];

describe("what CI says of a run", () => {
  it.each(rows)("%s", (_name, words, want) => {
    expect(tell(judgeCi(commits(...words)))).toBe(want);
  });

  describe("of commits that skip CI", () => {
    const note = (sha: string) => `commit ${sha} skips CI by a marker in its message`;
    const skips: ReadonlyArray<
      readonly [name: string, words: readonly Word[], skipping: string, want: string]
    > = [
      ["our own green is none", ["green"], "0", `none on 0, our own; ${note("0")}`],
      ["our own red counts", ["red"], "0", `red on 0, our own; ${note("0")}`],
      ["our own pending counts", ["pending"], "0", `pending on 0, our own; ${note("0")}`],
      ["a person is asked", ["action"], "0", `action-required on 0, our own; ${note("0")}`],
      ["a descendant answers", ["green", "green"], "0", `green on 1, our own; ${note("0")}`],
      ["a red descendant answers", ["green", "red"], "0", `red on 1, our own; ${note("0")}`],
      [
        "a descendant that skips does not",
        ["green", "green"],
        "01",
        `none on 0, our own; ${note("0")}`,
      ],
      ["one that skips mends no red", ["red", "green"], "1", "red on 0, our own"],
      [
        "one that skips answers no cancelled one",
        ["cancelled", "green"],
        "1",
        "inconclusive on 0, our own",
      ],
      ["a later one mends it", ["red", "green", "green"], "1", "green on 2"],
      ["one without checks is none", ["none"], "0", `none on 0, our own; ${note("0")}`],
    ];
    it.each(skips)("%s", (_name, words, skipping, want) => {
      expect(tell(judgeCi(commits(...words), new Set(skipping)))).toBe(want);
    });
  });

  describe("where only required checks count", () => {
    const needed = [{ context: "build", appId: null }];
    const required = (names: typeof needed, ...words: readonly Word[]) =>
      judgeCi(commits(...words).map((each) => ({ ...each, required: names })));
    const awaiting: ReadonlyArray<
      readonly [name: string, words: readonly Word[], required: typeof needed, want: string]
    > = [
      ["a required green is green", ["green"], needed, "green on 0, our own"],
      [
        "a commit below the head of its push judges nothing",
        ["none", "green"],
        needed,
        "green on 1, our own",
      ],
      ["what nobody reported is waited for", ["none", "none"], needed, "pending on 0, our own"],
      ["and may be answered later", ["pending", "green"], needed, "green on 1"],
      [
        "one that never reported is answered where it did",
        ["green", "green"],
        [...needed, { context: "e2e", appId: null }],
        "pending on 0, our own",
      ],
      [
        "a branch that requires nothing is never green",
        ["green"],
        [],
        "none on 0, our own; only required checks count, and the branch requires none",
      ],
    ];
    it.each(awaiting)("%s", (_name, words, names, want) => {
      expect(tell(required(names, ...words))).toBe(want);
    });

    it("a check that is not required stands in no descendant's way", () => {
      const [own, later] = commits("red", "green");
      const docs = { ...check("failure", "docs"), at: "2026-03-01T12:00:01Z" };
      const seen = [own, later].flatMap((each) =>
        each?.kind === "read"
          ? [{ ...each, checks: [...each.checks, docs], required: needed }]
          : [],
      );
      expect(tell(judgeCi(seen))).toBe("green on 1");
    });

    it("what was red before is what was required", () => {
      const checks = [check("failure"), check("failure", "docs")];
      const base = { kind: "read" as const, sha: "base", checks, required: needed };
      expect(withBase(judgeCi(commits("red")), base)).toMatchObject({ redOnBase: ["build"] });
    });
  });

  it("says nothing yet of what was red before it", () => {
    expect(judgeCi(commits("red"))).toMatchObject({ redOnBase: null });
  });

  describe("of a red and a green after it", () => {
    const other = { source: "check:other" };
    const of = (sha: string, ...checks: readonly Check[]): ChecksSeen => ({
      kind: "read",
      sha,
      checks,
    });
    const [test, lint] = [check("failure", "test"), check("failure", "lint")];
    const [tested, linted] = [check("success", "test"), check("success", "lint")];
    const docs = check("success", "docs-lint");
    const mendings: ReadonlyArray<
      readonly [name: string, commits: readonly ChecksSeen[], want: string]
    > = [
      ["only other checks ran", [of("0", test), of("1", docs)], "red on 0, our own"],
      ["what was red ran", [of("0", test), of("1", docs, tested)], "green on 1"],
      [
        "what was red was skipped",
        [of("0", test), of("1", docs, check("skipped", "test"))],
        "red on 0, our own",
      ],
      ["one of two ran", [of("0", test, lint), of("1", tested)], "red on 0, our own"],
      [
        "the two ran, each on another commit",
        [of("0", test, lint), of("1", tested), of("2", linted)],
        "red on 0, our own",
      ],
      ["both ran", [of("0", test, lint), of("1", tested, linted)], "green on 1"],
      ["a later one ran it", [of("0", test), of("1", docs), of("2", tested)], "green on 2"],
      ["its workflow was renamed", [of("0", test), of("1", { ...tested, ...other })], "green on 1"],
      [
        "another workflow's check of the name ran, as it did before",
        [of("0", test, { ...tested, ...other }), of("1", { ...tested, ...other })],
        "red on 0, our own",
      ],
      [
        "what was red succeeded where something else is red",
        [of("0", test), of("1", tested, lint)],
        "red on 0, our own",
      ],
      [
        "ours was cancelled, and never ran where others were red and green",
        [of("0", check("cancelled", "test")), of("1", lint), of("2", linted)],
        "inconclusive on 0, our own",
      ],
      [
        "ours was cancelled, and is red beside others later",
        [of("0", check("cancelled", "test")), of("1", lint), of("2", lint, test)],
        "red on 2",
      ],
      [
        "ours is pending, and only others are green",
        [of("0", check("pending", "test")), of("1", docs)],
        "pending on 0, our own",
      ],
    ];
    it.each(mendings)("%s", (_name, seen, want) => {
      expect(tell(judgeCi(seen))).toBe(want);
    });
  });

  const anyWord = fc.constantFrom<Word>(
    "green",
    "red",
    "pending",
    "action",
    "cancelled",
    "none",
    "unread",
  );

  it("is green only on a commit that is green", () => {
    fc.assert(
      fc.property(fc.array(anyWord), (words) => {
        const seen = judgeCi(commits(...words));
        const isGreen = seen.kind === "judged" && seen.verdict.kind === "green";
        expect(isGreen && words[Number(seen.sha)] !== "green").toBe(false);
      }),
    );
  });

  it("is red only where no commit is green and every commit up to it was read", () => {
    fc.assert(
      fc.property(fc.array(anyWord), (words) => {
        const seen = judgeCi(commits(...words));
        const isRed = seen.kind === "judged" && seen.verdict.kind === "red";
        const upToIt = isRed ? words.slice(0, Number(seen.sha) + 1) : [];
        expect(isRed && words.includes("green")).toBe(false);
        expect(upToIt).not.toContain("unread");
      }),
    );
  });
});

describe("what was red before the run", () => {
  const red = judgeCi(commits("red"));
  const base = (checks: readonly Check[]): ChecksSeen => ({ kind: "read", sha: "base", checks });
  const unread: ChecksSeen = { kind: "unreadable", sha: "base", why: "down" };

  it("is named check by check", () => {
    const checks = [check("failure", "lint"), check("success", "build"), check("timed-out", "e2e")];
    expect(withBase(red, base(checks))).toEqual({ ...red, redOnBase: ["e2e", "lint"] });
  });

  it("is nothing on a base that was not red", () => {
    expect(withBase(red, base([check("success")]))).toEqual({ ...red, redOnBase: [] });
    expect(withBase(red, base([]))).toEqual({ ...red, redOnBase: [] });
  });

  it("is unknown where the base was not asked for or not read", () => {
    expect(withBase(red, undefined)).toEqual(red);
    expect(withBase(red, unread)).toEqual(red);
  });

  it("is asked of no run that is not judged", () => {
    expect(withBase({ kind: "not-asked" }, base([]))).toEqual({ kind: "not-asked" });
  });
});

describe("a commit that may be no push's head", () => {
  const status = (state: CheckState): Check => ({ ...check(state, "cla"), source: "status" });
  const on = (sha: string, ...checks: readonly Check[]): ChecksSeen => ({
    kind: "read",
    sha,
    checks,
  });
  const doubt = new Set(["0"]);
  const judged = (...seen: readonly ChecksSeen[]): string => tell(judgeCi(seen, new Set(), doubt));

  it("is not green by commit statuses alone: they can be set on any commit", () => {
    expect(judged(on("0", status("success")))).toBe("none on 0, our own");
    expect(judged(on("0", status("success")), on("1", check("pending")))).toBe(
      "pending on 1, our own",
    );
  });

  it("is green by a suite of checks, which only a head has", () => {
    expect(judged(on("0", status("success"), check("success")))).toBe("green on 0, our own");
  });

  it("is red and pending by a status as well", () => {
    expect(judged(on("0", status("failure")))).toBe("red on 0, our own");
    expect(judged(on("0", status("pending")))).toBe("pending on 0, our own");
  });

  it("is green by statuses once it is known as a head", () => {
    expect(tell(judgeCi([on("0", status("success"))]))).toBe("green on 0, our own");
  });
});
