import * as z from "zod";
import { type Parsing, renderMrkdwn, type Segment } from "./mrkdwn.ts";

/** Slack's limits of a message's parts, as @slack/types documents them. */
const BLOCKS_MAX = 50;
const HEADER_CHARACTERS_MAX = 150;
const SECTION_CHARACTERS_MAX = 3_000;
const ACTIONS_MAX = 25;
const BUTTON_TEXT_CHARACTERS_MAX = 75;
const BUTTON_URL_CHARACTERS_MAX = 3_000;
/** Measured by others (slackapi/bolt-js#2509): above it Slack answers `msg_blocks_too_long`. */
const BLOCKS_BYTES_MAX = 13_200;
/** A longer text is cut, not refused. */
const TEXT_CHARACTERS_MAX = 40_000;

function plainText(charactersMax: number) {
  return z.object({
    type: z.literal("plain_text"),
    text: z.string().min(1).max(charactersMax),
    emoji: z.boolean().optional(),
  });
}

const Mrkdwn = z.object({
  type: z.literal("mrkdwn"),
  text: z.string().min(1).max(SECTION_CHARACTERS_MAX),
  verbatim: z.boolean().optional(),
});

const Button = z.object({
  type: z.literal("button"),
  text: plainText(BUTTON_TEXT_CHARACTERS_MAX),
  url: z
    .url({ protocol: /^https?$/ })
    .max(BUTTON_URL_CHARACTERS_MAX)
    .optional(),
});

const Block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("header"), text: plainText(HEADER_CHARACTERS_MAX) }),
  z.object({
    type: z.literal("section"),
    text: z.union([plainText(SECTION_CHARACTERS_MAX), Mrkdwn]),
  }),
  z.object({ type: z.literal("actions"), elements: z.array(Button).min(1).max(ACTIONS_MAX) }),
]);

const Switches = z.object({
  text: z.string().default(""),
  parse: z.enum(["none", "full"]).optional(),
  link_names: z.boolean().optional(),
});

/** What a message shows, and how its text is read. */
export type SlackContent = Parsing & {
  readonly text: string;
  readonly blocks: readonly z.infer<typeof Block>[];
};

/** Reads the content of a message, or answers Slack's word for what is wrong with it. */
export function parseContent(body: object): SlackContent | string {
  const switches = Switches.safeParse(body);
  if (!switches.success) return "invalid_arguments";
  const blocks = "blocks" in body ? body.blocks : [];
  if (Buffer.byteLength(JSON.stringify(blocks)) > BLOCKS_BYTES_MAX) return "msg_blocks_too_long";
  const parsed = z.array(Block).max(BLOCKS_MAX).safeParse(blocks);
  if (!parsed.success) return "invalid_blocks";
  const { text } = switches.data;
  if (text === "" && parsed.data.length === 0) return "no_text";
  return { ...switches.data, text: text.slice(0, TEXT_CHARACTERS_MAX), blocks: parsed.data };
}

/** A message as it is seen: the notification's text, and each block's. */
export function renderContent(content: SlackContent): {
  readonly fallback: readonly Segment[];
  readonly blocks: readonly (readonly Segment[])[];
} {
  const { text, parse, link_names } = content;
  const blocks = content.blocks.map((block): readonly Segment[] => {
    if (block.type === "actions") {
      return block.elements.map((button) =>
        button.url === undefined
          ? { kind: "text", text: button.text.text }
          : { kind: "link", url: button.url, text: button.text.text },
      );
    }
    const { text: words } = block;
    // A plain text object is shown as it stands.
    if (words.type === "plain_text") return [{ kind: "text", text: words.text }];
    return renderMrkdwn(words.text, words.verbatim === true ? { parse: "none" } : {});
  });
  return { fallback: renderMrkdwn(text, { parse, link_names }), blocks };
}
