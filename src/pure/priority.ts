import type { IssueSeen } from "./issue.ts";

/** Unlabelled issues come after every labelled one. */
const UNLABELLED = Number.POSITIVE_INFINITY;
const PRIORITY = /^(?:priority[:/]\s*(\d{1,9})|p(\d))$/i;

/** The lowest number of the labels `priority:N`, `priority/N` and `P0`…`P9`; infinite without one. */
export function priorityOf(issue: IssueSeen): number {
  const numbers = issue.labels.map((label) => {
    const match = PRIORITY.exec(label.trim());
    return match === null ? UNLABELLED : Number(match[1] ?? match[2]);
  });
  return Math.min(UNLABELLED, ...numbers);
}

/** Most urgent first: priority, then age, then number. Total: two issues of one repo never tie. */
export function compareUrgency(a: IssueSeen, b: IssueSeen): number {
  const byPriority = compare(priorityOf(a), priorityOf(b));
  if (byPriority !== 0) return byPriority;
  const byAge = compare(a.createdAt, b.createdAt);
  return byAge !== 0 ? byAge : compare(a.ref.number, b.ref.number);
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
