import { describe, expect, it } from "vitest";

import type { Actor } from "../../src/pure/issue.ts";
import type { TurnRecord } from "../../src/pure/run-record.ts";
import {
  ago,
  aRecord,
  aTurn,
  closed,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  maria,
  MINUTE,
  NOW,
  ownActor,
  reopened,
  startedAgo,
  unlabeled,
} from "./builders.ts";
import {
  agentActor,
  anEnd,
  anIssueInHand,
  aPausedIssue,
  approved,
  aPushedRecord,
  aPushedSight,
  aSight,
  type Case,
  commitsSeen,
  decide,
  green,
  locked,
  neverStarted,
  over,
  pushed,
  running,
  silent,
  threadIn,
  told,
  waiting,
} from "./run-builders.ts";

const nobody: Actor = { kind: "unknown" };
const stranger: Actor = { ...maria, id: "8", login: "visitor" };

function closedBy(actor: Actor, closer: "hand" | "commit" | "pull-request" = "hand"): Case {
  const events = [approved, locked, closed({ actor, closer, at: ago(MINUTE) })];
  return { seen: aSight({ issue: anIssueInHand({ state: "closed", events }) }) };
}

describe("T1: a person closed the issue", () => {
  const rows: ReadonlyArray<readonly [name: string, each: Case, want: string]> = [
    ["by hand", closedBy(maria), "T1 cancelled cancelled-by-person"],
    ["whoever may close it", closedBy(stranger), "T1 cancelled cancelled-by-person"],
    ["an account that is gone is a person", closedBy(nobody), "T1 cancelled cancelled-by-person"],
    ["an agent's hand is no brake", closedBy(agentActor), "T7 wait agent"],
    ["afk's own hand is no brake", closedBy(ownActor), "T7 wait agent"],
    ["a keyword in a commit is no brake", closedBy(maria, "commit"), "T7 wait agent"],
    ["a keyword in a pull request is no brake", closedBy(maria, "pull-request"), "T7 wait agent"],
    [
      "no event says by whom: the safe reading is that it must stop",
      { seen: aSight({ issue: anIssueInHand({ state: "closed" }) }) },
      "T1 cancelled cancelled-by-person",
    ],
    [
      "a closing that a reopening undid is none",
      {
        seen: aSight({
          issue: anIssueInHand({ events: [approved, locked, closed(), reopened()] }),
        }),
      },
      "T7 wait agent",
    ],
    [
      "the newest closing counts, not an older one by hand",
      {
        seen: aSight({
          issue: anIssueInHand({
            state: "closed",
            events: [approved, locked, closed(), reopened(), closed({ id: "2", closer: "commit" })],
          }),
        }),
      },
      "T7 wait agent",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["somebody known", maria, "maria closed the issue"],
    ["somebody unknown", nobody, "somebody closed the issue"],
  ])("names %s", (_name, actor, want) => {
    expect(decide(closedBy(actor)).record.verdict?.detail).toBe(want);
  });
});

const off = unlabeled(labels.inProgress, { at: ago(MINUTE) });

function unlocked(overrides: IssueOverrides = {}, lockedAt: number | null = NOW - HOUR): Case {
  const issue = anIssueInHand({
    labels: [labels.ready],
    events: [approved, locked, off],
    ...overrides,
  });
  return { record: aRecord({ lockedAt }), seen: aSight({ issue }) };
}

