import { afterAll, describe, expect, it } from "vitest";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import {
  createSlackBotNotifier,
  createSlackWebhookNotifier,
} from "../../../src/adapters/notify/slack.ts";
import type { Doorbell, Notifier } from "../../../src/pure/ports/notifier.ts";
import { json, listen, type Reply } from "../http/loopback.ts";

const client = createBoundedFetch({ timeoutMs: 500, bodyBytesMax: 10_000, connectionsMax: 2 });
afterAll(() => client.close());

const TOKEN = "xoxb-s3cret";
const CHANNEL = "secret_room";
const SECRET_PATH = "/services/T0/B0/s3cret";

const BELL: Doorbell = {
  key: "0123456789ab-verdict",
  title: "Done: o/r#7",
  body: "Add a price\nLanded, and CI is green.",
  urgency: "quiet",
  tags: ["white_check_mark"],
  link: "https://t3.example/env/thread",
};

type Form = (url: URL) => Notifier;

function webhook(url: URL): Notifier {
  const readUrl = async () => `${new URL(SECRET_PATH, url).href}\n`;
  return createSlackWebhookNotifier({ fetch: client.fetch, readUrl });
}

function bot(url: URL): Notifier {
  const apiUrl = new URL("/api", url);
  const readToken = async () => `${TOKEN}\n`;
  return createSlackBotNotifier({ fetch: client.fetch, apiUrl, readToken, channel: `#${CHANNEL}` });
}

const POSTED = { ok: true, channel: "C1", ts: "1700000000.000100", message: { text: "" } };
const accepting = (): Reply => json(POSTED);

async function failureOf(ring: Promise<unknown>): Promise<string> {
  return ring.then(
    () => "accepted",
    (error: unknown) => {
      // Whoever logs an error logs its cause as well.
      const cause = (error as Error).cause;
      return [(error as Error).message, cause instanceof Error ? cause.message : ""].join("");
    },
  );
}

async function refusal(form: Form, reply: Reply): Promise<string> {
  await using server = await listen(() => reply);
  const message = await failureOf(form(server.url).ring(BELL, null));
  expect(server.arrived).toHaveLength(1);
  return message;
}

const SHOWN = {
  text: "Done: o/r#7\nAdd a price\nLanded, and CI is green.",
  blocks: [
    {
      type: "header",
      text: { type: "plain_text", text: ":white_check_mark: Done: o/r#7", emoji: true },
    },
    { type: "section", text: { type: "plain_text", text: BELL.body, emoji: false } },
    {
      type: "actions",
      elements: [
        {
          type: "button",
          text: { type: "plain_text", text: "Open the agent's thread", emoji: true },
          url: BELL.link,
        },
      ],
    },
  ],
  parse: "none",
  link_names: false,
};
const POST_SWITCHES = { mrkdwn: false, unfurl_links: false, unfurl_media: false };

describe("a bell by webhook", () => {
  it("is one JSON post to the webhook's address and has no receipt", async () => {
    await using server = await listen(() => ({ status: 200, body: "ok" }));
    expect(await webhook(server.url).ring(BELL, "C1/1700000000.000100")).toBe(null);
    const [request, ...more] = server.arrived;
    expect(more).toEqual([]);
    expect([request?.method, request?.url]).toEqual(["POST", SECRET_PATH]);
    expect(request?.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(request?.body ?? "")).toEqual({ ...SHOWN, ...POST_SWITCHES });
  });
});

