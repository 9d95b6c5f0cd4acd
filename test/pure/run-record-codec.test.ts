import { describe, expect, it } from "vitest";

import {
  type DecodedComment,
  decodeComment,
  encodeRecord,
  RECORD_CHARACTERS_MAX,
  recordCommentsOf,
  runIdOf,
  runMarker,
} from "../../src/pure/run-record-codec.ts";
import type { IssueSeen } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import {
  anEnd,
  anIssue,
  aRecord,
  aSha,
  aTurn,
  aVerdict,
  bodyOf,
  RUN_ID,
  startedAgo,
} from "./builders.ts";

const ISSUE = "acme/widgets#12";
const record = aRecord();

function decode(body: string, issue = ISSUE): DecodedComment {
  return decodeComment({ id: "c1", body }, issue);
}

/** A comment of ours whose record is this text. */
function withRecord(json: string): string {
  return `${runMarker(RUN_ID)}\nwords\n<!-- afk:record ${json} -->`;
}

/** A comment of ours whose record has these keys changed, or taken out where undefined. */
function changed(changes: { readonly [key: string]: unknown }): string {
  return withRecord(JSON.stringify({ ...record, ...changes }));
}

const READ = { kind: "record", commentId: "c1", record };

describe("a record", () => {
  it("is read from the comment it was written into", () => {
    expect(decode(bodyOf(record))).toEqual(READ);
  });

  it.each([
    ["with other line ends", bodyOf(record).replaceAll("\n", "\r\n")],
    ["with line ends after it", `${bodyOf(record)}\n\n`],
    ["below a person's words", `${runMarker(RUN_ID)}\n\n### Hi\n\n${encodeRecord(record)}`],
    ["in a JSON of another layout", withRecord(JSON.stringify(record))],
    [
      "below what looks like another one",
      `${runMarker(RUN_ID)}\n<!-- afk:record {"version":1} -->\n${encodeRecord(record)}`,
    ],
  ])("is read %s", (_name, body) => {
    expect(decode(body)).toEqual(READ);
  });

  it("is read with the heads of its commits' pushes, and as it was written before there were any", () => {
    const bare = { sha: aSha("own"), phases: [], parent: null, firstSeen: startedAgo(0) };
    for (const commit of [bare, { ...bare, pushHead: aSha("head") }]) {
      const pushed = { ...record, commits: [commit] };
      expect(decode(bodyOf(pushed))).toEqual({ ...READ, record: pushed });
    }
    const wrong = { ...bare, pushHead: "main" };
    expect(decode(changed({ commits: [wrong] }))).toMatchObject({
      kind: "malformed",
      why: "its record is wrong at commits.0.pushHead",
    });
  });

  it("is read under whatever case the repo's name is spelled in", () => {
    expect(decode(bodyOf(record), "Acme/WIDGETS#12")).toEqual(READ);
  });

  it("gives the same text in whatever order its keys stand", () => {
    const reversed = Object.fromEntries(Object.entries(record).toReversed()) as RunRecord;
    expect(encodeRecord(reversed)).toBe(encodeRecord(record));
  });

  it("is one line that nothing in it can end", () => {
    const words = "--> <!-- afk:record {} -->\n---->\u2028--!><script>";
    const hostile = aRecord({
      turns: [aTurn({ end: anEnd({ words }) })],
      verdict: aVerdict({ detail: words }),
    });
    const text = encodeRecord(hostile);
    const inside = text.slice("<!--".length, -"-->".length);
    expect(inside).not.toMatch(/--|[<>\n\r]/);
    expect(decode(bodyOf(hostile))).toEqual({ ...READ, record: hostile });
  });
});

describe("a comment without a record of this issue", () => {
  const rows: ReadonlyArray<readonly [name: string, body: string, want: DecodedComment]> = [
    ["is any other, when empty", "", { kind: "other" }],
    ["is any other, when it has no marker", encodeRecord(record), { kind: "other" }],
    ["is any other, when its marker is not first", ` ${bodyOf(record)}`, { kind: "other" }],
    [
      "is any other, when its marker names no run",
      bodyOf(record).replace(RUN_ID, "0123"),
      { kind: "other" },
    ],
    [
      "is foreign, when its record is of another issue",
      changed({ issue: "acme/widgets#13" }),
      { kind: "foreign", commentId: "c1" },
    ],
    [
      "is foreign, when its record is of another repo",
      changed({ issue: "acme/gadgets#12" }),
      { kind: "foreign", commentId: "c1" },
    ],
    [
      "is foreign, when its record is of an issue whose number ends like this one's",
      changed({ issue: "acme/widgets#112" }),
      { kind: "foreign", commentId: "c1" },
    ],
    [
      "is foreign, when its record is of another run than its marker",
      changed({ runId: "0123456789ab" }),
      { kind: "foreign", commentId: "c1" },
    ],
  ];
  it.each(rows)("%s", (_name, body, want) => {
    expect(decode(body)).toEqual(want);
  });
});

