import { isStageGreen } from "./ci-stages.ts";
import {
  ageMs,
  askTurn,
  conclude,
  correctionsSpent,
  type OverContext,
  type Push,
  wait,
} from "./rows-context.ts";
import { unreadCommitsRow } from "./rows-end.ts";
import type { RunCiSeen, RunDecision } from "./run-observation.ts";
import { recordKey, type TurnRecord } from "./run-record.ts";

/** Uncounted corrective turns end too: past this many the run is frozen whoever is to blame. */
export const CORRECTIVE_TURNS_MAX = 50;

type Judged = Extract<RunCiSeen, { kind: "judged" }>;
type Red = Judged & { readonly verdict: Extract<Judged["verdict"], { kind: "red" }> };
type Newest = Extract<Push, { kind: "complete" }>["newest"];

/** T14 to T22: what CI says of the pushed work. The last rows of the table: one of them always matches. */
export function ciRows(context: OverContext, newest: Newest): RunDecision {
  const { ci, commits } = context.seen;
  if (commits.kind === "unreadable") return unreadCommitsRow(context, commits.why);
  const pushedAgeMs = ageMs(context, newest.firstSeen);
  switch (ci.kind) {
    case "not-asked": {
      const detail = "no row of the decision table fits what was seen";
      return conclude(context, "T22", { kind: "needs-human", because: "not-understood", detail });
    }
    case "unreadable":
      return pendingRow(context, pushedAgeMs, `CI could not be read: ${ci.why}`);
    case "judged":
      return judgedRows(context, ci, { sha: newest.sha, ageMs: pushedAgeMs });
  }
}

type Pushed = { readonly sha: string; readonly ageMs: number };

function judgedRows(context: OverContext, ci: Judged, newest: Pushed): RunDecision {
  const { verdict, sha } = ci;
  switch (verdict.kind) {
    case "green":
      return greenRow(context, ci);
    case "red":
      return redRows(context, { ...ci, verdict }, newest);
    case "action-required": {
      const detail = `a person must act on: ${verdict.names.join(", ")}`;
      return conclude(context, "T19", { kind: "needs-human", because: "no-verdict", detail });
    }
    case "none":
      return noCiRow(context, newest.ageMs, ci);
    case "pending": {
      const what = `still pending: ${verdict.names.join(", ")}`;
      return pendingRow(context, newest.ageMs, withNote(what, ci));
    }
    case "inconclusive": {
      const what = `cancelled or stale on ${sha}, and no later commit answers`;
      return pendingRow(context, newest.ageMs, withNote(what, ci));
    }
  }
}

/**
 * Green, said with the stages that were where there are more than a build: without a build it is the repo's
 * word that there is none.
 */
function greenRow(context: OverContext, ci: Judged): RunDecision {
  const names = ci.stages?.map(({ title }) => title) ?? [];
  const what = `green on ${ci.sha}${names.length === 0 ? "" : `: ${names.join(", ")}`}`;
  if (isStageGreen(ci, "build")) {
    return conclude(context, "T14", { kind: "done", because: "green", detail: what });
  }
  const detail = `${what}; the repo declares that it has no CI`;
  return conclude(context, "T14", { kind: "done", because: "no-ci-declared", detail });
}

function withNote(what: string, { note }: Judged): string {
  return note === undefined ? what : `${what}; ${note}`;
}

function redRows(context: OverContext, ci: Red, newest: Pushed): RunDecision {
  const { turns } = context.record;
  const names = ci.verdict.failing.map((check) => check.name);
  const what = `${names.join(", ")} on ${ci.sha}`;
  const corrective = turns.filter((each) => each.kind === "corrective");
  // The newest corrective turn, even where a pause had it go on in a turn of another kind.
  if (corrective.at(-1)?.newestCommitAtAsk === newest.sha) {
    const detail = `a corrective turn ended without a newer commit; red: ${what}`;
    return conclude(context, "T15", { kind: "frozen", because: "no-new-commit", detail });
  }
  if (corrective.length === 0 && isRedOnBase(ci, names)) {
    return baseRedRow(context, newest.ageMs, what);
  }
  return correctRow(context, ci, { corrective, names, what });
}

function isRedOnBase(ci: Judged, names: readonly string[]): boolean {
  const { redOnBase } = ci;
  return redOnBase !== null && names.every((name) => redOnBase.includes(name));
}

function baseRedRow(context: OverContext, pushedAgeMs: number, what: string): RunDecision {
  if (pushedAgeMs <= context.policy.limits.verdictMsMax) return wait(context, "T16", "base-red");
  const detail = `red before the run's first commit, and still: ${what}`;
  return conclude(context, "T16", { kind: "needs-human", because: "base-red", detail });
}

function correctRow(
  context: OverContext,
  ci: Red,
  red: {
    readonly corrective: readonly TurnRecord[];
    readonly names: readonly string[];
    readonly what: string;
  },
): RunDecision {
  const { record, policy } = context;
  const { fixForwardAttemptsMax, fixForwardMsMax } = policy.limits;
  // A check that our own commit never failed, red on a descendant only, may be another's doing.
  const isOwnRed = red.names.some((name) => record.ownRedChecks.includes(recordKey(name)));
  const isCounted = ci.isOwnHead || isOwnRed;
  const spent = correctionsSpent(red.corrective);
  const hasAttempts =
    spent < (record.isRebuilt ? 0 : fixForwardAttemptsMax) &&
    red.corrective.length < CORRECTIVE_TURNS_MAX;
  const isInTime = record.firstRed === null || ageMs(context, record.firstRed) <= fixForwardMsMax;
  if (!hasAttempts || !(isInTime || red.corrective.length === 0)) {
    const detail = `${red.corrective.length} corrective turns did not mend ${red.what}`;
    return conclude(context, "T18", { kind: "frozen", because: "fix-forward-exhausted", detail });
  }
  const prompt = {
    kind: "corrective" as const,
    sha: ci.sha,
    failing: ci.verdict.failing,
    attempt: spent + 1,
  };
  return askTurn(context, "T17", { kind: "corrective", again: null, prompt, isCounted });
}

function noCiRow(context: OverContext, pushedAgeMs: number, ci: Judged): RunDecision {
  if (context.policy.repo.ci === "none") {
    const detail = "pushed; the repo declares that it has no CI";
    return conclude(context, "T20", { kind: "done", because: "no-ci-declared", detail });
  }
  if (pushedAgeMs <= context.policy.limits.ciGraceMs) return wait(context, "T20", "ci");
  const detail = withNote("no check reported on the pushed commit or any later one", ci);
  return conclude(context, "T20", { kind: "needs-human", because: "no-ci", detail });
}

function pendingRow(context: OverContext, pushedAgeMs: number, what: string): RunDecision {
  if (pushedAgeMs <= context.policy.limits.verdictMsMax) return wait(context, "T21", "ci");
  return conclude(context, "T19", { kind: "needs-human", because: "no-verdict", detail: what });
}
