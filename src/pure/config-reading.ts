import * as z from "zod";

import { readSwitch } from "./gates.ts";

/** The environment as a value; a key that is absent and one that is blank are the same. */
export type Env = Readonly<Record<string, string | undefined>>;

/** One mistake in the configuration: which key, what is wrong, and how to mend it. Never a value. */
export type ConfigProblem = {
  readonly key: string;
  readonly problem: string;
  readonly mend: string;
};

/** Where a secret comes from: the environment itself, or a mounted file still to be read. */
export type SecretSource =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "file"; readonly path: string };

/** The environment being read, and the problems found so far. */
export type Reading = { readonly env: Env; readonly problems: ConfigProblem[] };

/**
 * What a value must look like. The texts never repeat the value: it may be a secret pasted into the wrong
 * key, and problems are printed.
 */
export type Rule<T> = {
  readonly schema: z.ZodType<T, string>;
  readonly problem: string;
  readonly mend: string;
};

const PORT_MAX = 65_535;
const HTTP_URL = /^https?:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?(?:\/[^\s?#\\]*)?$/i;

/** An http or https address without credentials, query or fragment; slashes at its end are dropped. */
export const urlRule: Rule<string> = {
  schema: z.lazy(() =>
    z
      .string()
      .refine((text) => Number(HTTP_URL.exec(text)?.[1] ?? 0) <= PORT_MAX && HTTP_URL.test(text))
      .transform((text) => text.replace(/\/{1,100}$/, "")),
  ),
  problem: "is not a plain http or https address",
  mend: "write it like https://host.example:443/path, without user, password, query or fragment",
};

/** A token: one word of printable ASCII, since it travels in a header. */
const tokenRule: Rule<string> = {
  schema: z.lazy(() => z.string().regex(/^[\x21-\x7e]+$/)),
  problem: "is not one word of printable characters",
  mend: "copy the token again, without quotes, blanks or line ends inside",
};

/** A secret of several lines, such as a private key. */
export const textSecretRule: Rule<string> = {
  schema: z.string(),
  problem: "is not text",
  mend: "set it to the secret itself",
};

/** An absolute path without `..`, control characters or a slash at its end. */
export const pathRule: Rule<string> = {
  schema: z.lazy(() =>
    z
      .string()
      .regex(/^\/(?!.*(?:^|\/)\.\.(?:\/|$))[^\p{Cc}]*[^\p{Cc}/]\/{0,100}$/u)
      .transform((text) => text.replace(/\/{1,100}$/, "")),
  ),
  problem: "is not an absolute path below the root folder",
  mend: "write it like /data, without .. in it",
};

/** The path of a file that is read, with an example of where such a file is mounted. */
export function filePathRule(example: string): Rule<string> {
  return { ...pathRule, mend: `write the whole path, like ${example}, without .. in it` };
}

/** `GITHUB_TOKEN` is mounted as `github-token`, as the example of a Secret has it. */
function secretPathRule(key: string): Rule<string> {
  return filePathRule(`/etc/afk/secrets/${key.toLowerCase().replaceAll("_", "-")}`);
}

/** A value without blanks around it; null when absent or blank. */
export function readText(env: Env, key: string): string | null {
  const text = (env[key] ?? "").trim();
  return text === "" ? null : text;
}

/** A value that keeps its rule; null when absent, or when it does not, which is then a problem. */
export function readRule<T>(reading: Reading, key: string, rule: Rule<T>): T | null {
  const text = readText(reading.env, key);
  if (text === null) return null;
  const parsed = rule.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  reading.problems.push({ key, problem: rule.problem, mend: rule.mend });
  return null;
}

/** A secret from `KEY` or from the file that `KEY_FILE` names; both at once is a problem. */
export function readSecret(
  reading: Reading,
  key: string,
  rule: Rule<string> = tokenRule,
): SecretSource | null {
  const value = readRule(reading, key, rule);
  const path = readRule(reading, `${key}_FILE`, secretPathRule(key));
  if (isSecretSet(reading.env, key, "value") && isSecretSet(reading.env, key, "file")) {
    const problem = `is set, and ${key}_FILE is set as well`;
    reading.problems.push({ key, problem, mend: "keep one of the two" });
    return null;
  }
  if (value !== null) return { kind: "value", value };
  return path === null ? null : { kind: "file", path };
}

/** Whether a secret is given in one way or, by default, in any. A broken value counts as given. */
export function isSecretSet(env: Env, key: string, how: "value" | "file" | "any" = "any"): boolean {
  const hasValue = readText(env, key) !== null;
  const hasFile = readText(env, `${key}_FILE`) !== null;
  if (how === "any") return hasValue || hasFile;
  return how === "value" ? hasValue : hasFile;
}

/** A yes-or-no value, false when unset. */
export function readFlag(reading: Reading, key: string): boolean {
  const state = readSwitch(reading.env[key]);
  if (state === "unclear") {
    const problem = "is neither true nor false";
    reading.problems.push({ key, problem, mend: `set ${key}=true or ${key}=false` });
  }
  return state === "on";
}

/** Reports the keys of a group of which some are set and others, without which these mean nothing, not. */
export function reportHalfSet(reading: Reading, keys: readonly string[]): void {
  const missing = keys.filter((key) => !isSecretSet(reading.env, key));
  if (missing.length === keys.length) return;
  for (const key of missing) {
    const others = keys.filter((other) => other !== key).join(" and ");
    const problem = `is missing, and belongs together with ${others}`;
    reading.problems.push({ key, problem, mend: `set ${key} too, or none of them` });
  }
}

/** The candidate that takes the fewest changed, added or dropped letters to reach. */
export function nearestKey(key: string, candidates: readonly string[]): string | null {
  let nearest: string | null = null;
  let distanceMin = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(key, candidate);
    if (distance >= distanceMin) continue;
    nearest = candidate;
    distanceMin = distance;
  }
  return nearest;
}

function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = at(previous, column - 1) + (letter === other[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, other.length);
}

function at(numbers: readonly number[], index: number): number {
  return Number(numbers[index]);
}