describe("a record of another version", () => {
  it.each([
    ["newer", 2],
    ["older", 0],
    ["fractional", 1.5],
  ])("is left alone, %s", (_name, version) => {
    const want = { kind: "unknown-version", commentId: "c1", runId: RUN_ID };
    expect(decode(changed({ version, somethingNew: true }))).toEqual(want);
    expect(decode(withRecord(`{"version":${version}}`))).toEqual(want);
  });
});

describe("a damaged record", () => {
  const deep = "[".repeat(30_000);
  const rows: ReadonlyArray<readonly [name: string, body: string, why: string]> = [
    ["without footer", runMarker(RUN_ID), "no record in it"],
    ["followed by more", `${bodyOf(record)}\nmore`, "no record in it"],
    ["not on a line of its own", `${runMarker(RUN_ID)} ${encodeRecord(record)}`, "no record in it"],
    ["cut off", bodyOf(record).slice(0, -20), "no record in it"],
    ["that is a list", withRecord("[]"), "no record in it"],
    ["that is no JSON", withRecord("{oops}"), "its record is no JSON"],
    ["nested without end", withRecord(`{"issue":${deep}}`), "its record is no JSON"],
    ["of two records", withRecord("{} {}"), "its record is no JSON"],
    ["that is empty", withRecord("{}"), "its record is wrong at version"],
    ["without a version", changed({ version: undefined }), "its record is wrong at version"],
    ["whose version is a text", changed({ version: "1" }), "its record is wrong at version"],
    ["with a key nobody knows", changed({ extra: 1 }), "its record is wrong at "],
    ["without a key", changed({ turns: undefined }), "its record is wrong at turns"],
    ["with a time before all time", changed({ begunAt: -1 }), "its record is wrong at begunAt"],
    ["with half a millisecond", changed({ begunAt: 0.5 }), "its record is wrong at begunAt"],
    [
      "with a number beyond all numbers",
      withRecord(JSON.stringify(record).replace(/"begunAt":\d+/, '"begunAt":1e999')),
      "its record is wrong at begunAt",
    ],
    ["with an unknown state", changed({ state: "sleeping" }), "its record is wrong at state"],
    ["with a short sha", changed({ baseSha: "abc" }), "its record is wrong at baseSha"],
    [
      "with something wrong inside a turn",
      changed({ turns: [aTurn(), { ...aTurn(), kind: "last" }] }),
      "its record is wrong at turns.1.kind",
    ],
    [
      "with a thread that is not ours",
      changed({ turns: [{ ...aTurn(), threadId: "somebody-elses" }] }),
      "its record is wrong at turns.0.threadId",
    ],
    [
      "with a thread of another run",
      changed({ turns: [aTurn(), aTurn({ threadId: "afk-0123456789ab-12-0" })] }),
      "its record names a thread of another run",
    ],
    [
      "with a thread of another issue",
      changed({ turns: [aTurn({ threadId: `afk-${RUN_ID}-2-0` }), aTurn()] }),
      "its record names a thread of another run",
    ],
    [
      "with a key that means to change all objects",
      withRecord(JSON.stringify(record).replace("{", '{"__proto__":{"verdict":null},')),
      "its record is wrong at ",
    ],
  ];
  it.each(rows)("%s is a value that says so", (_name, body, why) => {
    expect(decode(body)).toEqual({ kind: "malformed", commentId: "c1", runId: RUN_ID, why });
  });

  it("never changes what all objects have in common", () => {
    const bells = '"__proto__":{"firstTryAt":0,"state":"rung"},"constructor":1';
    decode(withRecord(JSON.stringify(record).replace('"bells":{', `"bells":{${bells}`)));
    decode(withRecord('{"__proto__":{"polluted":1}}'));
    expect({}).not.toHaveProperty("polluted");
    expect({}).not.toHaveProperty("state");
  });

  it("is answered at once, however large and however like a record", () => {
    const begin = Date.now();
    for (const part of [
      "<!-- afk:record {",
      "} -->",
      "} --> ",
      "\n<!-- afk:record {",
      "{} -->\n",
    ]) {
      const body = `${runMarker(RUN_ID)}\n${part.repeat(65_000 / part.length)}`;
      expect(decode(body).kind).toBe("malformed");
      expect(decode(`${body}x`).kind).toBe("malformed");
    }
    expect(Date.now() - begin).toBeLessThan(1000);
  });
});

