import type { IssueSeen } from "./issue.ts";

/** Unlabelled issues come after every labelled one. */
const UNLABELLED = Number.POSITIVE_INFINITY;
const PRIORITY = /^(?:priority[:/]\s*(\d{1,9})|p(\d))$/i;

/** The lowest number of the labels `priority:N`, `priority/N` and `P0`…`P9`; infinite without one. */
export function priorityOf(issue: IssueSeen): number {
  let lowest = UNLABELLED;
  for (const label of issue.labels) {
    const match = PRIORITY.exec(label.trim());
    if (match !== null) lowest = Math.min(lowest, Number(match[1] ?? match[2]));
  }
  return lowest;
}

/** Most urgent first: priority, then age, then number. Total: two issues of one repo never tie. */
export function compareUrgency(a: IssueSeen, b: IssueSeen): number {
  return compareRanks(rankOf(a), rankOf(b));
}

/** What the urgency of an issue depends on, so that sorting many reads the labels of each once. */
export type Rank = {
  readonly priority: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly number: number;
};

/** The rank of an issue in the order of `compareUrgency`. */
export function rankOf(issue: IssueSeen): Rank {
  return { priority: priorityOf(issue), createdAt: issue.createdAt, number: issue.ref.number };
}

/** As `compareUrgency`, of issues whose ranks are known. */
export function compareRanks(a: Rank, b: Rank): number {
  const byPriority = compare(a.priority, b.priority);
  if (byPriority !== 0) return byPriority;
  const byAge = compare(a.createdAt, b.createdAt);
  return byAge !== 0 ? byAge : compare(a.number, b.number);
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