describe("T1: the in-progress label is not on", () => {
  const cancelled = "T1 cancelled cancelled-by-person";
  const relock = "T1 lock +agent-in-progress";
  const byAgent = { ...off, actor: agentActor };
  const rows: ReadonlyArray<readonly [name: string, each: Case, want: string]> = [
    ["a person took it off", unlocked(), cancelled],
    [
      "somebody unknown took it off",
      unlocked({ events: [locked, { ...off, actor: nobody }] }),
      cancelled,
    ],
    [
      "an agent took it off: it is put back",
      unlocked({ events: [approved, locked, byAgent] }),
      relock,
    ],
    ["no event of it is read: somebody took it off", unlocked({ events: [approved] }), cancelled],
    [
      "the history lags behind: somebody took it off",
      unlocked({ events: [approved, locked] }),
      cancelled,
    ],
    ["a person took it off before the watcher ever saw it", unlocked({}, null), cancelled],
    [
      "a person took off that of an earlier run: this one's is still missing",
      unlocked({ events: [locked, off, approved] }, null),
      relock,
    ],
    [
      "a person took off that of an earlier run after the new approval",
      unlocked({ events: [locked, approved, off] }, null),
      relock,
    ],
    ["the poller died before it: it is put on", unlocked({ events: [approved] }, null), relock],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["a person", [approved, locked, off], "maria removed the label agent-in-progress"],
    ["nobody", [approved, locked], "somebody removed the label agent-in-progress"],
  ])("names %s", (_name, events, want) => {
    expect(decide(unlocked({ events })).record.verdict?.detail).toBe(want);
  });

  it("a label is one label in any case", () => {
    const events = [approved, { ...locked, label: "Agent-In-Progress" }, off];
    expect(told(unlocked({ events }, null))).toBe(cancelled);
  });

  it("notes when it first saw the label, once", () => {
    const fresh = aRecord({ lockedAt: null });
    expect(decide({ record: fresh }).record.lockedAt).toBe(NOW);
    expect(decide({ record: aRecord({ lockedAt: 5 }) }).record.lockedAt).toBe(5);
    expect(decide(unlocked({ events: [approved] }, null)).record.lockedAt).toBeNull();
  });

  const human = labeled(labels.human, { actor: ownActor });
  const withHuman = [labels.ready, labels.human];
  it.each([
    [
      "an earlier run's goes first",
      [human, approved],
      "T1 lock -ready-for-human +agent-in-progress",
    ],
    ["a newer one of our own stays", [approved, human], relock],
    ["one without an event stays", [approved], relock],
    [
      "a newer one of a person takes the run over",
      [approved, { ...human, actor: nobody }],
      "T1 cancelled cancelled-by-person",
    ],
    [
      "an older one of a person goes first",
      [{ ...human, actor: nobody }, approved],
      "T1 lock -ready-for-human +agent-in-progress",
    ],
  ])("the human label: %s", (_name, events, want) => {
    expect(told(unlocked({ labels: withHuman, events }, null))).toBe(want);
  });

  it("the human label of a person does not end a run that was locked before", () => {
    const events = [approved, locked, { ...off, actor: ownActor }, { ...human, actor: nobody }];
    expect(told(unlocked({ labels: withHuman, events }))).toBe(relock);
  });

  it("comes before silence, and after the pause", () => {
    const each = unlocked({ events: [approved] }, null);
    expect(told({ ...each, seen: { ...aSight(each.seen), thread: silent } })).toBe(relock);
    const paused = anIssueInHand({ labels: [labels.ready, labels.paused], events: [approved] });
    expect(told({ ...each, seen: aSight({ issue: paused }) })).toBe("T2 interrupt");
  });
});

describe("T1: a newer run took over", () => {
  it("ends the run without a bell", () => {
    const decision = decide({ seen: aSight({ isSuperseded: true }) });
    expect(decision.record.verdict).toMatchObject({
      kind: "cancelled",
      because: "cancelled-by-person",
      detail: "the issue was labelled again and a newer run took over",
      at: NOW,
    });
  });
});

describe("T1 comes before", () => {
  it.each([
    ["the pause", { issue: anIssueInHand({ state: "closed", labels: [labels.paused] }) }],
    ["silence", { issue: anIssueInHand({ state: "closed" }), thread: silent }],
    ["a green run", { ...aPushedSight(), issue: anIssueInHand({ state: "closed" }) }],
  ])("%s", (_name, seen) => {
    expect(told({ record: aPushedRecord(), seen: aSight(seen) })).toBe(
      "T1 cancelled cancelled-by-person",
    );
  });
});

