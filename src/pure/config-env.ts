import * as z from "zod";

import { nearestKey, readRule, readText, type Reading, type Rule } from "./config-reading.ts";
import { KNOWN_AFK_KEYS, splitList, unknownAfkKeys } from "./gates.ts";
import { workspaceRootOf } from "./identity.ts";
import { repoKey, type RepoRef } from "./issue.ts";
import type { Limits, TrustPolicy } from "./limits.ts";
import type { LabelNames } from "./ports/tracker.ts";
import { plainLine } from "./untrusted-text.ts";

/** How one bound is spelled in the environment. Durations are given in whole seconds. */
export type LimitKey = {
  readonly key: string;
  readonly unit: "seconds" | "count" | "usd";
  readonly default: number;
  readonly min: number;
  readonly max: number;
};

/** Longer than checks (14 days until stale) and tokens (30 days) live: surely a slip of the unit. */
const WAIT_SECONDS_MAX = 30 * 86_400;
/** A grace covers seconds of lag between two services; a day catches milliseconds written as seconds. */
const GRACE_SECONDS_MAX = 86_400;
/** A year: an archive nobody opened for longer needs no clock. */
const ARCHIVE_SECONDS_MAX = 365 * 86_400;
/** Each attempt is a whole paid turn on the same red; twenty that failed say that the next will too. */
const ATTEMPTS_MAX = 20;
/** Every dispatch costs several writes, and a forge takes 80 a minute. */
const RUNS_MAX = 100;
/** Above this one run costs more than a person's week. */
const BUDGET_USD_MAX = 10_000;
/** A tick reads every enrolled repo, a few dozen in a request; more do not fit into a minute. */
export const REPOS_MAX = 500;

/** Every bound: its key, default and range. The one table that parser, documentation and tests share. */
export const LIMIT_KEYS: { readonly [Field in keyof Limits]: LimitKey } = {
  runsMax: { ...count("AFK_MAX_RUNS", 10, RUNS_MAX), min: 1 },
  fixForwardAttemptsMax: count("AFK_FIX_FORWARD_MAX_ATTEMPTS", 5, ATTEMPTS_MAX),
  fixForwardMsMax: seconds("AFK_FIX_FORWARD_MAX_SECONDS", 3600, WAIT_SECONDS_MAX),
  turnMsMax: seconds("AFK_TURN_MAX_SECONDS", 7200, WAIT_SECONDS_MAX),
  verdictMsMax: seconds("AFK_VERDICT_MAX_SECONDS", 14_400, WAIT_SECONDS_MAX),
  questionMsMax: seconds("AFK_QUESTION_MAX_SECONDS", 86_400, WAIT_SECONDS_MAX),
  notifyMsMax: seconds("AFK_NOTIFY_MAX_SECONDS", 86_400, WAIT_SECONDS_MAX),
  startGraceMs: seconds("AFK_START_GRACE_SECONDS", 120, GRACE_SECONDS_MAX),
  adoptGraceMs: seconds("AFK_ADOPT_GRACE_SECONDS", 600, GRACE_SECONDS_MAX),
  ciGraceMs: seconds("AFK_CI_GRACE_SECONDS", 120, GRACE_SECONDS_MAX),
  nudgeAttemptsMax: count("AFK_NUDGE_MAX_ATTEMPTS", 1, ATTEMPTS_MAX),
  redispatchAttemptsMax: count("AFK_REDISPATCH_MAX_ATTEMPTS", 1, ATTEMPTS_MAX),
  archiveAfterMs: seconds("AFK_ARCHIVE_AFTER_SECONDS", 0, ARCHIVE_SECONDS_MAX),
  budgetUsdMax: { key: "AFK_BUDGET_USD", unit: "usd", default: 100, min: 1, max: BUDGET_USD_MAX },
};

function seconds(key: string, fallback: number, max: number): LimitKey {
  return { key, unit: "seconds", default: fallback, min: 0, max };
}

function count(key: string, fallback: number, max: number): LimitKey {
  return { key, unit: "count", default: fallback, min: 0, max };
}

