import * as z from "zod";

import { parseRepo } from "./config-env.ts";
import { filePathRule, nearestKey, readRule, type Reading } from "./config-reading.ts";
import { repoKey, type RepoRef } from "./issue.ts";
import type { RepoPolicy } from "./limits.ts";
import { plainLine } from "./untrusted-text.ts";

/** What holds for a repo the file does not mention. */
const DEFAULT_REPO_POLICY: RepoPolicy = { ci: "required", dispatchOnRed: false };

const KEY = "AFK_CONFIG_FILE";

/** Enough of a path inside the file to find the line by. */
const PATH_CHARACTERS_MAX = 160;

/** GitHub's own bound of an environment's name. */
const ENVIRONMENT_CHARACTERS_MAX = 255;

/** An account id: a number as the forge shows it, quoted or not. */
const AccountId = z.lazy(() =>
  z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,15}$/)]).transform(String),
);

/** What Kubernetes takes for a namespace. */
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What Kubernetes takes for a workload's name, and how long that may be. */
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const WORKLOAD_CHARACTERS_MAX = 253;

const RepoSettings = z.lazy(() =>
  z.strictObject({
    ci: z.enum(["required", "none"]).optional(),
    checks: z.enum(["all", "required"]).optional(),
    deploy: z
      .strictObject({
        environment: z
          .string()
          .max(ENVIRONMENT_CHARACTERS_MAX)
          .regex(/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u),
        creators: z.array(AccountId).min(1).optional(),
      })
      .optional(),
    rollout: z
      .strictObject({
        namespace: z.string().regex(DNS_LABEL),
        kind: z.enum(["Deployment", "StatefulSet"]),
        name: z.string().max(WORKLOAD_CHARACTERS_MAX).regex(DNS_SUBDOMAIN),
      })
      .optional(),
    dispatchOnRed: z.boolean().optional(),
  }),
);

const ConfigFile = z.lazy(() =>
  z.strictObject({
    repos: z.record(z.string(), RepoSettings.nullable()).nullable().optional(),
  }),
);

/** A repo the configuration enrols, with what its owner declares about it. */
export type EnrolledRepo = { readonly ref: RepoRef; readonly policy: RepoPolicy };

/** The enrolled repos, and the names of those that the file lists although they are not enrolled. */
export type RepoPolicies = {
  readonly repos: readonly EnrolledRepo[];
  readonly notEnrolled: readonly string[];
};

/** The path in `AFK_CONFIG_FILE`; null when there is none, or none that can be used, which is then a problem. */
export function readConfigPath(reading: Reading): string | null {
  return readRule(reading, KEY, filePathRule("/etc/afk/config/repos.yaml"));
}

/**
 * Joins the enrolled repos with their settings from the parsed file (nothing at all is an empty file). A repo
 * in the file that is not enrolled is no problem, so that several installations can share a file; it is
 * answered by name, since it may be misspelled.
 */
export function readRepoPolicies(
  reading: Reading,
  refs: readonly RepoRef[],
  file: unknown,
): RepoPolicies {
  const listed = readFilePolicies(reading, file);
  const enrolled = new Set(refs.map((ref) => repoKey(ref).toLowerCase()));
  return {
    repos: refs.map((ref) => ({
      ref,
      policy: listed.get(repoKey(ref).toLowerCase())?.policy ?? DEFAULT_REPO_POLICY,
    })),
    notEnrolled: [...listed].flatMap(([key, { ref }]) => (enrolled.has(key) ? [] : [repoKey(ref)])),
  };
}

/** More names than this help nobody to find the misspelled one. */
const NAMES_MAX = 20;

/** Says which repos the file lists in vain; null when there are none. */
export function tellNotEnrolled(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : "";
  const shown = `${names.slice(0, NAMES_MAX).join(", ")}${more}`;
  return `${KEY} lists ${shown}, which ${names.length === 1 ? "is" : "are"} not enrolled`;
}

