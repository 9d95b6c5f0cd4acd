import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderContent } from "../../../sandbox/slack/content.ts";
import { type SandboxSlack, startSlack } from "../../../sandbox/slack/slack-server.ts";

let slack: SandboxSlack;

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.stop());

type Reply = { readonly status: number; readonly body: any; readonly retryAfter: string | null };

async function post(url: string, body: unknown, token: string | null): Promise<Reply> {
  const headers: Record<string, string> = token === null ? {} : { authorization: token };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", headers, body: text });
  const answer = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const retryAfter = response.headers.get("retry-after");
  return { status: response.status, body: isJson ? JSON.parse(answer) : answer, retryAfter };
}

async function call(method: string, body: object, token = slack.token): Promise<Reply> {
  return post(
    `${slack.apiUrl}/${method}`,
    { channel: slack.channel.id, ...body },
    `Bearer ${token}`,
  );
}

function section(length: number) {
  return { type: "section", text: { type: "plain_text", text: "x".repeat(length) } };
}

function header(length: number) {
  return { type: "header", text: { type: "plain_text", text: "x".repeat(length) } };
}

function button(url: string) {
  const text = { type: "plain_text", text: "Open" };
  return { type: "actions", elements: [{ type: "button", text, url }] };
}

describe("a webhook", () => {
  it("takes a message and says ok, and no more", async () => {
    const reply = await post(slack.webhookUrl, { text: "hello", blocks: [section(1)] }, null);
    expect(reply).toEqual({ status: 200, body: "ok", retryAfter: null });
    expect(slack.messages).toMatchObject([
      { text: "hello", postedBy: "webhook", channel: slack.channel.id, threadTs: null, edits: 0 },
    ]);
  });

  it.each([
    ["no JSON", "hello", 400, "invalid_payload"],
    ["a list", [], 400, "invalid_payload"],
    ["nothing to show", { text: "" }, 400, "no_text"],
    ["an empty block", { text: "a", blocks: [section(0)] }, 400, "invalid_blocks"],
  ])("refuses %s", async (_name, body, status, word) => {
    expect(await post(slack.webhookUrl, body, null)).toMatchObject({ status, body: word });
    expect(slack.messages).toEqual([]);
  });

  it("refuses a wrong address, a wrong secret and an archived channel", async () => {
    const { origin } = new URL(slack.webhookUrl);
    const wrong = await post(`${origin}/services/T1/B1/x`, { text: "a" }, null);
    expect(wrong).toMatchObject({ status: 404, body: "no_service" });
    const secret = await post(`${slack.webhookUrl}x`, { text: "a" }, null);
    expect(secret).toMatchObject({ status: 403, body: "invalid_token" });
    slack.setArchived(true);
    const archived = await post(slack.webhookUrl, { text: "a" }, null);
    expect(archived).toMatchObject({ status: 410, body: "channel_is_archived" });
    expect(slack.messages).toEqual([]);
  });
});

