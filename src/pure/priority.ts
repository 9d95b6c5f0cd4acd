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
  return compareRanked(
    { issue: a, priority: priorityOf(a) },
    { issue: b, priority: priorityOf(b) },
  );
}

/** An issue beside its priority, so that sorting many reads the labels of each once. */
export type Ranked = { readonly issue: IssueSeen; readonly priority: number };

/** As `compareUrgency`, of issues whose priorities are known. */
export function compareRanked(
  { issue: a, priority: priorityOfA }: Ranked,
  { issue: b, priority: priorityOfB }: Ranked,
): number {
  const byPriority = compare(priorityOfA, priorityOfB);
  if (byPriority !== 0) return byPriority;
  const byAge = compare(a.createdAt, b.createdAt);
  return byAge !== 0 ? byAge : compare(a.ref.number, b.ref.number);
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
