import type { RepoRef } from "../issue.ts";

/** How many issues of each repo have the in-progress label, in the order asked; all of them, or nothing. */
export type RunCounts =
  | { readonly kind: "counted"; readonly counts: readonly number[] }
  | { readonly kind: "unreadable"; readonly why: string };

/** Counts runs of many repos with few requests. */
export type RunCounter = {
  /** Never throws. One repo that cannot be counted makes the answer unreadable. */
  countRuns(repos: readonly RepoRef[]): Promise<RunCounts>;
};
