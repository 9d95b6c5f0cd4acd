import { describe, expect, it } from "vitest";

import {
  decideDispatches,
  type HoldBecause,
  type PollDecision,
  type PollSeen,
} from "../../src/pure/dispatch-policy.ts";
import type {
  BlockersSeen,
  IssueEvent,
  IssueSeen,
  Permission,
  RepoSeen,
} from "../../src/pure/issue.ts";
import type { AgentSeen } from "../../src/pure/thread.ts";
import {
  ago,
  anAgent,
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepo,
  aRepoSeen,
  aSession,
  aThread,
  aVerdict,
  bodyOf,
  cutShort,
  DAY,
  HOUR,
  labeled,
  labels,
  limits,
  maria,
  MINUTE,
  recordOf,
  renamed,
  repoNamed,
  RUN_ID,
  runIdOf,
  SECOND,
  someFacts,
  THREAD_ID,
  unlabeled,
} from "./builders.ts";

/** A world around issue 12, changed step by step; as it begins, the issue is dispatched. */
type Draft = {
  issue: IssueSeen;
  others: IssueSeen[];
  permission: Permission | null;
  agent: AgentSeen;
  threadReads: PollSeen["threadReads"];
  isDraining: boolean;
  head: PollSeen["heads"] extends ReadonlyMap<string, infer Verdict> ? Verdict | null : never;
  headSha: string | null;
  dispatchOnRed: boolean;
  runsMax: number;
  elsewhere: RepoSeen[];
};

function aDraft(): Draft {
  return {
    issue: anIssue(),
    others: [],
    permission: "write",
    agent: anAgent(),
    threadReads: new Map(),
    isDraining: false,
    head: { kind: "green" },
    headSha: "a".repeat(40),
    dispatchOnRed: false,
    runsMax: limits.runsMax,
    elsewhere: [],
  };
}

function decide(draft: Draft): PollDecision | undefined {
  const { permission, head, headSha, dispatchOnRed } = draft;
  const repo = aRepoSeen([draft.issue, ...draft.others], {
    facts: someFacts({ headSha }),
    permissions: new Map(permission === null ? [] : [[maria.id, permission]]),
  });
  const seen = aPollSeen([repo, ...draft.elsewhere], {
    agent: draft.agent,
    threadReads: draft.threadReads,
    heads: new Map(head === null ? [] : [["acme/widgets", head]]),
  });
  const policy = aPollPolicy({
    isDraining: draft.isDraining,
    limits: { ...limits, runsMax: draft.runsMax },
    policies: new Map([["acme/widgets", { ci: "required", dispatchOnRed }]]),
  });
  const answers = decideDispatches(seen, policy);
  return answers.find((answer) => answer.issue === draft.issue.ref)?.decision;
}

function change(draft: Draft, changes: Partial<IssueSeen>): void {
  draft.issue = { ...draft.issue, ...changes };
}

function addLabel(draft: Draft, label: string): void {
  change(draft, { labels: [...draft.issue.labels, label] });
}

function addEvent(draft: Draft, event: IssueEvent): void {
  const { kind, events } = draft.issue.history;
  change(draft, { history: { kind, events: [...events, event] } });
}

const RED = {
  kind: "red",
  failing: [
    { name: "build", source: "check:ci", state: "failure", at: "", url: null, id: "1" },
    { name: "lint", source: "check:ci", state: "failure", at: "", url: null, id: "2" },
  ],
} as const;

type Affliction = readonly [because: HoldBecause, detail: string, afflict: (draft: Draft) => void];

