import { describe, expect, it } from "vitest";

import type { CiVerdict } from "../../src/pure/ci-fold.ts";
import type { StageSeen } from "../../src/pure/ci-stages.ts";
import { CORRECTIVE_TURNS_MAX } from "../../src/pure/rows-ci.ts";
import type { RunClocks } from "../../src/pure/run-clock.ts";
import type { RunCiSeen, RunSeen } from "../../src/pure/run-observation.ts";
import type { RunRecord, TurnRecord } from "../../src/pure/run-record.ts";
import { aSha, DAY, HOUR, limits, MINUTE, NOW, startedAgo } from "./builders.ts";
import {
  aCommitNote,
  aCorrectiveTurn,
  anEnd,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aPushedTurn,
  type Case,
  commitsSeen,
  decide,
  gone,
  green,
  judged,
  noChecks,
  pending,
  red,
  resting,
  running,
  threadIn,
  told,
} from "./run-builders.ts";

type Rows = ReadonlyArray<readonly [name: string, each: Case, want: string]>;

const { verdictMsMax, ciGraceMs, fixForwardMsMax, fixForwardAttemptsMax } = limits;
const paused: RunClocks = { paused: { since: null, ms: 1 }, waited: { since: null, ms: 0 } };
const waited: RunClocks = { paused: { since: null, ms: 0 }, waited: { since: null, ms: 1 } };
const noCi = aPolicy({ repo: { ci: "none", dispatchOnRed: false } });

const deploying = aPolicy({
  repo: { ci: "required", dispatchOnRed: false, deploy: { environment: "production" } },
});

type Judged = Extract<RunCiSeen, { kind: "judged" }>;
const greenVerdict = { kind: "green" } as const;
const DEPLOYMENT = {
  name: "deployment to production",
  source: "deployment",
  at: "2026-01-01T00:00:00Z",
  url: "https://log.example",
  id: "1",
};

function build(verdict: CiVerdict): StageSeen {
  return { name: "build", title: "build", verdict };
}

function deployed(verdict: CiVerdict): StageSeen {
  return { name: "deploy", title: DEPLOYMENT.name, verdict };
}

function saw(ci: RunCiSeen, overrides: Partial<RunSeen> = {}): RunSeen {
  return aPushedSight({ ci, ...overrides });
}

/** A pushed run whose commit was first seen so long ago. */
function pushedAgo(ms: number, overrides: Partial<RunRecord> = {}): RunRecord {
  return aPushedRecord({ commits: [aCommitNote("own", ms)], ...overrides });
}

