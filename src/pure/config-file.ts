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

const RepoSettings = z.strictObject({
  ci: z.enum(["required", "none"]).optional(),
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
    policies.set(key, {
      ci: settings?.ci ?? DEFAULT_REPO_POLICY.ci,
      dispatchOnRed: settings?.dispatchOnRed ?? DEFAULT_REPO_POLICY.dispatchOnRed,
    });
  }
  return policies;
}

/** Names the place and what belongs there, never the value: somebody may have put a secret into it. */
function reportIssue(reading: Reading, issue: z.core.$ZodIssue): void {
  const names = issue.code === "unrecognized_keys" ? issue.keys : [];
  const where = plainLine([...issue.path, ...names].map(String).join("."), PATH_CHARACTERS_MAX);
  const problem = where === "" ? "is not a mapping" : `has ${where}, which is not understood`;
  const mend =
    "write repos: { owner/name: { ci: required or none, dispatchOnRed: true or false } }";
  reading.problems.push({ key: KEY, problem, mend });
}
