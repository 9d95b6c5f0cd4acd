import { uniqueToken } from "../crypto.ts";
import type { V1Lease, V1LeaseSpec, V1ObjectMeta } from "@kubernetes/client-node";
import type { Lease } from "../../pure/ports/lease.ts";
import {
  explainKubernetes,
  type KubernetesClient,
  statusOf,
} from "../cluster/kubernetes-client.ts";

export type KubernetesLeaseOptions = {
  /** Opened at the first use: the package behind it is slow to load. */
  readonly open: () => Promise<KubernetesClient>;
  readonly namespace: string;
  /** Of a Lease that exists already: a tick may not create one. */
  readonly name: string;
  /** What others are told of us: the pod's name. */
  readonly holder: string;
  /** How long a taken or renewed lease lasts; a whole number of seconds. */
  readonly ttlMs: number;
  /** How far the clocks of two nodes may be apart: a lease stands so much longer than it says. */
  readonly skewMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

type Acquired = Awaited<ReturnType<Lease["acquire"]>>;
type Contender = KubernetesLeaseOptions & { readonly identity: string };

/** The fields of a class of the package, which are all that a copy has. */
type Fields<T> = { readonly [Key in keyof T]: T[Key] };
type LeaseFields = Fields<Omit<V1Lease, "metadata" | "spec">> & {
  readonly metadata?: Fields<V1ObjectMeta>;
  readonly spec?: Fields<V1LeaseSpec>;
};

/** The Lease as read. `endsAt` is when another may take it; null where nobody has it. */
type Current = {
  readonly lease: LeaseFields;
  readonly holder: string;
  readonly endsAt: number;
};

// Each round that fails means that another process wrote in between; whoever is so busy with it has it.
const ROUNDS_MAX = 5;

const TOKEN = /_\d+-\d+-[0-9a-z]+$/;

/**
 * A lease between pods: a `coordination.k8s.io` Lease, changed only by updates that name the version they saw, so
 * that of any number of contenders one succeeds. A tick does not live long enough to watch a record stand still, so
 * it trusts the holder's clock, and `skewMs` on top. Whoever holds it may renew it after its end as long as nobody
 * took it: the version decides, not the clock.
 */
export function createKubernetesLease(options: KubernetesLeaseOptions): Lease {
  // Pod names come again when a Job is made anew by hand; a token never does.
  const me: Contender = { ...options, identity: `${options.holder}_${uniqueToken()}` };
  let last: Promise<unknown> = Promise.resolve();
  /** One call after the other: a renewal must not be mistaken for a rival by a call beside it. */
  function inTurn<Answer>(ask: (me: Contender) => Promise<Answer>): Promise<Answer> {
    const answer = last.then(
      () => telling(me, ask),
      () => telling(me, ask),
    );
    last = answer;
    return answer;
  }
  return {
    acquire: () => inTurn(acquire),
    isHeld: () => inTurn(isHeld),
    release: () => inTurn(release),
  };
}

/** Who has the Lease now, without touching it; null when nobody has. */
export async function peekKubernetesLease(
  options: Omit<KubernetesLeaseOptions, "holder">,
): Promise<string | null> {
  const me: Contender = { ...options, holder: "", identity: "" };
  const { holder, endsAt } = await telling(me, read);
  return holder !== "" && me.now() < endsAt ? tellHolder(holder) : null;
}

async function telling<Answer>(
  me: Contender,
  ask: (me: Contender) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(me);
  } catch (cause) {
    const what = `Lease ${me.namespace}/${me.name} cannot be told`;
    // No cause: the package's error carries every header of the answer.
    throw new Error(`${what}: ${explainKubernetes(cause)}${mendOf(me, cause)}`);
  }
}

function mendOf({ namespace, name }: Contender, cause: unknown): string {
  switch (statusOf(cause)) {
    case 401:
      return "; the service account's token is not accepted";
    case 403:
      return `; grant get and update on leases/${name} in namespace ${namespace}`;
    case 404:
      return "; it is made by the manifests in deploy/k8s: apply them, a tick makes none";
    default:
      return "";
  }
}

async function acquire(me: Contender): Promise<Acquired> {
  let holder = "another process";
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const current = await read(me);
    if (current.holder !== me.identity && me.now() < current.endsAt) {
      return { kind: "held-elsewhere", holder: tellHolder(current.holder) };
    }
    if (await take(me, current)) return { kind: "acquired" };
    if (current.holder !== "") holder = tellHolder(current.holder);
  }
  return { kind: "held-elsewhere", holder };
}

