import type { Config } from "./config.ts";
import { LIMIT_KEYS } from "./config-env.ts";
import type { SecretSource } from "./config-reading.ts";
import type { GithubConfig, SlackConfig } from "./config-services.ts";
import { repoKey } from "./issue.ts";
import type { RepoPolicy } from "./limits.ts";

/** One effective setting in words. */
export type ConfigLine = { readonly key: string; readonly value: string };

const UNSET = "not set";

/**
 * Every key with the value that is in force, defaults included, for a person who wonders. Of a secret it
 * says only that it is set and where it comes from.
 */
export function describeConfig(config: Config): readonly ConfigLine[] {
  const isKilled = config.gates.kind === "disabled" && config.gates.because === "kill-switch";
  const described: Readonly<Record<string, string>> = {
    AFK_KILL_SWITCH: String(isKilled),
    AFK_ALLOWLIST: listed(config.repos.map((repo) => repoKey(repo.ref))),
    AFK_DRAIN: String(config.isDraining),
    AFK_READY_LABEL: config.labels.ready,
    AFK_IN_PROGRESS_LABEL: config.labels.inProgress,
    AFK_HUMAN_LABEL: config.labels.human,
    AFK_PAUSED_LABEL: config.labels.paused,
    AFK_TRUSTED_ACTORS: listed(config.trust.trustedActors),
    AFK_AGENT_ACTORS: listed(config.trust.agentActors),
    ...describeLimits(config),
    ...describeAgent(config),
    ...describeGithub(config.github),
    FORGEJO_URL: config.forgejo?.url ?? UNSET,
    FORGEJO_TOKEN: secret(config.forgejo?.token),
    ...describeSlack(config.slack),
    NTFY_URL: config.ntfy?.url ?? UNSET,
    NTFY_TOPIC: config.ntfy === null ? UNSET : "set",
    NTFY_TOKEN: secret(config.ntfy?.token),
    AFK_LEASE: config.lease.kind,
    AFK_LEASE_NAMESPACE: config.lease.kind === "kubernetes" ? config.lease.namespace : UNSET,
    AFK_SHARD_INDEX: String(config.shard?.index ?? UNSET),
    AFK_SHARD_COUNT: String(config.shard?.count ?? UNSET),
    LOG_LEVEL: config.logLevel,
  };
  const lines = Object.entries(described).map(([key, value]) => ({ key, value }));
  return [...lines, ...describeRepos(config)];
}

function describeLimits(config: Config): Readonly<Record<string, string>> {
  const { limits } = config;
  const described: Record<string, string> = {};
  for (const [field, { key, unit }] of Object.entries(LIMIT_KEYS)) {
    const value = Number(limits[field as keyof typeof limits]);
    described[key] = String(unit === "seconds" ? value / 1000 : value);
  }
  return described;
}

function describeAgent({ agent }: Config): Readonly<Record<string, string>> {
  return {
    T3_BASE_URL: agent?.baseUrl ?? UNSET,
    T3_TOKEN: secret(agent?.token),
    T3_PUBLIC_URL: agent?.publicUrl ?? UNSET,
    T3_WORKSPACE_ROOT: agent?.workspaceRoot ?? UNSET,
    T3_LINK_TEMPLATE: agent?.linkTemplate ?? UNSET,
    T3_INSTANCE: agent?.instance ?? UNSET,
    T3_MODEL: agent?.model ?? UNSET,
    T3_RUNTIME_MODE: agent?.runtimeMode ?? UNSET,
  };
}

function describeGithub(github: GithubConfig | null): Readonly<Record<string, string>> {
  const GITHUB_API_URL = github?.apiUrl ?? UNSET;
  if (github?.auth.kind === "app") {
    const GITHUB_APP_PRIVATE_KEY = secret(github.auth.privateKey);
    return { GITHUB_API_URL, GITHUB_APP_ID: github.auth.appId, GITHUB_APP_PRIVATE_KEY };
  }
  return { GITHUB_API_URL, GITHUB_TOKEN: secret(github?.auth.token) };
}

function describeSlack(slack: SlackConfig | null): Readonly<Record<string, string>> {
  if (slack === null) return { SLACK_WEBHOOK_URL: UNSET };
  if (slack.kind === "webhook") return { SLACK_WEBHOOK_URL: secret(slack.url) };
  return {
    SLACK_BOT_TOKEN: secret(slack.token),
    SLACK_CHANNEL: slack.channel,
    SLACK_API_URL: slack.apiUrl,
  };
}

function describeRepos(config: Config): readonly ConfigLine[] {
  return config.repos.map(({ ref, policy }) => ({
    key: `repos.${repoKey(ref)}`,
    value: [...stagesOf(policy), `dispatchOnRed: ${policy.dispatchOnRed}`].join(", "),
  }));
}

function stagesOf({ ci, checks, deploy, rollout }: RepoPolicy): readonly string[] {
  const creators = deploy?.creators === undefined ? "" : ` by ${deploy.creators.join(" or ")}`;
  return [
    `ci: ${ci}`,
    ...(checks === undefined ? [] : [`checks: ${checks}`]),
    ...(deploy === undefined ? [] : [`deploy: ${deploy.environment}${creators}`]),
    ...(rollout === undefined
      ? []
      : [`rollout: ${rollout.kind} ${rollout.namespace}/${rollout.name}`]),
  ];
}

function listed(entries: readonly string[]): string {
  return entries.length === 0 ? UNSET : entries.join(", ");
}

function secret(source: SecretSource | null | undefined): string {
  if (source === null || source === undefined) return UNSET;
  return source.kind === "file" ? `set, from the file ${source.path}` : "set";
}
