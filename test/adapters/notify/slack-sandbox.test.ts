import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderContent } from "../../../sandbox/slack/content.ts";
import type { Segment } from "../../../sandbox/slack/mrkdwn.ts";
import { type SandboxSlack, startSlack } from "../../../sandbox/slack/slack-server.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import {
  createSlackBotNotifier,
  createSlackWebhookNotifier,
} from "../../../src/adapters/notify/slack.ts";
import { renderQuestionBell, renderVerdictBell } from "../../../src/pure/doorbells.ts";
import type { Doorbell, Notifier } from "../../../src/pure/ports/notifier.ts";

const { fetch, close } = createBoundedFetch({
  timeoutMs: 10_000,
  bodyBytesMax: 100_000,
  connectionsMax: 2,
});
let slack: SandboxSlack;

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.stop());
afterAll(() => close());

function bot(channel = slack.channel.id): Notifier {
  const readToken = async () => slack.token;
  return createSlackBotNotifier({ fetch, apiUrl: new URL(slack.apiUrl), readToken, channel });
}

function webhook(): Notifier {
  return createSlackWebhookNotifier({ fetch, readUrl: async () => slack.webhookUrl });
}

const RUN = {
  runId: "0123456789ab",
  issueKey: "o/r#7",
  title: "Add a price",
  link: "http://127.0.0.1:3773/env/thread",
};

function question(text: string, requestId = "q1"): Doorbell {
  return renderQuestionBell({ ...RUN, requestId, text });
}

function verdict(kind: "done" | "frozen", detail = ""): Doorbell {
  const because = kind === "done" ? "green" : "no-new-commit";
  return renderVerdictBell({ ...RUN, verdict: { kind, because, detail } });
}

/** Of each message: its header, whether it is a reply the channel sees, and its edits. */
function channelView(): readonly string[] {
  return slack.messages.map((message) => {
    const [header] = renderContent(message).blocks;
    const shown = (header ?? []).map((segment) => (segment.kind === "text" ? segment.text : "?"));
    const reply = message.threadTs === null ? "" : " (reply)";
    const broadcast = message.isBroadcast ? " (broadcast)" : "";
    return `${shown.join("")}${reply}${broadcast} x${message.edits}`;
  });
}

describe("the bells of a run, by bot", () => {
  it("are one message that a question opens and done changes in place", async () => {
    const first = await bot().ring(question("Postgres?"), null);
    expect(first).toBe(`${slack.channel.id}/${slack.messages[0]?.ts}`);
    expect(await bot().ring(verdict("done"), first)).toBe(first);
    expect(channelView()).toEqual([":white_check_mark: Done: o/r#7 x1"]);
    expect(slack.requests.map(({ path }) => path)).toEqual([
      "/api/chat.postMessage",
      "/api/chat.update",
    ]);
  });

  it("that are loud are new messages below the first, and the channel sees them", async () => {
    let receipt = await bot().ring(question("Postgres?"), null);
    receipt = await bot().ring(question("Really?", "q2"), receipt);
    receipt = await bot().ring(verdict("frozen"), receipt);
    expect(channelView()).toEqual([
      ":question: Question: o/r#7 x0",
      ":question: Question: o/r#7 (reply) (broadcast) x0",
      ":snowflake: Frozen: o/r#7 (reply) (broadcast) x0",
    ]);
    expect(receipt).toBe(`${slack.channel.id}/${slack.messages[0]?.ts}`);
  });

  it("find their message also when the channel is configured by its name", async () => {
    const first = await bot(`#${slack.channel.name}`).ring(question("Postgres?"), null);
    await bot(`#${slack.channel.name}`).ring(verdict("done"), first);
    expect(channelView()).toEqual([":white_check_mark: Done: o/r#7 x1"]);
  });

  it("go on in a message of their own when a person deleted the first: quietly", async () => {
    const first = await bot().ring(question("Postgres?"), null);
    slack.deleteMessage(slack.messages[0]?.ts ?? "");
    const second = await bot().ring(verdict("done"), first);
    expect(channelView()).toEqual([":white_check_mark: Done: o/r#7 x0"]);
    expect(second).toBe(`${slack.channel.id}/${slack.messages[0]?.ts}`);
  });

  it("go on in a message of their own when a person deleted the first: loudly", async () => {
    const first = await bot().ring(question("Postgres?"), null);
    slack.deleteMessage(slack.messages[0]?.ts ?? "");
    const second = await bot().ring(question("Really?", "q2"), first);
    await bot().ring(verdict("done"), second);
    expect(channelView()).toEqual([":white_check_mark: Done: o/r#7 x1"]);
  });
});

describe("the bells of a run, by webhook", () => {
  it("are a message each", async () => {
    expect(await webhook().ring(question("Postgres?"), null)).toBe(null);
    expect(await webhook().ring(verdict("done"), null)).toBe(null);
    expect(channelView()).toEqual([
      ":question: Question: o/r#7 x0",
      ":white_check_mark: Done: o/r#7 x0",
    ]);
  });
});

