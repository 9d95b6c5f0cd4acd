import * as z from "zod";

import {
  isSecretSet,
  pathRule,
  readRule,
  readSecret,
  type Reading,
  reportHalfSet,
  type Rule,
  type SecretSource,
  textSecretRule,
  urlRule,
} from "./config-reading.ts";

/** The agent server and how threads are started on it. Addresses have no slash at their end. */
export type AgentConfig = {
  readonly baseUrl: string;
  /** Where a person's browser finds the server. */
  readonly publicUrl: string;
  readonly token: SecretSource;
  /** Absolute path on the agent server below which every repo has its folder. */
  readonly workspaceRoot: string;
  /** A thread's page, with `{base}`, `{environmentId}` and `{threadId}` to be filled in. */
  readonly linkTemplate: string;
  readonly instance: string;
  readonly model: string;
  readonly runtimeMode: RuntimeMode;
};

/** T3's runtime modes; `auto` is known to servers from 0.0.29 on. */
export type RuntimeMode = "approval-required" | "auto-accept-edits" | "full-access" | "auto";

/** GitHub and the identity used there. */
export type GithubConfig = {
  readonly apiUrl: string;
  readonly auth:
    | { readonly kind: "token"; readonly token: SecretSource }
    | { readonly kind: "app"; readonly appId: string; readonly privateKey: SecretSource };
};

/** A Forgejo server and the identity used there. */
export type ForgejoConfig = { readonly url: string; readonly token: SecretSource };

/** The Slack doorbell. A webhook's address is its secret. */
export type SlackConfig =
  | { readonly kind: "webhook"; readonly url: SecretSource }
  | {
      readonly kind: "bot";
      readonly apiUrl: string;
      readonly token: SecretSource;
      /** Its id or its name. */
      readonly channel: string;
    };

/** The ntfy doorbell. On an open server the topic is all it takes to read along: it is a secret too. */
export type NtfyConfig = {
  readonly url: string;
  readonly topic: string;
  readonly token: SecretSource | null;
};

const GITHUB_API_URL = "https://api.github.com";
const SLACK_API_URL = "https://slack.com/api";
const LINK_TEMPLATE = "{base}/{environmentId}/{threadId}";

const linkTemplateRule: Rule<string> = {
  schema: z.lazy(() =>
    z
      .string()
      .regex(/^(?:\{base\}|https?:\/\/)[^\s{}]*(?:\{(?:base|environmentId|threadId)\}[^\s{}]*)*$/)
      .refine((text) => text.includes("{threadId}")),
  ),
  problem: "is not a template of a thread's page",
  mend: `write it like ${LINK_TEMPLATE}; there are no other placeholders`,
};

const instanceRule: Rule<string> = {
  // The slug T3 itself demands of a provider instance's id.
  schema: z.lazy(() => z.string().regex(/^[a-zA-Z][\w-]{0,63}$/)),
  problem: "is not the id of a provider instance",
  mend: "write it like claudeAgent: a letter, then up to 63 letters, digits, - or _",
};

const wordRule: Rule<string> = {
  // Longer than any model's, channel's or app's name there is.
  schema: z.lazy(() => z.string().regex(/^[\x21-\x7e]{1,200}$/)),
  problem: "is not one word of at most 200 characters",
  mend: "write the id as its service shows it, without blanks",
};

const appIdRule: Rule<string> = {
  // A database id of GitHub's: it fits into 63 bits.
  schema: z.lazy(() => z.string().regex(/^[1-9][0-9]{0,18}$/)),
  problem: "is not the id of a GitHub App",
  mend: "write the number that the App's settings show as App ID, not its client id or its name",
};

const runtimeModeRule: Rule<RuntimeMode> = {
  schema: z.enum(["approval-required", "auto-accept-edits", "full-access", "auto"]),
  problem: "is not a runtime mode",
  mend: "write full-access, auto-accept-edits, approval-required or auto",
};

const topicRule: Rule<string> = {
  // The pattern ntfy itself checks topics against.
  schema: z.lazy(() => z.string().regex(/^[-\w]{1,64}$/)),
  problem: "is not an ntfy topic",
  mend: "write 1 to 64 letters, digits, - or _",
};

