import { type Check, type CheckState, type CiVerdict, foldChecks } from "./ci-fold.ts";
import type { DeployPolicy } from "./limits.ts";

/** What became of one deployment. `inactive`: it succeeded, and a later one took its place. */
export type DeploymentState =
  | "success"
  | "inactive"
  | "failure"
  | "pending"
  /** Given up or torn down without having succeeded; or a word this version does not know. */
  | "inconclusive";

/** One deployment of one commit to one environment. */
export type Deployment = {
  readonly id: string;
  /** Full sha. */
  readonly sha: string;
  readonly state: DeploymentState;
  /** Account id of whoever created it; null when nobody is named. Anyone with push rights can create one. */
  readonly creatorId: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Its log, where it names one. */
  readonly url: string | null;
  /** What its newest status says in one line. */
  readonly words?: string;
};

/** The newest deployments to one environment, newest first. */
export type DeploymentsSeen =
  | {
      readonly kind: "read";
      readonly environment: string;
      readonly deployments: readonly Deployment[];
      /** There are older ones that were not read. */
      readonly isTruncated?: true;
    }
  | { readonly kind: "unreadable"; readonly environment: string; readonly why: string };

/** The `source` of the check that a failed deployment is shown as. */
export const DEPLOYMENT_SOURCE = "deployment";

/** What a deployment is called in verdicts. */
export function deploymentTitle(environment: string): string {
  return `deployment to ${environment}`;
}

/** What the deployments of a line of commits add up to, and on which of these commits. */
export type DeploymentVerdict = { readonly verdict: CiVerdict; readonly sha: string | null };

/**
 * Judges the deployments of a commit and its descendants (`line`, in that order) to the environment: green as
 * soon as one of them was ever deployed; else the first that failed or is under way. Of the deployments of
 * one commit the newest counts. What was not read is pending, and says so.
 */
export function judgeDeployments(
  seen: DeploymentsSeen,
  policy: DeployPolicy,
  line: readonly string[],
): DeploymentVerdict {
  const title = deploymentTitle(policy.environment);
  if (seen.kind === "unreadable") return pendingAs(`${title} (could not be read: ${seen.why})`);
  const { creators } = policy;
  const counted = seen.deployments.filter(
    ({ creatorId }) =>
      creators === undefined || (creatorId !== null && creators.includes(creatorId)),
  );
  const verdicts = line.map((sha): DeploymentVerdict => {
    const mine = counted.filter((deployment) => deployment.sha === sha);
    return { sha, verdict: foldChecks(mine.map((deployment) => toCheck(deployment, title))) };
  });
  const first = (...kinds: readonly CiVerdict["kind"][]) =>
    verdicts.find(({ verdict }) => kinds.includes(verdict.kind));
  const found = first("green") ?? first("red", "pending") ?? first("inconclusive");
  if (found !== undefined) return found;
  if (seen.isTruncated !== true) return { sha: null, verdict: { kind: "none" } };
  return pendingAs(`${title} (of many deployments only the newest were read)`);
}

function pendingAs(name: string): DeploymentVerdict {
  return { sha: null, verdict: { kind: "pending", names: [name] } };
}

const STATES: { readonly [State in DeploymentState]: CheckState } = {
  success: "success",
  inactive: "success",
  failure: "failure",
  pending: "pending",
  inconclusive: "cancelled",
};

function toCheck(deployment: Deployment, name: string): Check {
  const { id, createdAt, url, state, words } = deployment;
  const check = { name, source: DEPLOYMENT_SOURCE, state: STATES[state], at: createdAt, url, id };
  return words === undefined ? check : { ...check, words };
}
