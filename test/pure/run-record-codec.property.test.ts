import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  recordKey,
  type RunRecord,
  RunRecordSchema,
  type TurnRecord,
} from "../../src/pure/run-record.ts";
import { decodeComment, encodeRecord, runMarker } from "../../src/pure/run-record-codec.ts";
import { VERDICT_BECAUSES } from "../../src/pure/verdict.ts";
import { threadIdOf } from "../../src/pure/identity.ts";
import { aRecord } from "./builders.ts";

/** Text that means to break out: of the HTML comment, of the line, of the JSON, of the encoding. */
function anyText(maxLength: number): fc.Arbitrary<string> {
  const parts = [
    "-->",
    "<!--",
    "--",
    "-",
    ">",
    "<",
    "\n",
    "\r\n",
    "\u2028",
    "\ud800",
    '"',
    "\\",
    "}",
  ];
  const hostile = fc
    .array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 5 })), { maxLength: 20 })
    .map((pieces) => pieces.join("").slice(0, maxLength));
  return fc.oneof(hostile, fc.string({ maxLength, unit: "binary" }));
}

function orNull<T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof(fc.constant(null), of);
}

const ms = fc.maxSafeNat();
const count = fc.nat(10_000);
const clock = fc.record({ at: ms, pausedMs: ms, waitedMs: ms });
const sha = fc.stringMatching(/^[0-9a-f]{40}$/);
const runId = fc.stringMatching(/^[0-9a-f]{12}$/);
const key = anyText(300).map(recordKey);
const id = anyText(200).filter((text) => text.length > 0);
const detail = anyText(2000);
const bells = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,40}$/),
  fc.record({
    firstTryAt: ms,
    state: fc.constantFrom("trying" as const, "rung" as const, "undelivered" as const),
  }),
  { maxKeys: 3, noNullPrototype: true },
);
const outcome = fc.oneof(
  fc.record({ kind: fc.constant("pushed" as const), sha }),
  fc.record({ kind: fc.constantFrom("blocked" as const, "already-done" as const), words: detail }),
);
const end = fc
  .record({
    how: fc.constantFrom("over" as const, "failed" as const, "limit-reached" as const),
    outcome: orNull(outcome),
    words: detail,
    clock,
  })
  .map(({ clock: moment, ...rest }) => ({ ...moment, ...rest }));
const turn: fc.Arbitrary<TurnRecord> = fc.record({
  ordinal: count,
  kind: fc.constantFrom("first", "corrective", "nudge", "restart", "answer"),
  attempt: count,
  // Its run is known only when the record is put together.
  threadId: fc.nat(9999).map(String),
  asked: clock,
  firstSeen: orNull(clock),
  wasSeenEarlier: fc.boolean(),
  end: orNull(end),
  pauseInterrupts: count,
  stopAsks: count,
  revivals: count,
  newestCommitAtAsk: orNull(sha),
  isCounted: fc.boolean(),
});
const commit = fc.record({
  sha,
  phases: fc.subarray<"tests-red" | "green">(["tests-red", "green"]),
  parent: orNull(sha),
  firstSeen: clock,
});
const stillness = fc.record({ since: orNull(ms), ms });

const anyRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    issue: anyText(290).map((text) => `${text}#12`),
    runId,
    approval: fc.record({
      eventId: id,
      actor: fc.record({ id, login: id }),
      at: anyText(40),
      textHash: anyText(64),
    }),
    state: fc.constantFrom("dispatching" as const, "watching" as const),
    begunAt: ms,
    baseSha: orNull(sha),
    environmentId: anyText(200),
    lockedAt: orNull(ms),
    isRebuilt: fc.boolean(),
    turns: fc.array(turn, { maxLength: 3 }),
    commits: fc.array(commit, { maxLength: 3 }),
    firstRed: orNull(clock),
    ciSeen: fc.constantFrom("green" as const, "red" as const, "pending" as const),
    ownRedChecks: fc.array(key, { maxLength: 3 }),
    clocks: fc.record({ paused: stillness, waited: stillness }),
    questions: fc.array(
      fc.record({ requestId: key.filter((text) => text !== ""), firstSeen: clock, bells }),
      { maxLength: 2 },
    ),
    silence: orNull(fc.record({ since: clock, bells })),
    waitingOn: orNull(anyText(60)),
    metering: fc.constantFrom("unmetered" as const, "metered" as const),
    verdict: orNull(
      fc.record({
        kind: fc.constantFrom("done" as const, "needs-human" as const, "cancelled" as const),
        because: fc.constantFrom(...VERDICT_BECAUSES),
        detail,
        at: ms,
        stopAsks: count,
        bells,
      }),
    ),
  })
  // Whatever else a record holds, it holds as it begins.
  .map((parts) => ({
    ...aRecord(),
    ...parts,
    turns: parts.turns.map((each) => ({
      ...each,
      threadId: threadIdOf({
        runId: parts.runId,
        issueNumber: 12,
        restart: Number(each.threadId),
      }),
    })),
  }));

describe("every record", () => {
  it("is one that the schema takes", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(RunRecordSchema.parse(record)).toEqual(record);
      }),
    );
  });

  it("is read back as it was written, whatever stands in it", () => {
    fc.assert(
      fc.property(anyRecord, anyText(200), (record, words) => {
        const body = `${runMarker(record.runId)}\n${words}\n${encodeRecord(record)}\n`;
        const decoded = decodeComment({ id: "c1", body }, record.issue);
        expect(decoded).toEqual({ kind: "record", commentId: "c1", record });
      }),
    );
  });

  it("is written as one line in which no comment ends", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const text = encodeRecord(record);
        const inside = text.slice("<!--".length, -"-->".length);
        expect(inside).not.toMatch(/[<>\n\r]|--/);
      }),
    );
  });
});

describe("every comment", () => {
  it("is answered with a value, whatever stands in it", () => {
    const marked = fc.tuple(runId, anyText(500)).map(([run, text]) => `${runMarker(run)}${text}`);
    const withJson = fc
      .tuple(runId, fc.json())
      .map(([run, json]) => `${runMarker(run)}\n<!-- afk:record ${json} -->`);
    fc.assert(
      fc.property(fc.oneof(anyText(500), marked, withJson), (body) => {
        const decoded = decodeComment({ id: "c1", body }, "acme/widgets#12");
        expect(decoded.kind).not.toBe("record");
      }),
    );
  });

  it("with one character changed is the same record or none, and never an error", () => {
    fc.assert(
      fc.property(
        anyRecord,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (record, at, to) => {
          const body = `${runMarker(record.runId)}\n${encodeRecord(record)}`;
          const place = at % body.length;
          const changed = body.slice(0, place) + to + body.slice(place + 1);
          const decoded = decodeComment({ id: "c1", body: changed }, record.issue);
          const runId = decoded.kind === "record" ? decoded.record.runId : record.runId;
          expect(runId).toBe(record.runId);
        },
      ),
    );
  });
});
