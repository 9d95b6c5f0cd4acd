import { type RepoRef, repoKey } from "./issue.ts";

/** Which part of the allowlist a tick serves: `index` counts from 0 and is below `count`. */
export type Shard = { readonly index: number; readonly count: number };

/** Long against a tick, so that shards whose ticks begin together agree on whose turn it is. */
const ROTATION_MS = 5 * 60_000;

// FNV-1a, 32 bits: spreads short, similar names evenly and is the same on every machine and in every version.
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The shard that serves a repo. It depends on nothing but the repo's name, in any case, and the count. */
export function shardOf(repo: RepoRef, count: number): number {
  let hash = FNV_OFFSET;
  const key = repoKey(repo).toLowerCase();
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), FNV_PRIME) >>> 0;
  }
  return hash % count;
}

/** The repos of a shard, and those that others serve; without a shard all are one's own. */
export function splitRepos<R extends { readonly ref: RepoRef }>(
  repos: readonly R[],
  shard: Shard | null,
): { readonly own: readonly R[]; readonly elsewhere: readonly R[] } {
  if (shard === null) return { own: repos, elsewhere: [] };
  const isOwn = ({ ref }: R): boolean => shardOf(ref, shard.count) === shard.index;
  return { own: repos.filter(isOwn), elsewhere: repos.filter((repo) => !isOwn(repo)) };
}

/** The runs in flight in the repos that other shards serve. */
export type RunsElsewhere =
  | { readonly kind: "counted"; readonly running: number; readonly shard: Shard }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * How many runs this shard may start now: its part of what the limit leaves over all shards, so that shards that
 * read at the same moment do not fill the same room twice. What does not divide evenly goes around by the clock.
 * None when the others' runs could not be counted.
 */
export function roomOfShard(seen: {
  readonly runsMax: number;
  readonly runningHere: number;
  readonly elsewhere: RunsElsewhere;
  /** Epoch ms. */
  readonly now: number;
}): number {
  const { elsewhere } = seen;
  if (elsewhere.kind === "unreadable") return 0;
  const { index, count } = elsewhere.shard;
  const free = Math.max(0, seen.runsMax - seen.runningHere - elsewhere.running);
  const rank = (index + Math.floor(seen.now / ROTATION_MS)) % count;
  return Math.floor(free / count) + (rank < free % count ? 1 : 0);
}
