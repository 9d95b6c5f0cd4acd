import { describe, expect, it } from "vitest";

import { decideCandidate, runOf } from "../../src/pure/candidate.ts";
import { decideDispatches, type PollDecision } from "../../src/pure/dispatch-policy.ts";
import type { IssueSeen } from "../../src/pure/issue.ts";
import { collectLocks } from "../../src/pure/locks.ts";
import { viewRepo, viewTick } from "../../src/pure/poll-views.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import type { AgentSeen, ThreadDetail, ThreadMessage, ThreadRead } from "../../src/pure/thread.ts";
import {
  ago,
  anAgent,
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepoSeen,
  aSession,
  aThread,
  aThreadDetail,
  aTurn,
  aVerdict,
  bodyOf,
  cutShort,
  type IssueOverrides,
  labeled,
  labels,
  limits,
  MINUTE,
  RUN_ID,
  startedAgo,
  THREAD_ID,
  unlabeled,
  recordOf,
} from "./builders.ts";

const { inProgress, human, paused, ready } = labels;

/** Issue 12, its run's dispatch cut short a minute ago, and what a poll tick sees beside it. */
type Case = {
  readonly record?: Partial<RunRecord>;
  readonly agoMs?: number;
  readonly issue?: IssueOverrides;
  readonly others?: readonly IssueSeen[];
  readonly agent?: AgentSeen;
  readonly threadRead?: ThreadRead;
  readonly isDraining?: boolean;
  readonly runsMax?: number;
};

function decide(given: Case): PollDecision | undefined {
  const record = cutShort(anIssue(), given.agoMs ?? MINUTE, given.record);
  const issue = anIssue({ comments: [bodyOf(record)], ...given.issue });
  const seen = aPollSeen([aRepoSeen([issue, ...(given.others ?? [])])], {
    agent: given.agent ?? anAgent(),
    threadReads: new Map(given.threadRead === undefined ? [] : [[THREAD_ID, given.threadRead]]),
  });
  const policy = aPollPolicy({
    isDraining: given.isDraining ?? false,
    limits: { ...limits, runsMax: given.runsMax ?? limits.runsMax },
  });
  return decideDispatches(seen, policy).find((answer) => answer.issue === issue.ref)?.decision;
}

function userMessage(id: string, text: string): ThreadMessage {
  return { id, role: "user", text, at: ago(MINUTE) };
}

const FINISH = {
  kind: "adopt",
  step: "finish",
  runId: RUN_ID,
  threadId: THREAD_ID,
  detail: "its dispatch was cut short",
};

describe("a dispatch that was cut short is finished", () => {
  const idle = aSession({ status: "ready", hasActiveTurn: false });
  const rows: ReadonlyArray<readonly [name: string, given: Case]> = [
    ["when only its record was written", {}],
    ["when its thread was made", { agent: anAgent([aThread({ session: null })]) }],
    ["when its turn runs already", { agent: anAgent([aThread()]) }],
    ["when its turn is over already", { agent: anAgent([aThread({ session: idle })]) }],
    ["up to the end of the adoption grace", { agoMs: limits.adoptGraceMs }],
    [
      "after as many refusals as there are attempts",
      { record: { turns: [aTurn({ attempt: 1 })] } },
    ],
    ["although afk drains: it had begun", { isDraining: true }],
    ["although the capacity is used up: it counts already", { runsMax: 1 }],
    [
      "although its approval looks edited, when the text is the same",
      { issue: { bodyEditedAt: ago(0) } },
    ],
    [
      "although the in-progress label of an earlier run stands in the history",
      { issue: { events: [labeled(inProgress), unlabeled(inProgress), labeled(ready)] } },
    ],
    ["although the server does not know its thread", { threadRead: { kind: "unknown" } }],
  ];
  it.each(rows)("%s", (_name, given) => {
    const comments = [bodyOf(cutShort(anIssue(), given.agoMs ?? MINUTE, given.record))];
    expect(decide({ ...given, issue: { ...given.issue, comments } })).toEqual(FINISH);
  });
});

describe("a dispatch that was cut short is handed over", () => {
  const edited = anIssue({ body: "Another text." });
  const rows: ReadonlyArray<readonly [name: string, detail: string, given: Case]> = [
    ["when the issue was closed", "the issue was closed meanwhile", { issue: { state: "closed" } }],
    [
      "when a person paused it",
      "the issue was paused meanwhile",
      { issue: { labels: [ready, paused] } },
    ],
    [
      "after one refusal more than there are attempts",
      "the agent server refused every attempt",
      { record: { turns: [aTurn({ attempt: 2 })] } },
    ],
    ["past the adoption grace", "the dispatch took too long", { agoMs: limits.adoptGraceMs + 1 }],
    [
      "when the text is not the approved one any more",
      "the text was edited meanwhile",
      { issue: { body: edited.body } },
    ],
    [
      "when its thread was archived",
      "its thread was archived",
      { agent: anAgent([aThread({ session: null, presence: "archived" })]) },
    ],
    [
      "when its thread was deleted",
      "its thread was deleted",
      { agent: anAgent([aThread({ session: null, presence: "deleted" })]) },
    ],
    [
      "though the agent server is silent: the label needs no agent",
      "the issue was closed meanwhile",
      { issue: { state: "closed" }, agent: { kind: "unreadable", why: "down" } },
    ],
    [
      "though the repo is locked: its lock label is all that is added",
      "the issue was paused meanwhile",
      {
        issue: { labels: [ready, paused] },
        others: [anIssue({ number: 4, labels: [inProgress] })],
      },
    ],
  ];
  it.each(rows)("%s", (_name, detail, given) => {
    expect(decide(given)).toEqual({ ...FINISH, step: "hand-over", detail });
  });

  it("whatever its record holds of turns, when it is past the grace", () => {
    const given = { agoMs: limits.adoptGraceMs + 1, record: { turns: [] } };
    expect(decide(given)).toMatchObject({ kind: "adopt", step: "hand-over" });
  });
});