/** Every reason to hold, in the order in which they are tried, each with the least that brings it about. */
const afflictions: readonly Affliction[] = [
  ["not-open", "closed", (draft) => change(draft, { state: "closed" })],
  [
    "is-pull-request",
    "only issues are dispatched",
    (draft) => change(draft, { isPullRequest: true }),
  ],
  [
    "human-label",
    "ready-for-human is newer than the approval",
    (draft) => {
      addLabel(draft, labels.human);
      addEvent(draft, labeled(labels.human));
    },
  ],
  ["paused", "agent-paused", (draft) => addLabel(draft, labels.paused)],
  [
    "approval-already-used",
    `by run ${RUN_ID}`,
    (draft) => {
      const body = bodyOf(recordOf(anIssue(), { verdict: aVerdict() }));
      const { kind } = draft.issue.ownComments;
      change(draft, { ownComments: { kind, comments: [{ id: "c0", body }] } });
    },
  ],
  [
    "approval-not-found",
    "no standing labelling event was read",
    (draft) => {
      const events = draft.issue.history.events.filter(
        (event) => event.id !== "labeled-ready-for-agent",
      );
      change(draft, { history: { kind: "truncated", events } });
    },
  ],
  [
    "issue-unreadable",
    "too many comments to tell whether the approval was used",
    (draft) => change(draft, { ownComments: { ...draft.issue.ownComments, kind: "truncated" } }),
  ],
  [
    "untrusted-labeler",
    "whoever set the label may not write to the repo",
    (draft) => {
      draft.permission = "read";
    },
  ],
  [
    "edited-after-approval",
    "label again to approve the text as it is now",
    (draft) => change(draft, { bodyEditedAt: ago(MINUTE) }),
  ],
  [
    "blocked",
    "acme/widgets#3",
    (draft) => {
      const blockers = [{ key: "acme/widgets#3", state: "open" as const }];
      change(draft, { blockers: { kind: "listed", blockers } });
    },
  ],
  [
    "agent-server",
    "connection refused",
    (draft) => {
      draft.agent = { kind: "unreadable", why: "connection refused" };
    },
  ],
  [
    "repo-locked",
    "acme/widgets#4 (label)",
    (draft) => {
      draft.others.push(anIssue({ number: 4, labels: [labels.inProgress] }));
    },
  ],
  [
    "draining",
    "AFK_DRAIN is true",
    (draft) => {
      draft.isDraining = true;
    },
  ],
  [
    "base-red",
    "main is red: build, lint",
    (draft) => {
      draft.head = RED;
    },
  ],
  [
    "at-capacity",
    "as many runs as AFK_MAX_RUNS allows",
    (draft) => {
      draft.runsMax = 1;
      const busy = anIssue({ repo: repoNamed("busy"), labels: [labels.inProgress] });
      draft.elsewhere.push(aRepoSeen([busy]));
    },
  ],
  [
    "slot-taken",
    "acme/widgets#5 is more urgent",
    (draft) => {
      draft.others.push(anIssue({ number: 5, labels: [labels.ready, "P0"] }));
    },
  ],
];

/** A used approval is known by its labelling event: without one there is nothing to be used. */
const IMPOSSIBLE = new Set(["approval-already-used+approval-not-found"]);

const pairs = afflictions.flatMap((first, at) =>
  afflictions
    .slice(at + 1)
    .filter((second) => !IMPOSSIBLE.has(`${first[0]}+${second[0]}`))
    .map((second) => [first[0], second[0], first, second] as const),
);

describe("a candidate that nothing holds", () => {
  it("is dispatched, with ids that follow from its approval", () => {
    expect(decide(aDraft())).toEqual({ kind: "dispatch", runId: RUN_ID, threadId: THREAD_ID });
  });
});

describe("a candidate is held", () => {
  it.each(afflictions)("because of %s: %s", (because, detail, afflict) => {
    const draft = aDraft();
    afflict(draft);
    expect(decide(draft)).toEqual({ kind: "hold", because, detail });
  });

  it.each(pairs)("because of %s rather than %s", (because, _second, first, second) => {
    const draft = aDraft();
    second[2](draft);
    first[2](draft);
    expect(decide(draft)).toMatchObject({ kind: "hold", because });
  });
});

type Case = readonly [
  name: string,
  afflict: (draft: Draft) => void,
  want: HoldBecause | "dispatch",
];

