import { describe, expect, it } from "vitest";
import { leaseNameOf, readLease, readShard } from "../../src/pure/config-cluster.ts";
import type { Env, Reading } from "../../src/pure/config-reading.ts";

function read<T>(env: Env, what: (reading: Reading) => T) {
  const reading: Reading = { env, problems: [] };
  return { value: what(reading), problems: reading.problems.map(({ key }) => key) };
}

describe("the lease", () => {
  it("is a file's, or a namespace's", () => {
    const file = { value: { kind: "file" }, problems: [] };
    expect(read({}, readLease)).toEqual(file);
    expect(read({ AFK_LEASE: "file", AFK_LEASE_NAMESPACE: "afk" }, readLease)).toEqual(file);
    expect(read({ AFK_LEASE: "Kubernetes", AFK_LEASE_NAMESPACE: "afk" }, readLease)).toEqual({
      value: { kind: "kubernetes", namespace: "afk" },
      problems: [],
    });
  });

  it.each([
    [{ AFK_LEASE: "redis" }, ["AFK_LEASE"]],
    [{ AFK_LEASE: "kubernetes" }, ["AFK_LEASE_NAMESPACE"]],
    [{ AFK_LEASE: "kubernetes", AFK_LEASE_NAMESPACE: "A b" }, ["AFK_LEASE_NAMESPACE"]],
    [{ AFK_LEASE_NAMESPACE: "-" }, ["AFK_LEASE_NAMESPACE"]],
  ])("of %j is a problem of %j", (env, keys) => {
    expect(read(env, readLease).problems).toEqual(keys);
  });

  it("is named by loop and shard, as the manifests do", () => {
    expect(leaseNameOf("poller", null)).toBe("afk-poller");
    expect(leaseNameOf("watcher", { index: 3, count: 4 })).toBe("afk-watcher-3");
  });
});

describe("the shard", () => {
  it("is all of it without keys, and where there is one", () => {
    expect(read({}, readShard)).toEqual({ value: null, problems: [] });
    const env = { AFK_SHARD_INDEX: "0", AFK_SHARD_COUNT: "1" };
    expect(read(env, readShard)).toEqual({ value: null, problems: [] });
  });

  it("is below the count, of at most 64", () => {
    const last = { AFK_SHARD_INDEX: "63", AFK_SHARD_COUNT: "64" };
    expect(read(last, readShard)).toEqual({ value: { index: 63, count: 64 }, problems: [] });
  });

  it.each([
    [{ AFK_SHARD_INDEX: "2", AFK_SHARD_COUNT: "2" }, ["AFK_SHARD_INDEX"]],
    [{ AFK_SHARD_INDEX: "0", AFK_SHARD_COUNT: "65" }, ["AFK_SHARD_COUNT"]],
    [{ AFK_SHARD_INDEX: "0", AFK_SHARD_COUNT: "0" }, ["AFK_SHARD_COUNT"]],
    [{ AFK_SHARD_INDEX: "-1", AFK_SHARD_COUNT: "2" }, ["AFK_SHARD_INDEX"]],
    [{ AFK_SHARD_INDEX: "0" }, ["AFK_SHARD_COUNT"]],
    [{ AFK_SHARD_COUNT: "4" }, ["AFK_SHARD_INDEX"]],
  ])("of %j is a problem of %j", (env, keys) => {
    expect(read(env, readShard)).toEqual({ value: null, problems: keys });
  });
});
