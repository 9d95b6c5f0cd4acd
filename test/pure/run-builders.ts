import { expect } from "vitest";

import { checkDecision } from "../../src/pure/check-decision.ts";
import type { Check } from "../../src/pure/ci-fold.ts";
import { hashText } from "../../src/pure/identity.ts";
import type { IssueSeen } from "../../src/pure/issue.ts";
import type { Limits } from "../../src/pure/limits.ts";
import type {
  FinishPlan,
  RunAct,
  RunCiSeen,
  RunCommit,
  RunCommitsSeen,
  RunDecision,
  RunSeen,
  RunThreadSeen,
  WatchPolicy,
} from "../../src/pure/run-observation.ts";
import type { RunRecord, TurnEnd, TurnRecord } from "../../src/pure/run-record.ts";
import { decideRun } from "../../src/pure/run-state-machine.ts";
import type { TurnState } from "../../src/pure/thread-state.ts";
import type { Outcome } from "../../src/pure/verdict.ts";
import {
  ago,
  anIssue,
  aRecord,
  aSha,
  aTurn,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  limits,
  MINUTE,
  NOW,
  own,
  ownActor,
  sha256,
  startedAgo,
} from "./builders.ts";

type SeenThread = Extract<RunThreadSeen, { kind: "seen" }>;

/** An account that agents push and comment with. */
export const agentActor = {
  kind: "account",
  id: "55",
  login: "agent-bot",
  isBot: true,
} as const;

/** The labelling that approved the run, and afk's own that locked it. */
export const approved = labeled(labels.ready);
export const locked = labeled(labels.inProgress, { actor: ownActor, at: ago(50 * MINUTE) });

/** `anIssue()` with its run under way. */
export function anIssueInHand(overrides: IssueOverrides = {}): IssueSeen {
  return anIssue({
    labels: [labels.ready, labels.inProgress],
    events: [approved, locked],
    ...overrides,
  });
}

/** The issue in hand with the pause label on. */
export function aPausedIssue(): IssueSeen {
  return anIssueInHand({ labels: [labels.ready, labels.inProgress, labels.paused] });
}

/** A person put the human label on while the run was in flight. */
export function aTakenIssue(): IssueSeen {
  return anIssueInHand({ labels: [labels.ready, labels.inProgress, labels.human] });
}

export type PolicyOverrides = Partial<Omit<WatchPolicy, "limits" | "labels">> & {
  readonly limits?: Partial<Limits>;
};

export function aPolicy(overrides: PolicyOverrides = {}): WatchPolicy {
  return {
    labels,
    machines: { ownId: own.id, agentActors: [agentActor.login] },
    repo: { ci: "required", dispatchOnRed: false },
    notifiers: ["ntfy"],
    model: "claude-haiku-4-5",
    ...overrides,
    limits: { ...limits, ...overrides.limits },
  };
}

export const running: TurnState = { kind: "running", startedAt: null };
export const neverStarted: TurnState = { kind: "never-started" };
export const lostInRestart: TurnState = { kind: "lost-in-restart" };
export const pushedWords = `All done.\nAFK-Outcome: pushed ${aSha("own")}`;
export const gone: RunThreadSeen = { kind: "gone" };
export const silent: RunThreadSeen = { kind: "silent", why: "connection refused" };

export function over(lastWords = ""): TurnState {
  return { kind: "over", lastWords };
}

export function waiting(...requestIds: readonly string[]): TurnState {
  const pending = requestIds.map((requestId) => ({
    requestId,
    kind: "question" as const,
    text: `What about ${requestId}?`,
  }));
  return { kind: "waiting", pending };
}

const LIVE_STATES: ReadonlySet<TurnState["kind"]> = new Set(["starting", "running", "waiting"]);

/** The run's thread with its newest turn in a state; live when that state says so. */
export function threadIn(turn: TurnState, overrides: Partial<SeenThread> = {}): SeenThread {
  return {
    kind: "seen",
    isArchived: false,
    isLive: LIVE_STATES.has(turn.kind),
    turn,
    processedTokens: null,
    ...overrides,
  };
}

/** A thread where nothing goes on, read after the turn was noted as over. */
export const resting = threadIn(over());

export const noCommits: RunCommitsSeen = { kind: "readable", ours: [], vanished: [] };
export const unreadCommits: RunCommitsSeen = { kind: "unreadable", why: "502 from the forge" };

/** A commit of the run as the branch shows it. */
export function aCommit(name: string, overrides: Partial<RunCommit> = {}): RunCommit {
  return { sha: aSha(name), phases: [], parent: aSha(`parent of ${name}`), ...overrides };
}

export function commitsSeen(...names: readonly string[]): RunCommitsSeen {
  return { kind: "readable", ours: names.map((name) => aCommit(name)), vanished: [] };
}

/** A commit as the record holds it, first seen so long ago. */
export function aCommitNote(name: string, ms = MINUTE): RunRecord["commits"][number] {
  return {
    sha: aSha(name),
    phases: [],
    parent: aSha(`parent of ${name}`),
    firstSeen: startedAgo(ms),
  };
}