describe("T14: green", () => {
  const rows: Rows = [
    ["on the run's commit", { record: aPushedRecord(), seen: saw(green) }, "T14 done green"],
    [
      "on a descendant",
      { record: aPushedRecord(), seen: saw(judged({ kind: "green" }, { isOwnHead: false })) },
      "T14 done green",
    ],
    ["however late", { record: pushedAgo(DAY), seen: saw(green) }, "T14 done green"],
    [
      "after any number of corrective turns",
      {
        record: aPushedRecord({ turns: [aPushedTurn(), aCorrectiveTurn(), aCorrectiveTurn()] }),
        seen: saw(green),
      },
      "T14 done green",
    ],
    [
      "though a corrective turn ended without a newer commit",
      {
        record: aPushedRecord({
          turns: [aPushedTurn(), aCorrectiveTurn({ newestCommitAtAsk: aSha("own") })],
        }),
        seen: saw(green),
      },
      "T14 done green",
    ],
    [
      "in the moment it is first seen",
      { record: aPushedRecord({ commits: [] }), seen: saw(green) },
      "T14 done green",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("names the commit it is green on", () => {
    const seen = saw(judged({ kind: "green" }, { sha: aSha("later") }));
    const { verdict, ciSeen } = decide({ record: aPushedRecord(), seen }).record;
    expect(verdict?.detail).toBe(`green on ${aSha("later")}`);
    expect(ciSeen).toBe("green");
  });

  it("names the stages that are green", () => {
    const stages = [build(greenVerdict), deployed(greenVerdict)];
    const seen = saw(judged(greenVerdict, { stages }));
    const { verdict, ciSeen, deploySeen } = decide({
      record: aPushedRecord(),
      seen,
      policy: deploying,
    }).record;
    expect(verdict?.because).toBe("green");
    expect(verdict?.detail).toBe(`green on ${aSha("own")}: build, deployment to production`);
    expect([ciSeen, deploySeen]).toEqual(["green", "green"]);
  });

  it("says that there is no CI where the deployment is all there is", () => {
    const seen = saw(judged(greenVerdict, { stages: [deployed(greenVerdict)] }));
    const policy = aPolicy({ repo: { ...deploying.repo, ci: "none" } });
    const { verdict, ciSeen, deploySeen } = decide({
      record: aPushedRecord(),
      seen,
      policy,
    }).record;
    expect(verdict).toMatchObject({
      kind: "done",
      because: "no-ci-declared",
      detail: `green on ${aSha("own")}: deployment to production; the repo declares that it has no CI`,
    });
    expect([ciSeen, deploySeen]).toEqual(["none-yet", "green"]);
  });
});

describe("a stage after the build", () => {
  const failing = [{ ...DEPLOYMENT, state: "failure" as const }];
  const redDeploy = judged(
    { kind: "red", failing },
    { stages: [build(greenVerdict), deployed({ kind: "red", failing })] },
  );
  const awaited = judged(
    { kind: "pending", names: [DEPLOYMENT.name] },
    { stages: [build(greenVerdict), deployed({ kind: "none" })] },
  );

  it("that is red is corrected with its own evidence", () => {
    const decision = decide({ record: aPushedRecord(), seen: saw(redDeploy), policy: deploying });
    expect(decision).toMatchObject({
      row: "T17",
      act: { kind: "ask-turn", ask: { prompt: { kind: "corrective", failing } } },
    });
    expect(decision.record).toMatchObject({
      ciSeen: "green",
      deploySeen: "red",
      ownRedChecks: [DEPLOYMENT.name],
      firstRed: { at: NOW },
    });
  });

  it("is waited for up to the limit, and then named", () => {
    const at = (ms: number) =>
      decide({ record: pushedAgo(ms), seen: saw(awaited), policy: deploying });
    expect(at(verdictMsMax)).toMatchObject({ row: "T21", kind: "wait", on: "ci" });
    expect(at(verdictMsMax).record).toMatchObject({ ciSeen: "green", deploySeen: "pending" });
    expect(at(verdictMsMax + 1)).toMatchObject({
      row: "T19",
      record: { verdict: { because: "no-verdict", detail: `still pending: ${DEPLOYMENT.name}` } },
    });
  });
});

describe("a note", () => {
  const note = "commit abc skips CI by a marker in its message";
  const verdicts: ReadonlyArray<readonly [name: string, verdict: Judged["verdict"]]> = [
    ["no CI", { kind: "none" }],
    ["a verdict that never came", { kind: "pending", names: ["test"] }],
    ["a cancelled commit", { kind: "inconclusive" }],
  ];
  it.each(verdicts)("is said of %s", (_name, verdict) => {
    const seen = saw(judged(verdict, { note }));
    const { detail } = decide({ record: pushedAgo(verdictMsMax + 1), seen }).record.verdict ?? {};
    expect(detail).toMatch(new RegExp(`; ${note}$`));
  });
});

/** A corrective turn that is over, asked for when the run's newest commit was the named one. */
function corrected(name: string, overrides: Partial<TurnRecord> = {}): TurnRecord {
  return aCorrectiveTurn({ newestCommitAtAsk: aSha(name), ...overrides });
}

describe("T15: red, and the corrective turn brought nothing new", () => {
  const record = (...turns: readonly TurnRecord[]): RunRecord =>
    aPushedRecord({ turns: [aPushedTurn(), ...turns] });
  const restart = aPushedTurn({ ordinal: 2, kind: "restart", end: anEnd() });
  const rows: Rows = [
    [
      "no newer commit",
      { record: record(corrected("own")), seen: saw(red()) },
      "T15 frozen no-new-commit",
    ],
    [
      "a newer commit, red too",
      { record: record(corrected("older")), seen: saw(red()) },
      "T17 ask corrective",
    ],
    [
      "no newer commit, and nothing in it is ours to mend",
      {
        record: record(corrected("own", { isCounted: false })),
        seen: saw(red(["x"], { isOwnHead: false })),
      },
      "T15 frozen no-new-commit",
    ],
    [
      "it was interrupted by us",
      { record: record(corrected("own", { stopAsks: 1, end: anEnd() })), seen: saw(red()) },
      "T15 frozen no-new-commit",
    ],
    [
      "it was paused, and went on in a restart that brought nothing either",
      { record: record(corrected("own", { end: anEnd() }), restart), seen: saw(red()) },
      "T15 frozen no-new-commit",
    ],
    [
      "before a red base",
      {
        record: record(corrected("own")),
        seen: saw(red(["build"], { redOnBase: ["build"] })),
      },
      "T15 frozen no-new-commit",
    ],
    [
      "it still runs",
      {
        record: record(corrected("own", { end: null, firstSeen: startedAgo(MINUTE) })),
        seen: saw(red(), { thread: threadIn(running) }),
      },
      "T7 wait agent",
    ],
    [
      "pending is waited for",
      { record: record(corrected("own")), seen: saw(pending) },
      "T21 wait ci",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("names the checks and the commit", () => {
    const { verdict } = decide({
      record: record(corrected("own")),
      seen: saw(red(["a", "b"])),
    }).record;
    expect(verdict?.detail).toBe(
      `a corrective turn ended without a newer commit; red: a, b on ${aSha("own")}`,
    );
  });
});

describe("T16: red before the run", () => {
  const base = red(["build", "lint"], { redOnBase: ["lint", "build", "docs"] });
  const rows: Rows = [
    [
      "every red check was: waited for",
      { record: aPushedRecord(), seen: saw(base) },
      "T16 wait base-red",
    ],
    [
      "up to the ceiling",
      { record: pushedAgo(verdictMsMax), seen: saw(base) },
      "T16 wait base-red",
    ],
    [
      "past it: a human",
      { record: pushedAgo(verdictMsMax + 1), seen: saw(base) },
      "T16 needs-human base-red",
    ],
    [
      "a pause does not count",
      { record: pushedAgo(verdictMsMax + 1, { clocks: paused }), seen: saw(base) },
      "T16 wait base-red",
    ],
    [
      "one red check is new",
      {
        record: aPushedRecord(),
        seen: saw(red(["build", "test"], { redOnBase: ["build"] })),
      },
      "T17 ask corrective",
    ],
    [
      "nothing was red",
      { record: aPushedRecord(), seen: saw(red(["build"], { redOnBase: [] })) },
      "T17 ask corrective",
    ],
    ["the base is not known", { record: aPushedRecord(), seen: saw(red()) }, "T17 ask corrective"],
    [
      "a corrective turn was asked for: the red is ours by now",
      { record: aPushedRecord({ turns: [aPushedTurn(), corrected("older")] }), seen: saw(base) },
      "T17 ask corrective",
    ],
    ["a green descendant", { record: aPushedRecord(), seen: saw(green) }, "T14 done green"],
    [
      "mended late: the first corrective turn is still asked for",
      {
        record: pushedAgo(HOUR * 2, { firstRed: startedAgo(HOUR * 2) }),
        seen: saw(red(["test"], { redOnBase: ["build"] })),
      },
      "T17 ask corrective",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("names what was red", () => {
    const { verdict } = decide({ record: pushedAgo(DAY), seen: saw(base) }).record;
    expect(verdict?.detail).toBe(
      `red before the run's first commit, and still: build, lint on ${aSha("own")}`,
    );
  });
});

/** So many corrective turns, the last of which brought the newest commit. */
function correctedTimes(count: number, overrides: Partial<TurnRecord> = {}): RunRecord["turns"] {
  const turns = Array.from({ length: count }, (_, at) =>
    corrected("older", { ordinal: at + 1, ...overrides }),
  );
  return [aPushedTurn(), ...turns];
}

describe("T17 and T18: red, and to be fixed forward", () => {
  const at = (turns: RunRecord["turns"], overrides: Partial<RunRecord> = {}): Case => ({
    record: aPushedRecord({ turns, ...overrides }),
    seen: saw(red()),
  });
  const redSince = (ms: number, overrides: Partial<RunRecord> = {}) => ({
    firstRed: startedAgo(ms),
    ...overrides,
  });
  const exhausted = "T18 frozen fix-forward-exhausted";
  const none = aPolicy({ limits: { fixForwardAttemptsMax: 0 } });
  const rows: Rows = [
    ["the first time", at(correctedTimes(0)), "T17 ask corrective"],
    ["the last attempt", at(correctedTimes(fixForwardAttemptsMax - 1)), "T17 ask corrective"],
    ["no attempt left", at(correctedTimes(fixForwardAttemptsMax)), exhausted],
    ["no attempt allowed", { ...at(correctedTimes(0)), policy: none }, exhausted],
    ["a rebuilt record has none left", at(correctedTimes(0), { isRebuilt: true }), exhausted],
    ["in time", at(correctedTimes(1), redSince(fixForwardMsMax)), "T17 ask corrective"],
    ["out of time", at(correctedTimes(1), redSince(fixForwardMsMax + 1)), exhausted],
    [
      "out of time, but never tried",
      at(correctedTimes(0), redSince(fixForwardMsMax + 1)),
      "T17 ask corrective",
    ],
    [
      "a pause does not count",
      at(correctedTimes(1), redSince(fixForwardMsMax + 1, { clocks: paused })),
      "T17 ask corrective",
    ],
    [
      "nor does waiting for a person",
      at(correctedTimes(1), redSince(fixForwardMsMax + 1, { clocks: waited })),
      "T17 ask corrective",
    ],
    [
      "beside another run: it waits for that",
      { record: aPushedRecord(), seen: saw(red(), { otherLive: ["acme/widgets#9"] }) },
      "T17 wait repo-locked",
    ],
    [
      "in an archived thread: that is taken out first",
      { record: aPushedRecord(), seen: saw(red(), { thread: { ...resting, isArchived: true } }) },
      "T17 unarchive stop-session",
    ],
    [
      "its thread is gone: in a new one",
      { record: aPushedRecord(), seen: saw(red(), { thread: gone }) },
      "T17 ask corrective in a new thread",
    ],
    [
      "its thread is gone, and the text was edited",
      { record: aPushedRecord(), seen: saw(red(), { thread: gone, textHash: "another" }) },
      "T17 needs-human edited-after-approval",
    ],
    [
      "in the same thread, whatever the text is by now",
      { record: aPushedRecord(), seen: saw(red(), { textHash: "another" }) },
      "T17 ask corrective",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("carries the evidence, and is recorded with the newest commit", () => {
    const decision = decide({
      record: aPushedRecord({ turns: correctedTimes(1) }),
      seen: saw(red(["a", "b"], { sha: aSha("later") })),
    });
    expect(decision).toMatchObject({
      act: {
        ask: {
          prompt: { sha: aSha("later"), attempt: 2, failing: [{ name: "a" }, { name: "b" }] },
        },
      },
    });
    expect(decision.record.turns.at(-1)).toMatchObject({
      ordinal: 2,
      kind: "corrective",
      newestCommitAtAsk: aSha("own"),
      isCounted: true,
    });
  });

  it("the time counts from the first red, and not from a later one", () => {
    const first = decide({ record: aPushedRecord(), seen: saw(red()) }).record;
    expect(first.firstRed).toEqual(startedAgo(0));
    const again = decide({ record: first, seen: saw(red(), { now: NOW + HOUR }) }).record;
    expect(again.firstRed).toEqual(startedAgo(0));
  });

  it("freezes with the number of turns", () => {
    const { verdict } = decide(at(correctedTimes(fixForwardAttemptsMax))).record;
    expect(verdict?.detail).toBe(`5 corrective turns did not mend build on ${aSha("own")}`);
  });
});

describe("T17: a red that only a descendant shows", () => {
  const stranger = red(["nightly"], { isOwnHead: false, sha: aSha("later") });
  const record = (turns: RunRecord["turns"], ownRedChecks: readonly string[] = []): RunRecord =>
    aPushedRecord({ turns, ownRedChecks: [...ownRedChecks] });

  it.each([
    ["in a check that our commit never failed costs no attempt", stranger, ["build"], false],
    ["in a check that our commit failed before costs one", stranger, ["nightly"], true],
    ["in one of each costs one", red(["nightly", "build"], { isOwnHead: false }), ["build"], true],
    [
      "in a check of a long name that our commit failed before costs one",
      red(["<".repeat(300)], { isOwnHead: false }),
      ["_".repeat(60)],
      true,
    ],
    ["on our own head costs one", red(["nightly"]), [], true],
  ] as const)("%s", (_name, ci, own, isCounted) => {
    const decision = decide({ record: record([aPushedTurn()], own), seen: saw(ci) });
    expect(decision.row).toBe("T17");
    expect(decision.record.turns.at(-1)?.isCounted).toBe(isCounted);
  });

  it("is an attempt of its number: those that cost nothing are not counted up", () => {
    const turns = [...correctedTimes(4, { isCounted: false }), corrected("older", { ordinal: 5 })];
    expect(decide({ record: record(turns), seen: saw(red()) })).toMatchObject({
      act: { ask: { prompt: { kind: "corrective", attempt: 2 } } },
    });
  });

  it.each([
    [CORRECTIVE_TURNS_MAX - 1, "T17 ask corrective"],
    [CORRECTIVE_TURNS_MAX, "T18 frozen fix-forward-exhausted"],
  ])("after %i of them", (count, want) => {
    expect(
      told({ record: record(correctedTimes(count, { isCounted: false })), seen: saw(stranger) }),
    ).toBe(want);
  });

  it("is not noted as ours", () => {
    expect(
      decide({ record: record([aPushedTurn()]), seen: saw(stranger) }).record.ownRedChecks,
    ).toEqual([]);
    expect(
      decide({ record: record([aPushedTurn()]), seen: saw(red(["a", "a", "b"])) }).record
        .ownRedChecks,
    ).toEqual(["a", "b"]);
  });
});

describe("T19 and T21: no verdict yet", () => {
  const inconclusive = judged({ kind: "inconclusive" });
  const unreadable: RunCiSeen = { kind: "unreadable", why: "503" };
  const person = judged({ kind: "action-required", names: ["deploy", "sign-off"] });
  const late = "T19 needs-human no-verdict";
  const rows: Rows = [
    ["a person must act", { record: aPushedRecord(), seen: saw(person) }, late],
    [
      "pending up to the ceiling",
      { record: pushedAgo(verdictMsMax), seen: saw(pending) },
      "T21 wait ci",
    ],
    ["pending past it", { record: pushedAgo(verdictMsMax + 1), seen: saw(pending) }, late],
    [
      "inconclusive up to the ceiling",
      { record: pushedAgo(verdictMsMax), seen: saw(inconclusive) },
      "T21 wait ci",
    ],
    [
      "inconclusive past it",
      { record: pushedAgo(verdictMsMax + 1), seen: saw(inconclusive) },
      late,
    ],
    [
      "unreadable up to the ceiling",
      { record: pushedAgo(verdictMsMax), seen: saw(unreadable) },
      "T21 wait ci",
    ],
    ["unreadable past it", { record: pushedAgo(verdictMsMax + 1), seen: saw(unreadable) }, late],
    [
      "a pause does not count",
      { record: pushedAgo(verdictMsMax + 1, { clocks: paused }), seen: saw(pending) },
      "T21 wait ci",
    ],
    [
      "nor does waiting for a person",
      { record: pushedAgo(verdictMsMax + 1, { clocks: waited }), seen: saw(pending) },
      "T21 wait ci",
    ],
    [
      "a newer commit has its own time",
      {
        record: aPushedRecord({ commits: [aCommitNote("older", DAY), aCommitNote("own", 1)] }),
        seen: saw(pending, { commits: commitsSeen("older", "own") }),
      },
      "T21 wait ci",
    ],
    [
      "a repo without CI that shows a check is judged by it",
      { record: aPushedRecord(), seen: saw(pending), policy: noCi },
      "T21 wait ci",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["a check for a person", person, "a person must act on: deploy, sign-off"],
    ["a check that is pending", pending, "still pending: build"],
    [
      "the commit",
      inconclusive,
      `cancelled or stale on ${aSha("own")}, and no later commit answers`,
    ],
    ["why it is unreadable", unreadable, "CI could not be read: 503"],
  ])("names %s", (_name, ci, want) => {
    expect(decide({ record: pushedAgo(DAY), seen: saw(ci) }).record.verdict?.detail).toBe(want);
  });
});

describe("T20: no CI at all", () => {
  const rows: Rows = [
    ["within the grace", { record: pushedAgo(ciGraceMs), seen: saw(noChecks) }, "T20 wait ci"],
    ["past it", { record: pushedAgo(ciGraceMs + 1), seen: saw(noChecks) }, "T20 needs-human no-ci"],
    [
      "a pause does not count",
      { record: pushedAgo(ciGraceMs + 1, { clocks: paused }), seen: saw(noChecks) },
      "T20 wait ci",
    ],
    [
      "the repo declares so",
      { record: aPushedRecord(), seen: saw(noChecks), policy: noCi },
      "T20 done no-ci-declared",
    ],
    [
      "the repo declares so, and was read red",
      { record: aPushedRecord(), seen: saw(red()), policy: noCi },
      "T17 ask corrective",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["no check", noChecks, "none-yet"],
    ["a pending check", pending, "pending"],
    ["a red check", red(), "red"],
  ])("the progress comment may tell of %s", (_name, ci, ciSeen) => {
    expect(decide({ record: aPushedRecord(), seen: saw(ci) }).record.ciSeen).toBe(ciSeen);
  });
});

describe("T22: anything else", () => {
  it("is a human's: pushed work that nobody asked CI about", () => {
    expect(told({ record: aPushedRecord(), seen: saw({ kind: "not-asked" }) })).toBe(
      "T22 needs-human not-understood",
    );
  });
});