/** Reads every bound; a broken one is a problem and stands at its default until it is mended. */
export function readLimits(reading: Reading): Limits {
  const limit = (field: keyof Limits): number => readLimit(reading, LIMIT_KEYS[field]);
  return {
    runsMax: limit("runsMax"),
    fixForwardAttemptsMax: limit("fixForwardAttemptsMax"),
    fixForwardMsMax: limit("fixForwardMsMax"),
    turnMsMax: limit("turnMsMax"),
    verdictMsMax: limit("verdictMsMax"),
    questionMsMax: limit("questionMsMax"),
    notifyMsMax: limit("notifyMsMax"),
    startGraceMs: limit("startGraceMs"),
    adoptGraceMs: limit("adoptGraceMs"),
    ciGraceMs: limit("ciGraceMs"),
    nudgeAttemptsMax: limit("nudgeAttemptsMax"),
    redispatchAttemptsMax: limit("redispatchAttemptsMax"),
    archiveAfterMs: limit("archiveAfterMs"),
    budgetUsdMax: limit("budgetUsdMax"),
  };
}

function readLimit(reading: Reading, limit: LimitKey): number {
  const value = readLimitSet(reading, limit) ?? limit.default;
  return limit.unit === "seconds" ? value * 1000 : value;
}

/** Most of them are left at their default: their rule is not even made. */
function readLimitSet(reading: Reading, limit: LimitKey): number | null {
  if (readText(reading.env, limit.key) === null) return null;
  const range = `between ${limit.min} and ${limit.max}`;
  const wanted = limit.unit === "seconds" ? "whole seconds" : "a whole number";
  const rule: Rule<number> = {
    schema: z.lazy(() =>
      z
        .string()
        .regex(/^[0-9]{1,12}$/)
        .transform(Number)
        .refine((value) => value >= limit.min && value <= limit.max),
    ),
    problem: `is not ${wanted} ${range}`,
    mend: `write ${wanted} in digits, ${range}; without it ${limit.default} is used`,
  };
  return readRule(reading, limit.key, rule);
}

const labelRule: Rule<string> = {
  // GitHub allows 50 characters; a comma would read as two labels in a filter.
  schema: z.lazy(() => z.string().regex(/^[^,\p{Cc}]{1,50}$/u)),
  problem: "is not a label",
  mend: "write 1 to 50 characters without a comma",
};

/** Reads the four label names; two alike, in any case, are a problem, since forges take them for one. */
export function readLabels(reading: Reading): LabelNames {
  const label = (key: string, fallback: string): string =>
    readRule(reading, key, labelRule) ?? fallback;
  const labels = {
    ready: label("AFK_READY_LABEL", "ready-for-agent"),
    inProgress: label("AFK_IN_PROGRESS_LABEL", "agent-in-progress"),
    human: label("AFK_HUMAN_LABEL", "ready-for-human"),
    paused: label("AFK_PAUSED_LABEL", "agent-paused"),
  };
  const keyed: ReadonlyArray<readonly [key: string, name: string]> = [
    ["AFK_READY_LABEL", labels.ready],
    ["AFK_IN_PROGRESS_LABEL", labels.inProgress],
    ["AFK_HUMAN_LABEL", labels.human],
    ["AFK_PAUSED_LABEL", labels.paused],
  ];
  const seen = new Map<string, string>();
  for (const [key, name] of keyed) {
    const earlier = seen.get(name.toLowerCase());
    if (earlier === undefined) seen.set(name.toLowerCase(), key);
    else {
      const problem = `names the same label as ${earlier}`;
      reading.problems.push({ key, problem, mend: "give each its own label" });
    }
  }
  return labels;
}

const ACTOR = /^\w[\w.-]{0,99}(?:\[bot\])?$/;
/** Apps have ids of their own, which are other numbers than those of accounts. */
const APP = /^app:[1-9][0-9]{0,18}$/;