type Judged = Extract<RunCiSeen, { kind: "judged" }>;

export function judged(verdict: Judged["verdict"], overrides: Partial<Judged> = {}): Judged {
  return {
    kind: "judged",
    sha: aSha("own"),
    isOwnHead: true,
    verdict,
    redOnBase: null,
    ...overrides,
  };
}

function aCheck(name: string, overrides: Partial<Check> = {}): Check {
  return {
    name,
    source: "check:ci",
    state: "failure",
    at: ago(MINUTE),
    url: null,
    id: name,
    ...overrides,
  };
}

export const green = judged({ kind: "green" });
export const noChecks = judged({ kind: "none" });
export const pending = judged({ kind: "pending", names: ["build"] });

export function red(names: readonly string[] = ["build"], overrides: Partial<Judged> = {}): Judged {
  return judged({ kind: "red", failing: names.map((name) => aCheck(name)) }, overrides);
}

/** A turn that ended so long ago; without an outcome line unless one is given. */
export function anEnd(overrides: Partial<TurnEnd> & { readonly agoMs?: number } = {}): TurnEnd {
  const { agoMs = MINUTE, ...rest } = overrides;
  return { ...startedAgo(agoMs), how: "over", outcome: null, words: "", ...rest };
}

export const pushed: Outcome = { kind: "pushed", sha: aSha("own") };

/** The first turn, over, with `pushed` declared. */
export function aPushedTurn(overrides: Partial<TurnRecord> = {}): TurnRecord {
  return aTurn({
    asked: startedAgo(HOUR),
    firstSeen: startedAgo(HOUR - MINUTE),
    end: anEnd({ outcome: pushed }),
    ...overrides,
  });
}

export function aCorrectiveTurn(overrides: Partial<TurnRecord> = {}): TurnRecord {
  const newestCommitAtAsk = aSha("older");
  return aPushedTurn({ ordinal: 1, kind: "corrective", newestCommitAtAsk, ...overrides });
}

/** A run whose turns are over and whose work is on the default branch: CI has the word. */
export function aPushedRecord(overrides: Partial<RunRecord> = {}): RunRecord {
  return aRecord({ turns: [aPushedTurn()], commits: [aCommitNote("own")], ...overrides });
}

/** What a tick reads of `anIssue()`'s run: its agent at work, nothing pushed, nobody else about. */
export function aSight(overrides: Partial<RunSeen> = {}): RunSeen {
  const issue = overrides.issue ?? anIssueInHand();
  return {
    now: NOW,
    issue,
    isSuperseded: false,
    isAskMissing: false,
    textHash: hashText(sha256, issue),
    thread: threadIn(running),
    commits: noCommits,
    ci: { kind: "not-asked" },
    otherLive: [],
    ...overrides,
  };
}

/** What a tick reads once the run's commit is pushed and its agent rests. */
export function aPushedSight(overrides: Partial<RunSeen> = {}): RunSeen {
  return aSight({ thread: resting, commits: commitsSeen("own"), ci: green, ...overrides });
}

/** One case of a table of decisions. */
export type Case = {
  readonly record?: RunRecord;
  readonly seen?: RunSeen;
  readonly policy?: WatchPolicy;
};

/** Decides, and has the decision pass its own check: no table holds a decision that breaks a law. */
export function decide(each: Case): RunDecision {
  const { record = aRecord(), seen = aSight(), policy = aPolicy() } = each;
  const decision = decideRun(record, seen, policy);
  expect(checkDecision(seen, policy, decision)).toEqual([]);
  return decision;
}

/** A decision in one line: the row, and what is to be done. */
export function tell(decision: RunDecision): string {
  return `${decision.row} ${tellKind(decision)}`;
}

/** What is decided of a case, in one line. */
export function told(each: Case): string {
  return tell(decide(each));
}

function tellKind(decision: RunDecision): string {
  switch (decision.kind) {
    case "wait":
      return `wait ${decision.on}`;
    case "act":
      return tellAct(decision.act);
    case "conclude":
      return `${decision.record.verdict?.kind} ${decision.record.verdict?.because}`;
    case "finish":
      return tellPlan(decision.plan);
  }
}

function tellAct(act: RunAct): string {
  switch (act.kind) {
    case "lock":
      return ["lock", ...act.remove.map((label) => `-${label}`), `+${act.add}`].join(" ");
    case "command-thread":
      return act.verbs.join(" ");
    case "ask-turn": {
      const { prompt, isNewThread } = act.ask;
      return `ask ${prompt.kind}${isNewThread ? " in a new thread" : ""}`;
    }
    case "ring-question":
      return `ring ${act.requestId} ${act.bells.join(" ")}`;
    case "ring-silence":
      return `ring silence ${act.bells.join(" ")}`;
  }
}

function tellPlan(plan: FinishPlan): string {
  const steps = plan.steps.map((step) =>
    "label" in step ? `${step.kind} ${step.label}` : step.kind,
  );
  const bells = plan.bells.map((bell) => `ring ${bell}`);
  return [...steps, ...bells, ...(plan.isLabelled ? ["release"] : [])].join(", ") || "nothing";
}
