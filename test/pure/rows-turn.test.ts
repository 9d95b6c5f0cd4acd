import { describe, expect, it } from "vitest";

import type { RunClocks } from "../../src/pure/run-clock.ts";
import type { RunSeen } from "../../src/pure/run-observation.ts";
import type { RunRecord, TurnRecord } from "../../src/pure/run-record.ts";
import { aRecord, aSha, aTurn, HOUR, limits, MINUTE, NOW, RUN_ID, startedAgo } from "./builders.ts";
import {
  anEnd,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aSight,
  aTakenIssue,
  type Case,
  decide,
  gone,
  green,
  neverStarted,
  over,
  running,
  silent,
  threadIn,
  told,
  waiting,
} from "./run-builders.ts";

type Rows = ReadonlyArray<readonly [name: string, each: Case, want: string]>;

/** Clocks that stood still for so long until a minute ago. */
function stood(of: { readonly pausedMs?: number; readonly waitedMs?: number }): RunClocks {
  return {
    paused: { since: null, ms: of.pausedMs ?? 0 },
    waited: { since: null, ms: of.waitedMs ?? 0 },
  };
}

function silentFor(ms: number, bells: NonNullable<RunRecord["silence"]>["bells"] = {}): RunRecord {
  return aRecord({ silence: { since: startedAgo(ms), bells } });
}