describe("chat.postMessage", () => {
  it.each(["C0SANDBOX", "afk", "#afk"])(
    "takes the channel %s and answers its id",
    async (channel) => {
      const { status, body } = await call("chat.postMessage", { channel, text: "hello" });
      expect(status).toBe(200);
      const ts = expect.stringMatching(/^\d{10}\.\d{6}$/);
      expect(body).toMatchObject({
        ok: true,
        channel: "C0SANDBOX",
        ts,
        message: { text: "hello" },
      });
    },
  );

  it("gives every message a later time", async () => {
    for (const text of ["a", "b", "c"]) await call("chat.postMessage", { text });
    const times = slack.messages.map((message) => message.ts);
    expect(new Set(times).size).toBe(3);
    expect(times.toSorted()).toEqual(times);
  });

  it("keeps a thread together and says which it is", async () => {
    const first = (await call("chat.postMessage", { text: "a" })).body.ts;
    const reply = await call("chat.postMessage", { text: "b", thread_ts: first });
    expect(reply.body.message.thread_ts).toBe(first);
    const nested = { text: "c", thread_ts: reply.body.ts, reply_broadcast: true };
    expect((await call("chat.postMessage", nested)).body.message.thread_ts).toBe(first);
    expect(slack.messages.map(({ threadTs, isBroadcast }) => [threadTs, isBroadcast])).toEqual([
      [null, false],
      [first, false],
      [first, true],
    ]);
  });

  it("lets a reply to a deleted message stand alone, without a word", async () => {
    const first = (await call("chat.postMessage", { text: "a" })).body.ts;
    slack.deleteMessage(first);
    const { body } = await call("chat.postMessage", { text: "b", thread_ts: first });
    expect([body.ok, body.message.thread_ts]).toEqual([true, undefined]);
    expect(() => slack.deleteMessage(first)).toThrow("no message");
  });

  it.each([
    ["another channel", { channel: "C1", text: "a" }, "channel_not_found"],
    ["nothing to show", {}, "no_text"],
    ["a text that is no text", { text: 7 }, "invalid_arguments"],
    ["an unknown block", { blocks: [{ type: "image" }] }, "invalid_blocks"],
    ["51 blocks", { blocks: Array(51).fill(section(1)) }, "invalid_blocks"],
    ["a header of 151 characters", { blocks: [header(151)] }, "invalid_blocks"],
    ["a section of 3,001 characters", { blocks: [section(3_001)] }, "invalid_blocks"],
    ["a button to a script", { blocks: [button("javascript:alert(1)")] }, "invalid_blocks"],
    [
      "an address of 3,001 characters",
      { blocks: [button(`http://a.b/${"x".repeat(2_990)}`)] },
      "invalid_blocks",
    ],
    [
      "blocks of more than 13,200 bytes",
      { blocks: Array(5).fill(section(2_700)) },
      "msg_blocks_too_long",
    ],
  ])("refuses %s with status 200", async (_name, body, error) => {
    expect(await call("chat.postMessage", body)).toMatchObject({
      status: 200,
      body: { ok: false, error },
    });
    expect(slack.messages).toEqual([]);
  });

  it.each([
    ["50 blocks", { blocks: Array(50).fill(section(1)) }],
    ["a header of 150 characters", { blocks: [header(150)] }],
    ["a section of 3,000 characters", { blocks: [section(3_000)] }],
    ["an address of 3,000 characters", { blocks: [button(`http://a.b/${"x".repeat(2_989)}`)] }],
  ])("takes %s", async (_name, body) => {
    expect((await call("chat.postMessage", body)).body).toMatchObject({ ok: true });
  });

  it("wants its token", async () => {
    const anonymous = await post(`${slack.apiUrl}/chat.postMessage`, { text: "a" }, null);
    expect(anonymous.body).toEqual({ ok: false, error: "not_authed" });
    const other = await call("chat.postMessage", { text: "a" }, "xoxb-other");
    expect(other.body).toEqual({ ok: false, error: "invalid_auth" });
  });
});

describe("chat.update", () => {
  it("changes a message in place", async () => {
    const first = (await call("chat.postMessage", { text: "a", blocks: [section(1)] })).body.ts;
    await call("chat.postMessage", { text: "b" });
    const { body } = await call("chat.update", { ts: first, text: "changed" });
    expect(body).toMatchObject({ ok: true, ts: first, message: { text: "changed" } });
    expect(slack.messages.map(({ text, edits }) => [text, edits])).toEqual([
      ["changed", 1],
      ["b", 0],
    ]);
  });

  it("takes a text of 4,000 bytes, and not of one more", async () => {
    const { ts } = (await call("chat.postMessage", { text: "a" })).body;
    const error = "msg_too_long";
    expect((await call("chat.update", { ts, text: "é".repeat(2_000) })).body.ok).toBe(true);
    expect((await call("chat.update", { ts, text: `x${"é".repeat(2_000)}` })).body.error).toBe(
      error,
    );
  });

  it("refuses a channel's name, an unknown time and another's message", async () => {
    const { ts } = (await call("chat.postMessage", { text: "a" })).body;
    const errorOf = async (body: object) => (await call("chat.update", body)).body.error;
    expect(await errorOf({ channel: "#afk", ts, text: "b" })).toBe("channel_not_found");
    expect(await errorOf({ ts: "1.000001", text: "b" })).toBe("message_not_found");
    expect(await errorOf({ ts: 7, text: "b" })).toBe("invalid_arguments");
    expect(await errorOf({ ts, text: "" })).toBe("no_text");
    await post(slack.webhookUrl, { text: "c" }, null);
    const foreign = slack.messages[1]?.ts;
    expect(await errorOf({ ts: foreign, text: "b" })).toBe("cant_update_message");
    slack.setArchived(true);
    expect(await errorOf({ ts, text: "b" })).toBe("is_archived");
    expect(slack.messages.map((message) => message.edits)).toEqual([0, 0]);
  });
});

