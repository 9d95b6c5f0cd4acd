import type { PollAnswer, PollDecision } from "./dispatch-policy.ts";
import { waitDetail } from "./decision-detail.ts";
import { isOver } from "./finish.ts";
import type { KnownGates } from "./gates.ts";
import { type IssueSeen, issueKey, type RepoRef, type RepoSeen, repoKey } from "./issue.ts";
import { compareUrgency, priorityOf } from "./priority.ts";
import { type LinkPolicy, threadLinkOf } from "./progress-comment.ts";
import type { FinishStep, Row, RunAct, RunDecision, RunSeen, WaitOn } from "./run-observation.ts";
import type { AgentSeen, ThreadSummary } from "./thread.ts";
import { formatIso } from "./time.ts";
import type { VerdictBecause, VerdictKind } from "./verdict.ts";

/** Raised when a field of the report changes its meaning or goes away; new fields do not raise it. */
const PLAN_VERSION = 1;

/** What both ticks would decide now. `afk plan --json` prints exactly this. */
export type PlanReport = {
  readonly version: typeof PLAN_VERSION;
  /** When it was read, ISO 8601. */
  readonly at: string;
  /** Whether the ticks run at all. */
  readonly gates: KnownGates;
  readonly isDraining: boolean;
  /** Every enrolled repo, as the allowlist spells it. */
  readonly repos: readonly string[];
  /** What the configuration file lists although the allowlist does not; absent when there is nothing. */
  readonly notEnrolled?: readonly string[];
  readonly agentServer: /** `warnings`: what a person should know of it or of its token; absent when there is nothing. */
    | { readonly kind: "readable"; readonly warnings?: readonly string[] }
    | { readonly kind: "unreadable"; readonly why: string }
    /** No repo is enrolled. */
    | { readonly kind: "not-asked" };
  /** Most urgent first. */
  readonly candidates: readonly PlannedCandidate[];
  /** Every run that is not over, most urgent first. */
  readonly runs: readonly PlannedRun[];
  /** Repos, issues and records that could not be read; what depends on them waits. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
  /** Live threads of ours in repos that are not enrolled: the watcher interrupts them. */
  readonly strays: readonly { readonly threadId: string; readonly workspaceRoot: string }[];
};

/** One candidate with the poller's answer. */
export type PlannedCandidate = {
  /** `owner/name#N`. */
  readonly issue: string;
  readonly url: string;
  readonly title: string;
  /** Low is urgent; null without a priority label. */
  readonly priority: number | null;
  readonly decision: PollDecision;
};

/** One run with the watcher's decision. */
export type PlannedRun = {
  /** `owner/name#N`. */
  readonly issue: string;
  readonly url: string;
  readonly title: string;
  readonly runId: string;
  /** The page of its newest thread; null before any was asked for. */
  readonly threadLink: string | null;
  /** The row of the decision table that matched. */
  readonly row: Row;
  readonly decision: PlannedStep;
  /** Null until it has one; `conclude` reaches it now. */
  readonly verdict: {
    readonly kind: VerdictKind;
    readonly because: VerdictBecause;
    readonly detail: string;
  } | null;
  /** The laws that the decision violates: the tick performs nothing of it. Empty unless afk is broken. */
  readonly violated: readonly string[];
};

/** What the watcher would do about a run. */
export type PlannedStep =
  | { readonly kind: "wait"; readonly on: WaitOn; readonly detail: string }
  | { readonly kind: "act"; readonly act: RunAct["kind"]; readonly detail: string }
  | { readonly kind: "conclude" }
  /** What is missing of a recorded verdict, in order. */
  | { readonly kind: "finish"; readonly missing: readonly string[] };

/** A run as it was decided. */
export type RunToReport = {
  readonly seen: RunSeen;
  readonly decision: RunDecision;
  readonly violated: readonly string[];
};

/** One reading of both ticks, decided. */
export type PlanInput = Pick<PlanReport, "gates" | "isDraining" | "unreadable"> & {
  /** Epoch ms. */
  readonly now: number;
  readonly enrolled: readonly RepoRef[];
  /** What the configuration file lists although the allowlist does not. */
  readonly notEnrolled?: readonly string[];
  readonly repos: readonly RepoSeen[];
  /** Null when there was no reason to ask it. */
  readonly agent: AgentSeen | null;
  readonly answers: readonly PollAnswer[];
  readonly runs: readonly RunToReport[];
  readonly strays: readonly ThreadSummary[];
  readonly links: LinkPolicy;
};

