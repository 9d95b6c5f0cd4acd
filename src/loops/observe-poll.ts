import { type CiVerdict, foldChecks } from "../pure/ci-fold.ts";
import {
  decideDispatches,
  type PollAnswer,
  type PollPolicy,
  type PollSeen,
} from "../pure/dispatch-policy.ts";
import { type RepoRef, type RepoSeen, repoKey } from "../pure/issue.ts";
import { ConfigRefused, type ReadDeps } from "./deps.ts";
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
  const first: PollSeen = {
    now: deps.now(),
    repos,
    agent,
    threadReads: new Map(),
    heads: new Map(),
  };
  const seen = { ...first, heads: await readHeads(deps, first, policy) };
  return { seen, policy, answers: decideDispatches(seen, policy) };
}

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
  seen: PollSeen,
  policy: PollPolicy,
): Promise<ReadonlyMap<string, CiVerdict>> {
  const green: CiVerdict = { kind: "green" };
  const assumed = new Map(seen.repos.map((repo) => [repoKey(refOf(repo)), green]));
  const answers = decideDispatches({ ...seen, heads: assumed }, policy);
  // At capacity nothing starts whatever the heads say; with room, a red winner makes way for a waiting one.
  if (!answers.some((answer) => answer.decision.kind === "dispatch")) return new Map();
  const wanted = new Set(answers.filter(mayStart).map((answer) => repoKey(answer.issue.repo)));
  const queries = seen.repos.flatMap((repo) =>
    repo.kind === "readable" && repo.facts.headSha !== null && wanted.has(repoKey(repo.facts.ref))
      ? [{ repo: repo.facts.ref, sha: repo.facts.headSha }]
      : [],
  );
  const checks = await deps.ci.readChecks(queries);
  const heads = new Map<string, CiVerdict>();
  for (const [at, query] of queries.entries()) {
    const read = checks[at];
    if (read?.kind === "read") heads.set(repoKey(query.repo), foldChecks(read.checks));
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
