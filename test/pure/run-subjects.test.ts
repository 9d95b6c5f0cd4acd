import { describe, expect, it } from "vitest";

import { noticeMarker } from "../../src/pure/notices.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import {
  findSubjects,
  isThreadRecent,
  type RunSubject,
  UNLABELLED_LOOKBACK_MS,
} from "../../src/pure/run-subjects.ts";
import type { ThreadSummary } from "../../src/pure/thread.ts";
import {
  ago,
  anIssue,
  aRecord,
  aSession,
  aThread,
  aTurn,
  aVerdict,
  bodyOf,
  DAY,
  HOUR,
  type IssueOverrides,
  labels,
  limits,
  MINUTE,
  NOW,
  own,
  ownActor,
  RUN_ID,
  SECOND,
  unlabeled,
} from "./builders.ts";

const OTHER_RUN = "0123456789ab";
const LABELLED = { labels: [labels.inProgress] };
const UNLABELLED = { labels: [labels.ready] };
const GRACE = limits.adoptGraceMs;

function find(
  issue: IssueOverrides,
  threads: readonly ThreadSummary[] = [],
): readonly RunSubject[] {
  const adoptGraceMs = GRACE;
  const at = { now: NOW, adoptGraceMs };
  return findSubjects({ issue: anIssue(issue), threads, labels, ownId: own.id, ...at });
}

/** A thread of a run, made so long ago. */
function threadOf(
  runId: string,
  ms: number,
  overrides: Partial<ThreadSummary> = {},
): ThreadSummary {
  return aThread({ id: `afk-${runId}-12-0`, createdAt: ago(ms), ...overrides });
}

const watched = aRecord({ begunAt: NOW - HOUR });
const concluded = aRecord({ begunAt: NOW - HOUR, verdict: aVerdict() });
const older = aRecord({
  runId: OTHER_RUN,
  begunAt: NOW - DAY,
  turns: [aTurn({ threadId: `afk-${OTHER_RUN}-12-0` })],
});
const damaged = `<!-- afk:run=${RUN_ID} -->\nno record`;
const newer = `<!-- afk:run=${RUN_ID} -->\n<!-- afk:record {"version":2} -->`;

/** A comment of ours that somebody else edited last. */
function tampered(body: string): IssueOverrides {
  return { ownComments: { kind: "complete", comments: [{ id: "c0", body, isTampered: true }] } };
}

function run(record: RunRecord, at = 0, isSuperseded = false): RunSubject {
  return { kind: "run", record, commentId: `c${at}`, isSuperseded };
}

function rebuildOf(runId: string, commentId: string | null = null): RunSubject {
  return { kind: "rebuild", runId, commentId };
}

const ORPHAN = { kind: "orphan" };
const TRUNCATED = "too many comments: the run's record may be among those not read";
const OTHER_VERSION = "its record was written by another version";

type Row = readonly [
  name: string,
  issue: IssueOverrides,
  threads: readonly ThreadSummary[],
  subjects: readonly unknown[],
];

function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_name, issue, threads, subjects) => {
    expect(find(issue, threads)).toEqual(subjects);
  });
}

describe("the runs of an issue by their records", () => {
  const dispatching = aRecord({ state: "dispatching", lockedAt: null });
  check([
    ["one that is in progress", { ...LABELLED, comments: [bodyOf(watched)] }, [], [run(watched)]],
    [
      "one that is in progress, with its thread",
      { ...LABELLED, comments: [bodyOf(watched)] },
      [threadOf(RUN_ID, MINUTE)],
      [run(watched)],
    ],
    [
      "one whose label was taken off",
      { ...UNLABELLED, comments: [bodyOf(watched)] },
      [],
      [run(watched)],
    ],
    [
      "one with its verdict, of which something may be missing",
      { ...UNLABELLED, comments: [bodyOf(concluded)] },
      [],
      [run(concluded)],
    ],
    [
      "none that is the poller's still to dispatch",
      { ...UNLABELLED, comments: [bodyOf({ ...dispatching, begunAt: NOW - GRACE })] },
      [threadOf(RUN_ID, MINUTE)],
      [],
    ],
    [
      "one that the poller left unlabelled past the grace",
      { ...UNLABELLED, comments: [bodyOf({ ...dispatching, begunAt: NOW - GRACE - 1 })] },
      [],
      [run({ ...dispatching, begunAt: NOW - GRACE - 1 })],
    ],
    [
      "one just dispatched, its label on",
      { ...LABELLED, comments: [bodyOf({ ...dispatching, begunAt: NOW })] },
      [],
      [run({ ...dispatching, begunAt: NOW })],
    ],
    [
      "one that has its verdict before the watcher ever wrote to it",
      { ...UNLABELLED, comments: [bodyOf({ ...dispatching, verdict: aVerdict() })] },
      [],
      [run({ ...dispatching, verdict: aVerdict() })],
    ],
    ["none where there is nothing", UNLABELLED, [], []],
    ["none that only others' comments tell of", { ...UNLABELLED, comments: ["Hello"] }, [], []],
  ]);
});

