import { ServiceLimited } from "../../pure/ports/service-limited.ts";
import { type Headers, type Limit, resumeAtOf } from "./github-limit.ts";

/** What a tick used of GitHub's budgets, and when GitHub may be asked again if a limit ended it. */
export type GithubUsage = {
  /** Of GraphQL, as GitHub reports them. */
  readonly points: number;
  /** Of this hour, as the newest answers said; null when none did. */
  readonly remaining: { readonly core: number | null; readonly graphql: number | null };
  /** ISO 8601; only when the meter is shut. */
  readonly resumeAt?: string;
};

/** A request's end. `limit` is the one it met, which proves that it had no effect. */
export type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T; readonly headers: Headers }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      readonly headers: Headers;
      readonly limit: Limit | null;
    };

/** A request on its way through the meter. */
export type MeteredCall<T> = {
  /** GitHub keeps one budget for each. */
  readonly resource: string;
  /** Whether it may be sent again once it was refused for a limit. */
  readonly isRepeatable: boolean;
  ask(): Promise<Outcome<T>>;
};

/**
 * What all GitHub adapters of a tick share: it counts, remembers the quota, and holds requests
 * back when a limit was met.
 */
export type GithubMeter = {
  /**
   * Sends a request, once more after a limit that ends within the tick's time. Throws
   * `ServiceLimited` without asking once a limit outlasts that.
   */
  send<T>(call: MeteredCall<T>): Promise<T>;
  notePoints(points: number): void;
  readonly usage: () => GithubUsage;
  /** The limit for which no further request is sent; null while there is none. */
  readonly limit: () => ServiceLimited | null;
};

/** A clock in epoch ms, and a pause in ms. */
export type MeterClock = {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
};

/**
 * How long after its begin a tick may still wait for a limit to end. A tick runs each minute: with
 * the reading and writing around it, one that waited this long still ends before the next begins.
 */
export const LIMIT_WAIT_MS_MAX = 30_000;

type Quota = { readonly remaining: number; readonly resetAt: number };

type State = {
  readonly clock: MeterClock;
  readonly waitEndsAt: number;
  readonly quotas: Map<string, Quota>;
  points: number;
  pausedUntil: number;
  pause: { readonly until: number; readonly over: Promise<void> } | null;
  shut: ServiceLimited | null;
};

/** Creates the meter of one tick; the time it may wait begins now. */
export function createGithubMeter(clock: MeterClock): GithubMeter {
  const state: State = {
    clock,
    waitEndsAt: clock.now() + LIMIT_WAIT_MS_MAX,
    quotas: new Map(),
    points: 0,
    pausedUntil: 0,
    pause: null,
    shut: null,
  };
  return {
    send: (call) => send(state, call),
    notePoints: (points) => {
      state.points += points;
    },
    usage: () => usageOf(state),
    limit: () => state.shut,
  };
}

async function send<T>(state: State, call: MeteredCall<T>): Promise<T> {
  await pass(state, call.resource);
  const first = await ask(state, call);
  if (first.kind === "answered") return first.value;
  if (first.limit === null) throw first.error;
  const resumeAt = resumeAtOf(first.limit, state.clock.now());
  if (!call.isRepeatable) throw shut(state, resumeAt);
  state.pausedUntil = Math.max(state.pausedUntil, resumeAt);
  await pass(state, call.resource);
  const second = await ask(state, call);
  if (second.kind === "answered") return second.value;
  if (second.limit === null) throw second.error;
  throw shut(state, resumeAtOf(second.limit, state.clock.now()));
}

async function ask<T>(state: State, call: MeteredCall<T>): Promise<Outcome<T>> {
  const outcome = await call.ask();
  noteQuota(state, call.resource, outcome.headers);
  return outcome;
}

/** Lets a request through once nothing holds it back; all that wait share one pause. */
async function pass(state: State, resource: string): Promise<void> {
  for (;;) {
    if (state.shut !== null) throw state.shut;
    const now = state.clock.now();
    const quota = state.quotas.get(resource);
    const spentUntil = quota?.remaining === 0 ? quota.resetAt : 0;
    const until = Math.max(state.pausedUntil, spentUntil);
    if (until <= now) return;
    if (until > state.waitEndsAt) throw shut(state, until);
    if (state.pause === null || state.pause.until < until) {
      state.pause = { until, over: state.clock.sleep(until - now) };
    }
    await state.pause.over;
  }
}

function shut(state: State, resumeAt: number): ServiceLimited {
  const known = state.shut?.resumeAt ?? 0;
  if (state.shut !== null && known >= resumeAt) return state.shut;
  const at = new Date(resumeAt).toISOString();
  const message = `GitHub's limit is reached: it is asked nothing more in this tick, may resume at ${at}`;
  state.shut = new ServiceLimited(message, resumeAt);
  return state.shut;
}

/** Answers come in any order: within one hour the lowest is the newest. */
function noteQuota(state: State, asked: string, headers: Headers): void {
  const remaining = Number(headers["x-ratelimit-remaining"] ?? Number.NaN);
  const resetAt = Number(headers["x-ratelimit-reset"] ?? Number.NaN) * 1000;
  if (!Number.isSafeInteger(remaining) || !Number.isSafeInteger(resetAt)) return;
  const said = headers["x-ratelimit-resource"];
  // What is asked apart is kept apart, though GitHub calls its budget `core` as well.
  const resource = said === undefined || asked === APP_RESOURCE ? asked : String(said);
  const known = state.quotas.get(resource);
  const isNewer =
    known === undefined ||
    resetAt > known.resetAt ||
    (resetAt === known.resetAt && remaining < known.remaining);
  if (isNewer) state.quotas.set(resource, { remaining, resetAt });
}

/** What an App asks as itself, to get its token, has a budget apart from that token's. */
export const APP_RESOURCE = "app";

function usageOf(state: State): GithubUsage {
  const left = (resource: string): number | null => state.quotas.get(resource)?.remaining ?? null;
  const resumeAt = state.shut?.resumeAt;
  return {
    points: state.points,
    remaining: { core: left("core"), graphql: left("graphql") },
    ...(resumeAt == null ? {} : { resumeAt: new Date(resumeAt).toISOString() }),
  };
}