function readFilePolicies(reading: Reading, file: unknown): ReadonlyMap<string, EnrolledRepo> {
  const policies = new Map<string, EnrolledRepo>();
  if (file === undefined || file === null) return policies;
  const parsed = ConfigFile.safeParse(file);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) reportIssue(reading, issue);
    return policies;
  }
  for (const [name, settings] of Object.entries(parsed.data.repos ?? {})) {
    const ref = parseRepo(name);
    if (ref === null) {
      const where = plainLine(name, PATH_CHARACTERS_MAX);
      const problem = `has repos.${where}, which is not a repo`;
      reading.problems.push({ key: KEY, problem, mend: "write owner/name" });
      continue;
    }
    const key = repoKey(ref).toLowerCase();
    if (policies.has(key)) {
      const problem = `has ${repoKey(ref)} twice`;
      reading.problems.push({ key: KEY, problem, mend: "keep one of the two" });
    }
    if (settings?.ci === "none" && settings.checks === "required") {
      const problem = `has ${repoKey(ref)} with ci: none, and with checks: required`;
      reading.problems.push({ key: KEY, problem, mend: "keep one of the two" });
    }
    policies.set(key, { ref, policy: toPolicy(settings) });
  }
  return policies;
}

function toPolicy(settings: z.infer<typeof RepoSettings> | null): RepoPolicy {
  const { ci, checks, deploy, rollout, dispatchOnRed } = settings ?? {};
  const environment = deploy?.environment;
  const creators = deploy?.creators;
  return {
    ci: ci ?? DEFAULT_REPO_POLICY.ci,
    dispatchOnRed: dispatchOnRed ?? DEFAULT_REPO_POLICY.dispatchOnRed,
    ...(checks === undefined ? {} : { checks }),
    ...(environment === undefined
      ? {}
      : { deploy: creators === undefined ? { environment } : { environment, creators } }),
    ...(rollout === undefined ? {} : { rollout }),
  };
}

/** Names the place and what belongs there, never the value: somebody may have put a secret into it. */
function reportIssue(reading: Reading, issue: z.core.$ZodIssue): void {
  const names = issue.code === "unrecognized_keys" ? issue.keys : [];
  const where = plainLine([...issue.path, ...names].map(String).join("."), PATH_CHARACTERS_MAX);
  const problem = where === "" ? "is not a mapping" : `has ${where}, which is not understood`;
  reading.problems.push({ key: KEY, problem, mend: mendOf(issue) });
}

/** What belongs into each setting of a repo, by its path there. */
const SETTINGS: Readonly<Record<string, string>> = {
  ci: "ci: required or none",
  checks: "checks: all or required",
  deploy: "deploy: { environment: its name, creators: [account ids] }",
  "deploy.environment": "environment: its name",
  "deploy.creators": "creators: [account ids]",
  rollout:
    "rollout: { namespace: its name, kind: Deployment or StatefulSet, name: the workload's name }",
  "rollout.namespace": "namespace: its name",
  "rollout.kind": "kind: Deployment or StatefulSet",
  "rollout.name": "name: the workload's name",
  dispatchOnRed: "dispatchOnRed: true or false",
};

const SHAPE = `repos: { owner/name: { ${Object.entries(SETTINGS)
  .flatMap(([path, text]) => (path.includes(".") ? [] : [text]))
  .join(", ")} } }`;

/** The one setting that was meant first, then where it belongs. */
function mendOf(issue: z.core.$ZodIssue): string {
  // Below `repos` and the repo's name.
  const within = issue.path.slice(2).map(String);
  const [unknown] = issue.code === "unrecognized_keys" ? issue.keys : [];
  if (unknown !== undefined && issue.path.length >= 2) {
    const prefix = within.map((name) => `${name}.`).join("");
    const siblings = Object.keys(SETTINGS).filter(
      (path) => path.startsWith(prefix) && !path.slice(prefix.length).includes("."),
    );
    const meant = String(nearestKey(`${prefix}${unknown}`, siblings));
    return `did you mean ${SETTINGS[meant]}? if not, remove it; the file is written as ${SHAPE}`;
  }
  // A setting, or an entry of its list.
  const meant = SETTINGS[within.slice(0, 2).join(".")];
  return meant === undefined ? `write ${SHAPE}` : `write ${meant}; the whole is ${SHAPE}`;
}
