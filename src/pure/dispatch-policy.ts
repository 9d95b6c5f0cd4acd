import { type Candidate, decideCandidate, runOf } from "./candidate.ts";
import { hasLabel } from "./approval.ts";
import type { CiVerdict } from "./ci-fold.ts";
import type { Sha256Hex } from "./identity.ts";
import { type ActingApp, type IssueRef, issueKey, type RepoSeen, repoKey } from "./issue.ts";
import type { Limits, RepoPolicy, TrustPolicy } from "./limits.ts";
import { collectLocks, type LocksByRepo } from "./locks.ts";
import { withUnreadable } from "./unreadable-locks.ts";
import type { LabelNames, OwnAccount } from "./ports/tracker.ts";
import { viewRepo, viewTick } from "./poll-views.ts";
import { compareRanks, type Rank, rankOf } from "./priority.ts";
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
  const ranked = rankCandidates(seen, policy, locks);
  const adopted = ranked.filter(({ candidate }) => isAdopted(candidate));
  const running = busyIssues(adopted, locks);
  const room: Room = {
    sha256: policy.sha256,
    // A run that has begun has its repo's slot before any that has not.
    slots: new Map(adopted.toReversed().map(({ repo, candidate }) => [repo, candidate])),
    running,
    runsMax: capacityOf(seen, policy, running),
    whyFull: whyFull(seen),
  };
  const answers: PollAnswer[] = [];
  for (const each of ranked) {
    answers.push({ issue: each.candidate.issue.ref, decision: giveRoom(each, room) });
  }
  for (const repo of seen.repos) answers.push(...unreadableAnswers(repo));
  return answers;
}

/** A candidate with the key of its repo and its place among the others. */
type Ranked = Rank & { readonly repo: string; readonly candidate: Candidate };

/** Every candidate, most urgent first; of equally urgent ones the repos' names decide. */
function rankCandidates(seen: PollSeen, policy: PollPolicy, locks: LocksByRepo): readonly Ranked[] {
  const tick = viewTick(seen, policy, locks);
  const repos = seen.repos
    .filter((repo) => repo.kind === "readable")
    .map((repo) => ({ repo, key: repoKey(repo.facts.ref) }))
    .sort((a, b) => compareText(a.key, b.key));
  const ranked: Ranked[] = [];
  for (const { repo, key } of repos) {
    const here = viewRepo(tick, repo);
    for (const issue of repo.issues) {
      if (!hasLabel(issue, policy.labels.ready)) continue;
      ranked.push({ ...rankOf(issue), repo: key, candidate: decideCandidate(here, issue) });
    }
  }
  // Sorting keeps the order of what is equal, which is that of the repos.
  return ranked.sort(compareRanks);
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
  readonly sha256: Sha256Hex;
  /** By repo key: the candidate that acts there in this tick. */
  readonly slots: Map<string, Candidate>;
  running: number;
  readonly runsMax: number;
  readonly whyFull: string;
};

function isAdopted(each: Candidate): boolean {
  return each.kind === "answered" && each.decision.kind === "adopt";
}

/** Issues whose runs count against the capacity: every lock, and every run about to be adopted. */
function busyIssues(adopted: readonly Ranked[], locks: LocksByRepo): number {
  const busy = new Set([...locks.values()].flatMap((each) => each.map((lock) => lock.issue)));
  for (const { candidate } of adopted) busy.add(issueKey(candidate.issue.ref));
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
function giveRoom({ candidate, repo }: Ranked, room: Room): PollDecision {
  const isBegun = isAdopted(candidate);
  if (candidate.kind === "answered" && !isBegun) return candidate.decision;
  const holder = room.slots.get(repo) ?? candidate;
  // Two dispatches cut short in one repo are finished one after the other.
  if (holder !== candidate && isAdopted(holder)) {
    const detail = `${issueKey(holder.issue.ref)} has a run that is beginning`;
    return { kind: "hold", because: "repo-locked", detail };
  }
  if (candidate.kind === "answered") return candidate.decision;
  if (room.running >= room.runsMax) {
    return { kind: "hold", because: "at-capacity", detail: room.whyFull };
  }
  if (holder !== candidate) {
    const detail = `${issueKey(holder.issue.ref)} is more urgent`;
    return { kind: "hold", because: "slot-taken", detail };
  }
  room.slots.set(repo, candidate);
  room.running += 1;
  return { kind: "dispatch", ...runOf(room.sha256, candidate) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
