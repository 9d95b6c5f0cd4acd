import type { Check, ChecksSeen, CheckState, CiVerdict } from "./ci-fold.ts";
import { foldChecks, newestChecks } from "./ci-fold.ts";
import { countedChecks, foldSeen } from "./required-checks.ts";
import type { RunCiSeen } from "./run-observation.ts";

type Unread = Extract<ChecksSeen, { kind: "unreadable" }>;
type Folded = {
  readonly kind: "folded";
  readonly sha: string;
  readonly checks: readonly Check[];
  readonly verdict: CiVerdict;
  readonly requiresNothing: boolean;
};

/**
 * One answer from the checks of the run's newest commit and its descendants, in that order. The first commit
 * that has checks is the head of the run's push, and its verdict counts. What it leaves open (red, pending or
 * cancelled) a descendant may answer: green where all of it succeeded, for the branch that people build on is
 * good then; and red where what was cancelled is red. A descendant that never ran it says nothing of it. Of a
 * commit that cannot be read nothing is known, and it may be the head. A commit whose message skips CI
 * (`skipping`, by sha) is never green by what else was reported on it, and one that may be no push's head
 * (`inDoubt`) not by commit statuses alone: those can be set on any commit, a suite of checks only on a head.
 * Where nothing at all was reported, the checks that are required are waited for.
 */
export function judgeCi(
  checks: readonly ChecksSeen[],
  skipping: ReadonlySet<string> = new Set(),
  inDoubt: ReadonlySet<string> = new Set(),
): RunCiSeen {
  const commits = checks.map((seen) => fold(seen, { skipping, inDoubt }));
  const head = commits.find((each) => each.kind === "unreadable" || each.verdict.kind !== "none");
  const chosen = head === undefined ? commits[0] : answerFor(head, commits);
  if (chosen === undefined) return { kind: "not-asked" };
  if (chosen.kind === "unreadable") return { kind: "unreadable", why: chosen.why };
  const isOwnHead = chosen === head || head === undefined;
  const verdict = head === undefined ? expected(chosen) : chosen.verdict;
  const judged = { kind: "judged" as const, sha: chosen.sha, isOwnHead, verdict, redOnBase: null };
  const note = noteOf(chosen, checks, skipping);
  return note === null ? judged : { ...judged, note };
}

type Marks = { readonly skipping: ReadonlySet<string>; readonly inDoubt: ReadonlySet<string> };

function fold(seen: ChecksSeen, { skipping, inDoubt }: Marks): Folded | Unread {
  if (seen.kind === "unreadable") return seen;
  const { sha } = seen;
  const checks = countedChecks(seen);
  const verdict = foldSeen(seen);
  const isUnproven = inDoubt.has(sha) && checks.every((check) => check.source === "status");
  const isSkipped = (skipping.has(sha) || isUnproven) && verdict.kind === "green";
  const requiresNothing = seen.required?.length === 0;
  const counted: CiVerdict = isSkipped ? { kind: "none" } : verdict;
  return { kind: "folded", sha, checks, verdict: counted, requiresNothing };
}

/** What explains the answer: that the judged commit or the run's own skips CI, or that nothing counts. */
function noteOf(
  chosen: Folded,
  checks: readonly ChecksSeen[],
  skipping: ReadonlySet<string>,
): string | null {
  const own = checks.slice(0, 1).map((seen) => seen.sha);
  const skipped = [chosen.sha, ...own].find((sha) => skipping.has(sha));
  if (skipped !== undefined) return `commit ${skipped} skips CI by a marker in its message`;
  return chosen.requiresNothing ? "only required checks count, and the branch requires none" : null;
}

/** Of a commit that says nothing: pending where what it lacks is required, for it may yet come. */
function expected(silent: Folded): CiVerdict {
  const isAwaited = silent.checks.some((check) => check.state === "pending");
  return isAwaited ? foldChecks(silent.checks) : silent.verdict;
}

function answerFor(head: Folded | Unread, commits: readonly (Folded | Unread)[]): Folded | Unread {
  if (head.kind === "unreadable" || SETTLED.has(head.verdict.kind)) return head;
  const later = commits.slice(commits.indexOf(head) + 1);
  const green = later.find((each) => isMending(each, head));
  if (green !== undefined) return green;
  return head.verdict.kind === "inconclusive" ? answerForCancelled(head, later) : head;
}

/** Nothing more will come of the head itself: the first descendant that answers, or may yet, does. */
function answerForCancelled(head: Folded, later: readonly (Folded | Unread)[]): Folded | Unread {
  const first = later.find((each) => each.kind === "unreadable" || isBreaking(each, head));
  const pending = later.find((each) => each.kind === "folded" && each.verdict.kind === "pending");
  return first ?? pending ?? head;
}

const SETTLED: ReadonlySet<CiVerdict["kind"]> = new Set(["green", "action-required"]);
const PASSED: ReadonlySet<CheckState> = new Set(["success", "neutral", "skipped"]);

function openChecks(head: Folded): readonly Check[] {
  return newestChecks(head.checks).filter((check) => !PASSED.has(check.state));
}

function isMending(each: Folded | Unread, head: Folded): boolean {
  if (each.kind === "unreadable" || each.verdict.kind !== "green") return false;
  const successes = each.checks.filter((check) => check.state === "success");
  return openChecks(head).every((open) => successes.some((check) => isAnswer(check, open, head)));
}

function isBreaking(each: Folded, head: Folded): boolean {
  const { verdict } = each;
  if (verdict.kind !== "red") return false;
  return openChecks(head).some((open) => verdict.failing.some((red) => isAnswer(red, open, head)));
}

/** The same check; or one of its name from a source the head did not have: a renamed workflow's. */
function isAnswer(check: Check, open: Check, head: Folded): boolean {
  if (check.name !== open.name) return false;
  if (check.source === open.source) return true;
  return !head.checks.some((each) => each.name === check.name && each.source === check.source);
}

/** The answer with what was red before the run: the checks of the parent of its first commit. */
export function withBase(ci: RunCiSeen, base: ChecksSeen | undefined): RunCiSeen {
  if (ci.kind !== "judged" || base === undefined || base.kind === "unreadable") return ci;
  const verdict = foldSeen(base);
  const redOnBase = verdict.kind === "red" ? verdict.failing.map((check) => check.name) : [];
  return { ...ci, redOnBase };
}
