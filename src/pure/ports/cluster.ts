import type { RolloutPolicy } from "../limits.ts";
import type { RolloutSeen } from "../rollout.ts";

/** Reads of the cluster that runs what was built. */
export type RolloutReader = {
  /** The workload of each query, in the order asked. Never throws: what cannot be read is a value. */
  readRollouts(queries: readonly RolloutPolicy[]): Promise<readonly RolloutSeen[]>;
};
