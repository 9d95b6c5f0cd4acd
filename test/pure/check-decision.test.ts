import { describe, expect, it } from "vitest";

import { checkDecision } from "../../src/pure/check-decision.ts";
import type { StageSeen } from "../../src/pure/ci-stages.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "../../src/pure/run-observation.ts";
import type { RunRecord, TurnRecord } from "../../src/pure/run-record.ts";
import { aRecord, aTurn, aVerdict, labels, limits, startedAgo, THREAD_ID } from "./builders.ts";
import {
  aCorrectiveTurn,
  anIssueInHand,
  aPausedIssue,
  aTakenIssue,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aPushedTurn,
  aSight,
  gone,
  judged,
  noChecks,
  pending,
  red,
  resting,
  running,
  silent,
  threadIn,
} from "./run-builders.ts";

const rest = aSight({ thread: resting });

function ask(turns: readonly TurnRecord[], threadId = THREAD_ID): RunDecision {
  const prompt = { kind: "restart", because: "lost" } as const;
  return {
    row: "T9",
    record: aRecord({ turns: [...turns] }),
    kind: "act",
    act: { kind: "ask-turn", ask: { threadId, isNewThread: false, prompt } },
  };
}

type Row = readonly [
  name: string,
  decision: RunDecision,
  want: string | null,
  seen?: RunSeen,
  policy?: WatchPolicy,
];

function named(rows: readonly Row[]) {
  return rows.map(([name, decision, want, seen, policy]) => ({
    name,
    decision,
    want,
    seen,
    policy,
  }));
}

function check(decision: RunDecision, seen = rest, policy = aPolicy()): readonly string[] {
  return checkDecision(seen, policy, decision);
}

const nudge = aTurn({ kind: "nudge" });
const over = aPushedTurn();
const corrective = aTurn({ kind: "corrective" });
const corrections = (count: number): readonly TurnRecord[] =>
  Array.from({ length: count }, () => aCorrectiveTurn());

describe("asking for a turn", () => {
  const rows: readonly Row[] = [
    ["of a resting thread is right", ask([aTurn()]), null],
    ["in a new thread is right", ask([aTurn()]), null, aSight({ thread: gone })],
    [
      "of a silent server",
      ask([aTurn()]),
      "it asks a silent agent server for a turn",
      aSight({ thread: silent }),
    ],
    [
      "beside a live one",
      ask([aTurn()]),
      "it asks for a turn beside a live one",
      aSight({ thread: threadIn(running) }),
    ],
    [
      "in the archive",
      ask([aTurn()]),
      "it asks for a turn in an archived thread, where none ever runs",
      aSight({ thread: { ...resting, isArchived: true } }),
    ],
    [
      "beside another run",
      ask([aTurn()]),
      "it asks for a turn beside another run's",
      aSight({ thread: resting, otherLive: ["acme/widgets#9"] }),
    ],
    [
      "while paused",
      ask([aTurn()]),
      "it asks a paused run for a turn",
      aSight({ thread: resting, issue: aPausedIssue() }),
    ],
    [
      "while a person has the issue",
      ask([aTurn()]),
      "it asks for a turn while a person has the issue",
      aSight({ thread: resting, issue: aTakenIssue() }),
    ],
    [
      "without the lock",
      ask([aTurn()]),
      "it asks for a turn without the lock label",
      aSight({ thread: resting, issue: anIssueInHand({ labels: [labels.ready] }) }),
    ],
    [
      "once more is no further nudge, though the limit was lowered meanwhile",
      { ...ask([over, nudge, nudge]), row: "T6" },
      null,
    ],
    ["that is not recorded", ask([]), "it asks for a turn that its record does not hold"],
    [
      "recorded for another thread",
      ask([aTurn()], "elsewhere"),
      "it asks for a turn that its record does not hold",
    ],
    [
      "recorded as seen",
      ask([aTurn({ firstSeen: startedAgo(0) })]),
      "it asks for a turn that its record does not hold",
    ],
    [
      "recorded as over",
      ask([{ ...over, firstSeen: null }]),
      "it asks for a turn that its record does not hold",
    ],
    ["the last attempt", ask([aTurn({ attempt: 1 })]), null],
    [
      "an attempt too many",
      ask([aTurn({ attempt: 2 })]),
      "it asks for a turn more often than AFK_REDISPATCH_MAX_ATTEMPTS",
    ],
    ["the last nudge", ask([over, nudge]), null],
    ["a nudge too many", ask([nudge, nudge]), "it nudges more often than AFK_NUDGE_MAX_ATTEMPTS"],
    ["an older nudge beside a limit lowered since", ask([nudge, nudge, aTurn()]), null],
    [
      "a lost nudge again beside a limit lowered since",
      ask([nudge, { ...nudge, attempt: 1 }]),
      null,
    ],
    [
      "the last correction",
      ask([...corrections(limits.fixForwardAttemptsMax - 1), corrective]),
      null,
    ],
    [
      "a correction too many",
      ask([...corrections(limits.fixForwardAttemptsMax), corrective]),
      "it fixes forward more often than AFK_FIX_FORWARD_MAX_ATTEMPTS",
    ],
    [
      "a correction that costs nothing",
      ask([...corrections(limits.fixForwardAttemptsMax), { ...corrective, isCounted: false }]),
      null,
    ],
  ];
  it.each(named(rows))("$name", ({ decision, want, seen }) => {
    expect(check(decision, seen)).toEqual(want === null ? [] : [want]);
  });
});

