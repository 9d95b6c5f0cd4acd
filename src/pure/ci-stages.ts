import type { CiVerdict } from "./ci-fold.ts";
import { deploymentTitle, type DeploymentsSeen, judgeDeployments } from "./deployments.ts";
import type { RepoPolicy } from "./limits.ts";
import { judgeRollout, type RolloutSeen, rolloutTitle } from "./rollout.ts";
import type { RunCiSeen } from "./run-observation.ts";

/** One stage on the way to `done`, in the order in which a run passes them. */
export type StageSeen = {
  readonly name: "build" | "deploy" | "rollout";
  /** What verdicts call it. */
  readonly title: string;
  readonly verdict: CiVerdict;
};

type Judged = Extract<RunCiSeen, { kind: "judged" }>;

/**
 * The verdict of the first stage that is not green, and green only when all are. A stage after the build
 * that says nothing yet, or was given up, is waited for by its title. No stage at all is no verdict.
 */
export function foldStages(stages: readonly StageSeen[]): CiVerdict {
  const open = stages.find(({ verdict }) => verdict.kind !== "green");
  if (open === undefined) return { kind: stages.length === 0 ? "none" : "green" };
  const isSilent = open.verdict.kind === "none" || open.verdict.kind === "inconclusive";
  const isWaitedFor = isSilent && open.name !== "build";
  return isWaitedFor ? { kind: "pending", names: [open.title] } : open.verdict;
}

/** Whether the deployments must be read: only once nothing before them stands in the way. */
export function awaitsDeployment(ci: RunCiSeen, policy: RepoPolicy): ci is Judged {
  if (policy.deploy === undefined || ci.kind !== "judged") return false;
  return ci.verdict.kind === "green" || isWithoutBuild(ci, policy);
}

/**
 * The answer with what became of the deployments of the judged commit and its descendants (`line`). Without
 * a build the deployment alone decides. A red one on another commit than our own head is no red of ours.
 */
export function withDeployments(
  ci: Judged,
  policy: RepoPolicy,
  read: { readonly seen: DeploymentsSeen; readonly line: readonly string[] },
): RunCiSeen {
  const { deploy } = policy;
  if (deploy === undefined) return ci;
  const { verdict, sha } = judgeDeployments(read.seen, deploy, read.line);
  const title = deploymentTitle(deploy.environment);
  return withStage(ci, policy, { stage: { name: "deploy", title, verdict }, sha });
}

/** Whether the rollout must be read: only once nothing before it, a configured deployment included, is open. */
export function awaitsRollout(ci: RunCiSeen, policy: RepoPolicy): ci is Judged {
  if (policy.rollout === undefined || ci.kind !== "judged") return false;
  return ci.verdict.kind === "green" || isWithoutBuild(ci, policy);
}

/**
 * The answer with what became of the rollout of the judged commit and its descendants (`line`). A red one of
 * another commit than our own head is no red of ours.
 */
export function withRollout(
  ci: Judged,
  policy: RepoPolicy,
  read: { readonly seen: RolloutSeen; readonly line: readonly string[] },
): RunCiSeen {
  const { rollout } = policy;
  if (rollout === undefined) return ci;
  const { verdict, sha } = judgeRollout(read.seen, rollout, read.line);
  const title = rolloutTitle(rollout);
  return withStage(ci, policy, { stage: { name: "rollout", title, verdict }, sha });
}

/** The answer with one stage more; `sha` is the commit that the stage speaks of. */
function withStage(
  ci: Judged,
  policy: RepoPolicy,
  last: { readonly stage: StageSeen; readonly sha: string | null },
): RunCiSeen {
  const { stage, sha } = last;
  const before = isWithoutBuild(ci, policy) ? [] : stagesOf(ci);
  const stages: readonly StageSeen[] = [...before, stage];
  const folded = foldStages(stages);
  const seen = { ...ci, stages, verdict: folded };
  if (folded.kind !== "red" || sha === null) return seen;
  return { ...seen, sha, isOwnHead: ci.isOwnHead && sha === ci.sha };
}

/** Whether a stage is among those looked at, and green. */
export function isStageGreen(ci: RunCiSeen, name: StageSeen["name"]): boolean {
  if (ci.kind !== "judged") return false;
  return stagesOf(ci).some((stage) => stage.name === name && stage.verdict.kind === "green");
}

/** The stages looked at; without a list of them the verdict is the build's. */
export function stagesOf(ci: Judged): readonly StageSeen[] {
  return ci.stages ?? [buildStage(ci.verdict)];
}

function isWithoutBuild(ci: Judged, policy: RepoPolicy): boolean {
  return ci.verdict.kind === "none" && policy.ci === "none";
}

function buildStage(verdict: CiVerdict): StageSeen {
  return { name: "build", title: "build", verdict };
}
