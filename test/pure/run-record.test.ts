import { describe, expect, it } from "vitest";

import {
  beginRecord,
  lastTurn,
  newTurn,
  recordKey,
  RunRecordSchema,
  wasSeen,
  withLastTurn,
} from "../../src/pure/run-record.ts";
import {
  ago,
  anEnd,
  aRecord,
  aSha,
  aTurn,
  aVerdict,
  ENVIRONMENT_ID,
  HOUR,
  NOW,
  RUN_ID,
  startedAgo,
  THREAD_ID,
} from "./builders.ts";

const approval = {
  eventId: "LE_1",
  actor: { id: "7", login: "maria" },
  at: ago(HOUR),
  textHash: "f".repeat(64),
};

describe("a record that begins", () => {
  const record = beginRecord({
    issue: "acme/widgets#12",
    runId: RUN_ID,
    issueNumber: 12,
    approval,
    baseSha: null,
    environmentId: ENVIRONMENT_ID,
    now: NOW,
  });

  it("holds the first turn as asked for, and nothing that was not seen", () => {
    expect(record.turns).toEqual([
      newTurn({
        ordinal: 0,
        kind: "first",
        attempt: 0,
        threadId: THREAD_ID,
        asked: startedAgo(0),
      }),
    ]);
    expect(record).toMatchObject({
      state: "dispatching",
      begunAt: NOW,
      approval,
      lockedAt: null,
      commits: [],
      verdict: null,
      isRebuilt: false,
    });
  });

  it("is one that can be read again", () => {
    expect(RunRecordSchema.parse(record)).toEqual(record);
  });
});

describe("a turn", () => {
  it("is recorded as asked for and not yet seen, and counts", () => {
    expect(aTurn()).toMatchObject({ firstSeen: null, end: null, isCounted: true, stopAsks: 0 });
  });

  it("may be recorded as one that does not count, about a commit", () => {
    const { ordinal, kind, attempt, threadId, asked } = aTurn();
    const ask = { ordinal, kind, attempt, threadId, asked };
    const turn = newTurn({ ...ask, isCounted: false, newestCommitAtAsk: aSha("one") });
    expect(turn).toMatchObject({ isCounted: false, newestCommitAtAsk: aSha("one") });
  });

  it("was seen when this attempt was, or an earlier one", () => {
    expect(wasSeen(aTurn())).toBe(false);
    expect(wasSeen(aTurn({ firstSeen: startedAgo(0) }))).toBe(true);
    expect(wasSeen(aTurn({ wasSeenEarlier: true }))).toBe(true);
  });
});

describe("the newest turn", () => {
  const [first, second] = [aTurn(), aTurn({ ordinal: 1, kind: "nudge" })];

  it("is the last one, and none where there are none", () => {
    expect(lastTurn(aRecord({ turns: [first, second] }))).toBe(second);
    expect(lastTurn(aRecord({ turns: [] }))).toBeNull();
  });

  it("is changed alone", () => {
    const record = aRecord({ turns: [first, second] });
    const changed = withLastTurn(record, { stopAsks: 1 });
    expect(changed).toEqual({ ...record, turns: [first, { ...second, stopAsks: 1 }] });
    expect(record.turns[1]).toBe(second);
  });

  it("is not made up where there is none", () => {
    expect(withLastTurn(aRecord({ turns: [] }), { stopAsks: 1 }).turns).toEqual([]);
  });
});

describe("a record is bounded", () => {
  const commit = { sha: aSha("x"), phases: [], parent: null, firstSeen: startedAgo(0) };
  const question = { requestId: "q", firstSeen: startedAgo(0), bells: {} };
  const bell = { firstTryAt: 0, state: "rung" as const };
  const named = <T>(count: number, value: T): { [name: string]: T } =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`bell${at}`, value]));
  type Bound = readonly [name: string, max: number, of: (count: number) => unknown];
  const bounds: readonly Bound[] = [
    ["turns", 60, (n) => aRecord({ turns: Array.from({ length: n }, () => aTurn()) })],
    ["commits", 60, (n) => aRecord({ commits: Array.from({ length: n }, () => commit) })],
    ["questions", 20, (n) => aRecord({ questions: Array.from({ length: n }, () => question) })],
    ["red checks", 30, (n) => aRecord({ ownRedChecks: Array.from({ length: n }, () => "x") })],
    ["characters of a check", 60, (n) => aRecord({ ownRedChecks: ["x".repeat(n)] })],
    [
      "characters of last words",
      2000,
      (n) => aRecord({ turns: [aTurn({ end: anEnd({ words: "x".repeat(n) }) })] }),
    ],
    [
      "characters of a verdict's evidence",
      2000,
      (n) => aRecord({ verdict: aVerdict({ detail: "x".repeat(n) }) }),
    ],
    [
      "characters of a request's id",
      60,
      (n) => aRecord({ questions: [{ ...question, requestId: "x".repeat(n) }] }),
    ],
    ["doorbells", 4, (n) => aRecord({ verdict: aVerdict({ bells: named(n, bell) }) })],
    ["receipts", 4, (n) => aRecord({ receipts: named(n, "x") })],
    ["attempts", 10_000, (attempt) => aRecord({ turns: [aTurn({ attempt })] })],
    ["characters of an issue's name", 300, (n) => aRecord({ issue: "x".repeat(n) })],
    [
      "characters of an id",
      200,
      (n) => aRecord({ approval: { ...approval, eventId: "x".repeat(n) } }),
    ],
    ["characters of the server's name", 200, (n) => aRecord({ environmentId: "x".repeat(n) })],
    ["characters of what it waits on", 60, (n) => aRecord({ waitingOn: "x".repeat(n) })],
    [
      "characters of a doorbell's name",
      40,
      (n) => {
        const bells = { ["x".repeat(n)]: bell };
        return aRecord({ verdict: aVerdict({ bells }) });
      },
    ],
  ];
  it.each(bounds)("in its %s to %i, and not one more", (_name, max, of) => {
    expect(RunRecordSchema.safeParse(of(max)).success).toBe(true);
    expect(RunRecordSchema.safeParse(of(max + 1)).success).toBe(false);
  });

  it.each([
    ["names of checks", aRecord({ ownRedChecks: ["a<b"] })],
    ["ids of requests", aRecord({ questions: [{ ...question, requestId: "a--b" }] })],
    ["names of doorbells", aRecord({ verdict: aVerdict({ bells: { '"': bell } }) })],
    ["threads", aRecord({ turns: [aTurn({ threadId: "somebody-elses" })] })],
  ])("in what its %s are made of", (_name, record) => {
    expect(RunRecordSchema.safeParse(record).success).toBe(false);
  });
});

describe("the key of a name", () => {
  it("is the name itself where that is short and plain", () => {
    for (const name of ["", "test (node 24, 1/4)", "build-linux", "é✓", "x".repeat(60)]) {
      expect(recordKey(name)).toBe(name);
    }
  });

  it("is both ends of a long name", () => {
    expect(recordKey(`${"a".repeat(30)}-${"b".repeat(30)}`)).toBe("a".repeat(30) + "b".repeat(30));
  });

  it("has nothing in it that takes more room than itself, and is its own key", () => {
    for (const name of [
      '<->--"\\\n\u0000',
      "---",
      `${"x".repeat(29)}😀${"y".repeat(40)}`,
      "<".repeat(300),
    ]) {
      const key = recordKey(name);
      expect(key).not.toMatch(/[<>]|--/);
      expect(JSON.stringify(key)).toHaveLength(key.length + 2);
      expect(recordKey(key)).toBe(key);
    }
  });
});