function check(rows: readonly Case[]): void {
  it.each(rows)("%s", (_name, afflict, want) => {
    const draft = aDraft();
    afflict(draft);
    const decision = decide(draft);
    expect(decision?.kind === "hold" ? decision.because : decision?.kind).toBe(want);
  });
}

describe("the human label", () => {
  const { human, ready } = labels;
  check([
    [
      "from before the approval holds nothing",
      (draft) => {
        addLabel(draft, human);
        change(draft, { history: { kind: "complete", events: [labeled(human), labeled(ready)] } });
      },
      "dispatch",
    ],
    ["that the history does not show holds", (draft) => addLabel(draft, human), "human-label"],
    [
      "holds where no approval is read",
      (draft) => {
        addLabel(draft, human);
        change(draft, { history: { kind: "complete", events: [labeled(human)] } });
      },
      "human-label",
    ],
    [
      "that was taken off again holds nothing",
      (draft) => {
        addEvent(draft, labeled(human));
        addEvent(draft, unlabeled(human));
      },
      "dispatch",
    ],
  ]);
});

describe("an approval", () => {
  const { ready } = labels;
  const marker = `<!-- afk:run=${RUN_ID} -->`;
  const dead = aThread({ session: null });
  check([
    [
      "is used though its record is damaged",
      (draft) => change(draft, anIssue({ comments: [`${marker}\nnothing`] })),
      "approval-already-used",
    ],
    [
      "is used though its record is of another version",
      (draft) => {
        const body = `${marker}\n<!-- afk:record {"version":2} -->`;
        change(draft, anIssue({ comments: [body] }));
      },
      "approval-already-used",
    ],
    [
      "is used when only its thread is left, whatever became of that",
      (draft) => {
        draft.agent = anAgent([{ ...dead, presence: "deleted" }]);
      },
      "approval-already-used",
    ],
    [
      "is not used by a thread of another run",
      (draft) => {
        draft.agent = anAgent([
          { ...dead, id: "afk-0123456789ab-12-0" },
          { ...dead, id: "other" },
        ]);
      },
      "dispatch",
    ],
    [
      "is not used by an earlier approval's run",
      (draft) => {
        const earlier = anIssue({ events: [labeled(ready, { id: "earlier" })] });
        const body = bodyOf(recordOf(earlier, { verdict: aVerdict() }));
        change(draft, anIssue({ comments: [body] }));
      },
      "dispatch",
    ],
    [
      "is not used by a record of another issue that was pasted here",
      (draft) => {
        const other = recordOf(anIssue(), { issue: "acme/widgets#13" });
        change(draft, anIssue({ comments: [bodyOf(other)] }));
      },
      "dispatch",
    ],
    [
      "is found in any case of its label",
      (draft) => change(draft, anIssue({ events: [labeled("READY-FOR-AGENT")] })),
      "dispatch",
    ],
    [
      "ends with a transfer",
      (draft) => addEvent(draft, { kind: "transferred", id: "t", at: ago(MINUTE) }),
      "approval-not-found",
    ],
    [
      "by nobody is not trusted",
      (draft) =>
        change(draft, anIssue({ events: [labeled(ready, { actor: { kind: "unknown" } })] })),
      "untrusted-labeler",
    ],
    [
      "by somebody whose permission was not read is not trusted",
      (draft) => {
        draft.permission = null;
      },
      "untrusted-labeler",
    ],
    [
      "of a title changed since is of another text",
      (draft) => addEvent(draft, renamed()),
      "edited-after-approval",
    ],
    [
      "stands though the text was edited before",
      (draft) => change(draft, { bodyEditedAt: ago(HOUR + SECOND) }),
      "dispatch",
    ],
  ]);
});

