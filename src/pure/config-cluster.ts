import * as z from "zod";

import { isSecretSet, readRule, type Reading, reportHalfSet, type Rule } from "./config-reading.ts";
import type { Shard } from "./shard.ts";

/** What keeps two ticks of one kind apart: files of one machine, or a Lease of a cluster. */
export type LeaseConfig =
  | { readonly kind: "file" }
  | { readonly kind: "kubernetes"; readonly namespace: string };

/** Each shard reads its repos once a minute at least; more shards than this are more requests than repos. */
const SHARDS_MAX = 64;

const leaseRule: Rule<LeaseConfig["kind"]> = {
  schema: z.lazy(() =>
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(["file", "kubernetes"])),
  ),
  problem: "is neither file nor kubernetes",
  mend: "write kubernetes in a cluster, file on one machine",
};

const namespaceRule: Rule<string> = {
  schema: z.lazy(() => z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)),
  problem: "is not a namespace",
  mend: "take the pod's own: fieldRef metadata.namespace",
};

function numberRule(min: number, max: number): Rule<number> {
  return {
    schema: z.lazy(() =>
      z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number)
        .refine((value) => value >= min && value <= max),
    ),
    problem: `is not a whole number between ${min} and ${max}`,
    mend: "take it from the Indexed Job: its completions, and the index of the pod",
  };
}

/** Reads which lease is taken; a cluster's needs its namespace. */
export function readLease(reading: Reading): LeaseConfig {
  const kind = readRule(reading, "AFK_LEASE", leaseRule) ?? "file";
  const namespace = readRule(reading, "AFK_LEASE_NAMESPACE", namespaceRule);
  if (kind === "file") return { kind };
  if (namespace !== null) return { kind, namespace };
  if (!isSecretSet(reading.env, "AFK_LEASE_NAMESPACE")) {
    const problem = "is not set, and AFK_LEASE is kubernetes";
    reading.problems.push({ key: "AFK_LEASE_NAMESPACE", problem, mend: namespaceRule.mend });
  }
  return { kind: "file" };
}

/** Reads which part of the allowlist is served; null for all of it, also where there is one shard. */
export function readShard(reading: Reading): Shard | null {
  const count = readRule(reading, "AFK_SHARD_COUNT", numberRule(1, SHARDS_MAX));
  const index = readRule(reading, "AFK_SHARD_INDEX", numberRule(0, SHARDS_MAX - 1));
  reportHalfSet(reading, ["AFK_SHARD_INDEX", "AFK_SHARD_COUNT"]);
  if (count === null || index === null) return null;
  if (index >= count) {
    const problem = `is ${index}, and AFK_SHARD_COUNT is ${count}`;
    const mend = "count from 0: as many completions as shards";
    reading.problems.push({ key: "AFK_SHARD_INDEX", problem, mend });
    return null;
  }
  return count === 1 ? null : { index, count };
}

/** The name of the Lease of a loop, and with shards of its shard. */
export function leaseNameOf(loop: string, shard: Shard | null): string {
  return shard === null ? `afk-${loop}` : `afk-${loop}-${shard.index}`;
}