describe("a dispatch that was cut short waits", () => {
  const other = aThread({ id: "afk-0123456789ab-4-0" });
  const rows: ReadonlyArray<readonly [name: string, given: Case, because: string, detail: string]> =
    [
      [
        "for an agent server that is silent",
        { agent: { kind: "unreadable", why: "down" } },
        "agent-server",
        "down",
      ],
      [
        "for a thread that cannot be read",
        { agent: anAgent([aThread()]), threadRead: { kind: "unreadable", why: "timeout" } },
        "agent-server",
        "timeout",
      ],
      [
        "for another issue of the repo that is in progress",
        { others: [anIssue({ number: 4, labels: [inProgress] })] },
        "repo-locked",
        "acme/widgets#4 (label)",
      ],
      [
        "for another live thread of ours in the repo",
        { agent: anAgent([other]) },
        "repo-locked",
        "acme/widgets#4 (live-thread)",
      ],
      [
        "for a live thread of an earlier run of the same issue",
        { agent: anAgent([aThread({ id: "afk-0123456789ab-12-0" })]) },
        "repo-locked",
        "acme/widgets#12 (live-thread)",
      ],
    ];
  it.each(rows)("%s", (_name, given, because, detail) => {
    expect(decide(given)).toEqual({ kind: "hold", because, detail });
  });
});

describe("a dispatch that was cut short waits while a human has it", () => {
  const HELD = {
    kind: "hold",
    because: "human-label",
    detail: `${human} is newer than the approval`,
  };
  const taken = { labels: [ready, human], events: [labeled(ready), labeled(human)] };
  const rows: ReadonlyArray<readonly [name: string, given: Case]> = [
    ["when the human label is newer than the approval", { issue: taken }],
    [
      "when nothing shows which of the two is newer",
      { issue: { labels: [ready, human], events: [labeled(ready)] } },
    ],
    ["past the adoption grace", { issue: taken, agoMs: limits.adoptGraceMs + 1 }],
    [
      "though it was paused or closed besides",
      { issue: { ...taken, labels: [ready, human, paused], state: "closed" } },
    ],
  ];
  it.each(rows)("%s", (_name, given) => {
    expect(decide(given)).toEqual(HELD);
  });

  it("and goes on once the human label is off", () => {
    const events = [labeled(ready), labeled(human), unlabeled(human)];
    expect(decide({ issue: { events } })).toEqual(FINISH);
    expect(decide({ issue: { events }, agoMs: limits.adoptGraceMs + 1 })).toEqual({
      ...FINISH,
      step: "hand-over",
      detail: "the dispatch took too long",
    });
  });
});

describe("a run whose thread somebody else set to work before its first turn", () => {
  const theirs = aThreadDetail({ messages: [userMessage("a-person-1", "Look at the colours.")] });
  const agent = anAgent([aThread()]);
  const read = (detail: ThreadDetail): Case => ({ agent, threadRead: { kind: "read", detail } });

  it("waits: no turn is asked for beside theirs", () => {
    expect(decide(read(theirs))).toEqual({
      kind: "hold",
      because: "repo-locked",
      detail: "acme/widgets#12 (somebody else's turn)",
    });
  });

  it("is finished once their turn is over", () => {
    const session = aSession({ status: "ready", hasActiveTurn: false });
    expect(decide(read({ ...theirs, session }))).toEqual(FINISH);
  });

  it("is finished where the turn is its own", () => {
    const own = [userMessage(`${THREAD_ID}/turn-0-first/attempt-0`, "Begin.")];
    expect(decide(read({ ...theirs, messages: own }))).toEqual(FINISH);
  });
});