describe("blockers", () => {
  function blockedBy(blockers: BlockersSeen): PollDecision | undefined {
    const draft = aDraft();
    change(draft, { blockers });
    return decide(draft);
  }

  it("that are closed hold nothing", () => {
    const blockers = [{ key: "acme/widgets#3", state: "closed" as const }];
    expect(blockedBy({ kind: "listed", blockers })?.kind).toBe("dispatch");
  });

  it("are all named, those that are not plainly open with their state", () => {
    const blockers = [
      { key: "acme/widgets#3", state: "open" },
      { key: "acme/widgets#4", state: "closed" },
      { key: "acme/gadgets#5", state: "cyclic" },
      { key: "hidden", state: "unreadable" },
    ] as const;
    const detail = "acme/widgets#3, acme/gadgets#5 (cyclic), hidden (unreadable)";
    expect(blockedBy({ kind: "listed", blockers })).toMatchObject({ because: "blocked", detail });
  });

  it("that cannot be read count as open", () => {
    const decision = blockedBy({ kind: "unreadable", why: "too many" });
    expect(decision).toMatchObject({ because: "blocked", detail: "blockers unreadable: too many" });
  });
});

describe("room for a run", () => {
  check([
    [
      "is not in a repo with a live thread of ours",
      (draft) => {
        draft.agent = anAgent([aThread({ id: "afk-0123456789ab-4-0" })]);
      },
      "repo-locked",
    ],
    [
      "is in a repo whose threads rest",
      (draft) => {
        const session = aSession({ status: "ready", hasActiveTurn: false });
        draft.agent = anAgent([aThread({ id: "afk-0123456789ab-4-0", session })]);
      },
      "dispatch",
    ],
    [
      "is not while the issue's own earlier run is being concluded",
      (draft) => {
        const { inProgress, human, ready } = labels;
        const events = [labeled(inProgress), labeled(human), labeled(ready)];
        change(draft, anIssue({ labels: [ready, inProgress, human], events }));
      },
      "repo-locked",
    ],
    [
      "is not when the run's thread cannot be read",
      (draft) => {
        draft.threadReads = new Map([[THREAD_ID, { kind: "unreadable", why: "timeout" }]]);
      },
      "agent-server",
    ],
    [
      "is when the server knows no such thread",
      (draft) => {
        draft.threadReads = new Map([[THREAD_ID, { kind: "unknown" }]]);
      },
      "dispatch",
    ],
    [
      "is not when CI of the head was not read",
      (draft) => {
        draft.head = null;
      },
      "base-red",
    ],
    [
      "is on a red head where the repo says so",
      (draft) => {
        draft.head = RED;
        draft.dispatchOnRed = true;
      },
      "dispatch",
    ],
    [
      "is in a repo without a commit",
      (draft) => {
        draft.head = null;
        draft.headSha = null;
      },
      "dispatch",
    ],
    [
      "is on a head that is still pending",
      (draft) => {
        draft.head = { kind: "pending", names: ["build"] };
      },
      "dispatch",
    ],
    [
      "is on a head without checks",
      (draft) => {
        draft.head = { kind: "none" };
      },
      "dispatch",
    ],
  ]);
});