describe("T2: paused", () => {
  const issue = aPausedIssue();
  const seenTurn: Partial<TurnRecord> = { firstSeen: startedAgo(MINUTE) };
  const rows: ReadonlyArray<readonly [name: string, each: Case, want: string]> = [
    ["a live turn is interrupted", { seen: aSight({ issue }) }, "T2 interrupt"],
    [
      "and once more, should the tick have died before it sent the first",
      { record: aRecord({ turns: [aTurn({ pauseInterrupts: 1 })] }), seen: aSight({ issue }) },
      "T2 interrupt",
    ],
    [
      "and not a third time",
      { record: aRecord({ turns: [aTurn({ pauseInterrupts: 2 })] }), seen: aSight({ issue }) },
      "T2 wait paused",
    ],
    [
      "an archived one that may work on unseen is stopped in a way that is seen",
      { seen: aSight({ issue, thread: threadIn(running, { isArchived: true }) }) },
      "T2 unarchive stop-session",
    ],
    [
      "nothing runs: nothing is interrupted",
      { seen: aSight({ issue, thread: threadIn(neverStarted) }) },
      "T2 wait paused",
    ],
    [
      "our turn is over: what a person runs in the thread is theirs",
      {
        record: aRecord({ turns: [aTurn({ ...seenTurn, end: anEnd() })] }),
        seen: aSight({ issue }),
      },
      "T2 wait paused",
    ],
    ["before silence", { seen: aSight({ issue, thread: silent }) }, "T2 wait paused"],
    [
      "before the budget",
      { seen: aSight({ issue, thread: threadIn(neverStarted, { processedTokens: 1e12 }) }) },
      "T2 wait paused",
    ],
    [
      "before a question",
      {
        record: aRecord({ turns: [aTurn({ ...seenTurn, pauseInterrupts: 2 })] }),
        seen: aSight({ issue, thread: threadIn(waiting("q1")) }),
      },
      "T2 wait paused",
    ],
    ["before green", { record: aPushedRecord(), seen: aPushedSight({ issue }) }, "T2 wait paused"],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("counts the interrupt in the record", () => {
    const { record } = decide({ seen: aSight({ issue }) });
    expect(record.turns.at(-1)?.pauseInterrupts).toBe(1);
  });

  it("keeps what was over before: the run goes on with it", () => {
    const thread = threadIn(over("AFK-Outcome: blocked no access"));
    const first = decide({ seen: aSight({ issue, thread }) });
    expect(told({ record: first.record, seen: aSight({ thread }) })).toBe(
      "T12 needs-human blocked",
    );
  });
});

describe("after T2: the turn that the pause interrupted", () => {
  const turn = aTurn({ firstSeen: startedAgo(HOUR), pauseInterrupts: 1 });
  const record = aRecord({ turns: [turn] });

  it.each([
    ["ended without an outcome: goes on in a restart", over("I was"), "T2 ask restart"],
    [
      "was called failed because of us: goes on",
      { kind: "failed", lastError: "Claude turn failed.", lastWords: "" } as const,
      "T2 ask restart",
    ],
    ["left no trace: goes on", neverStarted, "T2 ask restart"],
    ["is still running: is waited for", running, "T7 wait agent"],
    [
      "had finished anyway: is taken at its word",
      over("AFK-Outcome: blocked no access"),
      "T12 needs-human blocked",
    ],
  ])("%s", (_name, state, want) => {
    expect(told({ record, seen: aSight({ thread: threadIn(state) }) })).toBe(want);
  });

  it("that failed after it had declared the push is judged by CI", () => {
    const end = anEnd({ how: "failed", outcome: pushed });
    const each = aPushedRecord({ turns: [{ ...turn, end }] });
    expect(told({ record: each, seen: aPushedSight({ ci: green }) })).toBe("T14 done green");
  });

  it("is asked for beside what was spent: no attempt is counted", () => {
    const spent = aTurn({
      ordinal: 4,
      kind: "nudge",
      attempt: 1,
      pauseInterrupts: 1,
      end: anEnd(),
    });
    const seen = aSight({ thread: threadIn(over()) });
    const decision = decide({ record: aRecord({ turns: [aTurn({ end: anEnd() }), spent] }), seen });
    expect(decision.record.turns).toHaveLength(3);
    expect(decision.record.turns.at(-1)).toMatchObject({ kind: "restart", ordinal: 5, attempt: 0 });
    expect(decision).toMatchObject({
      act: { ask: { isNewThread: false, prompt: { kind: "restart", because: "paused" } } },
    });
  });

  it("of a rebuilt record goes on too", () => {
    const rebuilt = { ...record, isRebuilt: true };
    expect(told({ record: rebuilt, seen: aSight({ thread: threadIn(over()) }) })).toBe(
      "T2 ask restart",
    );
  });

  it("of a corrective turn costs no corrective turn", () => {
    const turns = [
      aTurn({ end: anEnd({ outcome: pushed }) }),
      { ...turn, kind: "corrective" as const },
    ];
    const decision = decide({
      record: aPushedRecord({ turns }),
      seen: aPushedSight({ thread: threadIn(over()), commits: commitsSeen("own") }),
    });
    const kinds = decision.record.turns.map((each) => each.kind);
    expect(kinds).toEqual(["first", "corrective", "restart"]);
  });
});
