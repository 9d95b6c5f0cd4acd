import { afterEach, describe, expect, it } from "vitest";
import { describeLease } from "../../contract/lease-contract.ts";
import { LeaseCluster, NAME, NAMESPACE, SKEW_MS, TTL_MS } from "./kubernetes-world.ts";

const clusters: LeaseCluster[] = [];

async function aCluster(timeoutMs?: number): Promise<LeaseCluster> {
  const cluster = await LeaseCluster.start(timeoutMs);
  clusters.push(cluster);
  return cluster;
}

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster[Symbol.asyncDispose]();
});

describeLease("a Kubernetes Lease", TTL_MS + SKEW_MS, async () => {
  const cluster = await aCluster();
  return {
    contender: (holder) => cluster.contender(holder),
    advance: (ms) => cluster.clock.advance(ms),
  };
});

describe("a Kubernetes Lease that two ticks race for", () => {
  it("is never held by both, in 200 races for a free, an expired or a running-out one", async () => {
    const cluster = await aCluster();
    let taken = 0;
    for (let race = 0; race < 200; race += 1) {
      const [one, other] = [cluster.contender("one"), cluster.contender("other")];
      // A third had it and was killed, or is about to renew it while it is taken over.
      const killed = cluster.contender("killed");
      if (race % 2 === 1) await killed.acquire();
      if (race % 2 === 1) cluster.clock.advance(TTL_MS + SKEW_MS);
      const isRenewing = race % 4 === 3;
      const [first, second] = await Promise.all([
        one.acquire(),
        other.acquire(),
        isRenewing ? killed.isHeld() : null,
      ]);
      const acquired = [first, second].filter(({ kind }) => kind === "acquired");
      expect(acquired.length).toBeLessThanOrEqual(1);
      const held = await Promise.all([one.isHeld(), other.isHeld(), killed.isHeld()]);
      expect(held.filter(Boolean).length).toBe(1);
      taken += held.slice(0, 2).filter(Boolean).length;
      for (const lease of [one, other, killed]) await lease.release();
    }
    expect(taken).toBeGreaterThan(100);
  });
});

describe("a Kubernetes Lease on the wire", () => {
  it("is written with six digits, a transition per holder, and what else stands in it", async () => {
    const cluster = await aCluster();
    cluster.write({ leaseTransitions: 6, strategy: "OldestEmulationVersion" });
    const lease = cluster.contender("pod-1");
    await lease.acquire();
    const acquired = cluster.spec();
    expect(acquired).toMatchObject({
      leaseDurationSeconds: TTL_MS / 1000,
      leaseTransitions: 7,
      strategy: "OldestEmulationVersion",
    });
    expect(acquired["renewTime"]).toMatch(/\.\d{6}Z$/);
    expect(acquired["holderIdentity"]).toMatch(/^pod-1_\d+-\d+-[0-9a-z]+$/);
    cluster.clock.advance(TTL_MS);
    expect(await lease.isHeld()).toBe(true);
    expect(cluster.spec()["acquireTime"]).toBe(acquired["acquireTime"]);
    expect(cluster.spec()["renewTime"]).not.toBe(acquired["renewTime"]);
    expect(cluster.spec()["leaseTransitions"]).toBe(7);
    await lease.release();
    expect(cluster.spec()).not.toHaveProperty("holderIdentity");
    const metadata = cluster.api.object(NAMESPACE, "leases", NAME)?.metadata;
    expect(metadata?.["labels"]).toEqual({ "app.kubernetes.io/name": "afk" });
  });

  it("costs one request to look at, two to take or give back", async () => {
    const cluster = await aCluster();
    const lease = cluster.contender("one");
    await lease.acquire();
    await lease.isHeld();
    await lease.release();
    const [get, update] = [`get leases/${NAME}`, `update leases/${NAME}`];
    expect(cluster.api.calls).toEqual([get, update, get, get, update]);
  });
});

describe("a Kubernetes Lease written by somebody else", () => {
  it("stands for the duration it says itself, and the skew on top", async () => {
    const cluster = await aCluster();
    const renewTime = `${new Date(cluster.clock.now()).toISOString().slice(0, -1)}000Z`;
    cluster.write({ holderIdentity: "kubectl", leaseDurationSeconds: 7, renewTime });
    const lease = cluster.contender("one");
    cluster.clock.advance(7_000 + SKEW_MS - 1);
    expect(await lease.acquire()).toEqual({ kind: "held-elsewhere", holder: "kubectl" });
    cluster.clock.advance(1);
    expect(await lease.acquire()).toEqual({ kind: "acquired" });
  });

  it("is free without a holder or a time, and held with a time that cannot be read", async () => {
    const cluster = await aCluster();
    cluster.write({ holderIdentity: "kubectl", renewTime: "soon" });
    expect((await cluster.contender("one").acquire()).kind).toBe("held-elsewhere");
    cluster.write({ holderIdentity: "kubectl" });
    expect((await cluster.contender("one").acquire()).kind).toBe("acquired");
  });
});

describe("a Kubernetes Lease that cannot be told", () => {
  it("names the manifests where it was never made", async () => {
    const cluster = await aCluster();
    cluster.api.grant("pod", [{ namespace: NAMESPACE, resource: "leases", verbs: ["get"] }]);
    const lease = cluster.contender("one", "afk-other");
    await expect(lease.acquire()).rejects.toThrow(
      'Lease afk/afk-other cannot be told: 404 leases "afk-other" not found; it is made by the ' +
        "manifests in deploy/k8s",
    );
  });

  it("names the grant that is missing, and repeats no header", async () => {
    const cluster = await aCluster();
    const error = await cluster.contender("one", "afk-other").acquire().catch(String);
    expect(error).toContain("grant get and update on leases/afk-other in namespace afk");
    expect(error).not.toMatch(/headers|content-type/i);
    cluster.api.grant("pod", [{ namespace: NAMESPACE, resource: "leases", verbs: ["get"] }]);
    await expect(cluster.contender("one").acquire()).rejects.toThrow("grant get and update");
  });

  it("ends within its timeout where the API server hangs", async () => {
    const cluster = await aCluster(50);
    cluster.api.faults.push({ call: `get leases/${NAME}`, fault: "hang" });
    await expect(cluster.contender("one").acquire()).rejects.toThrow("did not answer in time");
  });

  it.each(["applied-then-lost", "unavailable"] as const)(
    "looks again where the answer to taking it is %s",
    async (fault) => {
      const cluster = await aCluster();
      cluster.api.faults.push({ call: `update leases/${NAME}`, fault });
      const lease = cluster.contender("one");
      expect(await lease.acquire()).toEqual({ kind: "acquired" });
      expect(await lease.isHeld()).toBe(true);
      expect(cluster.spec()["leaseTransitions"]).toBe(1);
    },
  );

  it("is given back although the answer to that is lost", async () => {
    const cluster = await aCluster();
    const lease = cluster.contender("one");
    await lease.acquire();
    cluster.api.faults.push({ call: `update leases/${NAME}`, fault: "applied-then-lost" });
    await lease.release();
    expect(cluster.spec()).not.toHaveProperty("holderIdentity");
    expect(await cluster.contender("two").acquire()).toEqual({ kind: "acquired" });
  });
});
