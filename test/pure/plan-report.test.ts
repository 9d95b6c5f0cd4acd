import { describe, expect, it } from "vitest";
import type { PollAnswer } from "../../src/pure/dispatch-policy.ts";
import { isOver } from "../../src/pure/finish.ts";
import type { IssueSeen } from "../../src/pure/issue.ts";
import {
  type PlanInput,
  type PlannedStep,
  reportPlan,
  type RunToReport,
} from "../../src/pure/plan-report.ts";
import type { FinishPlan, RunAct, RunDecision, RunSeen } from "../../src/pure/run-observation.ts";
import {
  ago,
  anIssue,
  aRecord,
  aRepo,
  aRepoSeen,
  aVerdict,
  DAY,
  links,
  NOW,
  repoNamed,
  RUN_ID,
  THREAD_ID,
} from "./builders.ts";
import { aSight, gone, resting, silent, unreadCommits } from "./run-builders.ts";

function aPlan(overrides: Partial<PlanInput> = {}) {
  return reportPlan({
    now: NOW,
    gates: { kind: "open" },
    isDraining: false,
    enrolled: [aRepo],
    repos: [],
    agent: { kind: "readable", environmentId: "env-1", projects: [], threads: [] },
    answers: [],
    runs: [],
    unreadable: [],
    strays: [],
    links,
    ...overrides,
  });
}

function held(issue: IssueSeen): PollAnswer {
  return {
    issue: issue.ref,
    decision: { kind: "hold", because: "draining", detail: "AFK_DRAIN is true" },
  };
}

function aRun(decision: RunDecision, seen: RunSeen = aSight()): RunToReport {
  return { seen, decision, violated: [] };
}

const record = aRecord();

it("names what only the configuration file lists, if anything", () => {
  expect(aPlan({ notEnrolled: ["acme/typo"] })).toMatchObject({ notEnrolled: ["acme/typo"] });
  expect(aPlan({ notEnrolled: [] })).not.toHaveProperty("notEnrolled");
});

it("says when it was read, what gates and repos there are, and whether the agent server answers", () => {
  expect(aPlan({ isDraining: true, enrolled: [aRepo, { ...aRepo, tracker: "forgejo" }] })).toEqual({
    version: 1,
    at: "2026-03-01T12:00:00Z",
    gates: { kind: "open" },
    isDraining: true,
    repos: ["acme/widgets", "forgejo:acme/widgets"],
    agentServer: { kind: "readable" },
    candidates: [],
    runs: [],
    unreadable: [],
    strays: [],
  });
  expect(aPlan({ agent: null }).agentServer).toEqual({ kind: "not-asked" });
  expect(aPlan({ agent: { kind: "unreadable", why: "502" } }).agentServer).toEqual({
    kind: "unreadable",
    why: "502",
  });
});

it("hands on what the agent server warns of, and says nothing where it warns of nothing", () => {
  const agent = { kind: "readable", environmentId: "env-1", projects: [], threads: [] } as const;
  const warnings = ["T3_TOKEN expires at 2026-03-05T12:00:00.000Z", "it is old"];
  const plan = aPlan({ agent: { ...agent, warnings } });
  expect(plan.agentServer).toEqual({ kind: "readable", warnings });
  expect(aPlan({ agent: { ...agent, warnings: [] } }).agentServer).toEqual({ kind: "readable" });
});

