import { type Counts, noCounts } from "./counts.ts";
import type { CrashReport, SiteCrashes } from "./exhaustive.ts";

/** A schedule that broke a law. */
export type Failure = { readonly seed: number; readonly broken: readonly string[] };

/** What a range of seeds came to. */
export type Totals = { schedules: number; readonly counts: Counts; readonly failures: Failure[] };

export function noTotals(): Totals {
  return { schedules: 0, counts: noCounts(), failures: [] };
}

/** Adds one to the other. */
export function addTotals(to: Totals, more: Totals): void {
  to.schedules += more.schedules;
  addCounts(to.counts, more.counts);
  to.failures.push(...more.failures);
}

/** Adds what one schedule counted. */
export function addCounts(to: Counts, more: Counts): void {
  to.ticks += more.ticks;
  to.effects += more.effects;
  to.crashes += more.crashes;
  for (const name of ["faults", "verdicts", "holds"] as const) {
    for (const [key, times] of Object.entries(more[name])) {
      to[name][key] = (to[name][key] ?? 0) + times;
    }
  }
}

/** One report of several parts. */
export function joinCrashes(parts: readonly CrashReport[]): CrashReport {
  const bySite: Record<string, SiteCrashes> = {};
  for (const part of parts) {
    for (const [site, { before, after }] of Object.entries(part.bySite)) {
      const sum = (bySite[site] ??= { before: 0, after: 0 });
      sum.before += before;
      sum.after += after;
    }
  }
  return {
    plays: parts.reduce((sum, part) => sum + part.plays, 0),
    bySite,
    broken: parts.flatMap((part) => part.broken),
  };
}
