import { afterAll } from "vitest";
import { type SandboxNtfy, startNtfy } from "../../sandbox/ntfy/ntfy-server.ts";
import { renderContent } from "../../sandbox/slack/content.ts";
import { type SandboxSlack, startSlack } from "../../sandbox/slack/slack-server.ts";
import { createBoundedFetch } from "../../src/adapters/http.ts";
import { createNtfyNotifier } from "../../src/adapters/notify/ntfy.ts";
import {
  createSlackBotNotifier,
  createSlackWebhookNotifier,
} from "../../src/adapters/notify/slack.ts";
import type { Notifier } from "../../src/pure/ports/notifier.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { describeNotifier, type NotifierWorld } from "./notifier-contract.ts";

const { fetch, close } = createBoundedFetch({
  timeoutMs: 20_000,
  bodyBytesMax: 1024 * 1024,
  connectionsMax: 2,
});
afterAll(() => close());

async function openFake(): Promise<NotifierWorld> {
  const notifier = new FakeNotifier();
  return {
    notifier,
    secrets: ["fake-secret"],
    shown: () => notifier.rung.map(({ title, body, link }) => [title, body, link].join("\n")),
    requests: () => notifier.writes,
    setDown: (how) => notifier.setDown(how !== "no"),
    refused: () => {
      const refused = new FakeNotifier();
      refused.setDown(true);
      return refused;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const TOPIC = "hidden-topic-4711";
const TOKEN = "tk_s3cret";
const BAD_TOKEN = "tk_b4dt0ken";

async function openNtfy(): Promise<NotifierWorld> {
  const ntfy: SandboxNtfy = await startNtfy({ token: TOKEN });
  const connect = (token: string) =>
    createNtfyNotifier({
      fetch,
      url: new URL(ntfy.url),
      topic: TOPIC,
      readToken: async () => token,
    });
  return {
    notifier: connect(TOKEN),
    secrets: [TOPIC, TOKEN, BAD_TOKEN],
    shown: () =>
      ntfy.messages.map(({ title, message, click }) => [title, message, click].join("\n")),
    requests: () => ntfy.requests.length,
    setDown: (how) => (how === "no" ? ntfy.setDown(false) : ntfy.setDown(true, how)),
    refused: () => connect(BAD_TOKEN),
    [Symbol.asyncDispose]: () => ntfy.stop(),
  };
}

type SlackWay = {
  readonly connect: (slack: SandboxSlack) => Notifier;
  readonly refused: (slack: SandboxSlack) => Notifier;
  readonly secretsOf: (slack: SandboxSlack) => readonly string[];
};

/** What a reader of the channel sees: what is in the blocks, links with where they lead. */
function wordsOf(message: SandboxSlack["messages"][number]): string {
  const segments = renderContent(message).blocks.flat();
  return segments
    .map((each) => (each.kind === "link" ? each.url : "text" in each ? each.text : ""))
    .join("\n");
}

async function openSlack({ connect, refused, secretsOf }: SlackWay): Promise<NotifierWorld> {
  const slack = await startSlack();
  return {
    notifier: connect(slack),
    secrets: secretsOf(slack),
    shown: () => slack.messages.map(wordsOf),
    requests: () => slack.requests.length,
    setDown: (how) => (how === "no" ? slack.setDown(false) : slack.setDown(true, how)),
    refused: () => refused(slack),
    [Symbol.asyncDispose]: () => slack.stop(),
  };
}

const BAD_HOOK = "b4d-webhook-secret";

const WEBHOOK: SlackWay = {
  connect: ({ webhookUrl }) =>
    createSlackWebhookNotifier({ fetch, readUrl: async () => webhookUrl }),
  refused: ({ webhookUrl }) => {
    const url = webhookUrl.replace(/[^/]+$/, BAD_HOOK);
    return createSlackWebhookNotifier({ fetch, readUrl: async () => url });
  },
  secretsOf: ({ webhookUrl }) => [new URL(webhookUrl).pathname.split("/").at(-1) ?? "", BAD_HOOK],
};

function bot(slack: SandboxSlack, token: string): Notifier {
  const { channel } = slack;
  const readToken = async () => token;
  const apiUrl = new URL(slack.apiUrl);
  return createSlackBotNotifier({ fetch, apiUrl, readToken, channel: channel.id });
}

const BOT: SlackWay = {
  connect: (slack) => bot(slack, slack.token),
  refused: (slack) => bot(slack, "xoxb-b4d-token"),
  secretsOf: ({ token }) => [token, "xoxb-b4d-token"],
};

describeNotifier("the fake", openFake);
describeNotifier("ntfy", openNtfy);
describeNotifier("a Slack webhook", () => openSlack(WEBHOOK));
describeNotifier("a Slack bot", () => openSlack(BOT));
