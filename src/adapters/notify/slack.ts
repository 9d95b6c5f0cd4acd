import * as z from "zod";
import type { Doorbell, Notifier } from "../../pure/ports/notifier.ts";
import type { BoundedFetch } from "../http.ts";
import type { HttpAnswer } from "../http-answer.ts";
import { renderSlackMessage } from "./slack-message.ts";

export type SlackWebhookOptions = {
  readonly fetch: BoundedFetch;
  /** Whoever knows the address can ring: it is told to nobody, in no error either. */
  readonly readUrl: () => Promise<string>;
};

export type SlackBotOptions = {
  readonly fetch: BoundedFetch;
  /** `https://slack.com/api`. */
  readonly apiUrl: URL;
  readonly readToken: () => Promise<string>;
  /** Its id or its name. */
  readonly channel: string;
};

/** The same for both ways in: a run keeps under it whether Slack rang. */
const NAME = "slack";

/** Nothing but our own button links, and nothing pings: the fallback is parsed for neither. */
const TEXT_SWITCHES = { parse: "none", link_names: false };
const POST_SWITCHES = { ...TEXT_SWITCHES, mrkdwn: false, unfurl_links: false, unfurl_media: false };

/**
 * Rings over an incoming webhook. Slack answers no id, so every ring is a message of its own and there is no
 * receipt. Throws with Slack's error word when the bell was not accepted.
 */
export function createSlackWebhookNotifier(options: SlackWebhookOptions): Notifier {
  return { name: NAME, ring: (bell) => ringWebhook(options, bell) };
}

/**
 * Rings with a bot token. A run has one message: a quiet bell updates it in place, which notifies nobody; a
 * loud one is a reply to it that the channel sees too. The receipt is where that message is. When it is
 * gone, the bell is a new one. Throws with Slack's error word when the bell was not accepted.
 */
export function createSlackBotNotifier(options: SlackBotOptions): Notifier {
  return { name: NAME, ring: (bell, receipt) => ringBot(options, bell, receipt) };
}

async function ringWebhook(options: SlackWebhookOptions, bell: Doorbell): Promise<null> {
  const text = (await readSecret("SLACK_WEBHOOK_URL", options.readUrl)).trim();
  // The built-in error for an address that does not parse quotes it.
  if (!URL.canParse(text)) {
    throw new Error("SLACK_WEBHOOK_URL is not an address; copy the webhook's again");
  }
  const url = new URL(text);
  const body = { ...renderSlackMessage(bell), ...POST_SWITCHES };
  const response = await send(options.fetch, { url, headers: {}, body, isAddressSecret: true });
  if (response.ok) return null;
  throw new Error(tellRefusal(response, wordOf(await response.text(), [])));
}

async function ringBot(
  options: SlackBotOptions,
  bell: Doorbell,
  receipt: string | null,
): Promise<string | null> {
  const token = (await readSecret("SLACK_BOT_TOKEN", options.readToken)).trim();
  const api: Api = { ...options, token };
  const message = renderSlackMessage(bell);
  const post = { ...message, ...POST_SWITCHES, channel: options.channel };
  const first = parseReceipt(receipt);
  if (first === null) return accepted(await call(api, "chat.postMessage", post));

  const { channel, ts } = first;
  const answer =
    bell.urgency === "quiet"
      ? await call(api, "chat.update", { ...message, ...TEXT_SWITCHES, channel, ts })
      : await call(api, "chat.postMessage", {
          ...post,
          channel,
          thread_ts: ts,
          reply_broadcast: true,
        });
  // Such a refusal had no effect, so a second request rings no second bell.
  if (answer.kind === "refused" && GONE.has(answer.word)) {
    return accepted(await call(api, "chat.postMessage", post));
  }
  const given = accepted(answer);
  // A reply to a deleted message becomes a message of its own, without a word but this one.
  const isOnItsOwn = answer.kind === "accepted" && !answer.isThreaded && bell.urgency === "loud";
  return isOnItsOwn ? given : receipt;
}

/** What Slack says when the run's message, or the channel it was in, cannot be used any more. */
const GONE: ReadonlySet<string> = new Set([
  "cant_update_message",
  "channel_not_found",
  "edit_window_closed",
  "is_archived",
  "message_not_found",
  "not_in_channel",
  "thread_not_found",
]);

/** Of the channel's id and the message's: `chat.update` takes no name. */
const RECEIPT = /^([A-Z0-9]{1,40})\/(\d{1,20}\.\d{1,20})$/;

/** A receipt that is none of ours counts as none: the bell is a message of its own then. */
function parseReceipt(receipt: string | null): { channel: string; ts: string } | null {
  const [, channel, ts] = RECEIPT.exec(receipt ?? "") ?? [];
  return channel === undefined || ts === undefined ? null : { channel, ts };
}

