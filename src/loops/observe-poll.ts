import type { CiVerdict } from "../pure/ci-fold.ts";
import {
  decideDispatches,
  type PollAnswer,
  type PollPolicy,
  type PollSeen,
} from "../pure/dispatch-policy.ts";
import { type RepoRef, type RepoSeen, repoKey } from "../pure/issue.ts";
import { repoOfThread } from "../pure/locks.ts";
import type { RunsElsewhere } from "../pure/shard.ts";
import { isLive } from "../pure/thread-state.ts";
import { foldSeen } from "../pure/required-checks.ts";
import { ConfigRefused, type ReadDeps } from "./deps.ts";
import { observeActingApps } from "./observe-acting-apps.ts";
import { checksQuery } from "./observe-ci.ts";
import type { RunCounter } from "../pure/ports/run-counter.ts";
import type { AgentSeen } from "../pure/thread.ts";
import type { WorldSeen } from "./observe-world.ts";
import type { PollSettings } from "./poll-tick.ts";

/** What a poll tick read, what it decided by, and its answer to every candidate. */
export type PollSight = {
  readonly seen: PollSeen;
  readonly policy: PollPolicy;
  readonly answers: readonly PollAnswer[];
};

/** Reads what else the answers need, and answers every candidate. Throws when the accounts are not apart. */
export async function observePoll(
  deps: ReadDeps,
  settings: PollSettings,
  world: WorldSeen,
): Promise<PollSight> {
  const { own, repos, agent } = world;
  const policy: PollPolicy = { ...settings, own, sha256: deps.sha256 };
  assertApart(policy);
  const elsewhere = await countElsewhere(deps, settings, world);
  const first: PollSeen = {
    now: deps.now(),
    repos,
    agent,
    threadReads: new Map(),
    heads: assumeGreen(repos),
    actingApps: new Map(),
    ...elsewhereSeen(elsewhere, settings, agent),
  };
  const answers = decideDispatches(first, policy);
  if (!isActing(answers)) return { seen: first, policy, answers };
  const isCostly = agent.kind === "readable" && agent.isWholeCostly === true;
  const [heads, { actingApps }, whole] = await Promise.all([
    readHeads(deps, { seen: first, answers }, policy),
    // Of those that start if no head is red. Who takes the place of one of them is asked about below.
    observeActingApps(deps, first, policy),
    isCostly ? agent : observeWhole(deps, agent),
  ]);
  const decide = async (known: AgentSeen): Promise<PollSight> => {
    const counted = elsewhereSeen(elsewhere, settings, known);
    const told = { ...first, heads, actingApps, agent: known, ...counted };
    const seen = await observeActingApps(deps, told, policy);
    return { seen, policy, answers: decideDispatches(seen, policy) };
  };
  const sight = await decide(whole);
  return isCostly && isActing(sight.answers) ? decide(await observeWhole(deps, agent)) : sight;
}

/** Whether anything is started, or a run that was begun is brought to its end. */
function isActing(answers: readonly PollAnswer[]): boolean {
  return answers.some(({ decision }) => decision.kind !== "hold");
}

/** Where a progress comment is gone, an archived or deleted thread may be all that shows an approval as used. */
async function observeWhole(deps: ReadDeps, agent: AgentSeen): Promise<AgentSeen> {
  const isWhole = agent.kind === "unreadable" || agent.isActiveOnly !== true;
  return isWhole ? agent : await deps.agent.reader.observe("all");
}

function assumeGreen(repos: readonly RepoSeen[]): ReadonlyMap<string, CiVerdict> {
  return new Map(repos.map((repo) => [repoKey(refOf(repo)), { kind: "green" }]));
}

/** Never more in one repo, whatever its labels say: what a repo that cannot be counted counts as. */
const RUNS_PER_REPO_MAX = 1;

/** What was counted of other shards. */
type CountedElsewhere = Unreadable | { readonly kind: "counts"; readonly counts: RepoCounts };
type Unreadable = Extract<RunsElsewhere, { kind: "unreadable" }>;
type RepoCounts = Awaited<ReturnType<RunCounter["countRuns"]>>;