describe("the capacity", () => {
  const names = ["a", "b", "c"];
  const ready = names.map((name, at) =>
    aRepoSeen([anIssue({ repo: repoNamed(name), number: at + 1, createdAt: ago((9 - at) * DAY) })]),
  );
  const busy = aRepoSeen([anIssue({ repo: repoNamed("busy"), labels: [labels.inProgress] })]);

  function kinds(repos: readonly RepoSeen[], runsMax: number): readonly string[] {
    const policy = aPollPolicy({ limits: { ...limits, runsMax } });
    return decideDispatches(aPollSeen(repos), policy).map(({ decision }) =>
      decision.kind === "hold" ? decision.because : decision.kind,
    );
  }

  it("is given to the most urgent, and not one more", () => {
    expect(kinds(ready, 3)).toEqual(["dispatch", "dispatch", "dispatch"]);
    expect(kinds(ready, 2)).toEqual(["dispatch", "dispatch", "at-capacity"]);
    expect(kinds(ready.toReversed(), 1)).toEqual(["dispatch", "at-capacity", "at-capacity"]);
  });

  it("is shared with the runs in flight", () => {
    expect(kinds([busy, ...ready], 2)).toEqual(["dispatch", "at-capacity", "at-capacity"]);
    expect(kinds([busy, ...ready], 1)).toEqual(["at-capacity", "at-capacity", "at-capacity"]);
  });

  it("counts a run once, whatever shows it", () => {
    const issue = anIssue({ labels: [labels.inProgress] });
    const seen = aPollSeen([aRepoSeen([issue]), ...ready], { agent: anAgent([aThread()]) });
    const answers = decideDispatches(seen, aPollPolicy({ limits: { ...limits, runsMax: 2 } }));
    expect(answers.filter((answer) => answer.decision.kind === "dispatch")).toHaveLength(1);
  });

  it("counts the run that is about to be adopted", () => {
    const begun = cutShort(anIssue(), limits.startGraceMs + 1);
    const adopted = anIssue({ comments: [bodyOf(begun)], createdAt: ago(0) });
    expect(kinds([aRepoSeen([adopted]), ...ready], 2)).toEqual([
      "dispatch",
      "at-capacity",
      "at-capacity",
      "adopt",
    ]);
  });
});

describe("the answers", () => {
  it("are given to every ready issue of every readable repo, and to no other", () => {
    const repos: readonly RepoSeen[] = [
      aRepoSeen([
        anIssue({ number: 1 }),
        anIssue({ number: 2, labels: ["bug"] }),
        anIssue({ number: 3, labels: ["READY-for-agent"] }),
      ]),
      { kind: "unreadable", ref: repoNamed("dark"), why: "down" },
      aRepoSeen([]),
    ];
    const answers = decideDispatches(aPollSeen(repos), aPollPolicy());
    expect(answers.map((answer) => answer.issue.number)).toEqual([1, 3]);
  });

  it("come most urgent first, and the name of the repo breaks the last tie", () => {
    const issues = ["z", "b", "m"].map((name) => anIssue({ repo: repoNamed(name) }));
    const urgent = anIssue({ repo: repoNamed("y"), labels: [labels.ready, "P1"] });
    const repos = [...issues, urgent].map((issue) => aRepoSeen([issue]));
    const answers = decideDispatches(aPollSeen(repos), aPollPolicy());
    expect(answers.map((answer) => answer.issue.repo.name)).toEqual(["y", "b", "m", "z"]);
  });

  it("hold an issue for the more urgent one of its repo that is dispatched", () => {
    const second = anIssue({ number: 20 });
    const first = anIssue({ number: 21, labels: [labels.ready, "priority/1"] });
    const answers = decideDispatches(aPollSeen([aRepoSeen([second, first])]), aPollPolicy());
    expect(answers).toEqual([
      {
        issue: first.ref,
        decision: {
          kind: "dispatch",
          runId: runIdOf(first),
          threadId: `afk-${runIdOf(first)}-21-0`,
        },
      },
      {
        issue: second.ref,
        decision: { kind: "hold", because: "slot-taken", detail: "acme/widgets#21 is more urgent" },
      },
    ]);
  });

  it("never let a held issue take the slot of its repo", () => {
    const blocked = anIssue({ number: 1, state: "closed", labels: [labels.ready, "P0"] });
    const free = anIssue({ number: 2 });
    const answers = decideDispatches(aPollSeen([aRepoSeen([blocked, free])]), aPollPolicy());
    expect(answers.map((answer) => answer.decision.kind)).toEqual(["hold", "dispatch"]);
  });

  it("differ for repos of one name on two trackers", () => {
    const forgejo = { ...aRepo, tracker: "forgejo" } as const;
    const repos = [aRepoSeen([anIssue()]), aRepoSeen([anIssue({ repo: forgejo })])];
    const answers = decideDispatches(aPollSeen(repos), aPollPolicy());
    expect(answers.map((answer) => answer.decision.kind)).toEqual(["dispatch", "dispatch"]);
  });
});
