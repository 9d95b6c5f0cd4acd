import fc from "fast-check";

import type { Actor, IssueEvent, IssueSeen } from "../../src/pure/issue.ts";
import type {
  RunCiSeen,
  RunCommitsSeen,
  RunSeen,
  RunThreadSeen,
  WatchPolicy,
} from "../../src/pure/run-observation.ts";
import type { BellStates, RunRecord, TurnEnd, TurnRecord } from "../../src/pure/run-record.ts";
import type { ClockStart, RunClocks } from "../../src/pure/run-clock.ts";
import type { TurnState } from "../../src/pure/thread-state.ts";
import {
  ago,
  aRecord,
  aSha,
  aTurn,
  aVerdict,
  DAY,
  HOUR,
  labels,
  maria,
  MINUTE,
  NOW,
  ownActor,
  startedAgo,
} from "./builders.ts";
import {
  aCommitNote,
  agentActor,
  anEnd,
  anIssueInHand,
  aPolicy,
  approved,
  aSight,
  commitsSeen,
  judged,
  locked,
  pushedWords,
  red,
  threadIn,
  unreadCommits,
  waiting,
} from "./run-builders.ts";

const aTime = fc.integer({ min: 0, max: 2 * DAY });
const aCount = fc.integer({ min: 0, max: 3 });

/** Every run stood still for an hour of each kind before any clock of it started, and may have since. */
const STOOD_MS = HOUR;
const aStart: fc.Arbitrary<ClockStart> = aTime.map((ms) =>
  startedAgo(ms, { pausedMs: STOOD_MS, waitedMs: STOOD_MS }),
);
const anActor: fc.Arbitrary<Actor> = fc.constantFrom<Actor>(maria, ownActor, agentActor, {
  kind: "unknown",
});

const aWord = fc.constantFrom(
  "",
  "I was just",
  pushedWords,
  "AFK-Outcome: blocked no access",
  "AFK-Outcome: already-done long ago",
);

const aState: fc.Arbitrary<TurnState> = fc.oneof(
  fc.constantFrom<TurnState>(
    { kind: "never-started" },
    { kind: "starting" },
    { kind: "running", startedAt: null },
    { kind: "lost-in-restart" },
    { kind: "not-understood", why: "a new word" },
    waiting("q1"),
    waiting("q1", "q2"),
  ),
  aWord.map((lastWords): TurnState => ({ kind: "over", lastWords })),
  aWord.map((lastWords): TurnState => ({ kind: "failed", lastError: "boom", lastWords })),
  aWord.map((lastWords): TurnState => ({ kind: "limit-reached", lastWords })),
);

const aThread: fc.Arbitrary<RunThreadSeen> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<RunThreadSeen>({ kind: "silent", why: "timeout" }) },
  { weight: 1, arbitrary: fc.constant<RunThreadSeen>({ kind: "gone" }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        turn: aState,
        isArchived: fc.constantFrom(false, false, false, true),
        isFlickering: fc.constantFrom(false, false, false, false, true),
        processedTokens: fc.constantFrom(null, null, 1000, 1e9),
      })
      .map(({ turn, isFlickering, ...rest }): RunThreadSeen => {
        const thread = threadIn(turn, rest);
        return isFlickering ? { ...thread, isLive: !thread.isLive } : thread;
      }),
  },
);

const someCommits: fc.Arbitrary<RunCommitsSeen> = fc.constantFrom<RunCommitsSeen>(
  commitsSeen(),
  commitsSeen("c1"),
  commitsSeen("c1", "c2"),
  commitsSeen("c1", "c2", "c3"),
  { kind: "readable", ours: [], vanished: [aSha("c1")] },
  unreadCommits,
);

const someNames = fc.constantFrom(["build"], ["lint"], ["build", "lint"]);

const aCi: fc.Arbitrary<RunCiSeen> = fc.oneof(
  fc.constantFrom<RunCiSeen>(
    { kind: "not-asked" },
    { kind: "unreadable", why: "503" },
    judged({ kind: "green" }),
    judged({ kind: "none" }),
    judged({ kind: "inconclusive" }),
    judged({ kind: "pending", names: ["build"] }),
    judged({ kind: "action-required", names: ["deploy"] }),
  ),
  fc
    .record({
      names: someNames,
      isOwnHead: fc.boolean(),
      redOnBase: fc.constantFrom(null, [], ["build"], ["build", "lint"]),
    })
    .map(({ names, ...rest }) => red(names, rest)),
);

const anEvent: fc.Arbitrary<IssueEvent> = fc
  .record({
    at: aTime.map(ago),
    actor: anActor,
    id: fc.uuid(),
    pick: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ pick, ...what }): IssueEvent => {
    const events: readonly IssueEvent[] = [
      { kind: "labeled", label: labels.inProgress, isByIntent: false, ...what },
      { kind: "unlabeled", label: labels.inProgress, ...what },
      { kind: "closed", closer: "hand", ...what },
      { kind: "closed", closer: "commit", ...what },
      { kind: "labeled", label: labels.human, isByIntent: false, ...what },
      { kind: "unlabeled", label: labels.human, ...what },
    ];
    return events[pick] ?? locked;
  });

/** An issue with a run in hand: mostly locked and open, as it is for most of a run's life. */
const anyIssue: fc.Arbitrary<IssueSeen> = fc
  .record({
    isLocked: fc.constantFrom(true, true, true, true, true, false),
    others: fc.subarray([labels.ready, labels.human, labels.paused], { maxLength: 2 }),
    state: fc.constantFrom("open" as const, "open" as const, "open" as const, "closed" as const),
    events: fc.array(anEvent, { maxLength: 3 }),
  })
  .map(({ isLocked, others, state, events }) =>
    anIssueInHand({
      state,
      labels: isLocked ? [labels.inProgress, ...others] : others,
      events: [approved, locked, ...events],
    }),
  );

