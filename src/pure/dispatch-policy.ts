import { type Candidate, decideCandidate } from "./candidate.ts";
import { hasLabel } from "./approval.ts";
import type { CiVerdict } from "./ci-fold.ts";
import type { Sha256Hex } from "./identity.ts";
import { type ActingApp, type IssueRef, issueKey, type RepoSeen, repoKey } from "./issue.ts";
import type { Limits, RepoPolicy, TrustPolicy } from "./limits.ts";
import { collectLocks, type LocksByRepo } from "./locks.ts";
import { withUnreadable } from "./unreadable-locks.ts";
import type { LabelNames, OwnAccount } from "./ports/tracker.ts";
import { compareRanked, priorityOf, type Ranked } from "./priority.ts";
import { roomOfShard, type RunsElsewhere } from "./shard.ts";
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
  /** Through which App a ready label was put on, by event id. An absent one was not asked about. */
  readonly actingApps: ReadonlyMap<string, ActingApp>;
  /** The runs of other shards; absent where one tick serves every repo. */
  readonly elsewhere?: RunsElsewhere;
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

/**
 * Answers every candidate (each listed issue with the ready label) of every readable repo, most urgent
 * first. The order in which repos and issues were read changes no decision.
 */
export function decideDispatches(seen: PollSeen, policy: PollPolicy): readonly PollAnswer[] {
  const locks = withUnreadable(collectLocks(seen, policy), seen, policy);
  const candidates = seen.repos
    .flatMap((repo) =>
      repo.kind === "readable"
        ? repo.issues
            .filter((issue) => hasLabel(issue, policy.labels.ready))
            .map((issue) => decideCandidate({ seen, policy, locks, repo, issue }))
        : [],
    )
    .map((each) => ({ each, issue: each.issue, priority: priorityOf(each.issue) }))
    .toSorted(byUrgency)
    .map(({ each }) => each);
  const adopted = candidates.filter(isAdopted);
  const running = busyIssues(adopted, locks);
  const room: Room = {
    // A run that has begun has its repo's slot before any that has not.
    slots: new Map(adopted.toReversed().map((each) => [repoKey(each.issue.ref.repo), each])),
    running,
    runsMax: capacityOf(seen, policy, running),
    whyFull: whyFull(seen),
  };
  const answers: PollAnswer[] = [];
  for (const each of candidates) {
    answers.push({ issue: each.issue.ref, decision: giveRoom(each, room) });
  }
  return [...answers, ...seen.repos.flatMap(unreadableAnswers)];
}

function unreadableAnswers(repo: RepoSeen): readonly PollAnswer[] {
  if (repo.kind === "unreadable") return [];
  return (repo.issuesUnreadable ?? []).map(({ ref, why }) => ({
    issue: ref,
    decision: { kind: "hold", because: "issue-unreadable", detail: why },
  }));
}

/** What is left to give while the candidates are answered one after the other. */
type Room = {
  /** By repo key: the candidate that acts there in this tick. */
  readonly slots: Map<string, Candidate>;
  running: number;
  readonly runsMax: number;
  readonly whyFull: string;
};

function byUrgency(a: Ranked, b: Ranked): number {
  const compared = compareRanked(a, b);
  if (compared !== 0) return compared;
  return compareText(repoKey(a.issue.ref.repo), repoKey(b.issue.ref.repo));
}

function isAdopted(each: Candidate): boolean {
  return each.kind === "answered" && each.decision.kind === "adopt";
}

/** Issues whose runs count against the capacity: every lock, and every run about to be adopted. */
function busyIssues(adopted: readonly Candidate[], locks: LocksByRepo): number {
  const busy = new Set([...locks.values()].flatMap((each) => each.map((lock) => lock.issue)));
  for (const each of adopted) busy.add(issueKey(each.issue.ref));
  return busy.size;
}

/** How many runs may be in flight here. */
function capacityOf(seen: PollSeen, policy: PollPolicy, runningHere: number): number {
  const { runsMax } = policy.limits;
  const { elsewhere, now } = seen;
  if (elsewhere === undefined) return runsMax;
  return runningHere + roomOfShard({ runsMax, runningHere, elsewhere, now });
}

function whyFull({ elsewhere }: PollSeen): string {
  if (elsewhere === undefined) return "as many runs as AFK_MAX_RUNS allows";
  if (elsewhere.kind === "counted") return "as many runs as AFK_MAX_RUNS leaves to this shard now";
  return `the runs of other shards could not be counted: ${elsewhere.why}`;
}

/** The candidate's own answer, or what is left for it once the more urgent ones have theirs. */
function giveRoom(each: Candidate, room: Room): PollDecision {
  const key = repoKey(each.issue.ref.repo);
  const holder = room.slots.get(key) ?? each;
  const holderKey = issueKey(holder.issue.ref);
  const locked: PollDecision = {
    kind: "hold",
    because: "repo-locked",
    detail: `${holderKey} has a run that is beginning`,
  };
  // Two dispatches cut short in one repo are finished one after the other.
  if (each.kind === "answered") return isAdopted(each) && holder !== each ? locked : each.decision;
  if (isAdopted(holder)) return locked;
  if (room.running >= room.runsMax) {
    return { kind: "hold", because: "at-capacity", detail: room.whyFull };
  }
  if (holder !== each) {
    return { kind: "hold", because: "slot-taken", detail: `${holderKey} is more urgent` };
  }
  room.slots.set(key, each);
  room.running += 1;
  return { kind: "dispatch", runId: each.runId, threadId: each.threadId };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
