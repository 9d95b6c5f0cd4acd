import {
  openKubernetes,
  type KubernetesClient,
} from "../../../src/adapters/cluster/kubernetes-client.ts";
import { createKubernetesLease } from "../../../src/adapters/lease/kubernetes.ts";
import type { Lease } from "../../../src/pure/ports/lease.ts";
import { FakeApiServer } from "../../fakes/fake-api-server.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

export const NAMESPACE = "afk";
export const NAME = "afk-poller";
export const TTL_MS = 50_000;
export const SKEW_MS = 10_000;

/** A cluster with one Lease that nobody holds, and pods that may read and update it. */
export class LeaseCluster {
  readonly api: FakeApiServer;
  readonly clock = new FakeClock();
  readonly client: KubernetesClient;

  private constructor(api: FakeApiServer, client: KubernetesClient) {
    this.api = api;
    this.client = client;
  }

  static async start(timeoutMs = 2_000): Promise<LeaseCluster> {
    const api = await FakeApiServer.start();
    api.grant("pod", [
      { namespace: NAMESPACE, resource: "leases", verbs: ["get", "update"], names: [NAME] },
    ]);
    api.put("leases", {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: NAME, namespace: NAMESPACE, labels: { "app.kubernetes.io/name": "afk" } },
      spec: {},
    });
    const access = { kind: "direct", server: api.url, token: "pod" } as const;
    return new LeaseCluster(api, await openKubernetes({ access, timeoutMs }));
  }

  contender(holder: string, name = NAME): Lease {
    return createKubernetesLease({
      open: async () => this.client,
      namespace: NAMESPACE,
      name,
      holder,
      ttlMs: TTL_MS,
      skewMs: SKEW_MS,
      now: this.clock.now,
    });
  }

  spec(): Record<string, unknown> {
    return this.api.object(NAMESPACE, "leases", NAME)?.["spec"] as Record<string, unknown>;
  }

  /** Somebody writes the Lease by hand. */
  write(spec: Record<string, unknown>): void {
    const found = this.api.object(NAMESPACE, "leases", NAME);
    if (found !== undefined) this.api.put("leases", { ...found, spec });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.api[Symbol.asyncDispose]();
  }
}
