// Placeholder of the fold; types are final, `foldChecks` is to be written with its table test.

/** One check of one commit, in the forge's own terms translated to these words. */
export type CheckState =
  | "success"
  | "neutral"
  | "skipped"
  | "failure"
  | "timed-out"
  | "startup-failure"
  | "cancelled"
  | "stale"
  | "action-required"
  | "pending"
  /** A word this version does not know: never green. */
  | "unknown";

export type Check = {
  readonly name: string;
  /** Tells two checks of one name apart: `check:<workflow or app>` or `status`. */
  readonly source: string;
  readonly state: CheckState;
  /** ISO 8601 of start (check run) or creation (status): the newest of one name and source counts. */
  readonly at: string;
  readonly url: string | null;
  /** The forge's id of the check, for reading its log. */
  readonly id: string;
};

/** The checks of one commit as read. */
export type ChecksSeen =
  | { readonly kind: "read"; readonly sha: string; readonly checks: readonly Check[] }
  | { readonly kind: "unreadable"; readonly sha: string; readonly why: string };

/** What the checks of one commit add up to. */
export type CiVerdict =
  | { readonly kind: "green" }
  | { readonly kind: "red"; readonly failing: readonly Check[] }
  | { readonly kind: "pending"; readonly names: readonly string[] }
  | { readonly kind: "action-required"; readonly names: readonly string[] }
  /** Only cancelled or stale: a descendant may answer. */
  | { readonly kind: "inconclusive" }
  /** No check at all, or none that says anything (all skipped or neutral). */
  | { readonly kind: "none" };

/** Folds the checks of one commit into one verdict. */
export function foldChecks(checks: readonly Check[]): CiVerdict {
  return checks.length === 0 ? { kind: "none" } : { kind: "pending", names: [] };
}