/** While the Lease names us nobody took it, even if it is over: then it is taken anew. */
async function isHeld(me: Contender): Promise<boolean> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const current = await read(me);
    if (current.holder !== me.identity) return false;
    const leftMs = current.endsAt - me.now();
    if (leftMs * 2 >= me.ttlMs + me.skewMs) return true;
    if (await take(me, current)) return true;
  }
  return false;
}

async function release(me: Contender): Promise<void> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const current = await read(me);
    if (current.holder !== me.identity) return;
    // Without a holder it is free; an empty name would be refused by some servers.
    const { holderIdentity: _, ...spec } = await writableSpec(me, current.lease);
    if (await replace(me, { ...current.lease, spec })) return;
  }
  throw new Error("others keep writing it while it is given back; it ends by itself");
}

/** Takes or renews it. False when another wrote it since it was read, or the term is over already. */
async function take(me: Contender, { lease, holder }: Current): Promise<boolean> {
  const { module } = await me.open();
  const at = me.now();
  const kept = await writableSpec(me, lease);
  const renewTime = new module.V1MicroTime(at);
  const { leaseTransitions = 0 } = kept;
  // One transition a change of holder: the number tells two terms apart.
  const taken = { acquireTime: renewTime, leaseTransitions: leaseTransitions + 1 };
  const spec = {
    ...kept,
    holderIdentity: me.identity,
    leaseDurationSeconds: Math.ceil(me.ttlMs / 1000),
    renewTime,
    ...(holder === me.identity ? {} : taken),
  };
  if (!(await replace(me, { ...lease, spec }))) return false;
  // This process may have slept through the whole term since it looked at the clock.
  return me.now() < at + me.ttlMs + me.skewMs;
}

async function read(me: Contender): Promise<Current> {
  const { leases } = await me.open();
  const { name, namespace } = me;
  const lease: LeaseFields = await leases.readNamespacedLease({ name, namespace });
  const { holderIdentity: holder = "", leaseDurationSeconds, renewTime } = lease.spec ?? {};
  // As for Kubernetes' own lease holders, one that was never renewed is over long since.
  if (holder === "" || renewTime === undefined) return { lease, holder, endsAt: 0 };
  const durationMs = leaseDurationSeconds === undefined ? me.ttlMs : leaseDurationSeconds * 1000;
  const endsAt = epochMs(renewTime) + durationMs + me.skewMs;
  // A time that cannot be read may be any time: held.
  return { lease, holder, endsAt: Number.isNaN(endsAt) ? Number.POSITIVE_INFINITY : endsAt };
}

/** False when the version it names is not the newest any more. */
async function replace(me: Contender, lease: LeaseFields): Promise<boolean> {
  const { leases } = await me.open();
  const { name, namespace } = me;
  const { managedFields: _, ...metadata } = lease.metadata ?? {};
  try {
    await leases.replaceNamespacedLease({ name, namespace, body: { ...lease, metadata } });
    return true;
  } catch (error) {
    const status = statusOf(error);
    if (status === 409) return false;
    if (status !== null && status < 500) throw error;
    // No answer, or a proxy's: it may have been written all the same, and the Lease itself tells.
    const { lease: found } = await read(me);
    return found.spec?.holderIdentity === lease.spec?.holderIdentity && isSameTerm(found, lease);
  }
}

function isSameTerm(found: LeaseFields, wanted: LeaseFields): boolean {
  const [one, other] = [found.spec?.renewTime, wanted.spec?.renewTime];
  if (one === undefined || other === undefined) return one === other;
  return epochMs(one) === epochMs(other);
}

/** Times arrive as texts although their type says otherwise, and are taken only with six digits. */
async function writableSpec(me: Contender, lease: LeaseFields): Promise<Fields<V1LeaseSpec>> {
  const { module } = await me.open();
  const { acquireTime, renewTime, ...spec } = lease.spec ?? {};
  return {
    ...spec,
    ...(acquireTime === undefined
      ? {}
      : { acquireTime: new module.V1MicroTime(epochMs(acquireTime)) }),
    ...(renewTime === undefined ? {} : { renewTime: new module.V1MicroTime(epochMs(renewTime)) }),
  };
}

function epochMs(time: unknown): number {
  return new Date(String(time)).getTime();
}

/** The holder without the token that tells its processes apart. */
function tellHolder(identity: string): string {
  return identity.replace(TOKEN, "");
}