describe("T3: the agent server is silent", () => {
  const { verdictMsMax, notifyMsMax } = limits;
  const seen = aSight({ thread: silent });
  const trying = { firstTryAt: NOW - notifyMsMax, state: "trying" } as const;
  const rows: Rows = [
    ["since now", { seen }, "T3 wait agent-server"],
    ["up to the ceiling", { record: silentFor(verdictMsMax), seen }, "T3 wait agent-server"],
    ["past it: it rings", { record: silentFor(verdictMsMax + 1), seen }, "T3 ring silence ntfy"],
    [
      "a pause does not count",
      {
        record: { ...silentFor(verdictMsMax + 1), clocks: stood({ pausedMs: 1 }) },
        seen,
      },
      "T3 wait agent-server",
    ],
    [
      "rung: it is only waited for",
      {
        record: silentFor(verdictMsMax + 1, { ntfy: { ...trying, state: "rung" } }),
        seen,
      },
      "T3 wait agent-server",
    ],
    [
      "a doorbell that is down is tried again for as long as bells may take",
      { record: silentFor(verdictMsMax + 1, { ntfy: trying }), seen },
      "T3 ring silence ntfy",
    ],
    [
      "and not a moment longer",
      {
        record: silentFor(verdictMsMax + 1, {
          ntfy: { ...trying, firstTryAt: NOW - notifyMsMax - 1 },
        }),
        seen,
      },
      "T3 wait agent-server",
    ],
    [
      "only the doorbell that is still open rings",
      {
        record: silentFor(verdictMsMax + 1, { ntfy: { ...trying, state: "rung" } }),
        policy: aPolicy({ notifiers: ["ntfy", "slack"] }),
        seen,
      },
      "T3 ring silence slack",
    ],
    [
      "the green run waits too",
      { record: aPushedRecord(), seen: aPushedSight({ thread: silent }) },
      "T3 wait agent-server",
    ],
    [
      "for years",
      { record: silentFor(1e11), policy: aPolicy({ notifiers: [] }), seen },
      "T3 wait agent-server",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  const odd = threadIn({ kind: "not-understood", why: "status `dreaming`" });
  it("an answer that is not understood is silence, with a ceiling of its own", () => {
    const first = decide({ seen: aSight({ thread: odd }) });
    expect(first.record.silence).toEqual({ since: startedAgo(0), bells: {} });
    const later = aSight({ thread: odd, now: NOW + verdictMsMax + 1 });
    expect(decide({ record: first.record, seen: later })).toMatchObject({
      act: { kind: "ring-silence", why: "status `dreaming`", bells: ["ntfy"] },
    });
  });

  it("what is said of a turn that is over is not needed", () => {
    expect(told({ record: aPushedRecord(), seen: aPushedSight({ thread: odd }) })).toBe(
      "T14 done green",
    );
  });

  it("an archived thread is taken out of the archive before it is believed", () => {
    const record = aRecord({ turns: [aTurn({ firstSeen: startedAgo(HOUR) })] });
    const seen = aSight({ thread: { ...odd, isArchived: true } });
    expect(told({ record, seen })).toBe("T9 unarchive stop-session");
  });

  it("an undelivered bell is noted as such", () => {
    const bells = { ntfy: { ...trying, firstTryAt: NOW - notifyMsMax - 1 } };
    const { record } = decide({ record: silentFor(verdictMsMax + 1, bells), seen });
    expect(record.silence?.bells["ntfy"]?.state).toBe("undelivered");
  });

  it("ends with the first answer", () => {
    expect(decide({ record: silentFor(HOUR) }).record.silence).toBeNull();
  });
});

describe("T4: the budget", () => {
  // claude-haiku costs 5 USD a million tokens: the 100 USD of the default are 20 million.
  const spent = 20_000_000;
  const seen = (tokens: number | null, thread = threadIn(running)): Case => ({
    seen: aSight({ thread: { ...thread, processedTokens: tokens } }),
  });
  const rows: Rows = [
    ["reached to the cent goes on", seen(spent), "T7 wait agent"],
    ["passed is the end", seen(spent + 1000), "T4 needs-human budget"],
    ["passed without a report is not known", seen(null), "T7 wait agent"],
    ["before a question", seen(spent + 1000, threadIn(waiting("q1"))), "T4 needs-human budget"],
    [
      "before green",
      { record: aPushedRecord(), seen: aPushedSight(seen(spent + 1000, threadIn(over())).seen) },
      "T4 needs-human budget",
    ],
    ["after silence", { seen: aSight({ thread: silent }) }, "T3 wait agent-server"],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  describe("counts the threads that are gone", () => {
    const earlierThread = `afk-${RUN_ID}-12-0`;
    const current = aTurn({
      ordinal: 2,
      threadId: `afk-${RUN_ID}-12-1`,
      firstSeen: startedAgo(MINUTE),
    });
    const ended = (ordinal: number, tokens?: number) =>
      aTurn({
        ordinal,
        threadId: earlierThread,
        end: anEnd(tokens === undefined ? {} : { tokens }),
      });
    const earlier = (...turns: readonly TurnRecord[]): Case => ({
      ...seen(spent / 2),
      record: aRecord({ turns: [...turns, current] }),
    });
    const half = spent / 2;
    const threads: Rows = [
      ["up to the budget", earlier(ended(0, half)), "T7 wait agent"],
      ["past it", earlier(ended(0, half + 1000)), "T4 needs-human budget"],
      ["each by its last total alone", earlier(ended(0, 1), ended(1, half)), "T7 wait agent"],
      [
        "a total that began anew besides",
        earlier(ended(0, half), ended(1, 1000)),
        "T4 needs-human budget",
      ],
      ["as far as they reported", earlier(ended(0), ended(1)), "T7 wait agent"],
      ["as far as their turns ended", earlier(aTurn({ threadId: earlierThread })), "T7 wait agent"],
    ];
    it.each(threads)("%s", (_name, each, want) => {
      expect(told(each)).toBe(want);
    });
  });

  it.each([
    ["that began anew is added to the turns' before", spent / 2 + 1000, 1000, "T7 wait agent"],
    ["that began anew counts past the budget", spent, 1000, "T4 needs-human budget"],
    ["that went on holds the turns' before", spent - 1000, spent, "T7 wait agent"],
  ] as const)("of the thread itself, a total %s", (_name, before, now, want) => {
    const first = aTurn({ end: anEnd({ tokens: before }) });
    const turns = [first, aTurn({ ordinal: 1, firstSeen: startedAgo(MINUTE) })];
    expect(told({ ...seen(now), record: aRecord({ turns }) })).toBe(want);
  });

  it("notes what a turn's end had processed, where that is reported", () => {
    const endOf = (tokens: number | null) =>
      decide(seen(tokens, threadIn(over()))).record.turns[0]?.end;
    expect(endOf(7)?.tokens).toBe(7);
    expect(endOf(null)).not.toHaveProperty("tokens");
  });

  it("names the estimate and the key", () => {
    expect(decide(seen(30_000_000)).record.verdict?.detail).toBe(
      "about 150.00 USD at most, of AFK_BUDGET_USD 100",
    );
  });

  it("is metered once the server reports tokens, and stays so", () => {
    expect(decide(seen(null)).record.metering).toBe("unmetered");
    const { record } = decide(seen(1));
    expect(record.metering).toBe("metered");
    expect(decide({ ...seen(null), record }).record.metering).toBe("metered");
  });
});

type Question = RunRecord["questions"][number];

function asked(ms: number, bells: Question["bells"] = {}, requestId = "q1"): Question {
  return { requestId, firstSeen: startedAgo(ms), bells };
}

describe("T5: the agent asks", () => {
  const { questionMsMax, notifyMsMax } = limits;
  const turn = aTurn({ firstSeen: startedAgo(HOUR) });
  const asking = aSight({ thread: threadIn(waiting("q1")) });
  const rung = { ntfy: { firstTryAt: NOW, state: "rung" as const } };
  const record = (questions: readonly Question[], overrides: Partial<RunRecord> = {}): RunRecord =>
    aRecord({ turns: [turn], questions: [...questions], ...overrides });
  const rows: Rows = [
    ["it rings", { record: record([]), seen: asking }, "T5 ring q1 ntfy"],
    [
      "once per request",
      { record: record([asked(1, rung)]), seen: asking },
      "T5 wait human-answer",
    ],
    [
      "the next request rings too",
      { record: record([asked(1, rung)]), seen: aSight({ thread: threadIn(waiting("q1", "q2")) }) },
      "T5 ring q2 ntfy",
    ],
    [
      "only the doorbell that has not rung",
      {
        record: record([asked(1, rung)]),
        seen: asking,
        policy: aPolicy({ notifiers: ["slack", "ntfy"] }),
      },
      "T5 ring q1 slack",
    ],
    [
      "a doorbell that is down is tried again",
      {
        record: record([asked(1, { ntfy: { firstTryAt: NOW - notifyMsMax, state: "trying" } })]),
        seen: asking,
      },
      "T5 ring q1 ntfy",
    ],
    [
      "until its time is over",
      {
        record: record([
          asked(1, { ntfy: { firstTryAt: NOW - notifyMsMax - 1, state: "trying" } }),
        ]),
        seen: asking,
      },
      "T5 wait human-answer",
    ],
    [
      "up to the ceiling",
      { record: record([asked(questionMsMax, rung)]), seen: asking },
      "T5 wait human-answer",
    ],
    [
      "past it",
      { record: record([asked(questionMsMax + 1, rung)]), seen: asking },
      "T5 needs-human unanswered",
    ],
    [
      "the question's clock runs while it is waited for",
      {
        record: record([asked(questionMsMax + 1, rung)], {
          clocks: { ...stood({}), waited: { since: NOW - questionMsMax - 1, ms: 0 } },
        }),
        seen: asking,
      },
      "T5 needs-human unanswered",
    ],
    [
      "and stands still while paused",
      {
        record: record([asked(questionMsMax + 1, rung)], { clocks: stood({ pausedMs: 1 }) }),
        seen: asking,
      },
      "T5 wait human-answer",
    ],
    [
      "before the turn's own limit, which stands still",
      {
        record: aRecord({
          turns: [aTurn({ firstSeen: startedAgo(limits.turnMsMax * 2) })],
          questions: [asked(1, rung)],
        }),
        seen: asking,
      },
      "T5 wait human-answer",
    ],
    [
      "in an archived thread nobody can answer: it is taken out",
      {
        record: record([]),
        seen: aSight({ thread: threadIn(waiting("q1"), { isArchived: true }) }),
      },
      "T9 unarchive stop-session",
    ],
    [
      "in a turn that a person began after ours: theirs to answer",
      {
        record: aRecord({ turns: [{ ...turn, end: anEnd() }] }),
        seen: asking,
      },
      "T7 wait agent",
    ],
    [
      "for nothing: it runs",
      { record: record([]), seen: aSight({ thread: threadIn(waiting()) }) },
      "T7 wait agent",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("the verdict holds the question, the bell its text", () => {
    expect(decide({ record: record([]), seen: asking })).toMatchObject({
      act: { kind: "ring-question", text: "What about q1?" },
    });
    const late = decide({ record: record([asked(questionMsMax + 1, rung)]), seen: asking });
    expect(late.record.verdict?.detail).toBe("What about q1?");
  });

  it("a request that was answered does not ring again", () => {
    const seen = aSight({ thread: threadIn(waiting("q2")) });
    const each = record([asked(questionMsMax + 1), asked(1, rung, "q2")]);
    expect(told({ record: each, seen })).toBe("T5 wait human-answer");
  });

  it("the turn's clock goes on where it stood once the answer is there", () => {
    const clocks = stood({ waitedMs: HOUR });
    const record = aRecord({
      turns: [aTurn({ firstSeen: startedAgo(limits.turnMsMax + HOUR) })],
      clocks,
    });
    expect(told({ record })).toBe("T7 wait agent");
    expect(told({ record, seen: aSight({ now: NOW + 1 }) })).toBe("T8 interrupt");
  });
});

function askedAgo(ms: number, overrides: Partial<TurnRecord> = {}): RunRecord {
  return aRecord({ turns: [aTurn({ asked: startedAgo(ms), ...overrides })] });
}

describe("T6: asked for, and not yet seen", () => {
  const { startGraceMs } = limits;
  const nothing = aSight({ thread: threadIn(neverStarted) });
  const rows: Rows = [
    ["within the grace", { record: askedAgo(startGraceMs), seen: nothing }, "T6 wait agent-start"],
    ["past it", { record: askedAgo(startGraceMs + 1), seen: nothing }, "T9 ask first"],
    [
      "a pause does not count",
      {
        record: { ...askedAgo(startGraceMs + 1), clocks: stood({ pausedMs: 1 }) },
        seen: nothing,
      },
      "T6 wait agent-start",
    ],
    [
      "a thread that the list does not show yet",
      { record: askedAgo(startGraceMs), seen: aSight({ thread: gone }) },
      "T6 wait agent-start",
    ],
    [
      "lost in a restart before it was seen: its grace is over",
      { record: askedAgo(1), seen: aSight({ thread: threadIn({ kind: "lost-in-restart" }) }) },
      "T9 ask first",
    ],
    [
      "seen starting is begun",
      { seen: aSight({ thread: threadIn({ kind: "starting" }) }) },
      "T7 wait agent",
    ],
    [
      "was seen before: its grace is over",
      { record: askedAgo(1, { firstSeen: startedAgo(0) }), seen: nothing },
      "T9 ask restart",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });
});

describe("T6: a request that never arrived", () => {
  const { startGraceMs } = limits;
  const missing = (overrides: Partial<RunSeen> = {}): RunSeen =>
    aSight({ thread: threadIn(neverStarted), isAskMissing: true, ...overrides });
  const rows: Rows = [
    ["is made again", { record: askedAgo(startGraceMs), seen: missing() }, "T6 ask first"],
    [
      "counts past the grace",
      { record: askedAgo(startGraceMs + 1), seen: missing() },
      "T9 ask first",
    ],
    [
      "is made again where it was to open a thread",
      { record: askedAgo(1), seen: missing({ thread: gone }) },
      "T6 ask first in a new thread",
    ],
    [
      "waits beside another run's turn",
      { record: askedAgo(1), seen: missing({ otherLive: ["acme/shop#9"] }) },
      "T6 wait agent-start",
    ],
    [
      "waits while a person has the issue",
      { record: askedAgo(1), seen: missing({ issue: aTakenIssue() }) },
      "T6 wait agent-start",
    ],
    [
      "waits while the thread is at work on something else",
      { record: askedAgo(1), seen: missing({ thread: threadIn(neverStarted, { isLive: true }) }) },
      "T6 wait agent-start",
    ],
    [
      "waits while its thread is archived",
      {
        record: askedAgo(1),
        seen: missing({ thread: threadIn(neverStarted, { isArchived: true }) }),
      },
      "T6 wait agent-start",
    ],
    [
      "is not made again with a text that nobody approved",
      { record: askedAgo(1), seen: missing({ textHash: "another" }) },
      "T6 wait agent-start",
    ],
    [
      "is made again whatever the text, when the thread has it",
      { record: askedAgo(1, { kind: "nudge" }), seen: missing({ textHash: "another" }) },
      "T6 ask nudge",
    ],
    [
      "opens no thread with a text that nobody approved",
      {
        record: askedAgo(1, { kind: "nudge" }),
        seen: missing({ thread: gone, textHash: "another" }),
      },
      "T6 wait agent-start",
    ],
    [
      "is made again up to the last attempt",
      { record: askedAgo(1, { attempt: limits.redispatchAttemptsMax }), seen: missing() },
      "T6 ask first",
    ],
    [
      "is not made again past it: that attempt was counted and never made",
      { record: askedAgo(1, { attempt: limits.redispatchAttemptsMax + 1 }), seen: missing() },
      "T6 wait agent-start",
    ],
    [
      "is not made again by a record that was rebuilt",
      { record: { ...askedAgo(1), isRebuilt: true }, seen: missing() },
      "T6 wait agent-start",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("keeps the turn's ids and its count", () => {
    const record = askedAgo(1, { attempt: 1 });
    const decision = decide({ record, seen: missing() });
    expect(decision.record.turns).toEqual(record.turns);
    expect(decision).toMatchObject({
      kind: "act",
      act: { kind: "ask-turn", ask: { threadId: record.turns[0]?.threadId, isNewThread: false } },
    });
  });
});

describe("T7 and T8: the agent runs", () => {
  const { turnMsMax } = limits;
  const since = (ms: number, overrides: Partial<TurnRecord> = {}): RunRecord =>
    askedAgo(ms + MINUTE, { firstSeen: startedAgo(ms), ...overrides });
  const late = turnMsMax + 1;
  const rows: Rows = [
    ["up to the limit", { record: since(turnMsMax) }, "T7 wait agent"],
    ["past it: interrupt", { record: since(late) }, "T8 interrupt"],
    ["still: session stop", { record: since(late, { stopAsks: 1 }) }, "T8 stop-session"],
    ["still: a human", { record: since(late, { stopAsks: 2 }) }, "T8 needs-human would-not-stop"],
    [
      "a pause does not count",
      { record: { ...since(late), clocks: stood({ pausedMs: 1 }) } },
      "T7 wait agent",
    ],
    [
      "nor does waiting for a person",
      { record: { ...since(late), clocks: stood({ waitedMs: 1 }) } },
      "T7 wait agent",
    ],
    [
      "whatever CI says",
      { record: aPushedRecord({ turns: [aTurn()] }), seen: aSight({ ci: green }) },
      "T7 wait agent",
    ],
    [
      "though its session rests: T3 does not set both in one step",
      { record: since(turnMsMax), seen: aSight({ thread: threadIn(running, { isLive: false }) }) },
      "T7 wait agent",
    ],
    [
      "and stays so: it is stopped",
      { record: since(late), seen: aSight({ thread: threadIn(running, { isLive: false }) }) },
      "T8 interrupt",
    ],
    [
      "something else, ours never seen: since it was asked for",
      {
        record: askedAgo(turnMsMax),
        seen: aSight({ thread: threadIn(neverStarted, { isLive: true }) }),
      },
      "T7 wait agent",
    ],
    [
      "something else for too long",
      {
        record: askedAgo(late),
        seen: aSight({ thread: threadIn(neverStarted, { isLive: true }) }),
      },
      "T8 interrupt",
    ],
    [
      "before a commit that vanished",
      {
        record: since(1),
        seen: aSight({ commits: { kind: "readable", ours: [], vanished: [aSha("x")] } }),
      },
      "T7 wait agent",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("each command is counted before it is sent", () => {
    const first = decide({ record: since(late) });
    expect(first.record.turns.at(-1)?.stopAsks).toBe(1);
    expect(told({ record: first.record })).toBe("T8 stop-session");
  });

  it.each([
    ["failed", { kind: "failed", lastError: "Claude turn failed.", lastWords: "" } as const],
    ["over", over("I was just")],
  ])("what we stopped and T3 calls %s is nudged, not failed", (_name, state) => {
    const seen = aSight({ thread: threadIn(state) });
    expect(told({ record: since(late, { stopAsks: 1 }), seen })).toBe("T13 ask nudge");
  });
});
