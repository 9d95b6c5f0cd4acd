import type { Check, CiVerdict } from "./ci-fold.ts";
import type { RolloutPolicy } from "./limits.ts";

/** Where a rollout stands, as `kubectl rollout status` judges it. */
export type RolloutProgress = "complete" | "under-way" | "deadline-exceeded";

/** A workload as one read shows it. */
export type RolloutSeen =
  | {
      readonly kind: "read";
      /** Of the template that `carried` was read from, not of an earlier one. */
      readonly progress: RolloutProgress;
      /** Commits, whole or abbreviated to at least 7 digits, that its images and annotations name. */
      readonly carried: readonly string[];
      /** Tells two rollouts of one workload apart. */
      readonly id: string;
      /** When it was last seen to progress, ISO 8601; empty when it does not say. */
      readonly at: string;
      /** What it says of itself in one line. */
      readonly words: string;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string };

/** The `source` of the check that a failed rollout is shown as. */
export const ROLLOUT_SOURCE = "rollout";

/** What a rollout is called in verdicts. */
export function rolloutTitle({ namespace, kind, name }: RolloutPolicy): string {
  return `rollout of ${kind} ${namespace}/${name}`;
}

/** What the rollout says of a line of commits, and of which of them. */
export type RolloutVerdict = { readonly verdict: CiVerdict; readonly sha: string | null };

/**
 * Judges the rollout by a commit and its descendants (`line`): green once the workload carries one of them
 * everywhere, red when that came to a halt. One of any other commit, finished or failed, says nothing of these;
 * neither does what could not be read: both are pending, and say so.
 */
export function judgeRollout(
  seen: RolloutSeen,
  policy: RolloutPolicy,
  line: readonly string[],
): RolloutVerdict {
  const title = rolloutTitle(policy);
  if (seen.kind === "absent") return pendingAs(`${title} (there is no such workload)`);
  if (seen.kind === "unreadable") return pendingAs(`${title} (could not be read: ${seen.why})`);
  const sha = line.find((each) => seen.carried.some((carried) => isSameCommit(each, carried)));
  if (sha === undefined) return pendingAs(`${title} (it carries none of these commits)`);
  switch (seen.progress) {
    case "complete":
      return { verdict: { kind: "green" }, sha };
    case "under-way":
      return { verdict: { kind: "pending", names: [title] }, sha };
    case "deadline-exceeded":
      return { verdict: { kind: "red", failing: [failed(seen, title)] }, sha };
  }
}

function pendingAs(name: string): RolloutVerdict {
  return { verdict: { kind: "pending", names: [name] }, sha: null };
}

/** Two commits of one repo that share seven digits are one in hundreds of millions. */
const ABBREVIATION_DIGITS_MIN = 7;

function isSameCommit(sha: string, carried: string): boolean {
  return carried.length >= ABBREVIATION_DIGITS_MIN && sha.startsWith(carried);
}

function failed(seen: Extract<RolloutSeen, { kind: "read" }>, name: string): Check {
  const { id, at, words } = seen;
  const check = { name, source: ROLLOUT_SOURCE, state: "failure" as const, at, url: null, id };
  return words === "" ? check : { ...check, words };
}

/** The part of an image after its name; a digest names no commit. */
const TAG = /:(\w[\w.-]{0,127})$/;

/** Hexadecimal words as long as a commit, whole or abbreviated. */
const COMMIT_WORD = /(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])/g;

/** The commits that the tag of an image names, such as `main-1a2b3c4` or the whole sha. */
export function commitsOfImage(image: string): readonly string[] {
  const [, tag = ""] = TAG.exec(image.replace(/@.*$/, "")) ?? [];
  return tag.match(COMMIT_WORD) ?? [];
}

/** An annotation that names one commit at its end, such as `1a2b3c4` or `main@sha1:1a2b3c4`; else nothing. */
export function commitsOfAnnotation(value: string): readonly string[] {
  const [, commit] = /(?:^|[@:/=.+-])([0-9a-f]{7,40})$/.exec(value.trim()) ?? [];
  return commit === undefined ? [] : [commit];
}
