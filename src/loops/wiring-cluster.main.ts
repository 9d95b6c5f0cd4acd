import { hostname } from "node:os";
import { type KubernetesClient, openKubernetes } from "../adapters/cluster/kubernetes-client.ts";
import { createKubernetesRollouts } from "../adapters/cluster/kubernetes-rollouts.ts";
import { createKubernetesLease, peekKubernetesLease } from "../adapters/lease/kubernetes.ts";
import type { Config } from "../pure/config.ts";
import { leaseNameOf } from "../pure/config-cluster.ts";
import type { RolloutReader } from "../pure/ports/cluster.ts";
import type { Lease } from "../pure/ports/lease.ts";

/**
 * A tick ends within a minute and gives its Lease back; this long others wait for one that was killed. It may be
 * shorter than the longest reading: who was not overtaken renews it even after its end.
 */
const LEASE_TTL_MS = 120_000;
/** Nodes keep time to milliseconds; one that is ten seconds off is broken in other ways too. */
const CLOCK_SKEW_MS = 10_000;

/** What a tick has of a cluster. Nothing is loaded or asked before the first use of any of it. */
export type ClusterWiring = {
  /** Null where files keep the ticks apart. */
  readonly lease: Lease | null;
  /** Null where no repo names a workload. */
  readonly rollouts: RolloutReader | null;
  readonly open: () => Promise<KubernetesClient>;
  /** How many requests the API server got. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
};

/** Wires what the configuration says of a cluster. */
export function wireCluster(config: Config, loop: string): ClusterWiring {
  let requests = 0;
  let client: Promise<KubernetesClient> | null = null;
  function open(): Promise<KubernetesClient> {
    client ??= openKubernetes({
      access: { kind: "ambient" },
      onRequest: () => {
        requests += 1;
      },
    });
    return client;
  }
  const hasRollout = config.repos.some(({ policy }) => policy.rollout !== undefined);
  return {
    lease: leaseOf(config, loop, open),
    rollouts: hasRollout ? createKubernetesRollouts({ open }) : null,
    open,
    requests: () => requests,
    close: async () => {
      // What failed to open was told by whoever asked for it.
      await client?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}

function leaseOf(
  { lease, shard }: Config,
  loop: string,
  open: () => Promise<KubernetesClient>,
): Lease | null {
  if (lease.kind === "file") return null;
  const { namespace } = lease;
  const name = leaseNameOf(loop, shard);
  return createKubernetesLease({ ...TERM, open, namespace, name, holder: hostname() });
}

const TERM = { ttlMs: LEASE_TTL_MS, skewMs: CLOCK_SKEW_MS, now: Date.now };

/** Who has the Lease of that name now; null when nobody has. */
export function peekClusterLease(
  cluster: ClusterWiring,
  at: { readonly namespace: string; readonly name: string },
): Promise<string | null> {
  return peekKubernetesLease({ ...TERM, ...at, open: cluster.open });
}