describe("a run is not adopted", () => {
  const USED = { kind: "hold", because: "approval-already-used", detail: `by run ${RUN_ID}` };
  const rows: ReadonlyArray<readonly [name: string, given: Case]> = [
    ["when it has its verdict", { record: { verdict: aVerdict() } }],
    ["when it carries the in-progress label", { issue: { labels: [ready, inProgress] } }],
    [
      "when a person took the in-progress label off",
      { issue: { events: [labeled(ready), labeled(inProgress), unlabeled(inProgress)] } },
    ],
    [
      "when the label's putting on is all that was read of it",
      { issue: { events: [labeled(ready), labeled(inProgress)] } },
    ],
  ];
  it.each(rows)("%s", (_name, given) => {
    expect(decide(given)).toEqual(USED);
  });

  it("when the first of its two progress comments is damaged: neither is trusted", () => {
    const whole = bodyOf(cutShort(anIssue(), MINUTE));
    const comments = [`<!-- afk:run=${RUN_ID} -->\nno record`, whole];
    expect(decide({ issue: { comments } })).toEqual(USED);
  });

  it("not by what somebody else wrote into a comment of ours: only a thread of it tells then", () => {
    const body = bodyOf(recordOf(anIssue(), { verdict: aVerdict() }));
    const forged = { id: "c0", body, isTampered: true as const };
    const of = (comment: typeof forged | Omit<typeof forged, "isTampered">) =>
      decide({ issue: { ownComments: { kind: "complete", comments: [comment] } } });
    expect(of({ id: "c0", body })).toEqual(USED);
    expect(of(forged)?.kind).toBe("dispatch");
  });

  it("by a newer approval, which starts a run of its own", () => {
    const events = [labeled(ready), labeled(ready, { id: "again" })];
    const decision = decide({ agoMs: limits.startGraceMs + 1, issue: { events } });
    expect(decision?.kind).toBe("dispatch");
    expect(decision).not.toMatchObject({ runId: RUN_ID });
  });

  it("while the earlier approval's turn may yet start, by a newer approval either", () => {
    const events = [labeled(ready), labeled(ready, { id: "again" })];
    const decision = decide({ agoMs: limits.startGraceMs, issue: { events } });
    expect(decision).toMatchObject({
      because: "repo-locked",
      detail: "acme/widgets#12 (turn-asked)",
    });
  });
});

describe("an adoption comes first", () => {
  it.each([
    [
      "human-label, one of before the approval",
      { labels: [ready, human], events: [labeled(human), labeled(ready)] },
    ],
    ["is-pull-request", { isPullRequest: true }],
    ["blocked", { blockers: { kind: "unreadable", why: "" } }],
    ["issue-unreadable", { history: { kind: "truncated", events: [labeled(ready)] } }],
  ] satisfies ReadonlyArray<readonly [string, IssueOverrides]>)("before %s", (_name, issue) => {
    expect(decide({ issue })).toEqual(FINISH);
  });

  it("and keeps the slot of its repo from a more urgent issue", () => {
    const old = limits.startGraceMs + 1;
    const cut = anIssue({ comments: [bodyOf(cutShort(anIssue(), old))] });
    const urgent = anIssue({ number: 2, labels: [ready, "P0"] });
    const answers = decideDispatches(aPollSeen([aRepoSeen([urgent, cut])]), aPollPolicy());
    expect(answers.map((answer) => answer.decision)).toEqual([
      {
        kind: "hold",
        because: "repo-locked",
        detail: "acme/widgets#12 has a run that is beginning",
      },
      FINISH,
    ]);
  });

  it("but only one of a repo is finished at a time, the most urgent", () => {
    const old = limits.startGraceMs + 1;
    const [lesser, urgent] = [anIssue({ number: 5 }), anIssue({ number: 6, createdAt: ago(0) })];
    const first = anIssue({
      number: 6,
      labels: [ready, "P0"],
      comments: [bodyOf(cutShort(urgent, old))],
    });
    const second = anIssue({ number: 5, comments: [bodyOf(cutShort(lesser, old))] });
    const answers = decideDispatches(aPollSeen([aRepoSeen([second, first])]), aPollPolicy());
    expect(answers.map(({ issue, decision }) => [issue.number, decision.kind])).toEqual([
      [6, "adopt"],
      [5, "hold"],
    ]);
  });
});

describe("a candidate by itself", () => {
  it("is eligible when nothing holds it, with what names its run", () => {
    const issue = anIssue();
    const repo = aRepoSeen([issue]);
    const seen = aPollSeen([repo]);
    const policy = aPollPolicy();
    const tick = viewTick(seen, policy, collectLocks(seen, policy));
    const candidate = decideCandidate(viewRepo(tick, repo), issue);
    const { id } = labeled(ready);
    const eligible = { kind: "eligible", issue, repoId: repo.facts.id, approvalEventId: id };
    expect(candidate).toEqual(eligible);
    if (candidate.kind !== "eligible") throw new Error("it is held");
    expect(runOf(policy.sha256, candidate)).toEqual({ runId: RUN_ID, threadId: THREAD_ID });
  });

  it("may wait for a turn of its own that was asked for and never seen", () => {
    const record = cutShort(anIssue(), 0, { turns: [aTurn({ asked: startedAgo(0) })] });
    const issue = anIssue({ comments: [bodyOf(record)] });
    const answers = decideDispatches(aPollSeen([aRepoSeen([issue])]), aPollPolicy());
    expect(answers[0]?.decision).toEqual(FINISH);
  });
});
