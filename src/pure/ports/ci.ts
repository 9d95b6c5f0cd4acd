import type { Check, ChecksSeen } from "../ci-fold.ts";
import type { DeploymentsSeen } from "../deployments.ts";
import type { RepoRef } from "../issue.ts";

/** Asks for the checks of a commit. */
export type ChecksQuery = {
  readonly repo: RepoRef;
  readonly sha: string;
  /** Only the checks that this branch requires count, and each of them must report. Absent: all count. */
  readonly requiredOn?: string;
};

/** Asks for the newest deployments of a repo to one environment. */
export type DeploymentsQuery = { readonly repo: RepoRef; readonly environment: string };

/** What one failing check has to show: the agent's evidence for a corrective turn. */
export type CheckEvidence = {
  readonly name: string;
  readonly url: string | null;
  /** The end of its log or its annotations, bounded in bytes; empty when there is none to be read. */
  readonly logTail: string;
};

/** Reads of a CI. */
export type CiReader = {
  /** The checks per query, in the order asked. */
  readChecks(queries: readonly ChecksQuery[]): Promise<readonly ChecksSeen[]>;
  /** The newest deployments per query, in the order asked. */
  readDeployments(queries: readonly DeploymentsQuery[]): Promise<readonly DeploymentsSeen[]>;
  /** The evidence of failing checks of one repo, in the order asked. A log that cannot be read is empty. */
  readEvidence(repo: RepoRef, failing: readonly Check[]): Promise<readonly CheckEvidence[]>;
};
