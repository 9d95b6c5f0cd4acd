import { type Check, type ChecksSeen, type CiVerdict, foldChecks } from "./ci-fold.ts";

type ReadChecks = Extract<ChecksSeen, { kind: "read" }>;

/** The source of a check that a branch requires and that nobody has reported. */
const NOT_REPORTED_SOURCE = "required, not reported";

/**
 * The checks that count: all of them; or where only the required ones do, those, and for each that has not
 * reported a pending one of its name. A check of the right name by another App than the one required is none.
 * What else its workflow may yet report is not required: each counts for what it came to by itself.
 */
export function countedChecks(seen: ReadChecks): readonly Check[] {
  const { required, checks } = seen;
  if (required === undefined) return checks;
  const reported = checks.filter((check) => required.some((each) => isOf(each, check)));
  const missing = required.filter((each) => !checks.some((check) => isOf(each, check)));
  return [...reported.map(byItself), ...missing.map(notReported)];
}

/**
 * Folds what was read of one commit. A commit that nothing at all was reported on says nothing, whatever is
 * required: only the head of a push is ever checked.
 */
export function foldSeen(seen: ReadChecks): CiVerdict {
  return seen.checks.length === 0 ? { kind: "none" } : foldChecks(countedChecks(seen));
}

type Required = NonNullable<ReadChecks["required"]>[number];

function isOf(required: Required, check: Check): boolean {
  if (check.name !== required.context) return false;
  return required.appId === null || check.appId === required.appId;
}

function byItself(check: Check): Check {
  return check.ownState === undefined ? check : { ...check, state: check.ownState };
}

function notReported({ context }: Required): Check {
  const source = NOT_REPORTED_SOURCE;
  return { name: context, source, state: "pending", at: "", url: null, id: context };
}
