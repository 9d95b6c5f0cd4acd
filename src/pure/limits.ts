/** Every bound of the product, from the configuration. Durations are milliseconds. */
export type Limits = {
  readonly runsMax: number;
  readonly fixForwardAttemptsMax: number;
  readonly fixForwardMsMax: number;
  readonly turnMsMax: number;
  readonly verdictMsMax: number;
  readonly questionMsMax: number;
  readonly notifyMsMax: number;
  readonly startGraceMs: number;
  readonly adoptGraceMs: number;
  readonly ciGraceMs: number;
  readonly nudgeAttemptsMax: number;
  readonly redispatchAttemptsMax: number;
  /** 0 means never. */
  readonly archiveAfterMs: number;
  readonly budgetUsdMax: number;
};

/** What a repo's owner declares about it. */
export type RepoPolicy = {
  /** `none`: the repo has no CI, a pushed run is done without one. */
  readonly ci: "required" | "none";
  /** `required`: only the checks that the default branch requires count. Absent: all do. */
  readonly checks?: "all" | "required";
  /** A run is done only when its work was deployed. Absent: nothing is deployed. */
  readonly deploy?: DeployPolicy;
  /** A run is done only when its work runs there. Absent: no rollout is looked at. */
  readonly rollout?: RolloutPolicy;
  /** Start runs although the default branch's head is red. */
  readonly dispatchOnRed: boolean;
};

/** Which deployments are the evidence that a run's work was deployed. */
export type DeployPolicy = {
  readonly environment: string;
  /** Account ids whose deployments count. Absent: whoever may push can create one that counts. */
  readonly creators?: readonly string[];
};

/** The workload whose rollout is the evidence that a run's work runs. */
export type RolloutPolicy = {
  readonly namespace: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly name: string;
};

/** Whose word starts work. Entries are account ids or logins, as the configuration lists them. */
export type TrustPolicy = {
  readonly trustedActors: readonly string[];
  readonly agentActors: readonly string[];
};