describe("the candidates", () => {
  it("are the issues with an answer, most urgent first: priority, age, number, name", () => {
    const old = { createdAt: ago(3 * DAY) };
    const issues = [
      anIssue({ number: 4 }),
      anIssue({ number: 3, ...old }),
      anIssue({ number: 2, labels: ["ready-for-agent", "P2"] }),
      anIssue({ number: 5, labels: ["agent-in-progress"] }),
    ];
    const [first, second, third] = issues;
    const other = anIssue({ number: 4, repo: repoNamed("gadgets") });
    const twin = anIssue({ number: 4, repo: repoNamed("zippers") });
    const answered = [twin, first, second, third, other].filter((issue) => issue !== undefined);
    const { candidates } = aPlan({
      repos: [
        aRepoSeen([twin]),
        aRepoSeen(issues),
        { kind: "unreadable", ref: repoNamed("broken"), why: "404" },
        aRepoSeen([other]),
      ],
      answers: answered.map(held),
    });
    expect(candidates.map(({ issue, priority }) => [issue, priority])).toEqual([
      ["acme/widgets#2", 2],
      ["acme/widgets#3", null],
      ["acme/gadgets#4", null],
      ["acme/widgets#4", null],
      ["acme/zippers#4", null],
    ]);
  });

  it("carry what a person knows an issue by, and the decision as it was made", () => {
    const issue = anIssue();
    const { candidates } = aPlan({ repos: [aRepoSeen([issue])], answers: [held(issue)] });
    expect(candidates).toEqual([
      {
        issue: "acme/widgets#12",
        url: "https://forge.example/acme/widgets/issues/12",
        title: "Reject an empty name",
        priority: null,
        decision: { kind: "hold", because: "draining", detail: "AFK_DRAIN is true" },
      },
    ]);
  });
});

