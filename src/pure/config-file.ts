import * as z from "zod";

import { parseRepo } from "./config-env.ts";
import type { Reading } from "./config-reading.ts";
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
const AccountId = z
  .union([z.int().positive(), z.string().regex(/^[1-9]\d{0,15}$/)])
  .transform(String);

/** What Kubernetes takes for a namespace. */
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What Kubernetes takes for a workload's name, and how long that may be. */
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const WORKLOAD_CHARACTERS_MAX = 253;

const RepoSettings = z.strictObject({
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
});

const ConfigFile = z.strictObject({
  repos: z.record(z.string(), RepoSettings.nullable()).nullable().optional(),
});

/** A repo the configuration enrols, with what its owner declares about it. */
export type EnrolledRepo = { readonly ref: RepoRef; readonly policy: RepoPolicy };

/**
 * Joins the enrolled repos with their settings from the parsed file (nothing at all is an empty file). A
 * repo in the file that is not enrolled is ignored, so that a file can be shared by several installations.
 */
export function readRepoPolicies(
  reading: Reading,
  refs: readonly RepoRef[],
  file: unknown,
): readonly EnrolledRepo[] {
  const policies = readFilePolicies(reading, file);
  return refs.map((ref) => ({
    ref,
    policy: policies.get(repoKey(ref).toLowerCase()) ?? DEFAULT_REPO_POLICY,
  }));
}

function readFilePolicies(reading: Reading, file: unknown): ReadonlyMap<string, RepoPolicy> {
  const policies = new Map<string, RepoPolicy>();
  const parsed = ConfigFile.safeParse(file ?? {});
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
    policies.set(key, toPolicy(settings));
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
  const mend =
    "write repos: { owner/name: { ci: required or none, checks: all or required, " +
    "deploy: { environment: its name, creators: [account ids] }, " +
    "rollout: { namespace: its name, kind: Deployment or StatefulSet, name: its name }, dispatchOnRed: true or false } }";
  reading.problems.push({ key: KEY, problem, mend });
}
