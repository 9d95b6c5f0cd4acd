import { describe, expect, it } from "vitest";

import { isOver } from "../../src/pure/finish.ts";
import { noticeMarker } from "../../src/pure/notices.ts";
import type { RunSeen } from "../../src/pure/run-observation.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import {
  ago,
  anIssue,
  aRecord,
  aTurn,
  aVerdict,
  closed,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  limits,
  maria,
  MINUTE,
  NOW,
  ownActor,
  reopened,
  RUN_ID,
  SECOND,
  startedAgo,
  transferred,
  unlabeled,
} from "./builders.ts";
import {
  agentActor,
  anIssueInHand,
  aPolicy,
  approved,
  aPushedRecord,
  aSight,
  type Case,
  decide,
  gone,
  locked,
  resting,
  running,
  silent,
  threadIn,
  told,
} from "./run-builders.ts";

type Verdict = NonNullable<RunRecord["verdict"]>;
type Rows = ReadonlyArray<readonly [name: string, each: Case, want: string]>;

const notice = `${noticeMarker(RUN_ID)}\nDone.`;
const rung = { ntfy: { firstTryAt: NOW - MINUTE, state: "rung" as const } };

/** A run that is over and told: what is missing is in the overrides. */
function concluded(verdict: Partial<Verdict> = {}, overrides: Partial<RunRecord> = {}): RunRecord {
  return aPushedRecord({ verdict: aVerdict({ bells: rung, ...verdict }), ...overrides });
}

const needsHuman = { kind: "needs-human", because: "stalled" } as const;
const frozen = { kind: "frozen", because: "no-new-commit" } as const;
const cancelled = { kind: "cancelled", because: "cancelled-by-person" } as const;

/** The issue of a run that is told; what is missing is in the overrides. */
function sight(issue: IssueOverrides = {}, overrides: Partial<RunSeen> = {}): RunSeen {
  const events = [approved, locked, ...(issue.events ?? [])];
  const told = { labels: [labels.inProgress], comments: [notice], ...issue, events };
  return aSight({ issue: anIssueInHand(told), thread: resting, ...overrides });
}

const both = [labels.ready, labels.inProgress];
const unready = unlabeled(labels.ready, { actor: ownActor, at: ago(SECOND) });
const shut = { state: "closed", events: [closed({ actor: ownActor })] } as const;
const handedOver = [labels.inProgress, labels.human];