describe("the runs of an issue that had several", () => {
  const told = `${noticeMarker(OTHER_RUN)}\nDone.`;
  const cancelled = aVerdict({ kind: "cancelled", because: "cancelled-by-person" });
  const ringing = aVerdict({ bells: { ntfy: { firstTryAt: NOW, state: "trying" } } });
  check([
    [
      "an older one without a verdict is superseded",
      { ...LABELLED, comments: [bodyOf(older), bodyOf(watched)] },
      [],
      [run(older, 0, true), run(watched, 1)],
    ],
    [
      "an older one with its verdict told is over",
      { ...LABELLED, comments: [bodyOf({ ...older, verdict: aVerdict() }), told, bodyOf(watched)] },
      [],
      [run(watched, 2)],
    ],
    [
      "an older one whose verdict was not told is told it",
      { ...LABELLED, comments: [bodyOf({ ...older, verdict: cancelled }), bodyOf(watched)] },
      [],
      [run({ ...older, verdict: cancelled }, 0, true), run(watched, 1)],
    ],
    [
      "an older one whose doorbell still rings is rung",
      { ...LABELLED, comments: [bodyOf({ ...older, verdict: ringing }), told, bodyOf(watched)] },
      [],
      [run({ ...older, verdict: ringing }, 0, true), run(watched, 2)],
    ],
    [
      "an older one whose record is damaged is over",
      { ...LABELLED, comments: [damaged, bodyOf(older)] },
      [],
      [run(older, 1)],
    ],
    [
      "an older one that another version wrote is over",
      { ...LABELLED, comments: [newer, bodyOf(older)] },
      [],
      [run(older, 1)],
    ],
  ]);
});

describe("the runs of an issue whose record is lost", () => {
  const lost = threadOf(RUN_ID, MINUTE);
  const lostLongAgo = threadOf(RUN_ID, GRACE + SECOND);
  const told = `${noticeMarker(RUN_ID)}\nDone.`;
  check([
    ["one is rebuilt from its thread", LABELLED, [lost], [rebuildOf(RUN_ID)]],
    [
      "one in the archive leaves an orphan",
      LABELLED,
      [{ ...lost, presence: "archived" }],
      [ORPHAN],
    ],
    ["one deleted leaves an orphan", LABELLED, [{ ...lost, presence: "deleted" }], [ORPHAN]],
    ["a thread of nobody's leaves an orphan", LABELLED, [aThread({ id: "other" })], [ORPHAN]],
    ["a label alone is an orphan", LABELLED, [], [ORPHAN]],
    ["an unlabelled one is rebuilt past the grace", UNLABELLED, [lostLongAgo], [rebuildOf(RUN_ID)]],
    [
      "an unlabelled one may be the poller's up to the grace",
      UNLABELLED,
      [threadOf(RUN_ID, GRACE)],
      [],
    ],
    [
      "an unlabelled one of no known age is rebuilt",
      UNLABELLED,
      [threadOf(RUN_ID, 0, { createdAt: "lately" })],
      [rebuildOf(RUN_ID)],
    ],
    [
      "an unlabelled one whose verdict was told is over",
      { ...UNLABELLED, comments: [told] },
      [lostLongAgo],
      [],
    ],
    [
      "a labelled one whose verdict was told is finished",
      { ...LABELLED, comments: [told] },
      [lost],
      [rebuildOf(RUN_ID)],
    ],
    [
      "the newest of several is rebuilt",
      LABELLED,
      [lost, threadOf(OTHER_RUN, HOUR)],
      [rebuildOf(RUN_ID)],
    ],
    [
      "one supersedes those before it",
      { ...LABELLED, comments: [bodyOf(older)] },
      [threadOf(OTHER_RUN, DAY), lost],
      [run(older, 0, true), rebuildOf(RUN_ID)],
    ],
    [
      "one that another has followed is over, and does not end that one",
      { ...LABELLED, comments: [bodyOf(watched)] },
      [threadOf(OTHER_RUN, DAY)],
      [run(watched)],
    ],
    [
      "one whose comment is damaged is rebuilt in its place",
      { ...LABELLED, comments: [damaged] },
      [lost],
      [rebuildOf(RUN_ID, "c0")],
    ],
    [
      "one whose comment somebody else edited is rebuilt in its place, whatever it says",
      { ...LABELLED, ...tampered(bodyOf(concluded)) },
      [lost],
      [rebuildOf(RUN_ID, "c0")],
    ],
    [
      "one whose comment was edited by somebody else without a label, past the grace",
      { ...UNLABELLED, ...tampered(bodyOf(watched)) },
      [threadOf(RUN_ID, GRACE + 1)],
      [rebuildOf(RUN_ID, "c0")],
    ],
    [
      "one whose comment was edited by somebody else without a label, within the grace: the poller's",
      { ...UNLABELLED, ...tampered(bodyOf(watched)) },
      [threadOf(RUN_ID, GRACE)],
      [],
    ],
    [
      "one whose comment was damaged after its verdict was told is over",
      { ...UNLABELLED, comments: [damaged, told] },
      [],
      [],
    ],
    [
      "one of another version is left alone",
      { ...LABELLED, comments: [newer] },
      [lost],
      [{ kind: "unreadable", runId: RUN_ID, why: OTHER_VERSION }],
    ],
  ]);
});

