import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createT3Agent } from "../adapters/agent/t3.ts";
import { createGithubCi } from "../adapters/ci/github.ts";
import { sha256 } from "../adapters/crypto.ts";
import { type BoundedFetch, createBoundedFetch } from "../adapters/http.ts";
import { createFileLease, peekFileLease } from "../adapters/lease/file.ts";
import { thisProcess } from "../adapters/lease/process-scope.ts";
import { createNtfyNotifier } from "../adapters/notify/ntfy.ts";
import { createSlackBotNotifier, createSlackWebhookNotifier } from "../adapters/notify/slack.ts";
import { createGithubTracker } from "../adapters/tracker/github.ts";
import { appKeyProblem, createGithubApp } from "../adapters/tracker/github-app.ts";
import { createGithubMeter, type GithubUsage } from "../adapters/tracker/github-meter.ts";
import { createGithubRunCounter } from "../adapters/tracker/github-run-counter.ts";
import type { Config } from "../pure/config.ts";
import { leaseNameOf } from "../pure/config-cluster.ts";
import type { SecretSource } from "../pure/config-reading.ts";
import type { GithubConfig, NtfyConfig, SlackConfig } from "../pure/config-services.ts";
import type { Lease } from "../pure/ports/lease.ts";
import type { Notifier } from "../pure/ports/notifier.ts";
import { ConfigRefused, type TickDeps, type TickLog } from "./deps.ts";
import type { Secrets } from "./log.main.ts";
import { readSecret } from "./read-secret.main.ts";
import { withoutSecrets } from "./redact.ts";
import { type ClusterWiring, wireCluster } from "./wiring-cluster.main.ts";

/** GitHub ends a query of its own accord after ten seconds; what takes longer than this hangs. */
const HTTP_TIMEOUT_MS = 15_000;
/** The largest answers are T3's old snapshots: parsing takes six times this, and a pod has 256 MiB. */
const BODY_BYTES_MAX = 24 * 1024 * 1024;
/** Enough for the parallel reads of a tick, far below GitHub's 100 concurrent requests. */
const CONNECTIONS_MAX = 8;
/**
 * A lease is renewed before effects only, and the reading before the first may wait for several timeouts in a
 * row: this is longer. One that was killed holds nobody up: its process is seen to be gone.
 */
const LEASE_TTL_MS = 5 * 60_000;

/** What a tick is wired to, how many requests each service got, and how to hang up. */
export type Wiring = {
  readonly deps: TickDeps;
  /** By service. What a GitHub App's token is obtained with is counted apart, as `github-token`. */
  readonly requests: () => Readonly<Record<string, number>>;
  readonly github: () => GithubUsage;
  readonly cluster: ClusterWiring;
  readonly close: () => Promise<void>;
};

/** Builds the adapters the configuration asks for. Opens no connection. */
export async function wire(
  config: Config,
  options: { readonly loop: string; readonly log: TickLog; readonly secrets: Secrets },
): Promise<Wiring> {
  const { agent, github } = config;
  if (agent === null) throw new ConfigRefused("T3_BASE_URL is not set");
  if (github === null) throw new ConfigRefused("GITHUB_TOKEN is not set");
  const read: ReadSecret = (key, source) => readSecret(key, source, options.secrets);
  await learnSecrets(config, read);
  const http = createClients();
  const forge = await wireGithub(config, github, { ...options, fetchFor: http.fetchFor, read });
  const { tracker } = forge;
  const t3 = createT3Agent({
    fetch: http.fetchFor("t3"),
    baseUrl: new URL(agent.baseUrl),
    readToken: () => read("T3_TOKEN", agent.token),
    now: () => new Date(),
    model: { instanceId: agent.instance, model: agent.model },
    runtimeMode: agent.runtimeMode,
  });
  const cluster = wireCluster(config, options.loop);
  const deps: TickDeps = {
    tracker: { reader: tracker, writer: tracker },
    agent: { reader: t3, writer: t3 },
    ci: forge.ci,
    notifiers: notifiersOf(config, {
      fetchFor: http.fetchFor,
      read,
      secrets: options.secrets,
    }),
    lease: cluster.lease ?? fileLease(leaseNameOf(options.loop, config.shard), agent.baseUrl),
    runCounter: forge.runCounter,
    ...(cluster.rollouts === null ? {} : { rollouts: cluster.rollouts }),
    limit: forge.meter.limit,
    log: options.log,
    now: Date.now,
    sha256,
  };
  return {
    deps: withoutSecrets(deps, options.secrets),
    requests: () => withCount(http.requests(), "kubernetes", cluster.requests()),
    github: forge.meter.usage,
    cluster,
    close: async () => {
      await http.close();
      await cluster.close();
    },
  };
}