describe("T0: the missing steps, in their order", () => {
  const rows: Rows = [
    [
      "done",
      { record: concluded({ bells: {} }), seen: sight({ labels: both, comments: [] }) },
      "T0 post-notice, close-issue, remove-label ready-for-agent, ring ntfy, release",
    ],
    [
      "needs-human",
      {
        record: concluded({ ...needsHuman, bells: {} }),
        seen: sight({ labels: both, comments: [] }),
      },
      "T0 post-notice, add-label ready-for-human, remove-label ready-for-agent, ring ntfy, release",
    ],
    [
      "frozen, and closed by a keyword",
      {
        record: concluded({ ...frozen, bells: {} }),
        seen: sight({
          labels: both,
          comments: [],
          state: "closed",
          events: [closed({ closer: "commit" })],
        }),
      },
      "T0 post-notice, reopen-issue, add-label ready-for-human, remove-label ready-for-agent, ring ntfy, release",
    ],
    [
      "cancelled: no bell, and the issue stays as a person left it",
      {
        record: concluded({ ...cancelled, bells: {} }),
        seen: sight({ labels: both, comments: [] }),
      },
      "T0 post-notice, remove-label ready-for-agent, release",
    ],
    ["nothing but the lock label", { record: concluded(), seen: sight(shut) }, "T0 release"],
    ["nothing at all", { record: concluded(), seen: sight({ ...shut, labels: [] }) }, "T0 nothing"],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("a second look changes nothing in the record", () => {
    const each = { record: concluded(), seen: sight() };
    const { record } = decide(each);
    expect(decide({ ...each, record }).record).toEqual(record);
    expect(record).toEqual(concluded());
  });

  it("waits on nothing any more", () => {
    expect(
      decide({ record: concluded({}, { waitingOn: "ci" }), seen: sight() }).record.waitingOn,
    ).toBeNull();
  });
});

describe("T0: the notice", () => {
  it.each([
    ["a commit's keyword", closed({ closer: "commit" }), "commit"],
    ["a pull request's keyword", closed({ closer: "pull-request" }), "pull-request"],
    ["an agent's hand", closed({ actor: agentActor }), "hand"],
  ] as const)("says that the issue is reopened after %s", (_name, event, reopenedAfter) => {
    const seen = sight({ labels: both, comments: [], state: "closed", events: [event] });
    const decision = decide({ record: concluded({ ...frozen, bells: {} }), seen });
    const steps = decision.kind === "finish" ? decision.plan.steps : [];
    expect(steps[0]).toEqual({ kind: "post-notice", mayStillRun: false, reopenedAfter });
  });

  it("says nothing of a reopening where what closed the issue stands", () => {
    const seen = sight({ labels: both, comments: [], state: "closed", events: [closed()] });
    const decision = decide({ record: concluded({ ...frozen, bells: {} }), seen });
    const steps = decision.kind === "finish" ? decision.plan.steps : [];
    expect(steps[0]).toEqual({ kind: "post-notice", mayStillRun: false });
  });

  it("of another run is none of this one", () => {
    const other = sight({ ...shut, comments: [noticeMarker("0123456789ab")] });
    expect(told({ record: concluded(), seen: other })).toBe("T0 post-notice, release");
  });

  const open = aTurn({ firstSeen: startedAgo(HOUR) });
  const fresh = sight({ ...shut, comments: [] });
  const old = NOW - limits.verdictMsMax - 1;
  it.each([
    ["may still run: it would not stop", { ...fresh, thread: threadIn(running) }, true],
    ["may still run: nobody answers", { ...fresh, thread: silent }, true],
    ["rests", fresh, false],
    ["is gone with its thread", { ...fresh, thread: gone }, false],
  ])("says whether the agent %s", (_name, seen, mayStillRun) => {
    const record = concluded({ stopAsks: 3, at: old }, { turns: [open] });
    const decision = decide({ record, seen });
    expect(decision).toMatchObject({ plan: { steps: [{ kind: "post-notice", mayStillRun }] } });
  });
});

describe("T0: a live turn is stopped first", () => {
  const live = sight({ comments: [] }, { thread: threadIn(running) });
  const archived = { ...live, thread: threadIn(running, { isArchived: true }) };
  const finish = "T0 post-notice, add-label ready-for-human, release";
  const budget = (stopAsks: number): RunRecord => concluded({ ...needsHuman, stopAsks });
  const rows: Rows = [
    ["interrupted", { record: budget(0), seen: live }, "T0 interrupt"],
    ["then its session stopped", { record: budget(1), seen: live }, "T0 stop-session"],
    ["then once more", { record: budget(2), seen: live }, "T0 stop-session"],
    ["then nothing waits for it", { record: budget(3), seen: live }, finish],
    [
      "out of the archive first",
      { record: budget(0), seen: archived },
      "T0 unarchive stop-session",
    ],
    [
      "out of the archive again",
      { record: budget(1), seen: archived },
      "T0 unarchive stop-session",
    ],
    ["stopped", { record: budget(1), seen: sight({ comments: [] }) }, finish],
    [
      "its thread is gone",
      { record: budget(0), seen: sight({ comments: [] }, { thread: gone }) },
      finish,
    ],
    [
      "that of a run a person cancelled too",
      { record: concluded(cancelled), seen: live },
      "T0 interrupt",
    ],
    [
      "an orphan has none",
      { record: concluded({ ...needsHuman, because: "orphan" }, { turns: [] }), seen: live },
      finish,
    ],
    [
      "an orphan waits for no server",
      {
        record: concluded({ ...needsHuman, because: "orphan" }, { turns: [] }),
        seen: { ...live, thread: silent },
      },
      finish,
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it.each([
    ["a live turn after the notice is a person's: it goes on", threadIn(running)],
    ["in the archive too", threadIn(running, { isArchived: true })],
    ["a silent server is not waited for after the notice", silent],
  ])("%s", (_name, thread) => {
    const turns = [aTurn({ firstSeen: startedAgo(HOUR) })];
    const record = concluded({ ...needsHuman, stopAsks: 0 }, { turns });
    expect(told({ record, seen: sight({}, { thread }) })).toBe(
      "T0 add-label ready-for-human, release",
    );
  });

  it("each command is counted before it is sent", () => {
    const { record } = decide({ record: budget(0), seen: live });
    expect(record.verdict?.stopAsks).toBe(1);
    expect(record.turns).toEqual(budget(0).turns);
  });

  const silentSight = sight({ comments: [] }, { thread: silent });
  const open = { turns: [aTurn({ firstSeen: startedAgo(HOUR) })] };
  const at = (ms: number): RunRecord => concluded({ ...needsHuman, at: NOW - ms }, open);
  it.each([
    ["is waited for up to the ceiling", at(limits.verdictMsMax), "T0 wait agent-server"],
    ["is waited for no longer", at(limits.verdictMsMax + 1), finish],
    ["is not waited for when the turn is over", concluded(needsHuman), finish],
  ])("a silent server %s", (_name, record, want) => {
    expect(told({ record, seen: silentSight })).toBe(want);
  });
});

describe("T0: the issue's state", () => {
  const after = ago(0);
  const rows: Rows = [
    ["done closes", { record: concluded(), seen: sight() }, "T0 close-issue, release"],
    [
      "done keeps closed what a keyword closed",
      { record: concluded(), seen: sight(shut) },
      "T0 release",
    ],
    [
      "a person's reopening after the verdict stands",
      { record: concluded(), seen: sight({ events: [closed(), reopened({ at: after })] }) },
      "T0 release",
    ],
    [
      "in the verdict's own second too: trackers stamp whole ones",
      {
        record: concluded({ at: NOW - 1 }),
        seen: sight({ events: [closed(), reopened({ at: ago(SECOND) })] }),
      },
      "T0 release",
    ],
    [
      "one in the second before it does not",
      {
        record: concluded({ at: NOW }),
        seen: sight({ events: [closed(), reopened({ at: ago(SECOND) })] }),
      },
      "T0 close-issue, release",
    ],
    [
      "one whose time is no time does not",
      { record: concluded(), seen: sight({ events: [closed(), reopened({ at: "soon" })] }) },
      "T0 close-issue, release",
    ],
    [
      "an agent's reopening does not stand",
      {
        record: concluded(),
        seen: sight({ events: [closed(), reopened({ at: after, actor: agentActor })] }),
      },
      "T0 close-issue, release",
    ],
    [
      "a person's closing stands against needs-human",
      {
        record: concluded(needsHuman),
        seen: sight({ state: "closed", labels: handedOver, events: [closed()] }),
      },
      "T0 release",
    ],
    [
      "an agent's closing does not",
      {
        record: concluded(needsHuman),
        seen: sight({
          state: "closed",
          labels: handedOver,
          events: [closed({ actor: agentActor })],
        }),
      },
      "T0 reopen-issue, release",
    ],
    [
      "a pull request's keyword does not",
      {
        record: concluded(frozen),
        seen: sight({
          state: "closed",
          labels: handedOver,
          events: [closed({ closer: "pull-request" })],
        }),
      },
      "T0 reopen-issue, release",
    ],
    [
      "a closing that no event tells of stands",
      {
        record: concluded(needsHuman),
        seen: sight({ state: "closed", labels: handedOver }),
      },
      "T0 release",
    ],
    [
      "cancelled leaves an open issue open",
      { record: concluded(cancelled), seen: sight() },
      "T0 release",
    ],
    [
      "cancelled leaves a closed issue closed",
      {
        record: concluded(cancelled),
        seen: sight({ state: "closed", events: [closed({ closer: "commit" })] }),
      },
      "T0 release",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });
});

describe("T0: the human label", () => {
  const record = concluded(needsHuman);
  const off = unlabeled(labels.human, { at: ago(0) });
  const on = labeled(labels.human, { at: ago(0), actor: ownActor });
  const rows: Rows = [
    ["is put on", { record, seen: sight() }, "T0 add-label ready-for-human, release"],
    ["is on", { record, seen: sight({ labels: handedOver }) }, "T0 release"],
    [
      "was taken off by a person since: it stays off",
      { record, seen: sight({ events: [on, off] }) },
      "T0 release",
    ],
    [
      "was taken off before the verdict",
      { record, seen: sight({ events: [{ ...off, at: ago(HOUR) }] }) },
      "T0 add-label ready-for-human, release",
    ],
    [
      "was taken off by an agent",
      { record, seen: sight({ events: [on, { ...off, actor: agentActor }] }) },
      "T0 add-label ready-for-human, release",
    ],
    [
      "was put on, and the labels lag behind",
      { record, seen: sight({ events: [on] }) },
      "T0 add-label ready-for-human, release",
    ],
    ["is none of done's", { record: concluded(), seen: sight(shut) }, "T0 release"],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });
});

describe("T0: the ready label", () => {
  const again = labeled(labels.ready, { id: "again", at: ago(0), actor: maria });
  const removed = "T0 remove-label ready-for-agent, release";
  const rows: Rows = [
    [
      "of this approval goes",
      { record: concluded(), seen: sight({ ...shut, labels: both }) },
      removed,
    ],
    [
      "of a newer approval stays",
      {
        record: concluded(),
        seen: sight({ ...shut, labels: both, events: [...shut.events, again] }),
      },
      "T0 release",
    ],
    ["is off: the history lags behind", { record: concluded(), seen: sight(shut) }, "T0 release"],
    [
      "is off",
      { record: concluded(), seen: sight({ ...shut, events: [...shut.events, unready] }) },
      "T0 release",
    ],
    [
      "of an issue that came from elsewhere is no approval",
      {
        record: concluded(),
        seen: sight({ ...shut, labels: both, events: [...shut.events, transferred()] }),
      },
      "T0 release",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });
});

describe("T0: the doorbells", () => {
  const { notifyMsMax } = limits;
  const trying = (ms: number) => ({ ntfy: { firstTryAt: NOW - ms, state: "trying" as const } });
  const two = aPolicy({ notifiers: ["ntfy", "slack"] });
  const seen = sight(shut);
  const rows: Rows = [
    ["ring", { record: concluded({ bells: {} }), seen }, "T0 ring ntfy, release"],
    [
      "ring each",
      { record: concluded({ bells: {} }), seen, policy: two },
      "T0 ring ntfy, ring slack, release",
    ],
    [
      "ring that which has not rung",
      { record: concluded(), seen, policy: two },
      "T0 ring slack, release",
    ],
    [
      "are tried again",
      { record: concluded({ bells: trying(notifyMsMax) }), seen },
      "T0 ring ntfy, release",
    ],
    ["are given up", { record: concluded({ bells: trying(notifyMsMax + 1) }), seen }, "T0 release"],
    [
      "are none",
      { record: concluded({ bells: {} }), seen, policy: aPolicy({ notifiers: [] }) },
      "T0 release",
    ],
    [
      "ring without the lock label",
      { record: concluded({ bells: {} }), seen: sight({ ...shut, labels: [] }) },
      "T0 ring ntfy",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("that were given up are noted as undelivered", () => {
    const record = concluded({ bells: trying(notifyMsMax + 1) });
    expect(decide({ record, seen }).record.verdict?.bells["ntfy"]?.state).toBe("undelivered");
    const young = concluded({ bells: trying(notifyMsMax) });
    expect(decide({ record: young, seen }).record.verdict?.bells["ntfy"]?.state).toBe("trying");
  });
});

describe("T0: what is another's by now", () => {
  const rows: Rows = [
    [
      "a newer run owns the issue: only the telling is left",
      {
        record: concluded({ ...needsHuman, bells: {} }),
        seen: sight({ comments: [] }, { isSuperseded: true }),
      },
      "T0 post-notice, ring ntfy",
    ],
    [
      "a person took the lock label off: its state is theirs",
      { record: concluded(needsHuman), seen: sight({ labels: [] }) },
      "T0 nothing",
    ],
    [
      "an orphan's approval is nobody's: the ready label stays",
      {
        record: aRecord({
          turns: [],
          verdict: aVerdict({ ...needsHuman, because: "orphan" }),
          approval: { ...aRecord().approval, eventId: "orphan:9" },
        }),
        seen: sight({ labels: both, comments: [] }, { thread: gone }),
      },
      "T0 post-notice, add-label ready-for-human, ring ntfy, release",
    ],
    [
      "nothing below is read: a paused, silent, red run with its budget spent is told",
      {
        record: concluded(needsHuman),
        seen: sight(
          { labels: [...handedOver, labels.paused] },
          { thread: silent, otherLive: ["acme/widgets#9"] },
        ),
      },
      "T0 release",
    ],
    [
      "an issue that was never locked",
      {
        record: concluded(),
        seen: aSight({ issue: anIssue({ comments: [notice] }), thread: resting }),
      },
      "T0 remove-label ready-for-agent",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });
});

describe("T0: a released run", () => {
  const { notifyMsMax } = limits;
  const off = unlabeled(labels.inProgress, { actor: ownActor, at: ago(0) });
  const bare = (events: IssueOverrides["events"] = [off]) =>
    sight({ labels: [labels.ready], comments: [], events });
  const trying = (ms: number) => ({ ntfy: { firstTryAt: NOW - ms, state: "trying" as const } });
  const unrung = concluded({ ...needsHuman, bells: {} });
  const byPerson = [unlabeled(labels.inProgress, { at: ago(0) })];
  const rows: Rows = [
    ["is over, though its notice is gone", { record: unrung, seen: bare() }, "T0 nothing"],
    [
      "is over, though an agent works in its thread",
      { record: unrung, seen: { ...bare(), thread: threadIn(running) } },
      "T0 nothing",
    ],
    [
      "rings what was begun, and no doorbell configured since",
      {
        record: concluded({ ...needsHuman, bells: trying(notifyMsMax) }),
        seen: bare(),
        policy: aPolicy({ notifiers: ["ntfy", "slack"] }),
      },
      "T0 ring ntfy",
    ],
    [
      "gives up what was begun too long ago",
      { record: concluded({ ...needsHuman, bells: trying(notifyMsMax + 1) }), seen: bare() },
      "T0 nothing",
    ],
    [
      "is none that a person released: that one is told",
      { record: concluded({ ...cancelled, bells: {} }), seen: bare(byPerson) },
      "T0 post-notice, remove-label ready-for-agent",
    ],
    [
      "is none that a newer run has followed",
      { record: unrung, seen: { ...bare(), isSuperseded: true } },
      "T0 post-notice, remove-label ready-for-agent, ring ntfy",
    ],
    [
      "is none that began after the release",
      { record: { ...unrung, begunAt: NOW }, seen: bare([{ ...off, at: ago(SECOND) }]) },
      "T0 post-notice, remove-label ready-for-agent, ring ntfy",
    ],
  ];
  it.each(rows)("%s", (_name, each, want) => {
    expect(told(each)).toBe(want);
  });

  it("has its undelivered doorbell noted", () => {
    const record = concluded({ bells: trying(notifyMsMax + 1) });
    expect(decide({ record, seen: bare() }).record.verdict?.bells["ntfy"]?.state).toBe(
      "undelivered",
    );
  });
});

describe("a run is over", () => {
  const over = sight({ ...shut, labels: [] });
  it.each([
    ["when nothing is missing", concluded(), over, true],
    ["not while a bell is", concluded({ bells: {} }), over, false],
    ["not while its notice is", concluded(), sight({ ...shut, labels: [], comments: [] }), false],
    ["not while its lock label is on", concluded(), sight(shut), false],
    ["not before its verdict", aPushedRecord(), sight(), false],
  ])("%s", (_name, record, seen, want) => {
    expect(isOver(decide({ record, seen }))).toBe(want);
  });
});