describe("the runs of an issue that was released", () => {
  const released = unlabeled(labels.inProgress, { actor: ownActor, at: ago(30 * MINUTE) });
  const byPerson = unlabeled(labels.inProgress, { at: ago(30 * MINUTE) });
  const before = threadOf(RUN_ID, HOUR);
  const after = threadOf(RUN_ID, 20 * MINUTE);
  const off = { ...UNLABELLED, events: [released] };
  const ended = { ...older, verdict: aVerdict() };
  const ringing = aVerdict({ bells: { ntfy: { firstTryAt: NOW, state: "trying" } } });
  const next = aRecord({ begunAt: NOW - 10 * MINUTE });
  check([
    ["one whose comments are gone is over", off, [before], []],
    ["one whose thread came later is not", off, [after], [rebuildOf(RUN_ID)]],
    [
      "one that a person released is rebuilt",
      { ...UNLABELLED, events: [byPerson] },
      [before],
      [rebuildOf(RUN_ID)],
    ],
    [
      "one of too many comments is over",
      { ...off, ownComments: { kind: "truncated", comments: [] } },
      [before],
      [],
    ],
    ["one whose comment is damaged is over", { ...off, comments: [damaged] }, [before], []],
    ["one damaged whose thread is gone is over", { ...off, comments: [damaged] }, [], []],
    [
      "one damaged whose thread has no known age is over",
      { ...off, comments: [damaged] },
      [threadOf(RUN_ID, 0, { createdAt: "lately" })],
      [],
    ],
    [
      "one damaged whose thread came later is not",
      { ...off, comments: [damaged] },
      [after],
      [rebuildOf(RUN_ID, "c0")],
    ],
    ["one that another version wrote is over", { ...off, comments: [newer] }, [before], []],
    [
      "an older one is over, though its notice is gone",
      { ...LABELLED, events: [released], comments: [bodyOf(ended), bodyOf(next)] },
      [],
      [run(next, 1)],
    ],
    [
      "an older one that the newer run's thread alone has followed is over",
      { ...off, comments: [bodyOf(ended)] },
      [after],
      [rebuildOf(RUN_ID)],
    ],
    [
      "an older one before a damaged one is told",
      { ...off, comments: [bodyOf(ended), damaged] },
      [],
      [run(ended, 0, true)],
    ],
    [
      "an older one that still rings is rung",
      { ...off, comments: [bodyOf({ ...older, verdict: ringing }), bodyOf(next)] },
      [],
      [run({ ...older, verdict: ringing }, 0, true), run(next, 1)],
    ],
    [
      "a release of the newer run is none of the older one's",
      { ...off, comments: [bodyOf(ended), bodyOf(watched)] },
      [],
      [run(ended, 0, true), run(watched, 1)],
    ],
  ]);
});

