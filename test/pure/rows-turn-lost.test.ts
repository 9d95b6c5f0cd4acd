import { describe, expect, it } from "vitest";

import type { RunSeen } from "../../src/pure/run-observation.ts";
import type { RunRecord, TurnRecord } from "../../src/pure/run-record.ts";
import type { TurnKind } from "../../src/pure/verdict.ts";
import { aRecord, aSha, aTurn, HOUR, MINUTE, NOW, RUN_ID, SECOND, startedAgo } from "./builders.ts";
import {
  aCommitNote,
  aCorrectiveTurn,
  anEnd,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aPushedTurn,
  aSight,
  type Case,
  commitsSeen,
  decide,
  gone,
  green,
  lostInRestart,
  neverStarted,
  over,
  pushedWords,
  red,
  running,
  threadIn,
  told,
} from "./run-builders.ts";

type Rows = ReadonlyArray<readonly [name: string, each: Case, want: string]>;

function askedAgo(ms: number, overrides: Partial<TurnRecord> = {}): RunRecord {
  return aRecord({ turns: [aTurn({ asked: startedAgo(ms), ...overrides })] });
}

describe("T9: the turn is lost", () => {
  const nothing = aSight({ thread: threadIn(neverStarted) });
  const old = 10 * MINUTE;
  const lost = (overrides: Partial<TurnRecord> = {}): RunRecord => askedAgo(old, overrides);
  const began = { firstSeen: startedAgo(old - SECOND) };
  const twice = aPolicy({ limits: { redispatchAttemptsMax: 2 } });
  const never = aPolicy({ limits: { redispatchAttemptsMax: 0 } });
  const rows: Rows = [
    ["never begun", { record: lost(), seen: nothing }, "T9 ask first"],
    [
      "never begun, asked often enough",
      { record: lost({ attempt: 1 }), seen: nothing },
      "T9 needs-human dispatch-failed",
    ],
    [
      "the limit is the configured one",
      { record: lost({ attempt: 1 }), seen: nothing, policy: twice },
      "T9 ask first",
    ],
    [
      "up to it",
      { record: lost({ attempt: 2 }), seen: nothing, policy: twice },
      "T9 needs-human dispatch-failed",
    ],
    [
      "none at all",
      { record: lost(), seen: nothing, policy: never },
      "T9 needs-human dispatch-failed",
    ],
    [
      "in a restart of the server",
      { record: lost(began), seen: aSight({ thread: threadIn(lostInRestart) }) },
      "T9 ask restart",
    ],
    [
      "in a restart once more",
      { record: lost({ ...began, attempt: 1 }), seen: aSight({ thread: threadIn(lostInRestart) }) },
      "T9 needs-human lost",
    ],
    [
      "its second attempt never begun: the first was seen",
      { record: lost({ attempt: 1, wasSeenEarlier: true }), seen: nothing },
      "T9 needs-human lost",
    ],
    [
      "with its thread",
      { record: lost(began), seen: aSight({ thread: gone }) },
      "T9 ask first in a new thread",
    ],
    [
      "a rebuilt record has nothing left",
      { record: { ...lost(), isRebuilt: true }, seen: nothing },
      "T9 needs-human lost",
    ],
    [
      "beside another run: it waits for that",
      {
        record: lost(),
        seen: aSight({ thread: threadIn(neverStarted), otherLive: ["acme/widgets#9"] }),
      },
      "T9 wait repo-locked",
    ],
    [
      "before a commit that vanished",
      {
        record: lost(),
        seen: aSight({
          thread: threadIn(neverStarted),
          commits: { kind: "readable", ours: [], vanished: [aSha("x")] },
        }),
      },
      "T9 ask first",
    ],
    [
      "before green: what it did is not known",
      {
        record: aPushedRecord({ turns: [aPushedTurn({ end: null })] }),
        seen: aPushedSight({ thread: threadIn(lostInRestart) }),
      },
      "T9 ask restart",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("is the same turn again, its next attempt, in the place of the old", () => {
    const { record } = decide({
      record: lost(began),
      seen: aSight({ thread: threadIn(lostInRestart) }),
    });
    expect(record.turns).toEqual([
      aTurn({ attempt: 1, asked: startedAgo(0), wasSeenEarlier: true }),
    ]);
  });

  it("goes to the next thread only when the old one is gone, and counts the threads up", () => {
    const first = decide({ record: lost(), seen: aSight({ thread: gone }), policy: twice });
    expect(first.record.turns.at(-1)?.threadId).toBe(`afk-${RUN_ID}-12-1`);
    const seen = aSight({ thread: gone, now: NOW + HOUR });
    const second = decide({ record: first.record, seen, policy: twice });
    expect(second.record.turns.at(-1)).toMatchObject({
      threadId: `afk-${RUN_ID}-12-2`,
      attempt: 2,
    });
  });

  it("a turn in a thread whose name is not understood counts as the first", () => {
    const seen = aSight({ thread: gone });
    const { record } = decide({ record: lost({ threadId: "elsewhere" }), seen });
    expect(record.turns.at(-1)?.threadId).toBe(`afk-${RUN_ID}-12-1`);
  });

  it.each([
    ["the same text", false, "T9 ask first"],
    ["an edited text is never prompted", true, "T9 needs-human edited-after-approval"],
  ])("the first prompt again needs %s", (_name, isEdited, want) => {
    const seen = isEdited ? { ...nothing, textHash: "another" } : nothing;
    expect(told({ record: lost(), seen })).toBe(want);
  });

  it("an agent that knows the text goes on, edited or not", () => {
    const thread = threadIn(lostInRestart);
    expect(told({ record: lost(began), seen: aSight({ thread, textHash: "another" }) })).toBe(
      "T9 ask restart",
    );
    expect(told({ record: lost(began), seen: aSight({ thread: gone, textHash: "another" }) })).toBe(
      "T9 needs-human edited-after-approval",
    );
  });
});

describe("T9: what a lost turn is told again", () => {
  const first = aPushedTurn();
  const turn = (kind: TurnKind, overrides: Partial<TurnRecord> = {}): TurnRecord =>
    aTurn({ ordinal: 1, kind, asked: startedAgo(HOUR), ...overrides });
  const began = { firstSeen: startedAgo(HOUR) };
  const at = (
    last: TurnRecord,
    seen = aPushedSight({ thread: threadIn(neverStarted), ci: red() }),
  ): Case => ({
    record: aPushedRecord({ turns: [first, last] }),
    seen,
  });
  const goneRed = aPushedSight({ thread: gone, ci: red() });
  const lostRed = aPushedSight({ thread: threadIn(lostInRestart), ci: red() });
  const nothingPushed = { turns: [{ ...first, end: anEnd() }, turn("nudge")] };
  const rows: Rows = [
    ["a corrective turn never begun: the evidence", at(turn("corrective")), "T9 ask corrective"],
    [
      "a corrective turn in a new thread: the evidence",
      at(turn("corrective", began), goneRed),
      "T9 ask corrective in a new thread",
    ],
    [
      "a corrective turn that had begun goes on",
      at(turn("corrective", began), lostRed),
      "T9 ask restart",
    ],
    [
      "a corrective turn whose red is green by now goes on",
      at(turn("corrective"), aPushedSight({ thread: threadIn(neverStarted) })),
      "T9 ask restart",
    ],
    [
      "a corrective turn while CI is not read goes on",
      at(
        turn("corrective"),
        aPushedSight({ thread: threadIn(neverStarted), ci: { kind: "not-asked" } }),
      ),
      "T9 ask restart",
    ],
    [
      "a nudge never begun: what is missing",
      { record: aRecord(nothingPushed), seen: aSight({ thread: threadIn(neverStarted) }) },
      "T9 ask nudge",
    ],
    ["a nudge that is answered meanwhile goes on", at(turn("nudge")), "T9 ask restart"],
    ["a restart goes on", at(turn("restart")), "T9 ask restart"],
    ["an answer goes on", at(turn("answer")), "T9 ask restart"],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("a corrective turn stays what it was asked as", () => {
    const uncounted = turn("corrective", { isCounted: false, newestCommitAtAsk: aSha("older") });
    const decision = decide(at(uncounted));
    expect(decision.record.turns.at(-1)).toMatchObject({
      kind: "corrective",
      attempt: 1,
      isCounted: false,
      newestCommitAtAsk: aSha("older"),
    });
    expect(decision).toMatchObject({
      act: { ask: { prompt: { kind: "corrective", attempt: 1, sha: aSha("own") } } },
    });
  });

  it("a corrective turn is still the attempt that it was", () => {
    const turns = [first, aCorrectiveTurn(), turn("corrective", { ordinal: 2 })];
    const seen = aPushedSight({ thread: threadIn(neverStarted), ci: red() });
    expect(decide({ record: aPushedRecord({ turns }), seen })).toMatchObject({
      act: { ask: { prompt: { attempt: 2 } } },
    });
  });

  it("a nudge says what is missing now", () => {
    const seen = aSight({ thread: threadIn(neverStarted), commits: commitsSeen("own") });
    const record = aRecord({ ...nothingPushed, commits: [aCommitNote("own")] });
    expect(decide({ record, seen })).toMatchObject({
      act: { ask: { prompt: { kind: "nudge", missing: "outcome" } } },
    });
  });
});

describe("T9: an archived thread is not gone", () => {
  const record = (overrides: Partial<TurnRecord> = {}): RunRecord =>
    askedAgo(HOUR, { firstSeen: startedAgo(HOUR), ...overrides });
  const archived = (state = running, isLive = true): RunSeen =>
    aSight({ thread: threadIn(state, { isArchived: true, isLive }) });
  const rows: Rows = [
    ["however live it looks", { record: record(), seen: archived() }, "T9 unarchive stop-session"],
    [
      "however lost it looks",
      { record: record({ firstSeen: null }), seen: archived(neverStarted, false) },
      "T9 unarchive stop-session",
    ],
    [
      "archived again",
      { record: record({ revivals: 1 }), seen: archived() },
      "T9 unarchive stop-session",
    ],
    [
      "and again: it is lost",
      { record: record({ revivals: 2 }), seen: archived() },
      "T9 needs-human lost",
    ],
    [
      "a rebuilt record may do it once",
      { record: { ...record(), isRebuilt: true }, seen: archived() },
      "T9 unarchive stop-session",
    ],
    [
      "and no more",
      { record: { ...record({ revivals: 1 }), isRebuilt: true }, seen: archived() },
      "T9 needs-human lost",
    ],
    [
      "what was said before is taken",
      { record: record(), seen: archived(over("AFK-Outcome: blocked no access"), false) },
      "T12 needs-human blocked",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("is counted, and then the turn is read for what it is", () => {
    const { record: noted } = decide({ record: record(), seen: archived() });
    expect(noted.turns.at(-1)?.revivals).toBe(1);
    const lost = aSight({ thread: threadIn(lostInRestart) });
    expect(told({ record: noted, seen: lost })).toBe("T9 ask restart");
    const failed = { kind: "failed", lastError: "Claude turn failed.", lastWords: "" } as const;
    expect(told({ record: noted, seen: aSight({ thread: threadIn(failed) }) })).toBe(
      "T13 ask nudge",
    );
    const done = aSight({
      thread: threadIn(over(pushedWords)),
      commits: commitsSeen("own"),
      ci: green,
    });
    expect(told({ record: noted, seen: done })).toBe("T14 done green");
  });

  it("comes before any turn in it", () => {
    const turns = [aPushedTurn({ end: anEnd() })];
    const seen = aSight({ thread: threadIn(over(), { isArchived: true }) });
    expect(told({ record: aRecord({ turns }), seen })).toBe("T13 unarchive stop-session");
    const tired = aRecord({ turns: [aPushedTurn({ end: anEnd(), revivals: 2 })] });
    expect(told({ record: tired, seen })).toBe("T13 needs-human lost");
  });
});
