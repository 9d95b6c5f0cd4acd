import { ageMs, askTurn, conclude, type Context, wait } from "./rows-context.ts";
import { unreadCommitsRow } from "./rows-turn.ts";
import type { RunCiSeen, RunDecision } from "./run-observation.ts";
import type { RunRecord, TurnRecord } from "./run-record.ts";

/** Uncounted corrective turns end too: past this many the run is frozen whoever is to blame. */
const CORRECTIVE_TURNS_MAX = 50;

type Judged = Extract<RunCiSeen, { kind: "judged" }>;
type Red = Judged & { readonly verdict: Extract<Judged["verdict"], { kind: "red" }> };

/** T14 to T22: what CI says of the pushed work. The last rows of the table: one of them always matches. */
export function ciRows(context: Context): RunDecision {
  const { ci, commits } = context.seen;
  if (commits.kind === "unreadable") return unreadCommitsRow(context, commits.why);
  const newest = context.record.commits.at(-1);
  if (ci.kind === "not-asked" || newest === undefined) {
    const detail = "no row of the decision table fits what was seen";
    return conclude(context, "T22", { kind: "needs-human", because: "not-understood", detail });
  }
  const pushedAgeMs = ageMs(context, newest.firstSeen);
  if (ci.kind === "unreadable")
    return pendingRow(context, pushedAgeMs, `CI could not be read: ${ci.why}`);
  switch (ci.verdict.kind) {
    case "green":
      return conclude(context, "T14", {
        kind: "done",
        because: "green",
        detail: `green on ${ci.sha}`,
      });
    case "red":
      return redRows(context, { ...ci, verdict: ci.verdict }, pushedAgeMs);
    case "action-required": {
      const detail = `a person must act on: ${ci.verdict.names.join(", ")}`;
      return conclude(context, "T19", { kind: "needs-human", because: "no-verdict", detail });
    }
    case "none":
      return noCiRow(context, pushedAgeMs);
    case "pending":
      return pendingRow(context, pushedAgeMs, `still pending: ${ci.verdict.names.join(", ")}`);
    case "inconclusive":
      return pendingRow(
        context,
        pushedAgeMs,
        `cancelled or stale on ${ci.sha}, and no later commit answers`,
      );
  }
}

function redRows(context: Context, ci: Red, pushedAgeMs: number): RunDecision {
  const { turn, record } = context;
  const names = ci.verdict.failing.map((check) => check.name);
  const what = `${names.join(", ")} on ${ci.sha}`;
  if (turn !== null && turn.kind === "corrective" && turn.newestCommitAtAsk === newestSha(record)) {
    const detail = `a corrective turn ended without a newer commit; red: ${what}`;
    return conclude(context, "T15", { kind: "frozen", because: "no-new-commit", detail });
  }
  const corrective = record.turns.filter((each) => each.kind === "corrective");
  if (corrective.length === 0 && isRedOnBase(ci, names))
    return baseRedRow(context, pushedAgeMs, what);
  return correctRow(context, ci, { corrective, names, what });
}

function newestSha(record: RunRecord): string | null {
  return record.commits.at(-1)?.sha ?? null;
}

function isRedOnBase(ci: Judged, names: readonly string[]): boolean {
  const { redOnBase } = ci;
  return redOnBase !== null && names.every((name) => redOnBase.includes(name));
}

function baseRedRow(context: Context, pushedAgeMs: number, what: string): RunDecision {
  if (pushedAgeMs <= context.policy.limits.verdictMsMax) return wait(context, "T16", "base-red");
  const detail = `red before the run's first commit, and still: ${what}`;
  return conclude(context, "T16", { kind: "needs-human", because: "base-red", detail });
}

function correctRow(
  context: Context,
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
  const isCounted = ci.isOwnHead || red.names.some((name) => record.ownRedChecks.includes(name));
  const spent = red.corrective.filter((turn) => turn.isCounted).length;
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
    attempt: red.corrective.length + 1,
  };
  return askTurn(context, "T17", { kind: "corrective", again: null, prompt, isCounted });
}

function noCiRow(context: Context, pushedAgeMs: number): RunDecision {
  if (context.policy.repo.ci === "none") {
    const detail = "pushed; the repo declares that it has no CI";
    return conclude(context, "T20", { kind: "done", because: "no-ci-declared", detail });
  }
  if (pushedAgeMs <= context.policy.limits.ciGraceMs) return wait(context, "T20", "ci");
  const detail = "no check reported on the pushed commit or any later one";
  return conclude(context, "T20", { kind: "needs-human", because: "no-ci", detail });
}

function pendingRow(context: Context, pushedAgeMs: number, what: string): RunDecision {
  if (pushedAgeMs <= context.policy.limits.verdictMsMax) return wait(context, "T21", "ci");
  return conclude(context, "T19", { kind: "needs-human", because: "no-verdict", detail: what });
}