/** Reads whose word counts and whose never does; an account on both lists is a problem. */
export function readTrustPolicy(reading: Reading): TrustPolicy {
  const trustedActors = readActors(reading, "AFK_TRUSTED_ACTORS", APP);
  const agentActors = readActors(reading, "AFK_AGENT_ACTORS", null);
  const agents = new Set(agentActors.map((actor) => actor.toLowerCase()));
  for (const actor of trustedActors) {
    if (!agents.has(actor.toLowerCase())) continue;
    const problem = `lists ${actor}, which AFK_AGENT_ACTORS lists as well`;
    const mend = "keep it on one list: an account agents use can approve nothing";
    reading.problems.push({ key: "AFK_TRUSTED_ACTORS", problem, mend });
  }
  return { trustedActors, agentActors };
}

function readActors(reading: Reading, key: string, besides: RegExp | null): readonly string[] {
  const actors: string[] = [];
  for (const [index, entry] of splitList(reading.env[key]).entries()) {
    if (ACTOR.test(entry) || besides?.test(entry) === true) actors.push(entry);
    else {
      const problem = `has an entry (number ${index + 1}) that is neither an account id nor a login`;
      const apps = besides === null ? "" : "; an App is written app:<id>";
      const mend = `write ids or logins with commas between them, without @${apps}`;
      reading.problems.push({ key, problem, mend });
    }
  }
  return actors;
}

const REPO = /^(?:(forgejo):)?(\w[\w.-]{0,99})\/(?!\.{1,2}$)([\w.-]{1,100})$/;

/**
 * Reads the enrolled repos, in the order given. Compared without regard to case, as forges do. Two that
 * would share a workspace folder on the agent server are a problem: a thread's folder says whose it is.
 */
export function readAllowlist(reading: Reading): readonly RepoRef[] {
  const refs: RepoRef[] = [];
  const folders = new Map<string, RepoRef>();
  for (const [index, entry] of splitList(reading.env["AFK_ALLOWLIST"]).entries()) {
    const ref = parseRepo(entry);
    if (ref === null) {
      const problem = `has an entry (number ${index + 1}) that is not a repo`;
      const mend = "write owner/name, no .git at the end";
      reading.problems.push({ key: "AFK_ALLOWLIST", problem, mend });
      continue;
    }
    const folder = workspaceRootOf("", ref).toLowerCase();
    const earlier = folders.get(folder);
    if (earlier === undefined) {
      folders.set(folder, ref);
      refs.push(ref);
    } else reportClash(reading, ref, earlier);
  }
  if (refs.length > REPOS_MAX) {
    const problem = `names ${refs.length} repos, more than ${REPOS_MAX}`;
    const mend = "share them out over several installations";
    reading.problems.push({ key: "AFK_ALLOWLIST", problem, mend });
  }
  return refs;
}

function reportClash(reading: Reading, ref: RepoRef, earlier: RepoRef): void {
  const isSame = repoKey(ref).toLowerCase() === repoKey(earlier).toLowerCase();
  const problem = isSame
    ? `lists ${repoKey(ref)} twice`
    : `lists ${repoKey(ref)} and ${repoKey(earlier)}, whose workspace folders would be the same`;
  reading.problems.push({ key: "AFK_ALLOWLIST", problem, mend: "keep one of the two" });
}

/** Reads `owner/name` or `forgejo:owner/name`; null when it is neither. */
export function parseRepo(entry: string): RepoRef | null {
  const [, prefix, owner, name] = REPO.exec(entry) ?? [];
  // No forge lets a repo be named so: it is the end of a clone URL.
  if (owner === undefined || name === undefined || name.endsWith(".git")) return null;
  return { tracker: prefix === "forgejo" ? "forgejo" : "github", owner, name };
}

/** Enough of a key to recognise it by; a key is whatever somebody put into the environment. */
const KEY_CHARACTERS_MAX = 80;

/** Reports every `AFK_` key this version does not know, with the known one it most looks like. */
export function reportUnknownKeys(reading: Reading): void {
  for (const unknown of unknownAfkKeys(reading.env)) {
    const key = plainLine(unknown, KEY_CHARACTERS_MAX);
    const nearest = nearestKey(key, KNOWN_AFK_KEYS);
    const mend = `did you mean ${nearest}? if not, remove it`;
    reading.problems.push({ key, problem: "is not a key of afk", mend });
  }
}
