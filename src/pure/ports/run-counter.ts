import type { RepoRef } from "../issue.ts";

/** How many issues of a repo have the in-progress label, or why that cannot be told. */
export type RunCount =
  | { readonly kind: "counted"; readonly issues: number }
  | { readonly kind: "unreadable"; readonly why: string };

/** Counts runs of many repos with few requests. */
export type RunCounter = {
  /** Never throws. One answer a repo, in the order asked. */
  countRuns(repos: readonly RepoRef[]): Promise<readonly RunCount[]>;
};
