import { type ChecksSeen, type CiVerdict, foldChecks } from "./ci-fold.ts";
import type { RunCiSeen } from "./run-observation.ts";

type Folded =
  | { readonly kind: "folded"; readonly sha: string; readonly verdict: CiVerdict }
  | Extract<ChecksSeen, { kind: "unreadable" }>;

/**
 * One answer from the checks of the run's newest commit and its descendants, in that order. The commit's own
 * verdict counts unless it says nothing; then the first descendant that says something answers. A green
 * descendant mends a red: the branch that people build on is good again. A commit that cannot be read may
 * say anything, so nothing after it is the first.
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
  return { kind: "folded", sha: seen.sha, verdict: foldChecks(seen.checks) };
}

/**
 * The first commit that says something. A commit still pending is waited for, unless a later one has already
 * answered: then the wait is over.
 */
function chooseJudged(folded: readonly Folded[]): Folded | undefined {
  const first = folded.find((each) => each.kind === "unreadable" || TELLING.has(each.verdict.kind));
  const isActionAsked = first?.kind === "folded" && first.verdict.kind === "action-required";
  const green = folded.find((each) => isVerdict(each, "green"));
  if (green !== undefined && !isActionAsked) return green;
  return first ?? folded.find((each) => isVerdict(each, "pending")) ?? folded[0];
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
