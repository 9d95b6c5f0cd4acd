import { parseIso } from "./time.ts";

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
  /** What it came to by itself, where `state` is pending only because its workflow may yet report more checks. */
  readonly ownState?: CheckState;
  /** ISO 8601 of start (check run) or creation (status): the newest of one name and source counts. */
  readonly at: string;
  readonly url: string | null;
  /** The forge's id of the check, for reading its log. */
  readonly id: string;
  /** The id of the App that reported it; absent or null where the forge names none. */
  readonly appId?: string | null;
  /** What it says of itself in one line, where it has no log to be read. */
  readonly words?: string;
};

/** A check that a branch requires. `appId`: only that App's report counts; null: anybody's does. */
export type RequiredCheck = { readonly context: string; readonly appId: string | null };

/** The checks of one commit as read. */
export type ChecksSeen =
  | {
      readonly kind: "read";
      readonly sha: string;
      readonly checks: readonly Check[];
      /** Only these count, and each must report. Absent: all checks count. */
      readonly required?: readonly RequiredCheck[];
      /** What could not be read and may be missing among the checks, with the mend. */
      readonly caveat?: string;
    }
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

/**
 * Folds the checks of one commit into one verdict. Red at once, even while others are pending; green only
 * when something succeeded and nothing but successes, neutral and skipped checks is left. The order in
 * which the checks arrive changes nothing, so unchanged checks always give the same text.
 */
export function foldChecks(checks: readonly Check[]): CiVerdict {
  const current = newestChecks(checks).toSorted(byNameAndSource);
  const failing = inStates(current, ["failure", "timed-out", "startup-failure"]);
  if (failing.length > 0) return { kind: "red", failing };
  const actionRequired = inStates(current, ["action-required"]);
  if (actionRequired.length > 0) return { kind: "action-required", names: namesOf(actionRequired) };
  const pending = inStates(current, ["pending", "unknown"]);
  if (pending.length > 0) return { kind: "pending", names: namesOf(pending) };
  if (inStates(current, ["cancelled", "stale"]).length > 0) return { kind: "inconclusive" };
  return { kind: inStates(current, ["success"]).length > 0 ? "green" : "none" };
}

/**
 * The newest check of each name and source. Checks of the same time, or whose times cannot be compared
 * (a queued check has none yet), all count: guessing the newest could turn a red commit green.
 */
export function newestChecks(checks: readonly Check[]): readonly Check[] {
  const newest = new Map<string, number>();
  for (const check of checks) {
    const time = parseIso(check.at);
    const known = newest.get(groupKey(check));
    if (time !== null && (known === undefined || time > known)) newest.set(groupKey(check), time);
  }
  return checks.filter((check) => {
    const time = parseIso(check.at);
    return time === null || time === newest.get(groupKey(check));
  });
}

function groupKey(check: Check): string {
  return JSON.stringify([check.name, check.source]);
}

function inStates(checks: readonly Check[], states: readonly CheckState[]): readonly Check[] {
  return checks.filter((check) => states.includes(check.state));
}

function namesOf(checks: readonly Check[]): readonly string[] {
  return [...new Set(checks.map((check) => check.name))];
}

function byNameAndSource(one: Check, other: Check): number {
  const oneKey = [one.name, one.source, one.at, one.id, one.state].join("\n");
  const otherKey = [other.name, other.source, other.at, other.id, other.state].join("\n");
  if (oneKey === otherKey) return 0;
  return oneKey < otherKey ? -1 : 1;
}
