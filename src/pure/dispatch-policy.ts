import { type Candidate, decideCandidate } from "./candidate.ts";
import { hasLabel } from "./approval.ts";
import type { CiVerdict } from "./ci-fold.ts";
import type { Sha256Hex } from "./identity.ts";
import { type IssueRef, issueKey, type RepoSeen, repoKey } from "./issue.ts";
import type { Limits, RepoPolicy, TrustPolicy } from "./limits.ts";
import { collectLocks, type LocksByRepo } from "./locks.ts";
import type { LabelNames, OwnAccount } from "./ports/tracker.ts";
import { compareUrgency } from "./priority.ts";
import type { AgentSeen, ThreadRead } from "./thread.ts";

/** Why a candidate is not dispatched. The order is the order in which the reasons are tried. */
export type HoldBecause =
  | "not-open"
  | "is-pull-request"
  | "human-label"
  | "paused"
  | "approval-already-used"
  | "approval-not-found"
  | "issue-unreadable"
  | "untrusted-labeler"
  | "edited-after-approval"
  | "blocked"
  | "agent-server"
  | "repo-locked"
  | "draining"
  | "base-red"
  | "at-capacity"
  | "slot-taken";

/** The answer to one candidate. `dispatch` and `adopt` name the run; every id follows from it. */
export type PollDecision =
  | { readonly kind: "dispatch"; readonly runId: string; readonly threadId: string }
  | {
      readonly kind: "adopt";
      /** `finish`: the missing effects. `hand-over`: only the lock label, the watcher does the rest. */
      readonly step: "finish" | "hand-over";
      readonly runId: string;
      readonly threadId: string;
      readonly detail: string;
    }
  | { readonly kind: "hold"; readonly because: HoldBecause; readonly detail: string };

export type PollAnswer = { readonly issue: IssueRef; readonly decision: PollDecision };

/** Everything a poll tick read. */
export type PollSeen = {
  /** Epoch ms. */
  readonly now: number;
  readonly repos: readonly RepoSeen[];
  readonly agent: AgentSeen;
  /** Details of threads that a run begun earlier may already have, by thread id. */
  readonly threadReads: ReadonlyMap<string, ThreadRead>;
  /** What CI says of each default branch's head, by repo key. An absent repo counts as red: not read. */
  readonly heads: ReadonlyMap<string, CiVerdict>;
};

/** What the configuration says about dispatching. */
export type PollPolicy = {
  readonly policies: ReadonlyMap<string, RepoPolicy>;
  readonly labels: LabelNames;
  readonly limits: Limits;
  readonly trust: TrustPolicy;
  readonly own: OwnAccount;
  readonly isDraining: boolean;
  readonly workspacesRoot: string;
  readonly sha256: Sha256Hex;
};

/** Answers every candidate (each listed issue with the ready label) of every readable repo. */
export function decideDispatches(seen: PollSeen, policy: PollPolicy): readonly PollAnswer[] {
  const locks = collectLocks(seen, policy);
  const candidates = seen.repos.flatMap((repo) =>
    repo.kind === "readable"
      ? repo.issues
          .filter((issue) => hasLabel(issue, policy.labels.ready))
          .map((issue) => decideCandidate({ seen, policy, locks, repo, issue }))
      : [],
  );
  const winners = pickWinners(candidates, policy, busyIssues(candidates, locks));
  return candidates.map((each) => ({
    issue: each.issue.ref,
    decision: each.kind === "answered" ? each.decision : answerEligible(each, candidates, winners),
  }));
}

type Eligible = Extract<Candidate, { kind: "eligible" }>;
type Winners = {
  readonly bySlot: ReadonlyMap<string, Eligible>;
  readonly dispatched: ReadonlySet<Eligible>;
};

/** Issues whose runs count against the capacity: every lock, and every run about to be adopted. */
function busyIssues(candidates: readonly Candidate[], locks: LocksByRepo): number {
  const busy = new Set([...locks.values()].flatMap((each) => each.map((lock) => lock.issue)));
  for (const each of candidates) {
    if (each.kind === "answered" && each.decision.kind === "adopt")
      busy.add(issueKey(each.issue.ref));
  }
  return busy.size;
}

function pickWinners(candidates: readonly Candidate[], policy: PollPolicy, busy: number): Winners {
  const eligible = candidates.filter((each) => each.kind === "eligible");
  const urgent = eligible.toSorted((a, b) => {
    const byUrgency = compareUrgency(a.issue, b.issue);
    return byUrgency !== 0
      ? byUrgency
      : compareText(repoKey(a.issue.ref.repo), repoKey(b.issue.ref.repo));
  });
  const adopting = new Set(
    candidates
      .filter((each) => each.kind === "answered" && each.decision.kind === "adopt")
      .map((each) => repoKey(each.issue.ref.repo)),
  );
  const bySlot = new Map<string, Eligible>();
  const dispatched = new Set<Eligible>();
  for (const each of urgent) {
    const key = repoKey(each.issue.ref.repo);
    if (adopting.has(key) || bySlot.has(key)) continue;
    bySlot.set(key, each);
    if (busy + dispatched.size < policy.limits.runsMax) dispatched.add(each);
  }
  return { bySlot, dispatched };
}

function answerEligible(each: Eligible, all: readonly Candidate[], winners: Winners): PollDecision {
  if (winners.dispatched.has(each)) {
    return { kind: "dispatch", runId: each.runId, threadId: each.threadId };
  }
  const key = repoKey(each.issue.ref.repo);
  const winner = winners.bySlot.get(key);
  if (winner === each) {
    return { kind: "hold", because: "at-capacity", detail: "as many runs as AFK_MAX_RUNS allows" };
  }
  if (winner !== undefined) {
    return {
      kind: "hold",
      because: "slot-taken",
      detail: `${issueKey(winner.issue.ref)} is more urgent`,
    };
  }
  const adopted = all.find(
    (other) =>
      other.kind === "answered" &&
      other.decision.kind === "adopt" &&
      repoKey(other.issue.ref.repo) === key,
  );
  const busyWith = adopted === undefined ? key : issueKey(adopted.issue.ref);
  return {
    kind: "hold",
    because: "repo-locked",
    detail: `${busyWith} has a run that is beginning`,
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