function conclude(
  verdict: Partial<NonNullable<RunRecord["verdict"]>> | null,
  record = aPushedRecord(),
): RunDecision {
  const noted = verdict === null ? null : aVerdict(verdict);
  return { row: "T14", record: { ...record, verdict: noted }, kind: "conclude" };
}

const deploying = aPolicy({
  repo: { ci: "required", dispatchOnRed: false, deploy: { environment: "production" } },
});

function deployed(verdict: StageSeen["verdict"]): StageSeen {
  return { name: "deploy", title: "deployment to production", verdict };
}

describe("a verdict", () => {
  const noCi = aPolicy({ repo: { ci: "none", dispatchOnRed: false } });
  const needsHuman = { kind: "needs-human", because: "lost" } as const;
  const cancelled = { kind: "cancelled", because: "cancelled-by-person" } as const;
  const unpushed = "it calls done what was not pushed or not declared so";
  const rows: readonly Row[] = [
    ["done on green is right", conclude({}), null, aPushedSight()],
    ["done on red", conclude({}), "it calls done what is not green", aPushedSight({ ci: red() })],
    [
      "done on pending",
      conclude({}),
      "it calls done what is not green",
      aPushedSight({ ci: pending }),
    ],
    [
      "done on nothing asked",
      conclude({}),
      "it calls done what is not green",
      aPushedSight({ ci: { kind: "not-asked" } }),
    ],
    [
      "done without a check",
      conclude({}),
      "it calls done what is not green",
      aPushedSight({ ci: noChecks }),
    ],
    [
      "done before the rollout",
      conclude({}),
      "it calls done what was not rolled out",
      aPushedSight(),
      aPolicy({
        repo: {
          ci: "required",
          dispatchOnRed: false,
          rollout: { namespace: "shop", kind: "Deployment", name: "web" },
        },
      }),
    ],
    [
      "done before the deployment",
      conclude({}),
      "it calls done what was not deployed",
      aPushedSight(),
      deploying,
    ],
    [
      "done on a red deployment",
      conclude({}),
      "it calls done what was not deployed",
      aPushedSight({
        ci: judged({ kind: "green" }, { stages: [deployed({ kind: "red", failing: [] })] }),
      }),
      deploying,
    ],
    [
      "done on a green deployment",
      conclude({}),
      null,
      aPushedSight({
        ci: judged({ kind: "green" }, { stages: [deployed({ kind: "green" })] }),
      }),
      deploying,
    ],
    ["done without CI, as declared", conclude({}), null, aPushedSight({ ci: noChecks }), noCi],
    [
      "done on red without CI",
      conclude({}),
      "it calls done what is not green",
      aPushedSight({ ci: red() }),
      noCi,
    ],
    [
      "done without a commit",
      conclude({}, aPushedRecord({ commits: [] })),
      unpushed,
      aPushedSight(),
    ],
    [
      "done without the outcome",
      conclude({}, aPushedRecord({ turns: [aTurn()] })),
      unpushed,
      aPushedSight(),
    ],
    ["that is none", conclude(null), "it concludes without a verdict"],
    [
      "from silence",
      conclude(needsHuman),
      "it draws a verdict from an agent server's silence",
      aSight({ thread: silent }),
    ],
    ["a person's, in silence", conclude(cancelled), null, aSight({ thread: silent })],
    ["a human's", conclude(needsHuman), null],
  ];
  it.each(named(rows))("$name", ({ decision, want, seen, policy }) => {
    expect(check(decision, seen, policy)).toEqual(want === null ? [] : [want]);
  });
});

describe("performing a verdict", () => {
  const finish = (kind: "cancelled" | "done", bells: readonly string[]): RunDecision => ({
    row: "T0",
    record: aPushedRecord({ verdict: aVerdict({ kind }) }),
    kind: "finish",
    plan: { steps: [], bells, isLabelled: true },
  });

  it.each([
    ["done rings", finish("done", ["ntfy"]), []],
    ["cancelled does not ring", finish("cancelled", []), []],
    ["cancelled rings", finish("cancelled", ["ntfy"]), ["it rings for what a person stopped"]],
  ])("%s", (_name, decision, want) => {
    expect(check(decision)).toEqual(want);
  });
});

describe("a record", () => {
  it("that no tick could read again is not written", () => {
    const record = aRecord({ runId: "not-hex", begunAt: -1 });
    expect(check({ row: "T7", record, kind: "wait", on: "agent" })).toEqual([
      "its record could not be read again: runId, begunAt, turns.0.threadId",
    ]);
  });
});
