import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type SandboxNtfy, startNtfy } from "../../sandbox/ntfy/ntfy-server.ts";
import { type SandboxSlack, startSlack } from "../../sandbox/slack/slack-server.ts";
import { createSecrets } from "../../src/loops/log.main.ts";
import { wire } from "../../src/loops/wiring.main.ts";
import { parseConfig } from "../../src/pure/config.ts";
import type { Doorbell } from "../../src/pure/ports/notifier.ts";

const BELL: Doorbell = {
  key: "0123456789ab-verdict",
  title: "Done: o/r#7",
  body: "Landed.",
  urgency: "quiet",
  tags: [],
  link: null,
};

const log = { info: () => {}, warn: () => {}, error: () => {} };
let slack: SandboxSlack;
let ntfy: SandboxNtfy;

beforeEach(async () => {
  slack = await startSlack();
  ntfy = await startNtfy();
});
afterEach(async () => {
  await slack.stop();
  await ntfy.stop();
});

/** Rings every doorbell that these variables configure; answers their names and what was requested. */
async function ringAll(env: Readonly<Record<string, string>>) {
  const armed = {
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: "o/r",
    GITHUB_TOKEN: "gh-token",
    T3_BASE_URL: "http://127.0.0.1:1",
    T3_TOKEN: "t3-token",
    T3_MODEL: "model",
  };
  const parsed = parseConfig({ ...armed, ...env }, null);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const secrets = createSecrets();
  const { deps, requests, close } = await wire(parsed.config, { loop: "watcher", log, secrets });
  for (const notifier of deps.notifiers) await notifier.ring(BELL, null);
  await close();
  return { names: deps.notifiers.map(({ name }) => name), requests: requests(), secrets };
}

it("without a doorbell none is wired", async () => {
  expect(await ringAll({})).toMatchObject({ names: [], requests: {} });
});

it("ntfy and a Slack bot ring side by side", async () => {
  const { names, requests, secrets } = await ringAll({
    NTFY_URL: ntfy.url,
    NTFY_TOPIC: "afk-topic",
    SLACK_API_URL: slack.apiUrl,
    SLACK_BOT_TOKEN: slack.token,
    SLACK_CHANNEL: "#afk",
  });
  expect([names, requests]).toEqual([["ntfy", "slack"], { ntfy: 1, slack: 1 }]);
  expect([ntfy.messages, slack.messages]).toMatchObject([[{ title: BELL.title }], [{}]]);
  expect(secrets.redact(`${slack.token} afk-topic`)).not.toMatch(/xoxb|topic/);
});

it("a Slack webhook rings from a file that holds its address", async () => {
  const dir = await mkdtemp(join(tmpdir(), "afk-wiring-"));
  const path = join(dir, "webhook");
  await writeFile(path, `${slack.webhookUrl}\n`);
  const { names, secrets } = await ringAll({ SLACK_WEBHOOK_URL_FILE: path });
  await rm(dir, { recursive: true });
  expect(names).toEqual(["slack"]);
  expect(slack.messages).toMatchObject([{ postedBy: "webhook" }]);
  expect(secrets.redact(`POST ${slack.webhookUrl}`)).toBe("POST [redacted]");
});

it("every secret is known before anything is read, and one that cannot be had stops no tick", async () => {
  const env = {
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: "o/r",
    GITHUB_TOKEN: "gh-token",
    T3_BASE_URL: "http://127.0.0.1:1",
    T3_TOKEN: "t3-token",
    T3_MODEL: "model",
    NTFY_URL: "http://127.0.0.1:1",
    NTFY_TOPIC: "family-bells",
    NTFY_TOKEN: "ntfy-token",
    SLACK_WEBHOOK_URL_FILE: "/nowhere/webhook",
  };
  const parsed = parseConfig(env, null);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const secrets = createSecrets();
  const { close } = await wire(parsed.config, { loop: "watcher", log, secrets });
  await close();
  const said = "gh-token t3-token ntfy-token family-bells";
  expect(secrets.redact(said)).toBe("[redacted] [redacted] [redacted] [redacted]");
  expect(secrets.redactTokens(said)).toBe("[redacted] [redacted] [redacted] family-bells");
});
