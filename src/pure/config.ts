import * as z from "zod";

import {
  readAllowlist,
  readLabels,
  readLimits,
  readTrustPolicy,
  reportUnknownKeys,
} from "./config-env.ts";
import { type LeaseConfig, readLease, readShard } from "./config-cluster.ts";
import { type EnrolledRepo, readRepoPolicies } from "./config-file.ts";
import {
  type ConfigProblem,
  type Env,
  isSecretSet,
  readFlag,
  type Reading,
  readRule,
  type Rule,
} from "./config-reading.ts";
import {
  type AgentConfig,
  type ForgejoConfig,
  type GithubConfig,
  type NtfyConfig,
  readAgent,
  readForgejo,
  readGithub,
  readNtfy,
  readSlack,
  type SlackConfig,
} from "./config-services.ts";
import { type KnownGates, readGates, readSwitch, splitList } from "./gates.ts";
import { repoKey } from "./issue.ts";
import type { Limits, TrustPolicy } from "./limits.ts";
import type { LabelNames } from "./ports/tracker.ts";
import type { Shard } from "./shard.ts";

/** pino's levels, without `silent`. Decisions and effects are told at `info`: above it only trouble is. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** The whole configuration. A section that is null is not configured. */
export type Config = {
  readonly gates: KnownGates;
  readonly isDraining: boolean;
  readonly labels: LabelNames;
  readonly trust: TrustPolicy;
  readonly limits: Limits;
  readonly repos: readonly EnrolledRepo[];
  /** What the configuration file lists although the allowlist does not, as `owner/name`. */
  readonly notEnrolled: readonly string[];
  readonly agent: AgentConfig | null;
  readonly github: GithubConfig | null;
  readonly forgejo: ForgejoConfig | null;
  readonly slack: SlackConfig | null;
  readonly ntfy: NtfyConfig | null;
  readonly lease: LeaseConfig;
  /** The part of the repos that a tick serves; null for all of them. */
  readonly shard: Shard | null;
  readonly logLevel: LogLevel;
};

/** The configuration, or every problem in it at once. */
export type ConfigResult =
  | { readonly kind: "ok"; readonly config: Config }
  | { readonly kind: "problems"; readonly problems: readonly ConfigProblem[] };

/** Who asks: a tick needs its services as soon as both gates are open, a reading command in any case. */
export type ConfigNeeds = "services-when-armed" | "services";

const logLevelRule: Rule<LogLevel> = {
  schema: z.lazy(() =>
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(["trace", "debug", "info", "warn", "error", "fatal"])),
  ),
  problem: "is not a log level",
  mend: "write trace, debug, info, warn, error or fatal",
};

/**
 * Reads the environment and the parsed configuration file (`undefined` or `null` when there is none). All
 * problems at once; none of them repeats a value that could be a secret.
 */
export function parseConfig(
  env: Env,
  file: unknown,
  needs: ConfigNeeds = "services-when-armed",
): ConfigResult {
  const reading: Reading = { env, problems: [] };
  const gates = readGates(env);
  reportUnknownKeys(reading);
  readFlag(reading, "AFK_KILL_SWITCH");
  const sections = {
    isDraining: readFlag(reading, "AFK_DRAIN"),
    labels: readLabels(reading),
    trust: readTrustPolicy(reading),
    limits: readLimits(reading),
    ...readRepoPolicies(reading, readAllowlist(reading), file),
    agent: readAgent(reading),
    github: readGithub(reading),
    forgejo: readForgejo(reading),
    slack: readSlack(reading),
    ntfy: readNtfy(reading),
    lease: readLease(reading),
    shard: readShard(reading),
    logLevel: readRule(reading, "LOG_LEVEL", logLevelRule) ?? "info",
  };
  reportUnsupported(reading, sections);
  reportOwners(reading, sections);
  if (isMeantToRun(env, needs)) reportMissing(reading, sections.repos);
  if (reading.problems.length > 0 || gates.kind === "unsure") {
    return { kind: "problems", problems: reading.problems };
  }
  return { kind: "ok", config: { gates, ...sections } };
}

/** Whether the gates that matter were opened, whatever else may be wrong with the configuration. */
function isMeantToRun(env: Env, needs: ConfigNeeds): boolean {
  if (splitList(env["AFK_ALLOWLIST"]).length === 0) return false;
  return needs === "services" || readSwitch(env["AFK_KILL_SWITCH"]) === "off";
}

function reportMissing(reading: Reading, repos: readonly EnrolledRepo[]): void {
  const required = ["T3_BASE_URL", "T3_TOKEN", "T3_MODEL"];
  // An allowlist without one readable entry was meant for GitHub too, which has the plain names.
  const isOnGithub = repos.length === 0 || repos.some(({ ref }) => ref.tracker === "github");
  // Half an App is told as such.
  const isApp = ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"].some((key) =>
    isSecretSet(reading.env, key),
  );
  if (isOnGithub && !isApp) required.push("GITHUB_TOKEN");
  const reported = new Set(reading.problems.map((problem) => problem.key));
  for (const key of required) {
    if (isSecretSet(reading.env, key) || reported.has(key)) continue;
    const problem = "is required to run, and not set";
    reading.problems.push({ key, problem, mend: mendMissing(key) });
  }
}

function mendMissing(key: string): string {
  if (!key.endsWith("_TOKEN")) return `set ${key}`;
  const either = `set ${key} or ${key}_FILE`;
  if (key !== "GITHUB_TOKEN") return either;
  return `${either}, or as a GitHub App GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE`;
}

/** An App is installed once per owner, and a tick acts as one installation. */
function reportOwners(reading: Reading, sections: Pick<Config, "repos" | "github">): void {
  if (sections.github?.auth.kind !== "app") return;
  const refs = sections.repos.map(({ ref }) => ref).filter(({ tracker }) => tracker === "github");
  const owners = new Set(refs.map(({ owner }) => owner.toLowerCase()));
  if (owners.size <= 1) return;
  const problem = `acts for one owner, and AFK_ALLOWLIST has repos of ${[...owners].join(", ")}`;
  const mend = "run one afk per owner, or use GITHUB_TOKEN";
  reading.problems.push({ key: "GITHUB_APP_ID", problem, mend });
}

/** What can be written down already but does nothing yet: said, instead of silently ignored. */
function reportUnsupported(reading: Reading, sections: Pick<Config, "repos">): void {
  const problem = "is not supported by this version yet";
  for (const { ref } of sections.repos) {
    if (ref.tracker === "github") continue;
    const mend = `remove ${repoKey(ref)}`;
    reading.problems.push({
      key: "AFK_ALLOWLIST",
      problem: `has ${repoKey(ref)}: ${ref.tracker} ${problem}`,
      mend,
    });
  }
  const later: ReadonlyArray<readonly [key: string, mend: string]> = [
    ["FORGEJO_URL", "remove it"],
    ["FORGEJO_TOKEN", "remove it"],
  ];
  for (const [key, mend] of later) {
    if (isSecretSet(reading.env, key)) reading.problems.push({ key, problem, mend });
  }
}