/** The labels of other shards' repos; null without any. Asked only where this shard has anything to start. */
async function countElsewhere(
  deps: ReadDeps,
  settings: PollSettings,
  world: WorldSeen,
): Promise<CountedElsewhere | null> {
  const { sharding } = settings;
  if (sharding === undefined) return null;
  if (!world.repos.some((repo) => repo.kind === "readable" && repo.issues.length > 0)) {
    return { kind: "unreadable", why: "nothing here may start, and nobody counted" };
  }
  const counts = await deps.runCounter?.countRuns(sharding.elsewhere);
  return counts === undefined ? NOT_COUNTED : { kind: "counts", counts };
}

/**
 * The runs of other shards: of each repo the larger of its in-progress labels and its live threads, which are at
 * hand. A repo that cannot be counted counts as busy: it takes room from the others, and stops none of them.
 */
function elsewhereSeen(
  counted: CountedElsewhere | null,
  { sharding, workspacesRoot }: PollSettings,
  agent: AgentSeen,
): Pick<PollSeen, "elsewhere"> {
  if (counted === null || sharding === undefined) return {};
  if (counted.kind === "unreadable") return { elsewhere: counted };
  const { shard, elsewhere } = sharding;
  const { counts } = counted;
  const threads = agent.kind === "readable" ? agent.threads.filter(isLive) : [];
  let running = 0;
  for (const [at, repo] of elsewhere.entries()) {
    const live = threads.filter((each) => repoOfThread(each, [repo], workspacesRoot) !== null);
    const count = counts[at];
    const labelled = count?.kind === "counted" ? count.issues : RUNS_PER_REPO_MAX;
    running += Math.max(labelled, live.length);
  }
  return { elsewhere: { kind: "counted", running, shard } };
}

const NOT_COUNTED = { kind: "unreadable", why: "nobody counts the runs of other shards" } as const;

/** An agent that acts as afk could write records and notices: the two accounts must be apart. */
function assertApart(policy: PollPolicy): void {
  const { id, login } = policy.own;
  const clash = policy.trust.agentActors.find(
    (actor) => actor === id || actor.toLowerCase() === login.toLowerCase(),
  );
  if (clash === undefined) return;
  throw new ConfigRefused(
    `AFK_AGENT_ACTORS lists ${clash}, which is the account ${login} of afk's own token. ` +
      "Give afk an account that no agent uses.",
  );
}

/** CI of the default branch's head, for the repos in which something would start if it is not red. */
async function readHeads(
  deps: ReadDeps,
  { seen, answers }: Pick<PollSight, "seen" | "answers">,
  policy: PollPolicy,
): Promise<ReadonlyMap<string, CiVerdict>> {
  // At capacity nothing starts whatever the heads say: unread, they must not pass for the reason. With room,
  // a red winner makes way for a waiting one.
  if (!answers.some(({ decision }) => decision.kind === "dispatch")) return seen.heads;
  const wanted = new Set(answers.filter(mayStart).map((answer) => repoKey(answer.issue.repo)));
  const queries = seen.repos.flatMap((repo) =>
    repo.kind === "readable" && repo.facts.headSha !== null && wanted.has(repoKey(repo.facts.ref))
      ? [checksQuery(policy.policies, repo.facts, repo.facts.headSha)]
      : [],
  );
  const checks = await deps.ci.readChecks(queries);
  const heads = new Map<string, CiVerdict>();
  for (const [at, query] of queries.entries()) {
    const read = checks[at];
    if (read?.kind === "read") heads.set(repoKey(query.repo), foldSeen(read));
  }
  return heads;
}

function mayStart({ decision }: PollAnswer): boolean {
  return (
    decision.kind === "dispatch" || (decision.kind === "hold" && decision.because === "at-capacity")
  );
}

function refOf(repo: RepoSeen): RepoRef {
  return repo.kind === "readable" ? repo.facts.ref : repo.ref;
}