describe("the server", () => {
  it("answers 503 while it is down, keeps nothing, and comes back", async () => {
    slack.setDown(true);
    expect((await call("chat.postMessage", { text: "a" })).status).toBe(503);
    expect(slack.messages).toEqual([]);
    slack.setDown(false);
    expect((await call("chat.postMessage", { text: "a" })).status).toBe(200);
    expect(slack.requests).toMatchObject([
      { method: "POST", path: "/api/chat.postMessage", status: 503 },
      { method: "POST", path: "/api/chat.postMessage", status: 200 },
    ]);
  });

  it("may break every connection instead", async () => {
    slack.setDown(true, "broken");
    await expect(call("chat.postMessage", { text: "a" })).rejects.toThrow("fetch failed");
    expect(slack.requests.map(({ status }) => status)).toEqual([0]);
  });

  it("says when to try again while it limits", async () => {
    slack.setRateLimited(12);
    const limited = { status: 429, retryAfter: "12" };
    const byBot = await call("chat.postMessage", { text: "a" });
    expect(byBot).toEqual({ ...limited, body: { ok: false, error: "ratelimited" } });
    const byWebhook = await post(slack.webhookUrl, { text: "a" }, null);
    expect(byWebhook).toEqual({ ...limited, body: "rate_limited" });
    expect(slack.messages).toEqual([]);
  });

  it("has no other method, and takes nothing but a POST of an object", async () => {
    expect((await call("chat.delete", {})).body.error).toBe("unknown_method");
    const list = await post(`${slack.apiUrl}/chat.postMessage`, [], `Bearer ${slack.token}`);
    expect(list.body.error).toBe("invalid_json");
    expect((await fetch(slack.webhookUrl)).status).toBe(405);
  });
});

it("a message is seen as its notification, its blocks and its buttons", async () => {
  const blocks = [
    header(2),
    { type: "section", text: { type: "mrkdwn", text: "<!here> https://a.example" } },
    { type: "section", text: { type: "mrkdwn", text: "https://a.example", verbatim: true } },
    { type: "section", text: { type: "plain_text", text: "<!here> &lt; https://a.example" } },
    button("http://127.0.0.1:1/"),
    { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Ack" } }] },
  ];
  await call("chat.postMessage", { text: "@here <@U1>", blocks, link_names: true });
  const [sent] = slack.messages;
  const seen = sent === undefined ? null : renderContent(sent);
  expect(seen).toEqual({
    fallback: [
      { kind: "mention", whom: "@here" },
      { kind: "text", text: " " },
      { kind: "mention", whom: "@U1" },
    ],
    blocks: [
      [{ kind: "text", text: "xx" }],
      [
        { kind: "mention", whom: "!here" },
        { kind: "text", text: " " },
        { kind: "link", url: "https://a.example", text: "https://a.example" },
      ],
      [{ kind: "text", text: "https://a.example" }],
      [{ kind: "text", text: "<!here> &lt; https://a.example" }],
      [{ kind: "link", url: "http://127.0.0.1:1/", text: "Open" }],
      [{ kind: "text", text: "Ack" }],
    ],
  });
});