/** A secret by the key it is configured with. */
type ReadSecret = (key: string, source: SecretSource) => Promise<string>;

type GithubParts = {
  readonly fetchFor: (service: string) => BoundedFetch;
  readonly read: ReadSecret;
  readonly secrets: Secrets;
};

/** Tracker and CI under one identity and one meter. */
async function wireGithub(config: Config, github: GithubConfig, parts: GithubParts) {
  const { auth } = github;
  const meter = createGithubMeter({ now: Date.now, sleep });
  const common = { fetch: parts.fetchFor("github"), apiUrl: new URL(github.apiUrl), meter };
  const { labels } = config;
  const inProgressLabel = labels.inProgress;
  if (auth.kind === "token") {
    const identified = { ...common, token: await parts.read("GITHUB_TOKEN", auth.token) };
    const tracker = createGithubTracker({ ...identified, labels });
    const runCounter = createGithubRunCounter({ ...identified, inProgressLabel });
    return { meter, tracker, runCounter, ci: createGithubCi(identified) };
  }
  await refuseBrokenAppKey(auth.privateKey, parts.read);
  const app = createGithubApp({
    ...common,
    tokenFetch: parts.fetchFor("github-token"),
    appId: auth.appId,
    readPrivateKey: () => parts.read("GITHUB_APP_PRIVATE_KEY", auth.privateKey),
    repos: config.repos.map(({ ref }) => ref).filter((ref) => ref.tracker === "github"),
    learnSecret: (secret) => parts.secrets.add(secret),
  });
  const identified = { ...common, token: app.token };
  const tracker = createGithubTracker({ ...identified, labels, own: app.own });
  const runCounter = createGithubRunCounter({ ...identified, inProgressLabel });
  const ci = createGithubCi(identified);
  return { meter, tracker: app.withinReach(tracker), runCounter, ci };
}

/** Before anything is asked for: trying again with the same key changes nothing. */
async function refuseBrokenAppKey(source: SecretSource, read: ReadSecret): Promise<void> {
  const key = "GITHUB_APP_PRIVATE_KEY";
  const problem = appKeyProblem(await read(key, source));
  if (problem === null) return;
  throw new ConfigRefused(`${source.kind === "file" ? `${key}_FILE` : key} ${problem}`);
}

/** All of them before anything is read: an agent may quote one that this tick would not need. */
async function learnSecrets(config: Config, read: ReadSecret): Promise<void> {
  const { agent, github, slack, ntfy } = config;
  const needed = [
    secretOf("T3_TOKEN", agent?.token),
    github?.auth.kind === "app"
      ? secretOf("GITHUB_APP_PRIVATE_KEY", github.auth.privateKey)
      : secretOf("GITHUB_TOKEN", github?.auth.token),
  ].flat();
  const reads = await Promise.allSettled(needed.map(({ key, source }) => read(key, source)));
  const refusals = reads.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  if (refusals.length > 0) throw new ConfigRefused(refusals.map(wordsOf).join("; "));
  const rung = [
    slack?.kind === "webhook"
      ? secretOf("SLACK_WEBHOOK_URL", slack.url)
      : secretOf("SLACK_BOT_TOKEN", slack?.token),
    secretOf("NTFY_TOKEN", ntfy?.token),
  ].flat();
  for (const { key, source } of rung) {
    // A file that cannot be read is told by the doorbell that needs it, and stops no tick.
    await read(key, source).catch(() => undefined);
  }
}

