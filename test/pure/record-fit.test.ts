import { describe, expect, it } from "vitest";

import { threadIdOf } from "../../src/pure/identity.ts";
import { renderProgress } from "../../src/pure/progress-comment.ts";
import { LEAVING_OUT } from "../../src/pure/record-fit.ts";
import {
  BELLS_MAX,
  COMMITS_MAX,
  DETAIL_CHARACTERS_MAX,
  ID_CHARACTERS_MAX,
  KEY_CHARACTERS_MAX,
  OWN_RED_CHECKS_MAX,
  QUESTIONS_MAX,
  type RunRecord,
  RunRecordSchema,
  type TurnRecord,
  TURNS_MAX,
} from "../../src/pure/run-record.ts";
import {
  decodeComment,
  encodeRecord,
  fitRecord,
  RECORD_CHARACTERS_MAX,
} from "../../src/pure/run-record-codec.ts";
import { aRecord, aSha, aTurn, links, RUN_ID } from "./builders.ts";

const MS = Number.MAX_SAFE_INTEGER;
const clock = { at: MS, pausedMs: MS, waitedMs: MS };
const sha = "f".repeat(64);

function many<T>(count: number, of: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => of(at));
}

/** A record filled to every limit of its schema with a character. */
function fullOf(char: string, kind: TurnRecord["kind"], isOpen: boolean): RunRecord {
  const text = (length: number): string => char.repeat(length).slice(0, length);
  const bells = Object.fromEntries(
    many(BELLS_MAX, (at) => [
      String(at).padStart(40, "x"),
      { firstTryAt: MS, state: "undelivered" as const },
    ]),
  );
  const issue = `${text(300 - "#9999999999".length)}#9999999999`;
  const words = text(DETAIL_CHARACTERS_MAX);
  const turn = (at: number): TurnRecord => ({
    ordinal: 10_000,
    kind,
    attempt: 10_000,
    threadId: threadIdOf({ runId: RUN_ID, issueNumber: 9_999_999_999, restart: 9000 + at }),
    asked: clock,
    firstSeen: clock,
    wasSeenEarlier: false,
    end:
      isOpen && at === TURNS_MAX - 1
        ? null
        : {
            ...clock,
            how: "limit-reached",
            outcome: at % 2 === 0 ? { kind: "not-reproducible", words } : { kind: "pushed", sha },
            words,
          },
    pauseInterrupts: 10_000,
    stopAsks: 10_000,
    revivals: 10_000,
    newestCommitAtAsk: sha,
    isCounted: false,
  });
  return {
    ...aRecord(),
    issue,
    approval: {
      eventId: text(ID_CHARACTERS_MAX),
      actor: { id: text(ID_CHARACTERS_MAX), login: text(ID_CHARACTERS_MAX) },
      at: text(40),
      textHash: text(64),
    },
    state: "dispatching",
    begunAt: MS,
    baseSha: sha,
    environmentId: text(200),
    lockedAt: MS,
    isRebuilt: false,
    turns: many(TURNS_MAX, turn),
    commits: many(COMMITS_MAX, () => ({
      sha,
      phases: ["tests-red", "green"],
      parent: sha,
      firstSeen: clock,
      pushHead: sha,
    })),
    firstRed: clock,
    ciSeen: "none-yet",
    ownRedChecks: many(OWN_RED_CHECKS_MAX, () => "x".repeat(KEY_CHARACTERS_MAX)),
    clocks: { paused: { since: MS, ms: MS }, waited: { since: MS, ms: MS } },
    questions: many(QUESTIONS_MAX, (at) => ({
      requestId: String(at).padStart(KEY_CHARACTERS_MAX, "x"),
      firstSeen: clock,
      bells,
    })),
    silence: { since: clock, bells },
    receipts: Object.fromEntries(Object.keys(bells).map((name) => [name, text(ID_CHARACTERS_MAX)])),
    lockedOut: clock,
    waitingOn: text(60),
    metering: "unmetered",
    verdict: {
      kind: "needs-human",
      because: "fix-forward-exhausted",
      detail: words,
      at: MS,
      stopAsks: 10_000,
      bells,
    },
  };
}

