import type { Account } from "./model.ts";

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

/** The hourly budgets of all accounts. They are counted, never enforced. */
export type Budgets = {
  take(account: Account, resource: Resource, cost: number): Balance;
};

// GitHub's budget of a personal token, per hour and resource.
const HOURLY_LIMIT = 5_000;
const HOUR_MS = 3_600_000;

/** Counts what every account uses, anew each hour. */
export function createBudgets(nowMs: () => number): Budgets {
  const used = new Map<string, { resetAtMs: number; count: number }>();
  return {
    take(account, resource, cost) {
      const key = `${resource}:${account.id}`;
      const now = nowMs();
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