function secretOf(key: string, source: SecretSource | null | undefined) {
  return source === null || source === undefined ? [] : [{ key, source }];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function createClients(): {
  readonly fetchFor: (service: string) => BoundedFetch;
  readonly requests: () => Readonly<Record<string, number>>;
  readonly close: () => Promise<void>;
} {
  const counts: Record<string, number> = {};
  const closers: (() => Promise<void>)[] = [];
  return {
    fetchFor: (service) => {
      const client = createBoundedFetch({
        timeoutMs: HTTP_TIMEOUT_MS,
        bodyBytesMax: BODY_BYTES_MAX,
        connectionsMax: CONNECTIONS_MAX,
        onRequest: () => {
          counts[service] = (counts[service] ?? 0) + 1;
        },
      });
      closers.push(client.close);
      return client.fetch;
    },
    requests: () => counts,
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

type NotifierParts = {
  readonly fetchFor: (service: string) => BoundedFetch;
  readonly read: ReadSecret;
  readonly secrets: Secrets;
};

function notifiersOf(config: Config, parts: NotifierParts): readonly Notifier[] {
  const { ntfy, slack } = config;
  return [
    ...(ntfy === null ? [] : [ntfyOf(ntfy, parts)]),
    ...(slack === null ? [] : [slackOf(slack, parts)]),
  ];
}

function ntfyOf(ntfy: NtfyConfig, parts: NotifierParts): Notifier {
  parts.secrets.addWord(ntfy.topic);
  const { token, topic } = ntfy;
  const fetch = parts.fetchFor("ntfy");
  const readToken = token === null ? null : () => parts.read("NTFY_TOKEN", token);
  return createNtfyNotifier({ fetch, url: new URL(ntfy.url), topic, readToken });
}

function slackOf(slack: SlackConfig, parts: NotifierParts): Notifier {
  const fetch = parts.fetchFor("slack");
  if (slack.kind === "webhook") {
    return createSlackWebhookNotifier({
      fetch,
      readUrl: () => parts.read("SLACK_WEBHOOK_URL", slack.url),
    });
  }
  const { token, channel } = slack;
  const apiUrl = new URL(slack.apiUrl);
  return createSlackBotNotifier({
    fetch,
    apiUrl,
    readToken: () => parts.read("SLACK_BOT_TOKEN", token),
    channel,
  });
}

function withCount(
  counts: Readonly<Record<string, number>>,
  service: string,
  count: number,
): Readonly<Record<string, number>> {
  return count === 0 ? counts : { ...counts, [service]: count };
}

function fileLease(name: string, agentUrl: string): Lease {
  const leaseProcess = thisProcess();
  return createFileLease({
    path: leasePath(tmpdir(), name.replace(/^afk-/, ""), agentUrl),
    holder: `${hostname()}/${process.pid}`,
    ttlMs: LEASE_TTL_MS,
    now: Date.now,
    ...(leaseProcess === null ? {} : { process: leaseProcess }),
  });
}

/** Who has the lease of this machine for a loop now; null when nobody has. */
export function peekLeaseOfMachine(name: string, agentUrl: string): Promise<string | null> {
  const leaseProcess = thisProcess();
  return peekFileLease({
    path: leasePath(tmpdir(), name.replace(/^afk-/, ""), agentUrl),
    ttlMs: LEASE_TTL_MS,
    now: Date.now,
    ...(leaseProcess === null ? {} : { process: leaseProcess }),
  });
}

/** A file's name has 255 bytes; the loop takes some of them. */
const SERVER_CHARACTERS_MAX = 200;

/**
 * One lease a loop, user and agent server: two that drive the same server must exclude each other. Servers that come
 * out alike only wait for each other.
 */
export function leasePath(folder: string, loop: string, agentUrl: string): string {
  const server = agentUrl.replace(/[^\w.-]+/g, "_").slice(-SERVER_CHARACTERS_MAX);
  return join(folder, `afk-${userInfo().uid}`, `${loop}-${server}`);
}
