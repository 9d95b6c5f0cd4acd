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
};

/** The newest deployments to one environment, newest first. */
export type DeploymentsSeen =
  | {
      readonly kind: "read";
      readonly environment: string;
      readonly deployments: readonly Deployment[];
    }
  | { readonly kind: "unreadable"; readonly environment: string; readonly why: string };