describe("the runs of an issue whose label was handed over as an orphan's", () => {
  const orphan = aRecord({
    runId: OTHER_RUN,
    begunAt: NOW - 10 * MINUTE,
    turns: [],
    verdict: aVerdict({ kind: "needs-human", because: "orphan" }),
    approval: { ...aRecord().approval, eventId: "orphan:1" },
  });
  const told = `${noticeMarker(OTHER_RUN)}\nDone.`;
  const lost = threadOf(RUN_ID, HOUR);
  const released = unlabeled(labels.inProgress, { actor: ownActor, at: ago(9 * MINUTE) });
  const events = [released];
  check([
    [
      "the thread that was not seen is found",
      { ...LABELLED, comments: [bodyOf(orphan), told] },
      [lost],
      [rebuildOf(RUN_ID)],
    ],
    [
      "the thread that was not seen is found after the orphan's release",
      { ...UNLABELLED, events, comments: [bodyOf(orphan), told] },
      [lost],
      [rebuildOf(RUN_ID)],
    ],
    [
      "an orphan that is not told yet is told",
      { ...LABELLED, comments: [bodyOf(orphan)] },
      [lost],
      [run(orphan, 0, true), rebuildOf(RUN_ID)],
    ],
    [
      "a thread released before the orphan is over",
      {
        ...UNLABELLED,
        events: [{ ...released, at: ago(30 * MINUTE) }],
        comments: [bodyOf(orphan)],
      },
      [lost],
      [run(orphan)],
    ],
    [
      "a thread released after an orphan that came before it is over",
      { ...UNLABELLED, events, comments: [bodyOf(orphan)] },
      [threadOf(RUN_ID, 10 * MINUTE - SECOND)],
      [run(orphan)],
    ],
  ]);
});

describe("the runs of an issue with too many comments", () => {
  const truncated = { kind: "truncated", comments: [] } as const;
  const withRecord = {
    kind: "truncated",
    comments: [{ id: "c0", body: bodyOf(watched) }],
  } as const;
  check([
    [
      "are not known",
      { ...LABELLED, ownComments: truncated },
      [],
      [{ kind: "unreadable", runId: null, why: TRUNCATED }],
    ],
    [
      "are not known, though a thread is",
      { ...UNLABELLED, ownComments: truncated },
      [threadOf(RUN_ID, HOUR)],
      [{ kind: "unreadable", runId: RUN_ID, why: TRUNCATED }],
    ],
    ["are none without label and thread", { ...UNLABELLED, ownComments: truncated }, [], []],
    [
      "are known when the record was read",
      { ...LABELLED, ownComments: withRecord },
      [threadOf(RUN_ID, HOUR)],
      [run(watched)],
    ],
    [
      "are not known when a newer run's record was not read",
      { ...LABELLED, ownComments: withRecord },
      [threadOf(OTHER_RUN, MINUTE)],
      [{ kind: "unreadable", runId: OTHER_RUN, why: TRUNCATED }],
    ],
  ]);
});

describe("a thread is worth reading its issue for", () => {
  const idle = aSession({ status: "ready", hasActiveTurn: false });
  const edge = ago(UNLABELLED_LOOKBACK_MS);
  const past = ago(UNLABELLED_LOOKBACK_MS + SECOND);
  const rows: ReadonlyArray<
    readonly [name: string, thread: Partial<ThreadSummary>, recent: boolean]
  > = [
    ["while it is live, however old", { updatedAt: past }, true],
    ["at rest up to the lookback", { session: idle, updatedAt: edge }, true],
    ["at rest past the lookback: no more", { session: idle, updatedAt: past }, false],
    ["at rest since nobody knows when", { session: idle, updatedAt: "lately" }, true],
    ["in the archive up to the lookback", { presence: "archived", updatedAt: edge }, true],
    ["in the archive past it: no more", { presence: "archived", updatedAt: past }, false],
    ["deleted up to the lookback", { presence: "deleted", updatedAt: edge }, true],
    ["deleted past it: no more", { presence: "deleted", updatedAt: past }, false],
  ];
  it.each(rows)("%s", (_name, thread, recent) => {
    expect(isThreadRecent(aThread(thread), NOW)).toBe(recent);
  });
});