describe("a bell by bot", () => {
  async function asked(urgency: Doorbell["urgency"], receipt: string | null, reply = POSTED) {
    await using server = await listen(() => json(reply));
    const answer = await bot(server.url).ring({ ...BELL, urgency }, receipt);
    const [request, ...more] = server.arrived;
    expect(more).toEqual([]);
    expect(request?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    const body: unknown = JSON.parse(request?.body ?? "");
    return { path: `${request?.method} ${request?.url}`, body, answer };
  }

  it.each(["quiet", "loud"] as const)("that is the run's first and %s is posted", async (how) => {
    const { path, body, answer } = await asked(how, null);
    expect(path).toBe("POST /api/chat.postMessage");
    expect(body).toEqual({ ...SHOWN, ...POST_SWITCHES, channel: `#${CHANNEL}` });
    expect(answer).toBe("C1/1700000000.000100");
  });

  it("that is a later quiet one updates the run's message", async () => {
    const { path, body, answer } = await asked("quiet", "C9/1600000000.000900");
    expect(path).toBe("POST /api/chat.update");
    expect(body).toEqual({ ...SHOWN, channel: "C9", ts: "1600000000.000900" });
    expect(answer).toBe("C9/1600000000.000900");
  });

  it("that is a later loud one is a reply that the channel sees as well", async () => {
    const threaded = { ...POSTED, message: { text: "", thread_ts: "1600000000.000900" } };
    const { path, body, answer } = await asked("loud", "C9/1600000000.000900", threaded);
    expect(path).toBe("POST /api/chat.postMessage");
    const thread = { channel: "C9", thread_ts: "1600000000.000900", reply_broadcast: true };
    expect(body).toEqual({ ...SHOWN, ...POST_SWITCHES, ...thread });
    expect(answer).toBe("C9/1600000000.000900");
  });

  it("whose reply came to stand alone is the run's message from then on", async () => {
    expect((await asked("loud", "C9/1600000000.000900")).answer).toBe("C1/1700000000.000100");
  });

  it.each(["", "C9", "C9/", "c9/1.1", "C9/1.1 ", "C9/1.1\n", "C9/x.y", "#room/1.1"])(
    "with the receipt %j, which is none of ours, is posted",
    async (receipt) => {
      expect((await asked("quiet", receipt)).path).toBe("POST /api/chat.postMessage");
    },
  );

  it.each([
    ["no channel", { ok: true, ts: "1700000000.000100" }],
    ["no time", { ok: true, channel: "C1" }],
    ["a channel that is no id", { ok: true, channel: 7, ts: "1700000000.000100" }],
    ["a time of another kind", { ok: true, channel: "C1", ts: null, message: null }],
  ])("accepted with %s has rung, without a receipt", async (_name, reply) => {
    await using server = await listen(() => json(reply));
    expect(await bot(server.url).ring(BELL, null)).toBe(null);
  });

  it.each([
    "cant_update_message",
    "channel_not_found",
    "edit_window_closed",
    "is_archived",
    "message_not_found",
    "not_in_channel",
    "thread_not_found",
  ])("whose message cannot be used any more (%s) is posted anew", async (error) => {
    await using server = await listen((_request, at) =>
      at === 0 ? json({ ok: false, error }) : accepting(),
    );
    const receipt = await bot(server.url).ring(BELL, "C9/1600000000.000900");
    expect(server.arrived.map(({ url }) => url)).toEqual([
      "/api/chat.update",
      "/api/chat.postMessage",
    ]);
    expect(JSON.parse(server.arrived[1]?.body ?? "")).toMatchObject({ channel: `#${CHANNEL}` });
    expect(receipt).toBe("C1/1700000000.000100");
  });

  it("that is refused for another reason is not sent a second time", async () => {
    await using server = await listen(() => json({ ok: false, error: "fatal_error" }));
    const ring = bot(server.url).ring(BELL, "C9/1600000000.000900");
    await expect(ring).rejects.toThrow("fatal_error");
    expect(server.arrived).toHaveLength(1);
  });

  it("refused a second time throws what was said then", async () => {
    await using server = await listen(() => json({ ok: false, error: "is_archived" }));
    const ring = bot(server.url).ring({ ...BELL, urgency: "loud" }, "C9/1600000000.000900");
    await expect(ring).rejects.toThrow("200, is_archived; see SLACK_CHANNEL");
    expect(server.arrived).toHaveLength(2);
  });
});

describe("a bell that was not accepted", () => {
  const prefix = "Slack did not accept the message:";

  it.each<readonly [string, Form, Reply, string]>([
    [
      "a webhook that is gone",
      webhook,
      { status: 404, body: "no_service" },
      "404, no_service; see SLACK_WEBHOOK_URL",
    ],
    [
      "an archived channel",
      webhook,
      { status: 410, body: "channel_is_archived\n" },
      "410, channel_is_archived; see SLACK_WEBHOOK_URL",
    ],
    [
      "a payload Slack does not take",
      webhook,
      { status: 400, body: "invalid_payload" },
      "400, invalid_payload",
    ],
    [
      "a webhook used too often",
      webhook,
      { status: 429, headers: { "retry-after": "30" }, body: "rate_limited" },
      "429, rate_limited; it may be tried again in 30 s",
    ],
    ["a page of a proxy", webhook, { status: 502, body: "<html>busy</html>" }, "502"],
    [
      "a property of every object",
      webhook,
      { status: 500, body: "constructor" },
      "500, constructor",
    ],
    [
      "a refusal with status 200",
      bot,
      json({ ok: false, error: "invalid_auth" }),
      "200, invalid_auth; see SLACK_BOT_TOKEN",
    ],
    [
      "a bot nobody invited",
      bot,
      json({ ok: false, error: "not_in_channel" }),
      "200, not_in_channel; invite the bot to SLACK_CHANNEL",
    ],
    [
      "a bot used too often",
      bot,
      {
        status: 429,
        headers: { "retry-after": "7", "content-type": "application/json" },
        body: '{"ok":false,"error":"ratelimited"}',
      },
      "429, ratelimited; it may be tried again in 7 s",
    ],
    [
      "a moment that is no number of seconds",
      bot,
      { status: 429, headers: { "retry-after": "soon" }, body: "" },
      "429",
    ],
    [
      "a page that is not Slack's",
      bot,
      { status: 200, body: "ok" },
      "200, an answer that is not Slack's",
    ],
    [
      "an error that is no word",
      bot,
      json({ ok: false, error: "Ask me <@U1>" }),
      "200, an answer that is not Slack's",
    ],
    ["an acceptance with another status", bot, json(POSTED, 500), "500"],
    [
      "a redirect of the webhook",
      webhook,
      { status: 302, headers: { location: "/elsewhere" } },
      "302",
    ],
    ["a redirect of the API", bot, { status: 301, headers: { location: "/elsewhere" } }, "301"],
  ])("because of %s throws and says so", async (_name, form, reply, want) => {
    expect(await refusal(form, reply)).toBe(`${prefix} ${want}`);
  });

  it.each<readonly [string, Form, Reply]>([
    ["the webhook's path", webhook, { status: 403, body: SECRET_PATH }],
    ["the webhook's secret", webhook, { status: 403, body: "s3cret!" }],
    ["the token", bot, json({ ok: false, error: TOKEN })],
    ["the channel", bot, json({ ok: false, error: CHANNEL })],
  ])("never tells %s, even when the server does", async (_name, form, reply) => {
    expect(await refusal(form, reply)).not.toMatch(/s3cret|secret_room/);
  });

  it("throws within the timeout when nobody answers", async () => {
    expect(await refusal(bot, "hang")).toMatch(/chat\.postMessage: no full answer within 500 ms/);
    expect(await refusal(webhook, "hang")).toMatch(/no full answer within 500 ms/);
  });

  it.each(["/services/T0/B0/s3cret", "/hooks/s3cret", "/triggers/E0/s3cret?key=s3cret"])(
    "throws without the address when the webhook %s is not reached",
    async (path) => {
      const server = await listen(() => "hang");
      await server[Symbol.asyncDispose]();
      const readUrl = async () => new URL(path, server.url).href;
      const down = createSlackWebhookNotifier({ fetch: client.fetch, readUrl });
      const message = await failureOf(down.ring(BELL, null));
      expect(message).toMatch(/^POST 127\.0\.0\.1:\d+\/.*: ECONNREFUSED$/);
      expect(message).not.toContain("s3cret");
    },
  );

  it("throws without the address when it does not parse", async () => {
    const readUrl = async () => "hooks.slack.com/services/s3cret";
    const broken = createSlackWebhookNotifier({ fetch: client.fetch, readUrl });
    const message = await failureOf(broken.ring(BELL, null));
    expect(message).toMatch(/^SLACK_WEBHOOK_URL is not an address/);
    expect(message).not.toContain("s3cret");
  });

  it("names the key when its secret cannot be read, having sent nothing", async () => {
    await using server = await listen(accepting);
    const { fetch } = client;
    const gone = () => Promise.reject(new Error("ENOENT"));
    const byBot = createSlackBotNotifier({
      fetch,
      apiUrl: server.url,
      readToken: gone,
      channel: "c",
    });
    await expect(byBot.ring(BELL, null)).rejects.toThrow(/SLACK_BOT_TOKEN_FILE/);
    const byWebhook = createSlackWebhookNotifier({ fetch, readUrl: gone });
    await expect(byWebhook.ring(BELL, null)).rejects.toThrow(/SLACK_WEBHOOK_URL_FILE/);
    expect(server.arrived).toEqual([]);
  });
});
