import { type ChecksSeen, type CiVerdict, foldChecks } from "./ci-fold.ts";
import type { RunCiSeen } from "./run-observation.ts";

type Folded = { readonly sha: string; readonly verdict: CiVerdict };

/**
 * One answer from the checks of the run's newest commit and its descendants, in that order. The commit's own
 * verdict counts unless it says nothing; then the first descendant that says something answers. A green
 * descendant mends a red: the branch that people build on is good again.
 */
export function judgeCi(checks: readonly ChecksSeen[]): RunCiSeen {
  const [own] = checks;
  if (own === undefined) return { kind: "not-asked" };
  if (own.kind === "unreadable") return { kind: "unreadable", why: own.why };
  const folded = checks.flatMap((each): readonly Folded[] =>
    each.kind === "read" ? [{ sha: each.sha, verdict: foldChecks(each.checks) }] : [],
  );
  const judged = firstJudged(folded);
  const green = folded.find((each) => each.verdict.kind === "green");
  const chosen = judged?.verdict.kind === "red" && green !== undefined ? green : judged;
  if (chosen === undefined) return { kind: "not-asked" };
  const isOwnHead = isOwnPush(chosen, folded);
  return { kind: "judged", sha: chosen.sha, isOwnHead, verdict: chosen.verdict, redOnBase: null };
}

/**
 * The first commit that says something. A commit still pending is waited for, unless a later one has already
 * answered: then the wait is over.
 */
function firstJudged(folded: readonly Folded[]): Folded | undefined {
  return folded.find((each) => isTelling(each.verdict)) ?? folded.find(isPending) ?? folded[0];
}

function isTelling(verdict: CiVerdict): boolean {
  return verdict.kind === "green" || verdict.kind === "red" || verdict.kind === "action-required";
}

function isPending(each: Folded): boolean {
  return each.verdict.kind === "pending";
}

/** Whether the judged commit speaks for the run's own push: no commit before it had any check. */
function isOwnPush(chosen: Folded, folded: readonly Folded[]): boolean {
  const before = folded.slice(0, folded.indexOf(chosen));
  return before.every((each) => each.verdict.kind === "none");
}

/** The answer with what was red before the run: the checks of the parent of its first commit. */
export function withBase(ci: RunCiSeen, base: ChecksSeen | undefined): RunCiSeen {
  if (ci.kind !== "judged" || base === undefined || base.kind === "unreadable") return ci;
  const verdict = foldChecks(base.checks);
  const redOnBase = verdict.kind === "red" ? verdict.failing.map((check) => check.name) : [];
  return { ...ci, redOnBase };
}