describe("a record filled to all its limits", () => {
  const rows = ["<", "--", "\u0000", "\ud800", '"', "\\", "😀", "x"].flatMap((char) =>
    (["corrective", "restart"] as const).flatMap((kind) =>
      [true, false].map((isOpen) => [JSON.stringify(char), kind, isOpen, char] as const),
    ),
  );
  it.each(rows)("fits its comment, of %s, %s turns, open %s", (_name, kind, isOpen, char) => {
    const full = fullOf(char, kind, isOpen);
    expect(RunRecordSchema.parse(full)).toEqual(full);
    expect(encodeRecord(full).length).toBeLessThanOrEqual(RECORD_CHARACTERS_MAX);
    const body = renderProgress(full, links);
    expect(body.length).toBeLessThan(60_000);
    const decoded = decodeComment({ id: "1", body }, full.issue);
    expect(decoded).toEqual({ kind: "record", commentId: "1", record: fitRecord(full) });
    expect(renderProgress(fitRecord(full), links)).toBe(body);
  });

  it("refuses one item or character more of what fills it", () => {
    const full = fullOf("<", "restart", true);
    const [turn, commit] = [full.turns.slice(0, 1), full.commits.slice(0, 1)];
    for (const more of [
      { turns: [...full.turns, ...turn] },
      { commits: [...full.commits, ...commit] },
      { environmentId: `${full.environmentId}x` },
      { issue: `x${full.issue}` },
      { waitingOn: `${full.waitingOn}x` },
    ]) {
      expect(RunRecordSchema.safeParse({ ...full, ...more }).success).toBe(false);
    }
  });
});

describe("what is left out", () => {
  const full = fullOf("<", "corrective", true);
  const fitted = fitRecord(full);

  it("is nothing where there is room", () => {
    expect(fitRecord(aRecord())).toEqual(aRecord());
  });

  it("decides nothing: turns keep their kinds, threads, counts and what they came to", () => {
    const kept = (record: RunRecord): unknown =>
      record.turns.map((turn) => [
        turn.kind,
        turn.attempt,
        turn.threadId,
        turn.isCounted,
        turn.end?.outcome?.kind,
      ]);
    expect(kept(fitted)).toEqual(kept(full));
    expect(fitted.turns.every((turn) => turn.firstSeen !== null || turn.wasSeenEarlier)).toBe(true);
  });

  it("is not the commit that the newest corrective turn was asked about", () => {
    const turns = [...full.turns.slice(0, -1), aTurn({ ordinal: 99, kind: "restart" })];
    const { turns: kept } = fitRecord({ ...full, turns });
    expect(kept.at(-2)?.newestCommitAtAsk).toBe(sha);
    expect(kept.at(-3)?.newestCommitAtAsk).toBeNull();
  });

  it("is of the commits those between the first and the newest, and none of their phases", () => {
    const commits = full.commits.map((commit, at) => ({
      ...commit,
      sha: aSha(String(at)),
      phases: at === 30 ? ["tests-red" as const] : [],
    }));
    const kept = fitRecord({ ...full, commits }).commits;
    expect(kept.map((commit) => [commit.sha, commit.phases])).toEqual([
      [aSha("0"), ["tests-red"]],
      [aSha("59"), []],
    ]);
    const one = commits.slice(0, 1);
    expect(fitRecord({ ...full, commits: one }).commits).toEqual(one);
    expect(fitRecord({ ...full, commits: [] }).commits).toEqual([]);
  });

  it("is of the questions all when the turn is over, else all but those that may be open", () => {
    expect(fitted.questions).toEqual(full.questions.slice(-5));
    expect(fitRecord(fullOf("<", "corrective", false)).questions).toEqual([]);
  });

  it("is the same when it is left out twice, whatever is missing already", () => {
    const turns = full.turns.map((turn) => ({ ...turn, end: null }));
    const bare = aRecord({ turns: [], commits: [], questions: [] });
    for (const record of [full, { ...full, turns, verdict: null }, bare]) {
      for (const leaveOut of LEAVING_OUT) {
        const once = leaveOut(record);
        expect(RunRecordSchema.parse(once)).toEqual(once);
        expect(leaveOut(once)).toEqual(once);
      }
    }
  });

  it("needs no verdict and no end", () => {
    const turns = full.turns.map((turn) => ({ ...turn, end: null }));
    const open = fitRecord({ ...full, turns, verdict: null });
    expect(open.verdict).toBeNull();
    expect(encodeRecord(open).length).toBeLessThanOrEqual(RECORD_CHARACTERS_MAX);
  });
});
