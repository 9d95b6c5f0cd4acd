import type { Account } from "./model.ts";
import { type Answer, errorAnswer } from "./rest-call.ts";

/** GitHub counts REST requests and GraphQL points apart. */
export type Resource = "core" | "graphql";

/** Where an account stands in this hour. `resetAtMs` is epoch milliseconds. */
export type Balance = {
  readonly resource: Resource;
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  readonly resetAtMs: number;
};

/**
 * A limit that every request meets as long as it lasts. Primary: nothing of a budget remains, said
 * with its reset. Secondary: refused with that status, and with `retry-after` if it is given; 200
 * is how GraphQL may say it. Times are epoch milliseconds.
 */
export type ForgeLimit =
  | { readonly kind: "primary"; readonly resource: Resource; readonly untilMs: number }
  | {
      readonly kind: "secondary";
      readonly status: 200 | 403 | 429;
      readonly retryAfterS: number | null;
      readonly untilMs: number;
    };

/** The hourly budgets of all accounts. They are counted; enforced are only limits that were set. */
export type Budgets = {
  take(account: Account, resource: Resource, cost: number): Balance;
  /** Lets requests meet a limit from now on. */
  setLimit(limit: ForgeLimit): void;
  /** What a request is refused with; null while no limit holds it. */
  refusal(resource: Resource): Answer | null;
};

// GitHub's budget of a personal token, per hour and resource.
const HOURLY_LIMIT = 5_000;
const HOUR_MS = 3_600_000;

/** Counts what every account uses, anew each hour. */
export function createBudgets(nowMs: () => number): Budgets {
  const used = new Map<string, { resetAtMs: number; count: number }>();
  const limits: ForgeLimit[] = [];
  const inForce = (resource: Resource) => (limit: ForgeLimit) =>
    limit.untilMs > nowMs() && (limit.kind === "secondary" || limit.resource === resource);
  return {
    setLimit: (limit) => void limits.push(limit),
    refusal(resource) {
      const limit = limits.find(inForce(resource));
      return limit === undefined ? null : refuse(limit, resource);
    },
    take(account, resource, cost) {
      const key = `${resource}:${account.id}`;
      const now = nowMs();
      const limit = limits.find((one) => one.kind === "primary" && inForce(resource)(one));
      if (limit !== undefined) {
        const resetAtMs = limit.untilMs;
        return { resource, limit: HOURLY_LIMIT, used: HOURLY_LIMIT, remaining: 0, resetAtMs };
      }
      let entry = used.get(key);
      if (entry === undefined || entry.resetAtMs <= now) {
        entry = { resetAtMs: now + HOUR_MS, count: 0 };
        used.set(key, entry);
      }
      entry.count += cost;
      const remaining = Math.max(0, HOURLY_LIMIT - entry.count);
      const { count, resetAtMs } = entry;
      return { resource, limit: HOURLY_LIMIT, used: count, remaining, resetAtMs };
    },
  };
}

function refuse(limit: ForgeLimit, resource: Resource): Answer {
  const isPrimary = limit.kind === "primary";
  const message = isPrimary
    ? "API rate limit exceeded for user ID 1."
    : "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
  const seconds = isPrimary ? null : limit.retryAfterS;
  const headers = seconds === null ? {} : { "retry-after": String(seconds) };
  const isQueryError = resource === "graphql" && (isPrimary || limit.status === 200);
  if (isQueryError) {
    const error = { ...(isPrimary ? { type: "RATE_LIMITED" } : {}), message };
    return { status: 200, body: { errors: [error] }, headers };
  }
  const status = isPrimary || limit.status === 200 ? 403 : limit.status;
  return { ...errorAnswer(status, message), headers };
}
