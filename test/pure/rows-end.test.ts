import { describe, expect, it } from "vitest";

import type { RunSeen } from "../../src/pure/run-observation.ts";
import {
  type RunRecord,
  type TurnEnd,
  type TurnRecord,
  TURNS_MAX,
} from "../../src/pure/run-record.ts";
import type { Outcome } from "../../src/pure/verdict.ts";
import { aRecord, aSha, aTurn, HOUR, limits, MINUTE, NOW, startedAgo } from "./builders.ts";
import {
  aCommitNote,
  aCorrectiveTurn,
  anEnd,
  aPausedIssue,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aPushedTurn,
  aSight,
  aTakenIssue,
  type Case,
  commitsSeen,
  decide,
  gone,
  green,
  noCommits,
  over,
  pending,
  pushed,
  pushedWords,
  red,
  resting,
  running,
  threadIn,
  told,
  unreadCommits,
  waiting,
} from "./run-builders.ts";

type Rows = ReadonlyArray<readonly [name: string, each: Case, want: string]>;

function endedTurn(end: Partial<TurnEnd> = {}, overrides: Partial<TurnRecord> = {}): TurnRecord {
  return aPushedTurn({ end: anEnd(end), ...overrides });
}

function ended(end: Partial<TurnEnd> = {}, overrides: Partial<TurnRecord> = {}): RunRecord {
  return aRecord({ turns: [endedTurn(end, overrides)] });
}

const rest = aSight({ thread: resting });