describe("a bell while Slack", () => {
  const rows: readonly (readonly [string, () => void, string])[] = [
    ["is down", () => slack.setDown(true), "503"],
    ["breaks connections", () => slack.setDown(true, "broken"), "ECONNRESET"],
    ["limits", () => slack.setRateLimited(30), "tried again in 30 s"],
    ["has archived the channel", () => slack.setArchived(true), "archived"],
  ];

  it.each(rows)(
    "%s throws, keeps nothing and rings when it is over",
    async (_name, begin, said) => {
      for (const notifier of [bot(), webhook()]) {
        begin();
        const refused = await notifier.ring(verdict("done"), null).catch((error: unknown) => error);
        expect((refused as Error).message).toContain(said);
        expect((refused as Error).message).not.toContain("sandbox-webhook-secret");
        expect(slack.messages).toEqual([]);
        slack.setDown(false);
        slack.setRateLimited(null);
        slack.setArchived(false);
        await notifier.ring(verdict("done"), null);
        expect(slack.messages).toHaveLength(1);
        slack.deleteMessage(slack.messages[0]?.ts ?? "");
      }
    },
  );
});

const HOSTILE: readonly string[] = [
  "<!channel>",
  "<!here|here>",
  "<!everyone> look",
  "<!subteam^S012345>",
  "<!subteam^S012345|@admins>",
  "<!date^1392734382^{date}^https://evil.example|now>",
  "<@U012345>",
  "<@W012345|boss>",
  "<#C012345>",
  "<#C012345|general>",
  "<https://evil.example|Open the agent's thread>",
  "<https://evil.example>",
  "<mailto:boss@evil.example|mail>",
  "<tel:+1234|call>",
  "< <!channel> >",
  "<<!channel>>",
  "<!channel",
  "!channel> <",
  "&lt;!channel&gt;",
  "&amp;lt;!channel&amp;gt;",
  "&#60;!channel&#62;",
  "\\u003c!channel\\u003e",
  "@here and @channel and @everyone",
  "@ada @U012345",
  "#general",
  "https://evil.example/login?next=https://slack.com",
  "http://127.0.0.1:1/",
  "mailto:boss@evil.example",
  "evil.example/login",
  "slack://channel?team=T0&id=C0",
  "[Open](https://evil.example)",
  "*bold* _it_ ~gone~ `code` ```block```",
  "> quoted",
  "one\n<!channel>\ntwo",
  "<!chan\u200bnel>",
  "＜!channel＞",
];

/** Everything a message shows besides the button: words, and what would ping or link. */
function everythingOf(sent: SandboxSlack["messages"][number]): readonly Segment[] {
  const { fallback, blocks } = renderContent(sent);
  return [...fallback, ...blocks.slice(0, -1).flat()];
}

describe.each([
  ["bot", bot],
  ["webhook", webhook],
] as const)("by %s", (_name, notifier) => {
  it.each(HOSTILE)(
    "%j in a bell is shown as it stands, pings nobody and links nowhere",
    async (hostile) => {
      // The adapter's own promise, whatever was cleaned before it.
      const bell = {
        ...verdict("done"),
        title: `Done: ${hostile}`,
        body: `${hostile}\n${hostile}`,
      };
      await notifier().ring(bell, null);
      const [sent] = slack.messages;
      if (sent === undefined) throw new Error("nothing arrived");
      const line = hostile.replace(/\s+/g, " ");
      expect(everythingOf(sent)).toEqual([
        { kind: "text", text: `Done: ${line}\n${hostile}\n${hostile}` },
        { kind: "text", text: `:white_check_mark: Done: ${line}` },
        { kind: "text", text: `${hostile}\n${hostile}` },
      ]);
      expect(renderContent(sent).blocks.at(-1)).toEqual([
        { kind: "link", url: RUN.link, text: "Open the agent's thread" },
      ]);
    },
  );

  it.each(HOSTILE)(
    "%j as an issue's title and an agent's words pings and links nothing",
    async (hostile) => {
      const asked = renderQuestionBell({ ...RUN, title: hostile, requestId: "q1", text: hostile });
      await notifier().ring(asked, null);
      await notifier().ring(verdict("done", hostile), null);
      const shown = slack.messages.flatMap(everythingOf);
      expect(shown.filter((segment) => segment.kind !== "text")).toEqual([]);
    },
  );
});

it("the table would show a bell that is not escaped", async () => {
  const raw = { text: "<!channel> see https://evil.example", channel: slack.channel.id };
  await fetch(`${slack.apiUrl}/chat.postMessage`, {
    method: "POST",
    headers: { authorization: `Bearer ${slack.token}` },
    body: JSON.stringify(raw),
  });
  const [sent] = slack.messages;
  expect(sent === undefined ? [] : renderContent(sent).fallback).toEqual([
    { kind: "mention", whom: "!channel" },
    { kind: "text", text: " see " },
    { kind: "link", url: "https://evil.example", text: "https://evil.example" },
  ]);
});