/** Reads the agent server; null until its address, token and model are all given and right. */
export function readAgent(reading: Reading): AgentConfig | null {
  const baseUrl = readRule(reading, "T3_BASE_URL", urlRule);
  const token = readSecret(reading, "T3_TOKEN");
  const model = readRule(reading, "T3_MODEL", wordRule);
  const options = {
    publicUrl: readRule(reading, "T3_PUBLIC_URL", urlRule),
    workspaceRoot: readRule(reading, "T3_WORKSPACE_ROOT", pathRule) ?? "/data",
    linkTemplate: readRule(reading, "T3_LINK_TEMPLATE", linkTemplateRule) ?? LINK_TEMPLATE,
    instance: readRule(reading, "T3_INSTANCE", instanceRule) ?? "claudeAgent",
    runtimeMode: readRule(reading, "T3_RUNTIME_MODE", runtimeModeRule) ?? "full-access",
  };
  if (baseUrl === null || token === null || model === null) return null;
  return { ...options, baseUrl, publicUrl: options.publicUrl ?? baseUrl, token, model };
}

/** Reads GitHub; null without an identity. A token and an app at once are a problem. */
export function readGithub(reading: Reading): GithubConfig | null {
  const apiUrl = readRule(reading, "GITHUB_API_URL", urlRule) ?? GITHUB_API_URL;
  const token = readSecret(reading, "GITHUB_TOKEN");
  const appId = readRule(reading, "GITHUB_APP_ID", appIdRule);
  const privateKey = readSecret(reading, "GITHUB_APP_PRIVATE_KEY", textSecretRule);
  reportHalfSet(reading, ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"]);
  const isAppSet = isSecretSet(reading.env, "GITHUB_APP_ID");
  if (isAppSet && isSecretSet(reading.env, "GITHUB_TOKEN")) {
    const problem = "is set, and GITHUB_APP_ID is set as well";
    reading.problems.push({ key: "GITHUB_TOKEN", problem, mend: "act as one of the two" });
    return null;
  }
  if (token !== null) return { apiUrl, auth: { kind: "token", token } };
  if (appId === null || privateKey === null) return null;
  return { apiUrl, auth: { kind: "app", appId, privateKey } };
}

/** Reads the Forgejo server; null without address or token. */
export function readForgejo(reading: Reading): ForgejoConfig | null {
  const url = readRule(reading, "FORGEJO_URL", urlRule);
  const token = readSecret(reading, "FORGEJO_TOKEN");
  return url === null || token === null ? null : { url, token };
}

/** Reads the Slack doorbell; a webhook and a bot at once are a problem. */
export function readSlack(reading: Reading): SlackConfig | null {
  const url = readSecret(reading, "SLACK_WEBHOOK_URL", urlRule);
  const token = readSecret(reading, "SLACK_BOT_TOKEN");
  const channel = readRule(reading, "SLACK_CHANNEL", wordRule);
  const apiUrl = readRule(reading, "SLACK_API_URL", urlRule) ?? SLACK_API_URL;
  reportHalfSet(reading, ["SLACK_BOT_TOKEN", "SLACK_CHANNEL"]);
  if (url !== null && token !== null) {
    const problem = "is set, and SLACK_BOT_TOKEN is set as well";
    reading.problems.push({ key: "SLACK_WEBHOOK_URL", problem, mend: "keep one of the two" });
    return null;
  }
  if (url !== null) return { kind: "webhook", url };
  if (token === null || channel === null) return null;
  return { kind: "bot", apiUrl, token, channel };
}

/** Reads the ntfy doorbell; null without address or topic. */
export function readNtfy(reading: Reading): NtfyConfig | null {
  const url = readRule(reading, "NTFY_URL", urlRule);
  const topic = readRule(reading, "NTFY_TOPIC", topicRule);
  const token = readSecret(reading, "NTFY_TOKEN");
  const isTokenSet = isSecretSet(reading.env, "NTFY_TOKEN");
  reportHalfSet(reading, ["NTFY_URL", "NTFY_TOPIC", ...(isTokenSet ? ["NTFY_TOKEN"] : [])]);
  return url === null || topic === null ? null : { url, topic, token };
}
