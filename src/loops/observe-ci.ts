import type { ChecksSeen } from "../pure/ci-fold.ts";
import { judgeCi, withBase } from "../pure/ci-judge.ts";
import {
  awaitsDeployment,
  awaitsRollout,
  withDeployments,
  withRollout,
} from "../pure/ci-stages.ts";
import type { BranchSeen } from "../pure/commits.ts";
import { type RepoFacts, repoKey } from "../pure/issue.ts";
import type { RepoPolicy } from "../pure/limits.ts";
import type { ChecksQuery } from "../pure/ports/ci.ts";
import { headsInDoubt, lineFrom } from "../pure/run-commits.ts";
import type { RunCiSeen, RunCommitsSeen } from "../pure/run-observation.ts";
import type { RunRecord } from "../pure/run-record.ts";
import { skipsCi } from "../pure/skip-ci.ts";
import type { ReadDeps } from "./deps.ts";

/** A run whose CI is to be read: its commits, and those that may judge it, most telling first. */
export type RunToJudge = {
  readonly facts: RepoFacts;
  readonly record: RunRecord;
  readonly branch: BranchSeen;
  readonly commits: RunCommitsSeen;
  readonly shas: readonly string[];
};

type Policies = ReadonlyMap<string, RepoPolicy>;

/**
 * What CI says of each run, in the order given: the checks of all runs at once, then what was red before
 * them where they are red, then deployments and rollouts where nothing before is open. No more is asked than is needed.
 */
export async function observeCi(
  deps: ReadDeps,
  policies: Policies,
  runs: readonly RunToJudge[],
): Promise<readonly RunCiSeen[]> {
  const checks = await readChecks(deps, policies, runs);
  const judged = runs.map(({ branch, commits }, at) =>
    judgeCi(checks[at] ?? [], skippingOf(branch), headsInDoubt(branch, commits)),
  );
  const bases = await readChecks(
    deps,
    policies,
    runs.map((run, at) => ({ facts: run.facts, shas: baseShas(run, judged[at]) })),
  );
  const based = judged.map((ci, at) => withBase(ci, bases[at]?.[0]));
  const deployed = await readDeployments(deps, policies, { runs, judged: based });
  return await readRollouts(deps, policies, { runs, judged: deployed });
}

function skippingOf(branch: BranchSeen): ReadonlySet<string> {
  if (branch.kind !== "readable") return new Set();
  const skipping = branch.commits.filter((commit) => skipsCi(commit.message));
  return new Set(skipping.map((commit) => commit.sha));
}

/** What was red before the run matters only while it is red and nothing was corrected yet. */
function baseShas({ record, commits }: RunToJudge, ci: RunCiSeen | undefined): readonly string[] {
  if (ci?.kind !== "judged" || ci.verdict.kind !== "red") return [];
  if (record.turns.some((turn) => turn.kind === "corrective")) return [];
  const first = record.commits[0] ?? (commits.kind === "readable" ? commits.ours[0] : undefined);
  return first?.parent == null ? [] : [first.parent];
}

/** The question about a commit's checks, by what its repo says of which count. */
export function checksQuery(policies: Policies, facts: RepoFacts, sha: string): ChecksQuery {
  const query = { repo: facts.ref, sha };
  const { checks } = policies.get(repoKey(facts.ref)) ?? {};
  return checks === "required" ? { ...query, requiredOn: facts.defaultBranch } : query;
}

/** The checks of many runs in one read, dealt out again. */
async function readChecks(
  deps: ReadDeps,
  policies: Policies,
  wanted: readonly Pick<RunToJudge, "facts" | "shas">[],
): Promise<readonly (readonly ChecksSeen[])[]> {
  const queries = wanted.flatMap(({ facts, shas }) =>
    shas.map((sha) => checksQuery(policies, facts, sha)),
  );
  const checks = queries.length === 0 ? [] : await deps.ci.readChecks(queries);
  let from = 0;
  return wanted.map(({ shas }) => {
    const mine = checks.slice(from, from + shas.length);
    from += shas.length;
    return mine;
  });
}

async function readDeployments(
  deps: ReadDeps,
  policies: Policies,
  input: { readonly runs: readonly RunToJudge[]; readonly judged: readonly RunCiSeen[] },
): Promise<readonly RunCiSeen[]> {
  const awaited = input.runs.flatMap((run, at) => {
    const policy = policies.get(repoKey(run.facts.ref));
    const ci = input.judged[at];
    if (policy?.deploy === undefined || ci === undefined) return [];
    if (!awaitsDeployment(ci, policy)) return [];
    return [{ at, run, ci, policy, environment: policy.deploy.environment }];
  });
  if (awaited.length === 0) return input.judged;
  const read = await deps.ci.readDeployments(
    awaited.map(({ run, environment }) => ({ repo: run.facts.ref, environment })),
  );
  const staged = new Map(
    awaited.map(({ at, run, ci, policy, environment }, index) => {
      const none = { kind: "unreadable" as const, environment, why: "no answer" };
      const seen = read[index] ?? none;
      return [at, withDeployments(ci, policy, { seen, line: lineFrom(run.branch, ci.sha) })];
    }),
  );
  return input.judged.map((ci, at) => staged.get(at) ?? ci);
}

const NO_CLUSTER = {
  kind: "unreadable",
  why: "no cluster is known: set AFK_LEASE=kubernetes in a pod",
} as const;

async function readRollouts(
  deps: ReadDeps,
  policies: Policies,
  input: { readonly runs: readonly RunToJudge[]; readonly judged: readonly RunCiSeen[] },
): Promise<readonly RunCiSeen[]> {
  const awaited = input.runs.flatMap((run, at) => {
    const policy = policies.get(repoKey(run.facts.ref));
    const ci = input.judged[at];
    if (policy?.rollout === undefined || ci === undefined) return [];
    return awaitsRollout(ci, policy) ? [{ at, run, ci, policy, rollout: policy.rollout }] : [];
  });
  if (awaited.length === 0) return input.judged;
  const read = await deps.rollouts?.readRollouts(awaited.map(({ rollout }) => rollout));
  const staged = new Map(
    awaited.map(({ at, run, ci, policy }, index) => {
      const seen = read?.[index] ?? NO_CLUSTER;
      return [at, withRollout(ci, policy, { seen, line: lineFrom(run.branch, ci.sha) })];
    }),
  );
  return input.judged.map((ci, at) => staged.get(at) ?? ci);
}