/** The report of one reading: every candidate, every run that is not over, and every gap. */
export function reportPlan(input: PlanInput): PlanReport {
  const { gates, isDraining, unreadable, links, notEnrolled = [] } = input;
  const inFlight = input.runs.filter((run) => !isOver(run.decision));
  return {
    version: PLAN_VERSION,
    at: formatIso(input.now),
    gates,
    isDraining,
    repos: input.enrolled.map(repoKey),
    ...(notEnrolled.length === 0 ? {} : { notEnrolled }),
    agentServer: reportAgent(input.agent),
    candidates: reportCandidates(input.repos, input.answers),
    runs: inFlight
      .toSorted((a, b) => compareIssues(a.seen.issue, b.seen.issue))
      .map((run) => reportRun(run, links)),
    unreadable,
    strays: input.strays.map(({ id, workspaceRoot }) => ({ threadId: id, workspaceRoot })),
  };
}

function reportAgent(agent: AgentSeen | null): PlanReport["agentServer"] {
  if (agent === null) return { kind: "not-asked" };
  if (agent.kind === "unreadable") return { kind: "unreadable", why: agent.why };
  const { warnings = [] } = agent;
  return warnings.length === 0 ? { kind: "readable" } : { kind: "readable", warnings };
}

function reportCandidates(
  repos: readonly RepoSeen[],
  answers: readonly PollAnswer[],
): readonly PlannedCandidate[] {
  const decisions = new Map(answers.map(({ issue, decision }) => [issueKey(issue), decision]));
  return repos
    .flatMap((repo) => (repo.kind === "readable" ? repo.issues : []))
    .toSorted(compareIssues)
    .flatMap((issue) => {
      const key = issueKey(issue.ref);
      const decision = decisions.get(key);
      const priority = priorityOf(issue);
      const about = { ...aboutIssue(issue), priority: Number.isFinite(priority) ? priority : null };
      return decision === undefined ? [] : [{ ...about, decision }];
    });
}

function reportRun(run: RunToReport, links: LinkPolicy): PlannedRun {
  const { seen, decision, violated } = run;
  const { record, row } = decision;
  const { verdict } = record;
  return {
    ...aboutIssue(seen.issue),
    runId: record.runId,
    threadLink: threadLinkOf(record, links),
    row,
    decision: reportStep(seen, decision),
    verdict:
      verdict === null
        ? null
        : { kind: verdict.kind, because: verdict.because, detail: verdict.detail },
    violated,
  };
}

function aboutIssue(issue: IssueSeen): Pick<PlannedRun, "issue" | "url" | "title"> {
  return { issue: issueKey(issue.ref), url: issue.url, title: issue.title };
}

function reportStep(seen: RunSeen, decision: RunDecision): PlannedStep {
  switch (decision.kind) {
    case "wait":
      return { kind: "wait", on: decision.on, detail: waitDetail(seen, decision.on) };
    case "act":
      return { kind: "act", act: decision.act.kind, detail: actDetail(decision.act) };
    case "conclude":
      return { kind: "conclude" };
    case "finish": {
      const { steps, bells, isLabelled } = decision.plan;
      const rings = bells.map((name) => `ring ${name}`);
      const missing = [...steps.map(stepWords), ...rings, ...(isLabelled ? ["release"] : [])];
      return { kind: "finish", missing };
    }
  }
}

function actDetail(act: RunAct): string {
  switch (act.kind) {
    case "lock":
      return act.add;
    case "command-thread":
      return act.verbs.join(", ");
    case "ask-turn":
      return act.ask.prompt.kind;
    case "ring-question":
      return act.text;
    case "ring-silence":
      return act.why;
  }
}

function stepWords(step: FinishStep): string {
  return "label" in step ? `${step.kind} ${step.label}` : step.kind;
}

/** Most urgent first over all repos; equally urgent ones by name, so that two readings look alike. */
function compareIssues(a: IssueSeen, b: IssueSeen): number {
  const byUrgency = compareUrgency(a, b);
  if (byUrgency !== 0) return byUrgency;
  return issueKey(a.ref) < issueKey(b.ref) ? -1 : 1;
}
