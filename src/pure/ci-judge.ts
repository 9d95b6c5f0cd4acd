import { type Check, type ChecksSeen, type CiVerdict, foldChecks } from "./ci-fold.ts";
import type { RunCiSeen } from "./run-observation.ts";

type Folded =
  | {
      readonly kind: "folded";
      readonly sha: string;
      readonly checks: readonly Check[];
      readonly verdict: CiVerdict;
    }
  | Extract<ChecksSeen, { kind: "unreadable" }>;

/**
 * One answer from the checks of the run's newest commit and its descendants, in that order. The commit's own
 * verdict counts unless it says nothing; then the first descendant that says something answers. A green
 * descendant mends a red when all that was red succeeded there: the branch that people build on is good again.
 * One that never ran what was red says nothing of it. A commit that cannot be read may say anything, so
 * nothing after it is the first.
 */
export function judgeCi(checks: readonly ChecksSeen[]): RunCiSeen {
  const folded = checks.map(fold);
  const chosen = chooseJudged(folded);
  if (chosen === undefined) return { kind: "not-asked" };
  if (chosen.kind === "unreadable") return { kind: "unreadable", why: chosen.why };
  const isOwnHead = isOwnPush(chosen, folded);
  return { kind: "judged", sha: chosen.sha, isOwnHead, verdict: chosen.verdict, redOnBase: null };
}

function fold(seen: ChecksSeen): Folded {
  if (seen.kind === "unreadable") return seen;
  return { ...seen, kind: "folded", verdict: foldChecks(seen.checks) };
}

/**
 * The first commit that says something. A commit still pending is waited for, unless a later one has already
 * answered: then the wait is over.
 */
function chooseJudged(folded: readonly Folded[]): Folded | undefined {
  const first = folded.find((each) => each.kind === "unreadable" || TELLING.has(each.verdict.kind));
  if (first?.kind === "folded" && first.verdict.kind === "red") {
    const red = { checks: first.checks, failing: first.verdict.failing };
    return folded.find((each) => isMending(each, red)) ?? first;
  }
  return first ?? folded.find((each) => isVerdict(each, "pending")) ?? folded[0];
}

type Red = { readonly checks: readonly Check[]; readonly failing: readonly Check[] };

function isMending(each: Folded, red: Red): boolean {
  if (each.kind !== "folded" || each.verdict.kind !== "green") return false;
  const successes = each.checks.filter((check) => check.state === "success");
  return red.failing.every((failed) => successes.some((check) => isAnswer(check, failed, red)));
}

/** The same check; or one of its name from a source the red commit did not have: a renamed workflow's. */
function isAnswer(check: Check, failed: Check, red: Red): boolean {
  if (check.name !== failed.name) return false;
  if (check.source === failed.source) return true;
  return !red.checks.some((each) => each.name === check.name && each.source === check.source);
}

const TELLING: ReadonlySet<CiVerdict["kind"]> = new Set(["green", "red", "action-required"]);

function isVerdict(each: Folded, kind: CiVerdict["kind"]): boolean {
  return each.kind === "folded" && each.verdict.kind === kind;
}

/** Whether the judged commit speaks for the run's own push: no commit before it had any check. */
function isOwnPush(chosen: Folded, folded: readonly Folded[]): boolean {
  return folded.slice(0, folded.indexOf(chosen)).every((each) => isVerdict(each, "none"));
}

/** The answer with what was red before the run: the checks of the parent of its first commit. */
export function withBase(ci: RunCiSeen, base: ChecksSeen | undefined): RunCiSeen {
  if (ci.kind !== "judged" || base === undefined || base.kind === "unreadable") return ci;
  const verdict = foldChecks(base.checks);
  const redOnBase = verdict.kind === "red" ? verdict.failing.map((check) => check.name) : [];
  return { ...ci, redOnBase };
}