describe("the runs", () => {
  it("carry their page, the row, the verdict and what the decision violates", () => {
    const verdict = aVerdict({ kind: "frozen", because: "no-new-commit", detail: "red: test" });
    const decision: RunDecision = { row: "T15", record: { ...record, verdict }, kind: "conclude" };
    const run = { ...aRun(decision), violated: ["it rings for what a person stopped"] };
    expect(aPlan({ runs: [run] }).runs).toEqual([
      {
        issue: "acme/widgets#12",
        url: "https://forge.example/acme/widgets/issues/12",
        title: "Reject an empty name",
        runId: RUN_ID,
        threadLink: `https://t3.example/env-1/${THREAD_ID}`,
        row: "T15",
        decision: { kind: "conclude" },
        verdict: { kind: "frozen", because: "no-new-commit", detail: "red: test" },
        violated: ["it rings for what a person stopped"],
      },
    ]);
  });

  it("stand most urgent first", () => {
    const runs = [3, 1, 2].map((number) =>
      aRun(
        { row: "T7", record, kind: "wait", on: "agent" },
        aSight({ issue: anIssue({ number }) }),
      ),
    );
    expect(aPlan({ runs }).runs.map(({ issue }) => issue)).toEqual([
      "acme/widgets#1",
      "acme/widgets#2",
      "acme/widgets#3",
    ]);
  });

  it("without a thread have no page", () => {
    const decision: RunDecision = {
      row: "T7",
      record: { ...record, turns: [] },
      kind: "wait",
      on: "agent",
    };
    expect(aPlan({ runs: [aRun(decision)] }).runs).toMatchObject([
      { threadLink: null, verdict: null },
    ]);
  });

  type Row = readonly [name: string, decision: RunDecision, seen: RunSeen, want: PlannedStep];
  const waits: readonly Row[] = [
    [
      "on its agent",
      { row: "T7", record, kind: "wait", on: "agent" },
      aSight(),
      { kind: "wait", on: "agent", detail: "" },
    ],
    [
      "on a silent server, with its silence",
      { row: "T3", record, kind: "wait", on: "agent-server" },
      aSight({ thread: silent }),
      { kind: "wait", on: "agent-server", detail: "connection refused" },
    ],
    [
      "on a server that is not understood",
      { row: "T3", record, kind: "wait", on: "agent-server" },
      aSight({ thread: resting }),
      { kind: "wait", on: "agent-server", detail: "" },
    ],
    [
      "on a branch that was not read, with the reason",
      { row: "T22", record, kind: "wait", on: "commits" },
      aSight({ commits: unreadCommits }),
      { kind: "wait", on: "commits", detail: "502 from the forge" },
    ],
    [
      "on a branch that was read",
      { row: "T22", record, kind: "wait", on: "commits" },
      aSight(),
      { kind: "wait", on: "commits", detail: "" },
    ],
    [
      "on other runs, naming them",
      { row: "T13", record, kind: "wait", on: "repo-locked" },
      aSight({ otherLive: ["acme/widgets#1", "acme/widgets#2"] }),
      { kind: "wait", on: "repo-locked", detail: "acme/widgets#1, acme/widgets#2" },
    ],
    [
      "on its agent while something else is silent, without that",
      { row: "T6", record, kind: "wait", on: "agent-start" },
      aSight({ thread: silent, commits: unreadCommits }),
      { kind: "wait", on: "agent-start", detail: "" },
    ],
  ];
  it.each(waits)("wait %s", (_name, decision, seen, want) => {
    expect(aPlan({ runs: [aRun(decision, seen)] }).runs.map((run) => run.decision)).toEqual([want]);
  });

  const acts: ReadonlyArray<readonly [act: RunAct, detail: string]> = [
    [{ kind: "lock", remove: ["ready-for-human"], add: "agent-in-progress" }, "agent-in-progress"],
    [
      { kind: "command-thread", threadId: THREAD_ID, verbs: ["unarchive", "stop-session"] },
      "unarchive, stop-session",
    ],
    [
      {
        kind: "ask-turn",
        ask: {
          threadId: THREAD_ID,
          isNewThread: false,
          prompt: { kind: "nudge", missing: "both" },
        },
      },
      "nudge",
    ],
    [
      { kind: "ring-question", requestId: "q1", text: "Which greeting?", bells: ["ntfy"] },
      "Which greeting?",
    ],
    [{ kind: "ring-silence", why: "connection refused", bells: ["ntfy"] }, "connection refused"],
  ];
  it.each(acts)("act by %o", (act, detail) => {
    const run = aRun({ row: "T8", record, kind: "act", act }, aSight({ thread: gone }));
    const want = { kind: "act", act: act.kind, detail };
    expect(aPlan({ runs: [run] }).runs.map(({ decision }) => decision)).toEqual([want]);
  });

  it("finish by the steps that are missing, in their order, the release last", () => {
    const plan = {
      steps: [
        { kind: "post-notice", mayStillRun: false } as const,
        { kind: "add-label", label: "ready-for-human" } as const,
      ],
      bells: ["ntfy"],
      isLabelled: true,
    };
    const run = aRun({ row: "T0", record, kind: "finish", plan });
    expect(aPlan({ runs: [run] }).runs.map(({ decision }) => decision)).toEqual([
      {
        kind: "finish",
        missing: ["post-notice", "add-label ready-for-human", "ring ntfy", "release"],
      },
    ]);
    const unlabelled = aRun({
      row: "T0",
      record,
      kind: "finish",
      plan: { ...plan, isLabelled: false },
    });
    expect(aPlan({ runs: [unlabelled] }).runs.map(({ decision }) => decision)).toEqual([
      { kind: "finish", missing: ["post-notice", "add-label ready-for-human", "ring ntfy"] },
    ]);
  });
});

describe("a run is over", () => {
  const nothing: FinishPlan = { steps: [], bells: [], isLabelled: false };
  const rows: ReadonlyArray<readonly [name: string, plan: FinishPlan, want: boolean]> = [
    ["when nothing of its verdict is missing", nothing, true],
    ["not while a step is missing", { ...nothing, steps: [{ kind: "close-issue" }] }, false],
    ["not while a doorbell has not rung", { ...nothing, bells: ["ntfy"] }, false],
    ["not while its lock label is on", { ...nothing, isLabelled: true }, false],
  ];
  it.each(rows)("%s", (_name, plan, want) => {
    const decision: RunDecision = { row: "T0", record, kind: "finish", plan };
    expect(isOver(decision)).toBe(want);
    expect(aPlan({ runs: [aRun(decision)] }).runs).toHaveLength(want ? 0 : 1);
  });

  it("not before it has a verdict", () => {
    expect(isOver({ row: "T7", record, kind: "wait", on: "agent" })).toBe(false);
  });
});