type Answer =
  | { readonly kind: "accepted"; readonly receipt: string | null; readonly isThreaded: boolean }
  | { readonly kind: "refused"; readonly word: string; readonly told: string };

/** The answer's receipt; throws for a refusal. */
function accepted(answer: Answer): string | null {
  if (answer.kind === "refused") throw new Error(answer.told);
  return answer.receipt;
}

type Api = SlackBotOptions & { readonly token: string };

const ApiAnswer = z.lazy(() =>
  z.union([
    z.object({
      ok: z.literal(true),
      // Accepted is accepted: without these there is no receipt, and trying again would ring twice.
      channel: z.string().optional().catch(undefined),
      ts: z.string().optional().catch(undefined),
      message: z.object({ thread_ts: z.string().optional() }).optional().catch(undefined),
    }),
    z.object({ ok: z.literal(false), error: z.string() }),
  ]),
);

/** Slack's refusals come with status 200: only `ok` tells. */
async function call(api: Api, method: string, body: object): Promise<Answer> {
  const url = new URL(`${api.apiUrl.href.replace(/\/?$/, "/")}${method}`);
  const secrets = [api.token, api.channel, api.channel.replace(/^#/, "")];
  const headers = { authorization: `Bearer ${api.token}` };
  const response = await send(api.fetch, { url, headers, body, isAddressSecret: false });
  const parsed = ApiAnswer.safeParse(parseJson(await response.text()));
  if (response.ok && parsed.success && parsed.data.ok) {
    const { channel, ts, message } = parsed.data;
    const receipt = `${channel}/${ts}`;
    const isThreaded = message?.thread_ts !== undefined;
    return { kind: "accepted", receipt: RECEIPT.test(receipt) ? receipt : null, isThreaded };
  }
  const error = parsed.success && !parsed.data.ok ? parsed.data.error : "";
  const word = wordOf(error, secrets);
  return { kind: "refused", word, told: tellRefusal(response, word) };
}

type Request = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** A webhook's address is its secret. */
  readonly isAddressSecret: boolean;
};

async function send(fetch: BoundedFetch, request: Request): Promise<HttpAnswer> {
  const { url, headers, body, isAddressSecret } = request;
  try {
    return await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(body),
      // Followed, a redirected POST becomes a GET, whose 200 would look like a bell that rang.
      redirect: "manual",
    });
  } catch (cause) {
    if (!isAddressSecret || !(cause instanceof Error)) throw cause;
    // What is below names the path, save the one it knows of; so may the cause, which is left out.
    throw new Error(cause.message.replaceAll(url.pathname, "/…"));
  }
}

async function readSecret(key: string, read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (cause) {
    throw new Error(`${key} could not be read; see ${key}_FILE`, { cause });
  }
}

/** Slack's errors are one word, as text from a webhook and as JSON from the API. */
const ERROR_WORD = /^[a-z][a-z0-9_]{1,79}$/;

/** Slack's error word; empty for anything else, and for a word that is a secret of ours. */
function wordOf(text: string, secrets: readonly string[]): string {
  const word = text.trim();
  return ERROR_WORD.test(word) && !secrets.includes(word) ? word : "";
}

/** The refusals a person can mend. */
const MENDS: ReadonlyMap<string, string> = new Map([
  ["account_inactive", "see SLACK_BOT_TOKEN"],
  ["channel_is_archived", "see SLACK_WEBHOOK_URL"],
  ["channel_not_found", "see SLACK_CHANNEL, or the webhook's channel"],
  ["invalid_auth", "see SLACK_BOT_TOKEN"],
  ["invalid_token", "see SLACK_WEBHOOK_URL"],
  ["is_archived", "see SLACK_CHANNEL"],
  ["missing_scope", "give the bot the scope chat:write"],
  ["no_service", "see SLACK_WEBHOOK_URL"],
  ["no_team", "see SLACK_WEBHOOK_URL"],
  ["not_authed", "see SLACK_BOT_TOKEN"],
  ["not_in_channel", "invite the bot to SLACK_CHANNEL"],
  ["token_revoked", "see SLACK_BOT_TOKEN"],
]);

function tellRefusal(response: HttpAnswer, word: string): string {
  const what = response.ok && word === "" ? "an answer that is not Slack's" : word;
  const parts = ["Slack did not accept the message: ", String(response.status)];
  if (what !== "") parts.push(`, ${what}`);
  const mend = MENDS.get(word);
  if (mend !== undefined) parts.push(`; ${mend}`);
  const seconds = response.headers.get("retry-after") ?? "";
  if (/^\d{1,6}$/.test(seconds)) parts.push(`; it may be tried again in ${seconds} s`);
  return parts.join("");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
