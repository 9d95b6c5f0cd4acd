import type { Doorbell } from "../../pure/ports/notifier.ts";
import { cut } from "../../pure/untrusted-text.ts";

type PlainText = {
  readonly type: "plain_text";
  readonly text: string;
  readonly emoji: boolean;
};

type Block =
  | { readonly type: "header" | "section"; readonly text: PlainText }
  | {
      readonly type: "actions";
      readonly elements: readonly {
        readonly type: "button";
        readonly text: PlainText;
        readonly url: string;
      }[];
    };

/** What is shown, and the text for what shows no blocks: a phone's lock screen, a screen reader. */
export type SlackMessage = { readonly text: string; readonly blocks: readonly Block[] };

/** Slack refuses a longer header block (@slack/types). */
const HEADER_CHARACTERS_MAX = 150;

/** Slack refuses a longer section block (@slack/types). */
const SECTION_CHARACTERS_MAX = 3_000;

/** Slack refuses a button with a longer address (@slack/types). */
const BUTTON_URL_CHARACTERS_MAX = 3_000;

/** `chat.update` refuses more than 4,000 bytes after escaping; screen readers get this text alone. */
const FALLBACK_BYTES_MAX = 3_000;

/**
 * Above about 13.2 kB Slack answers `msg_blocks_too_long` (slackapi/bolt-js#2509; it documents no number).
 * With channel and switches the whole request stays below 12 kB.
 */
const MESSAGE_BYTES_MAX = 11_500;

/** Longer than any emoji's name; what does not look like one is left out. */
const EMOJI = /^[a-z0-9_+-]{1,60}$/;

/**
 * A bell as header, text and link button. Its words stand in `plain_text` only, in which Slack parses
 * neither mentions nor links, and escaped in the fallback, which is always mrkdwn.
 */
export function renderSlackMessage(bell: Doorbell): SlackMessage {
  const title = oneLine(bell.title.toWellFormed());
  const body = bell.body.toWellFormed().trim();
  const text = renderFallback(title, body);
  const header = renderHeader(bell.tags, title);
  const button = renderButton(bell.link);
  const others = JSON.stringify({ text, blocks: [...header, section(""), ...button] });
  const bytesMax = MESSAGE_BYTES_MAX - Buffer.byteLength(others);
  const room = { bytesMax, sizeOf: jsonBytes };
  const words = cutToBytes(cut(body, SECTION_CHARACTERS_MAX), room);
  // Slack refuses an empty text, and with it the whole message.
  return { text, blocks: [...header, ...(words === "" ? [] : [section(words)]), ...button] };
}

/** Slack decodes these three entities and no other. */
const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escape(text: string): string {
  return text.replace(/[&<>]/g, (found) => ENTITIES[found] ?? found);
}

function renderFallback(title: string, body: string): string {
  const text = [title, body].filter((part) => part !== "").join("\n");
  const sizeOf = (part: string): number => jsonBytes(escape(part));
  return escape(cutToBytes(text, { bytesMax: FALLBACK_BYTES_MAX, sizeOf }));
}

function renderHeader(tags: readonly string[], title: string): readonly Block[] {
  const emojis = tags.filter((tag) => EMOJI.test(tag)).map((tag) => `:${tag}:`);
  const text = cut([...emojis, title].join(" ").trim(), HEADER_CHARACTERS_MAX);
  return text === "" ? [] : [{ type: "header", text: plainText(text, true) }];
}

function section(text: string): Block {
  // An agent's words are often code, in which `:100:` is no picture.
  return { type: "section", text: plainText(text, false) };
}

/** A link that Slack would refuse is left out: it would take the whole bell with it. */
function renderButton(link: string | null): readonly Block[] {
  const url = link !== null && URL.canParse(link) ? new URL(link) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) return [];
  if (url.href.length > BUTTON_URL_CHARACTERS_MAX) return [];
  const text = plainText("Open the agent's thread", true);
  return [{ type: "actions", elements: [{ type: "button", text, url: url.href }] }];
}

function plainText(text: string, emoji: boolean): PlainText {
  return { type: "plain_text", text, emoji };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

const ELLIPSIS = "…";

type Room = { readonly bytesMax: number; readonly sizeOf: (text: string) => number };

/** Shortens a text between characters, ending in an ellipsis when something is gone. */
function cutToBytes(text: string, room: Room): string {
  if (room.sizeOf(text) <= room.bytesMax) return text;
  let bytes = room.sizeOf(ELLIPSIS);
  let kept = "";
  for (const character of text) {
    bytes += room.sizeOf(character);
    if (bytes > room.bytesMax) break;
    kept += character;
  }
  return `${kept}${ELLIPSIS}`;
}

/** Of the text as it stands in JSON, where a line break takes two bytes and a control character six. */
function jsonBytes(text: string): number {
  const quotes = 2;
  return Buffer.byteLength(JSON.stringify(text)) - quotes;
}
