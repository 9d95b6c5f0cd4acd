import type { PollDecision, PollPolicy, PollSeen } from "./dispatch-policy.ts";
import { parseThreadId } from "./identity.ts";
import { type RepoFacts, type RepoSeen, repoKey } from "./issue.ts";
import { type Lock, type LocksByRepo, locksOf } from "./locks.ts";
import { once } from "./once.ts";

type Hold = Extract<PollDecision, { kind: "hold" }>;

/** What one tick read, and what of it is asked about every candidate. */
export type TickView = {
  readonly seen: PollSeen;
  readonly policy: PollPolicy;
  readonly locks: LocksByRepo;
  /** Of every thread of ours at the agent server, whatever became of it. */
  readonly threadRunIds: ReadonlySet<string>;
};

/** What the answers to all candidates of one repo depend on. */
export type RepoView = Omit<TickView, "locks"> & {
  readonly repo: Extract<RepoSeen, { kind: "readable" }>;
  readonly locks: readonly Lock[];
  /** Why nothing may start on the default branch as it is. */
  readonly baseHold: () => Hold | null;
};

/** The view of a tick's reading that every repo shares. */
export function viewTick(seen: PollSeen, policy: PollPolicy, locks: LocksByRepo): TickView {
  const threads = seen.agent.kind === "readable" ? seen.agent.threads : [];
  const runIds = threads.flatMap(({ id }) => parseThreadId(id)?.runId ?? []);
  return { seen, policy, locks, threadRunIds: new Set(runIds) };
}

/** The view of one repo that all its candidates share. */
export function viewRepo(tick: TickView, repo: RepoView["repo"]): RepoView {
  const key = repoKey(repo.facts.ref);
  return {
    seen: tick.seen,
    policy: tick.policy,
    threadRunIds: tick.threadRunIds,
    repo,
    locks: locksOf(tick.locks, repo.facts.ref),
    baseHold: once(() => decideBase(tick, repo.facts, key)),
  };
}

function decideBase(tick: TickView, facts: RepoFacts, key: string): Hold | null {
  const policy = tick.policy.policies.get(key);
  if (policy?.dispatchOnRed === true || facts.headSha === null) return null;
  const head = tick.seen.heads.get(key);
  if (head === undefined) return baseRed(`CI of ${facts.defaultBranch} could not be read`);
  if (head.kind !== "red") return null;
  const names = head.failing.map((check) => check.name).join(", ");
  return baseRed(`${facts.defaultBranch} is red: ${names}`);
}

function baseRed(detail: string): Hold {
  return { kind: "hold", because: "base-red", detail };
}
