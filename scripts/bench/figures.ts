/** One figure of the table: what was measured, and what it may be at most. */
export type Figure = {
  /** Stable: results of different days are compared by it. */
  readonly id: string;
  readonly name: string;
  readonly value: number;
  readonly goal: number;
  readonly unit: "ratio" | "requests" | "writes" | "MiB";
  /** Where the figure comes from: absolute times, counts. */
  readonly detail: string;
};

/** What a run of the benchmark leaves behind. */
export type BenchResult = {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly node: string;
  readonly cpus: number;
  readonly reps: number;
  readonly figures: readonly Figure[];
};

/** A figure that is worse than it was, beyond noise. */
export type Regression = {
  readonly id: string;
  readonly before: number;
  readonly now: number;
  readonly isWithinGoal: boolean;
};

/** Two runs in a row on a busy machine of two cores differ by up to this much in a ratio. */
const NOISE = 0.15;

/** The middle of the values; of an even number, the mean of the two in the middle. Throws for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error("a median of no values");
  return (lower + upper) / 2;
}

/** Whether the figure keeps its goal; one that is no number does not. */
export function isMet({ value, goal }: Pick<Figure, "value" | "goal">): boolean {
  return value <= goal;
}

/**
 * Figures that got worse by more than noise, against those of the same id earlier. Counts have no noise: one
 * more is worse.
 */
export function findRegressions(
  before: readonly Figure[],
  now: readonly Figure[],
): readonly Regression[] {
  const earlier = new Map(before.map((figure) => [figure.id, figure.value]));
  const found: Regression[] = [];
  for (const figure of now) {
    const was = earlier.get(figure.id);
    if (was === undefined || figure.value <= was + roomOf(figure, was)) continue;
    found.push({
      id: figure.id,
      before: was,
      now: figure.value,
      isWithinGoal: isMet(figure),
    });
  }
  return found;
}

function roomOf({ unit }: Figure, was: number): number {
  return unit === "requests" || unit === "writes" ? 0 : Math.abs(was) * NOISE;
}

/** A figure as the table prints it: ratios to the hundredth, all else whole. */
export function printValue(value: number, unit: Figure["unit"]): string {
  return unit === "ratio" ? value.toFixed(2) : `${Math.round(value)} ${unit}`;
}

/** When a request was under way, in milliseconds of any one clock. */
export type Span = { readonly from: number; readonly to: number };

/** How many of the requests had to follow one another: the longest chain in which each began after the last ended. */
export function depthOf(spans: readonly Span[]): number {
  let depth = 0;
  let endedAt = Number.NEGATIVE_INFINITY;
  for (const span of spans.toSorted((a, b) => a.to - b.to)) {
    if (span.from < endedAt) continue;
    depth += 1;
    endedAt = span.to;
  }
  return depth;
}