/** Everything a tick may read of a run, at `NOW`. */
export const anySight: fc.Arbitrary<RunSeen> = fc
  .record({
    issue: fc.oneof(
      { weight: 2, arbitrary: fc.constant(anIssueInHand()) },
      { weight: 1, arbitrary: anyIssue },
    ),
    thread: aThread,
    commits: someCommits,
    ci: aCi,
    isEdited: fc.constantFrom(false, false, true),
    isSuperseded: fc.constantFrom(false, false, false, false, false, true),
    isAskMissing: fc.boolean(),
    otherLive: fc.constantFrom<readonly string[]>([], [], [], ["acme/widgets#9"]),
  })
  .map(({ isEdited, ...rest }) =>
    aSight({ ...rest, ...(isEdited ? { textHash: "another" } : {}) }),
  );

const aBellState: fc.Arbitrary<BellStates> = fc.constantFrom<BellStates>(
  {},
  { ntfy: { firstTryAt: NOW - HOUR, state: "rung" } },
  { ntfy: { firstTryAt: NOW - HOUR, state: "undelivered" } },
);

const anyEnd: fc.Arbitrary<TurnEnd> = fc
  .record({
    start: aStart,
    how: fc.constantFrom(
      "over" as const,
      "over" as const,
      "failed" as const,
      "limit-reached" as const,
    ),
    outcome: fc.constantFrom(
      null,
      { kind: "pushed" as const, sha: aSha("c1") },
      { kind: "blocked" as const, words: "no access" },
    ),
    words: aWord,
  })
  .map(({ start, ...end }) => anEnd({ ...start, ...end }));

const anyTurn: fc.Arbitrary<TurnRecord> = fc
  .record({
    kind: fc.constantFrom(
      "first" as const,
      "corrective" as const,
      "nudge" as const,
      "restart" as const,
    ),
    attempt: aCount,
    asked: aStart,
    firstSeen: fc.option(aStart),
    wasSeenEarlier: fc.boolean(),
    end: fc.option(anyEnd),
    pauseInterrupts: fc.constantFrom(0, 0, 0, 1),
    stopAsks: fc.constantFrom(0, 0, 0, 1, 2),
    revivals: aCount,
    newestCommitAtAsk: fc.constantFrom(null, aSha("c1"), aSha("c2")),
    isCounted: fc.boolean(),
  })
  .map(aTurn);

const aStillness = fc.record({
  since: fc.constantFrom(null, NOW),
  ms: fc.constantFrom(STOOD_MS, 2 * STOOD_MS),
});

const someClocks: fc.Arbitrary<RunClocks> = fc.record({ paused: aStillness, waited: aStillness });

/** Any record of a run that asked for a turn and has no verdict. */
export const anyOpenRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    state: fc.constantFrom("dispatching" as const, "watching" as const),
    lockedAt: fc.constantFrom(null, NOW - DAY),
    isRebuilt: fc.constantFrom(false, false, false, true),
    turns: fc
      .array(anyTurn, { minLength: 1, maxLength: 8 })
      .map((turns) => turns.map((turn, ordinal) => ({ ...turn, ordinal }))),
    commits: fc
      .subarray(["c1", "c2", "c3"])
      .map((names) => names.map((name) => aCommitNote(name, HOUR))),
    firstRed: fc.option(aStart),
    ownRedChecks: fc.subarray(["build", "lint"]),
    clocks: someClocks,
    questions: fc
      .subarray(["q1", "q2"])
      .chain((ids) =>
        fc.tuple(
          ...ids.map((requestId) =>
            fc.record({ requestId: fc.constant(requestId), firstSeen: aStart, bells: aBellState }),
          ),
        ),
      ),
    silence: fc.option(fc.record({ since: aStart, bells: aBellState })),
    lockedOut: fc.option(aStart),
  })
  .map(aRecord);

/** Any record of a run that has its verdict. */
export const anyConcludedRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    record: anyOpenRecord,
    verdict: fc.record({
      kind: fc.constantFrom(
        "done" as const,
        "needs-human" as const,
        "frozen" as const,
        "cancelled" as const,
      ),
      because: fc.constantFrom("green" as const, "stalled" as const, "orphan" as const),
      at: aTime.map((ms) => NOW - ms),
      stopAsks: aCount,
      bells: aBellState,
    }),
    isOrphan: fc.boolean(),
  })
  .map(({ record, verdict, isOrphan }) => ({
    ...record,
    turns: isOrphan ? [] : record.turns,
    verdict: aVerdict(verdict),
  }));

/** A policy with small limits, so that both their sides are met often. */
export const anyPolicy: fc.Arbitrary<WatchPolicy> = fc
  .record({
    ci: fc.constantFrom("required" as const, "none" as const),
    notifiers: fc.subarray(["ntfy", "slack"]),
    limits: fc.record({
      fixForwardAttemptsMax: aCount,
      nudgeAttemptsMax: aCount,
      redispatchAttemptsMax: aCount,
    }),
  })
  .map(({ ci, notifiers, limits }) =>
    aPolicy({ repo: { ci, dispatchOnRed: false }, notifiers, limits }),
  );

/** How far apart two looks of a run may be: a tick a minute, or a watcher that stood still for hours. */
export const aPauseBetweenTicks = fc.constantFrom(MINUTE, MINUTE, 10 * MINUTE, 3 * HOUR);