describe("a record too long for a comment", () => {
  const words = "<".repeat(2000);

  /** The record of a run of so many turns that each ended with the longest and worst of words. */
  function ofTurns(count: number): RunRecord {
    const turns = Array.from({ length: count }, (_, ordinal) =>
      aTurn({ ordinal, end: anEnd({ words }) }),
    );
    return aRecord({ turns });
  }

  it("keeps what the newest turn said and forgets what those before it said", () => {
    const long = ofTurns(50);
    const decoded = decode(bodyOf(long));
    const said =
      decoded.kind === "record" ? decoded.record.turns.map((turn) => turn.end?.words) : [];
    expect(said).toEqual([...Array.from({ length: 49 }, () => ""), words]);
    expect(encodeRecord(long).length).toBeLessThanOrEqual(RECORD_CHARACTERS_MAX);
  });

  it("leaves turns that have no end as they are", () => {
    const long = ofTurns(10);
    const open = aTurn({ ordinal: 10, asked: startedAgo(0, { pausedMs: 1 }) });
    const decoded = decode(bodyOf({ ...long, turns: [open, ...long.turns, open] }));
    const turns = decoded.kind === "record" ? decoded.record.turns : [];
    expect([turns.at(0), turns.at(-1)]).toEqual([open, open]);
  });

  it("is the same text again when it is read and written", () => {
    const text = encodeRecord(ofTurns(50));
    const decoded = decode(`${runMarker(RUN_ID)}\n${text}`);
    expect(decoded.kind === "record" && encodeRecord(decoded.record)).toBe(text);
  });

  it("forgets nothing up to the limit, and what was said before one character above it", () => {
    const ofLast = (detail: string): RunRecord => ({
      ...ofTurns(3),
      verdict: aVerdict({ detail }),
      environmentId: "<".repeat(200),
      issue: "<".repeat(300),
      approval: { ...record.approval, eventId: "<".repeat(200) },
    });
    const room = RECORD_CHARACTERS_MAX - encodeRecord(ofLast("")).length;
    expect(room).toBeLessThan(12_000);
    for (const [extra, first] of [
      [0, words],
      [1, ""],
    ] as const) {
      const wide = Math.floor((room + extra) / 6);
      const text = encodeRecord(ofLast("<".repeat(wide) + "x".repeat(room + extra - 6 * wide)));
      const read = JSON.parse(text.slice("<!-- afk:record ".length, -" -->".length)) as RunRecord;
      expect(read.turns[0]?.end?.words).toBe(first);
      expect(read.turns[2]?.end?.words).toBe(words);
    }
  });
});

describe("the progress comments of an issue", () => {
  const damaged = `${runMarker("0123456789ab")}\nnothing`;
  const issue = anIssue({
    comments: ["Hello", bodyOf(record), bodyOf(aRecord({ issue: "acme/widgets#13" })), damaged],
  });

  it("of one run are one, the oldest, whatever the younger hold", () => {
    const done = bodyOf(aRecord({ verdict: aVerdict() }));
    const lost = `${runMarker(RUN_ID)}\nnothing`;
    const other = bodyOf(aRecord({ runId: "0123456789ab" }));
    const idsOf = (...comments: readonly string[]): unknown =>
      recordCommentsOf(anIssue({ comments })).map((each) => [each.kind, each.commentId]);
    expect(idsOf(bodyOf(record), other, done, lost)).toEqual([
      ["record", "c0"],
      ["record", "c1"],
    ]);
    expect(idsOf(lost, done)).toEqual([["malformed", "c0"]]);
    expect(idsOf(bodyOf(aRecord({ issue: "acme/gadgets#12" })), done)).toEqual([["record", "c1"]]);
  });

  it("that somebody else edited are no record, whatever they say, and leave their place to another", () => {
    const body = bodyOf(aRecord({ verdict: aVerdict() }));
    const tampered = (id: string) => ({ id, body, isTampered: true as const });
    const ours = (id: string) => ({ id, body: bodyOf(record) });
    const other = { id: "c9", body: bodyOf(aRecord({ runId: "0123456789ab" })) };
    const seen = (...comments: IssueSeen["ownComments"]["comments"]): unknown =>
      recordCommentsOf(anIssue({ ownComments: { kind: "complete", comments } })).map((each) => [
        each.kind,
        each.commentId,
      ]);
    expect(seen(tampered("c1"), tampered("c2"))).toEqual([["tampered", "c1"]]);
    expect(seen(ours("c1"), tampered("c2"))).toEqual([["record", "c1"]]);
    expect(seen(tampered("c1"), other, ours("c2"))).toEqual([
      ["record", "c9"],
      ["record", "c2"],
    ]);
    const [first] = recordCommentsOf(
      anIssue({ ownComments: { kind: "complete", comments: [tampered("c1")] } }),
    );
    expect(first).toEqual({ kind: "tampered", commentId: "c1", runId: RUN_ID });
    expect(seen({ id: "c1", body: "blanked", isTampered: true })).toEqual([]);
  });

  it("are those that hold or held a record of it, oldest first", () => {
    const found = recordCommentsOf(issue);
    expect(found.map((each) => [each.kind, each.commentId, runIdOf(each)])).toEqual([
      ["record", "c1", RUN_ID],
      ["malformed", "c3", "0123456789ab"],
    ]);
  });
});