describe("T7: somebody steers on in our thread", () => {
  const { turnMsMax } = limits;
  const live = aSight({ thread: threadIn(running) });
  const since = (ms: number, overrides: Partial<RunRecord> = {}): RunRecord =>
    aRecord({ turns: [aPushedTurn({ end: anEnd({ agoMs: ms }) })], ...overrides });
  const done = (ms: number): RunRecord =>
    aPushedRecord({ turns: [aPushedTurn({ end: anEnd({ agoMs: ms, outcome: pushed }) })] });
  const rows: Rows = [
    [
      "as long as a turn of ours may take",
      { record: since(turnMsMax), seen: live },
      "T7 wait agent",
    ],
    [
      "no longer: before the next turn it is stopped",
      { record: since(turnMsMax + 1), seen: live },
      "T8 interrupt",
    ],
    [
      "a pause does not count",
      {
        record: since(turnMsMax + 1, {
          clocks: { paused: { since: null, ms: 1 }, waited: { since: null, ms: 0 } },
        }),
        seen: live,
      },
      "T7 wait agent",
    ],
    [
      "a question of theirs stops no clock",
      {
        record: since(turnMsMax + 1, {
          clocks: { paused: { since: null, ms: 0 }, waited: { since: NOW - HOUR, ms: 0 } },
        }),
        seen: aSight({ thread: threadIn(waiting("q1")) }),
      },
      "T7 wait agent",
    ],
    [
      "green waits for them",
      { record: done(turnMsMax), seen: aPushedSight({ thread: threadIn(running) }) },
      "T7 wait agent",
    ],
    [
      "but not for ever",
      { record: done(turnMsMax + 1), seen: aPushedSight({ thread: threadIn(running) }) },
      "T14 done green",
    ],
    [
      "in the archive it is no sign of life",
      { record: done(1), seen: aPushedSight({ thread: threadIn(running, { isArchived: true }) }) },
      "T14 done green",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("is stopped step by step before a turn of ours, and never asked beside", () => {
    const first = decide({ record: since(turnMsMax + 1), seen: live });
    const second = decide({ record: first.record, seen: live });
    expect(told({ record: second.record, seen: live })).toBe("T8 needs-human would-not-stop");
    expect([first, second].map((each) => each.row)).toEqual(["T8", "T8"]);
    expect(told({ record: second.record, seen: rest })).toBe("T13 ask nudge");
  });
});

describe("T10: a recorded commit left the default branch", () => {
  const vanished = { kind: "readable", ours: [], vanished: [aSha("own")] } as const;
  const rows: Rows = [
    [
      "a human",
      { record: aPushedRecord(), seen: aPushedSight({ commits: vanished }) },
      "T10 needs-human commit-vanished",
    ],
    [
      "an unread branch proves nothing",
      { record: aPushedRecord(), seen: aPushedSight({ commits: unreadCommits }) },
      "T22 wait commits",
    ],
    [
      "before the provider's limit",
      {
        record: ended({ how: "limit-reached" }),
        seen: aSight({ thread: resting, commits: vanished }),
      },
      "T10 needs-human commit-vanished",
    ],
    [
      "after the restart that follows a pause",
      {
        record: ended({}, { pauseInterrupts: 1 }),
        seen: aSight({ thread: resting, commits: vanished }),
      },
      "T2 ask restart",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("names them", () => {
    const { record } = decide({
      record: aPushedRecord(),
      seen: aPushedSight({ commits: vanished }),
    });
    expect(record.verdict?.detail).toBe(
      `the history of the default branch was rewritten; no longer on it: ${aSha("own")}`,
    );
  });
});

describe("T11: the provider's limit", () => {
  const limited = threadIn({ kind: "limit-reached", lastWords: "You've hit your session limit" });

  it("is a human's, with the notice", () => {
    const { row, record } = decide({ seen: aSight({ thread: limited }) });
    expect(row).toBe("T11");
    expect(record.verdict).toMatchObject({
      because: "provider-limit",
      detail: "You've hit your session limit",
    });
  });

  it("comes before the nudge and before green", () => {
    const record = aPushedRecord({ turns: [aPushedTurn({ end: null })] });
    expect(told({ record, seen: aPushedSight({ thread: limited }) })).toBe(
      "T11 needs-human provider-limit",
    );
  });
});

describe("T12: the turn failed, or says that it cannot", () => {
  const failed = (lastError: string, lastWords = ""): Case => ({
    seen: aSight({ thread: threadIn({ kind: "failed", lastError, lastWords }) }),
  });
  const declared = (kind: Exclude<Outcome["kind"], "pushed">): Case => ({
    seen: aSight({ thread: threadIn(over(`Sorry.\nAFK-Outcome: ${kind} the words`)) }),
  });
  const rows: Rows = [
    ["failed", failed("boom"), "T12 needs-human turn-failed"],
    ["blocked", declared("blocked"), "T12 needs-human blocked"],
    ["already done", declared("already-done"), "T12 needs-human already-done"],
    ["not reproducible", declared("not-reproducible"), "T12 needs-human not-reproducible"],
    [
      "failed, and blocked before",
      failed("boom", "AFK-Outcome: blocked it"),
      "T12 needs-human blocked",
    ],
    [
      "failed after it had declared the push: the nudge",
      failed("boom", pushedWords),
      "T13 ask nudge",
    ],
    [
      "failed by our interrupt",
      { record: ended({ how: "failed" }, { stopAsks: 1 }), seen: rest },
      "T13 ask nudge",
    ],
    [
      "failed by our session stop",
      { record: ended({ how: "failed" }, { revivals: 1 }), seen: rest },
      "T13 ask nudge",
    ],
    [
      "failed by the pause",
      { record: ended({ how: "failed" }, { pauseInterrupts: 1 }), seen: rest },
      "T2 ask restart",
    ],
    [
      "failed by itself",
      { record: ended({ how: "failed" }), seen: rest },
      "T12 needs-human turn-failed",
    ],
    [
      "before green",
      {
        record: aPushedRecord({
          turns: [aPushedTurn(), aCorrectiveTurn({ end: anEnd({ how: "failed" }) })],
        }),
        seen: aPushedSight(),
      },
      "T12 needs-human turn-failed",
    ],
    [
      "blocked in a corrective turn",
      {
        record: aPushedRecord({
          turns: [
            aPushedTurn(),
            aCorrectiveTurn({ end: anEnd({ outcome: { kind: "blocked", words: "not mine" } }) }),
          ],
        }),
        seen: aPushedSight({ ci: red() }),
      },
      "T12 needs-human blocked",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["the server's error", failed("boom"), "boom"],
    ["the error and what the agent said last", failed("boom", "I tried"), "boom\nI tried"],
    ["the agent's sentence", declared("blocked"), "the words"],
  ])("holds %s", (_name, each, want) => {
    expect(decide(each).record.verdict?.detail).toBe(want);
  });
});

describe("T13: over without both a commit and the outcome", () => {
  it("says that what the run began on is gone from the branch", () => {
    const nudge = endedTurn({ words: "I am done." }, { ordinal: 1, kind: "nudge" });
    const record = aRecord({ turns: [endedTurn(), nudge] });
    const detailOf = (commits: RunSeen["commits"]) =>
      decide({ record, seen: aSight({ thread: resting, commits }) }).record.verdict?.detail;
    expect(detailOf(noCommits)).toBe(
      "the turn ended without commit and outcome line. Last words: I am done.",
    );
    const rewrite = { branch: "trunk", push: null };
    expect(detailOf({ kind: "readable", ours: [], vanished: [], rewrite })).toBe(
      "the turn ended without commit and outcome line. " +
        "Since the run began, the history of trunk was rewritten. Last words: I am done.",
    );
  });

  const withCommit = aSight({ thread: resting, commits: commitsSeen("own") });
  const nudge = (overrides: Partial<TurnRecord> = {}): TurnRecord =>
    endedTurn({ words: "I am done." }, { ordinal: 1, kind: "nudge", ...overrides });
  const nudged = aRecord({ turns: [endedTurn(), nudge()] });
  const rows: Rows = [
    ["neither", { record: ended(), seen: rest }, "T13 ask nudge"],
    ["no commit", { record: ended({ outcome: pushed }), seen: rest }, "T13 ask nudge"],
    ["no outcome", { record: ended(), seen: withCommit }, "T13 ask nudge"],
    ["both", { record: aPushedRecord(), seen: aPushedSight() }, "T14 done green"],
    ["nudged often enough", { record: nudged, seen: rest }, "T13 needs-human stalled"],
    [
      "the limit is the configured one",
      { record: nudged, seen: rest, policy: aPolicy({ limits: { nudgeAttemptsMax: 2 } }) },
      "T13 ask nudge",
    ],
    [
      "no nudge at all",
      { record: ended(), seen: rest, policy: aPolicy({ limits: { nudgeAttemptsMax: 0 } }) },
      "T13 needs-human stalled",
    ],
    [
      "a rebuilt record has none left",
      { record: { ...ended(), isRebuilt: true }, seen: rest },
      "T13 needs-human stalled",
    ],
    [
      "beside another run: it waits for that",
      { record: ended(), seen: aSight({ thread: resting, otherLive: ["acme/widgets#9"] }) },
      "T13 wait repo-locked",
    ],
    [
      "declared in one turn, pushed in the next: both",
      {
        record: aPushedRecord({ turns: [aPushedTurn(), nudge()] }),
        seen: aPushedSight(),
      },
      "T14 done green",
    ],
    [
      "green without the outcome is not done",
      { record: ended(), seen: { ...withCommit, ci: green } },
      "T13 ask nudge",
    ],
    [
      "the corrective turn of a rebuilt record: nobody knows what was declared",
      {
        record: aPushedRecord({
          isRebuilt: true,
          turns: [aCorrectiveTurn({ end: anEnd() })],
        }),
        seen: aPushedSight(),
      },
      "T13 needs-human stalled",
    ],
    [
      "the corrective turn of a rebuilt record that declares it",
      {
        record: aPushedRecord({ isRebuilt: true, turns: [aCorrectiveTurn()] }),
        seen: aPushedSight(),
      },
      "T14 done green",
    ],
    [
      "in a new thread when the old is gone",
      { record: ended(), seen: aSight({ thread: gone }) },
      "T13 ask nudge in a new thread",
    ],
    [
      "in a new thread only with the approved text",
      { record: ended(), seen: aSight({ thread: gone, textHash: "another" }) },
      "T13 needs-human edited-after-approval",
    ],
    [
      "in the same thread whatever the text is by now",
      { record: ended(), seen: { ...rest, textHash: "another" } },
      "T13 ask nudge",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["both", { record: ended(), seen: rest }],
    ["commit", { record: ended({ outcome: pushed }), seen: rest }],
    ["outcome", { record: ended(), seen: withCommit }],
  ])("says what is missing: %s", (missing, each) => {
    expect(decide(each)).toMatchObject({ act: { ask: { prompt: { kind: "nudge", missing } } } });
  });

  it.each([
    ["a commit of this run", aRecord({ turns: [endedTurn({ outcome: pushed }), nudge()] }), rest],
    ["the outcome line", nudged, withCommit],
    ["commit and outcome line", nudged, rest],
  ])("the verdict names %s, and the last words", (what, record, seen) => {
    expect(decide({ record, seen }).record.verdict?.detail).toBe(
      `the turn ended without ${what}. Last words: I am done.`,
    );
  });

  it("is recorded as the next turn", () => {
    const { record } = decide({ record: ended({ words: "much" }), seen: rest });
    expect(record.turns.map((turn) => [turn.ordinal, turn.kind, turn.attempt])).toEqual([
      [0, "first", 0],
      [1, "nudge", 0],
    ]);
    expect(record.turns.at(0)?.end).toEqual(anEnd({ words: "much" }));
    expect(record.turns.at(-1)).toEqual(
      aTurn({ ordinal: 1, kind: "nudge", asked: startedAgo(0), isCounted: true }),
    );
  });
});

describe("a run of as many turns as a record holds", () => {
  /** The newest turn ended; those before it were asked for when the run was paused. */
  const ofTurns = (count: number, newest: Partial<TurnRecord> = {}): RunRecord => {
    const older = Array.from({ length: count - 1 }, () => aTurn({ kind: "restart", end: anEnd() }));
    return aRecord({ turns: [...older, endedTurn({}, newest)] });
  };
  const lost = { end: null, asked: startedAgo(limits.startGraceMs + 1) };
  const rows: Rows = [
    ["gets the last one", { record: ofTurns(TURNS_MAX - 1), seen: rest }, "T13 ask nudge"],
    ["gets no more", { record: ofTurns(TURNS_MAX), seen: rest }, "T13 needs-human stalled"],
    [
      "is asked again for the last one, when that was lost",
      { record: ofTurns(TURNS_MAX, lost), seen: aSight({ thread: gone }) },
      "T9 ask first in a new thread",
    ],
  ];
  it.each(rows)("%s", (_name, given, want) => {
    expect(told(given)).toBe(want);
  });

  it("says so", () => {
    expect(decide({ record: ofTurns(TURNS_MAX), seen: rest }).record.verdict?.detail).toBe(
      "more turns than a run may have: 60 were asked for",
    );
  });
});

describe("a turn that waits for a person who has the issue", () => {
  const { verdictMsMax } = limits;
  const taken = aSight({ thread: resting, issue: aTakenIssue() });
  const since = (ms: number): RunRecord => ({ ...ended(), lockedOut: startedAgo(ms) });
  const rows: Rows = [
    ["from the first moment", { record: ended(), seen: taken }, "T13 wait taken-over"],
    ["up to the ceiling", { record: since(verdictMsMax), seen: taken }, "T13 wait taken-over"],
    [
      "past it: the person has stopped the run",
      { record: since(verdictMsMax + 1), seen: taken },
      "T13 cancelled cancelled-by-person",
    ],
    [
      "handed back: it is asked for",
      { record: since(verdictMsMax + 1), seen: rest },
      "T13 ask nudge",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("notes since when once, and forgets it when the label is off", () => {
    const { record } = decide({ record: ended(), seen: taken });
    expect(record.lockedOut).toEqual(startedAgo(0));
    expect(decide({ record, seen: rest }).record.lockedOut).toBeNull();
  });
});

describe("a turn that waits for another run", () => {
  const { verdictMsMax } = limits;
  const locked = aSight({ thread: resting, otherLive: ["acme/widgets#9", "acme/widgets#4"] });
  const since = (ms: number, overrides: Partial<RunRecord> = {}): RunRecord => ({
    ...ended(),
    lockedOut: startedAgo(ms),
    ...overrides,
  });
  const rows: Rows = [
    ["up to the ceiling", { record: since(verdictMsMax), seen: locked }, "T13 wait repo-locked"],
    [
      "past it: a human",
      { record: since(verdictMsMax + 1), seen: locked },
      "T13 needs-human not-understood",
    ],
    [
      "the other is over: it is asked for",
      { record: since(verdictMsMax + 1), seen: rest },
      "T13 ask nudge",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("names the others, and notes since when once", () => {
    const late = decide({ record: since(verdictMsMax + 1), seen: locked });
    expect(late.record.verdict?.detail).toBe(
      "an agent may still be working in the repo on acme/widgets#9, acme/widgets#4",
    );
    const first = decide({ record: ended(), seen: locked });
    expect(first.record.lockedOut).toEqual(startedAgo(0));
    const next = decide({ record: first.record, seen: { ...locked, now: NOW + MINUTE } });
    expect(next.record.lockedOut).toEqual(startedAgo(0));
    expect(decide({ record: next.record, seen: rest }).record.lockedOut).toBeNull();
  });
});

describe("T22: the default branch cannot be read", () => {
  const { verdictMsMax } = limits;
  const unread = aPushedSight({ commits: unreadCommits });
  const since = (agoMs: number, overrides: Partial<RunRecord> = {}): RunRecord =>
    aPushedRecord({
      turns: [aPushedTurn({ end: anEnd({ agoMs, outcome: pushed }) })],
      ...overrides,
    });
  const paused = { paused: { since: null, ms: 1 }, waited: { since: null, ms: 0 } };
  const rows: Rows = [
    ["up to the ceiling", { record: since(verdictMsMax), seen: unread }, "T22 wait commits"],
    [
      "past it",
      { record: since(verdictMsMax + 1), seen: unread },
      "T22 needs-human not-understood",
    ],
    [
      "a pause does not count",
      { record: since(verdictMsMax + 1, { clocks: paused }), seen: unread },
      "T22 wait commits",
    ],
    [
      "nothing is missed before it is read",
      { record: ended(), seen: aSight({ thread: resting, commits: unreadCommits }) },
      "T22 wait commits",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("forgets no commit that was read before", () => {
    expect(decide({ record: since(1), seen: unread }).record.commits).toEqual([aCommitNote("own")]);
  });
});

describe("what is left of a run", () => {
  it("that asked for no turn is a human's", () => {
    const { row, record } = decide({
      record: aRecord({ turns: [] }),
      seen: aSight({ thread: gone }),
    });
    expect(row).toBe("T22");
    expect(record.verdict).toMatchObject({
      because: "not-understood",
      detail: "the run's record holds no turn",
    });
  });

  it("that asked for no turn has nothing to wait for and no question", () => {
    const seen = aSight({ thread: threadIn(waiting("q1")) });
    expect(told({ record: aRecord({ turns: [] }), seen })).toBe("T22 needs-human not-understood");
    const odd = aSight({ thread: threadIn({ kind: "not-understood", why: "?" }) });
    expect(told({ record: aRecord({ turns: [] }), seen: odd })).toBe(
      "T22 needs-human not-understood",
    );
  });

  it("while paused is not judged", () => {
    const record = aPushedRecord();
    const seen = aPushedSight({ issue: aPausedIssue(), ci: pending, commits: noCommits });
    expect(told({ record, seen })).toBe("T2 wait paused");
  });
});
