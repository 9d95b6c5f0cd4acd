import { expect, it } from "vitest";

import { decideDispatches } from "../../src/pure/dispatch-policy.ts";
import type { RunsElsewhere } from "../../src/pure/shard.ts";
import { threadIdOf } from "../../src/pure/identity.ts";
import type { RepoSeen } from "../../src/pure/issue.ts";
import type { AgentSeen } from "../../src/pure/thread.ts";
import {
  ago,
  anAgent,
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepoSeen,
  aThread,
  DAY,
  limits,
  repoNamed,
  SECOND,
} from "./builders.ts";

const shard = { index: 0, count: 1 };

const rows: ReadonlyArray<readonly [name: string, elsewhere: RunsElsewhere, want: object]> = [
  [
    "the runs of other shards that leave room let one start",
    { kind: "counted", running: limits.runsMax - 1, shard },
    { kind: "dispatch" },
  ],
  [
    "the runs of other shards that leave no room hold it",
    { kind: "counted", running: limits.runsMax, shard },
    {
      kind: "hold",
      because: "at-capacity",
      detail: "as many runs as AFK_MAX_RUNS leaves to this shard now",
    },
  ],
  [
    "runs of other shards that cannot be counted leave no room",
    { kind: "unreadable", why: "no answer" },
    {
      kind: "hold",
      because: "at-capacity",
      detail: "the runs of other shards could not be counted: no answer",
    },
  ],
];

it.each(rows)("%s", (_name, elsewhere, want) => {
  const [answer] = decideDispatches(
    aPollSeen([aRepoSeen([anIssue()])], { elsewhere }),
    aPollPolicy(),
  );
  expect(answer?.decision).toMatchObject(want);
});

const UNREADABLE_REPO: RepoSeen = { kind: "unreadable", ref: repoNamed("gone"), why: "no answer" };
const QUIET_MS = limits.adoptGraceMs + limits.startGraceMs;
const unreadable = anIssue({ number: 13 }).ref;
const itsThread = aThread({
  id: threadIdOf({ runId: "0123456789ab", issueNumber: 13, restart: 0 }),
});

/** The answers to issue 12 and to 13, which cannot be read. */
function answersBeside(updatedAt: string, agent: AgentSeen = anAgent()): readonly string[] {
  const issuesUnreadable = [{ ref: unreadable, updatedAt, why: "gone wrong" }];
  const repos = [aRepoSeen([anIssue()], { issuesUnreadable }), UNREADABLE_REPO];
  return decideDispatches(aPollSeen(repos, { agent }), aPollPolicy()).map(({ decision }) =>
    decision.kind === "hold" ? decision.because : decision.kind,
  );
}

const BESIDE: ReadonlyArray<readonly [name: string, answers: readonly string[], first: string]> = [
  ["locks its repo when it was written to lately", answersBeside(ago(QUIET_MS)), "repo-locked"],
  ["leaves its repo free once it is quiet", answersBeside(ago(QUIET_MS + SECOND)), "dispatch"],
  ["locks its repo when its time cannot be read", answersBeside("then"), "repo-locked"],
  [
    "locks its repo while a thread is its own",
    answersBeside(ago(DAY), anAgent([{ ...itsThread, session: null }])),
    "repo-locked",
  ],
  [
    "leaves its repo free beside a thread of the same number elsewhere",
    answersBeside(ago(DAY), anAgent([{ ...itsThread, workspaceRoot: "/data/acme__other" }])),
    "dispatch",
  ],
  [
    "starts nothing where the agent server does not answer",
    answersBeside(ago(DAY), { kind: "unreadable", why: "down" }),
    "agent-server",
  ],
];

it.each(BESIDE)("a candidate that cannot be read is held and %s", (_name, answers, first) => {
  expect(answers).toEqual([first, "issue-unreadable"]);
});
