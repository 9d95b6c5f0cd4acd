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
  /** Start runs although the default branch's head is red. */
  readonly dispatchOnRed: boolean;
};

/** Whose word starts work. Entries are account ids or logins, as the configuration lists them. */
export type TrustPolicy = {
  readonly trustedActors: readonly string[];
  readonly agentActors: readonly string[];
};
