import * as z from "zod";
import { parseContent, type SlackContent } from "./content.ts";

/** A message as the channel keeps it. */
export type SlackMessage = SlackContent & {
  readonly channel: string;
  /** Unix seconds with six decimals: the message's id in its channel. */
  readonly ts: string;
  /** The first message of the thread this one replies to; null when it stands alone. */
  readonly threadTs: string | null;
  /** A reply that the channel sees as well. */
  readonly isBroadcast: boolean;
  readonly postedBy: "webhook" | "bot";
  /** How often it was changed in place. */
  readonly edits: number;
};

/** One channel, its messages, and whatever is wrong with it. */
export type Workspace = {
  readonly channel: { readonly id: string; readonly name: string };
  readonly messages: SlackMessage[];
  isArchived: boolean;
};

/** What a method of the API answers: `ok` and its fields, or an error word. */
export type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

/** Slack refuses to change a message to a longer text, counted after escaping (gitlab-org/gitlab#258898). */
const UPDATE_TEXT_BYTES_MAX = 4_000;

const Post = z.object({
  channel: z.string().default(""),
  thread_ts: z.string().optional(),
  reply_broadcast: z.boolean().default(false),
});
const Update = z.object({ channel: z.string().default(""), ts: z.string().default("") });

/** `chat.postMessage`: the channel by id or name. A reply to a message that is gone stands alone. */
export function postMessage(workspace: Workspace, body: object): Answer {
  const args = Post.safeParse(body);
  if (!args.success) return refuse("invalid_arguments");
  const { channel, thread_ts, reply_broadcast } = args.data;
  const { id, name } = workspace.channel;
  if (![id, name, `#${name}`].includes(channel)) return refuse("channel_not_found");
  const posted = post(workspace, body, { postedBy: "bot", thread_ts, reply_broadcast });
  return typeof posted === "string" ? refuse(posted) : accept(posted);
}

/** `chat.update`: the channel by its id only, and only the bot's own messages. */
export function updateMessage(workspace: Workspace, body: object): Answer {
  const args = Update.safeParse(body);
  if (!args.success) return refuse("invalid_arguments");
  const { channel, ts } = args.data;
  if (channel !== workspace.channel.id) return refuse("channel_not_found");
  if (workspace.isArchived) return refuse("is_archived");
  const at = workspace.messages.findIndex((message) => message.ts === ts);
  const found = workspace.messages[at];
  if (found === undefined) return refuse("message_not_found");
  if (found.postedBy !== "bot") return refuse("cant_update_message");
  const content = parseContent(body);
  if (typeof content === "string") return refuse(content);
  if (Buffer.byteLength(content.text) > UPDATE_TEXT_BYTES_MAX) return refuse("msg_too_long");
  const updated = { ...found, ...content, edits: found.edits + 1 };
  workspace.messages[at] = updated;
  return accept(updated);
}

/** What an incoming webhook was sent; answers null, or the error word. */
export function postByWebhook(workspace: Workspace, body: object): string | null {
  const posted = post(workspace, body, { postedBy: "webhook" });
  return typeof posted === "string" ? posted : null;
}

type How = {
  readonly postedBy: SlackMessage["postedBy"];
  readonly thread_ts?: string | undefined;
  readonly reply_broadcast?: boolean;
};

function post(workspace: Workspace, body: object, how: How): SlackMessage | string {
  if (workspace.isArchived) return "is_archived";
  const content = parseContent(body);
  if (typeof content === "string") return content;
  const { messages, channel } = workspace;
  const parent = messages.find((message) => message.ts === how.thread_ts);
  const message: SlackMessage = {
    ...content,
    channel: channel.id,
    ts: nextTs(messages),
    threadTs: parent === undefined ? null : (parent.threadTs ?? parent.ts),
    isBroadcast: parent !== undefined && how.reply_broadcast === true,
    postedBy: how.postedBy,
    edits: 0,
  };
  messages.push(message);
  return message;
}

/** Later than every message there is, also within one millisecond. */
function nextTs(messages: readonly SlackMessage[]): string {
  const last = messages.at(-1)?.ts.replace(".", "") ?? "0";
  const micros = Math.max(Date.now() * 1_000, Number(last) + 1);
  return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, "0")}`;
}

function accept(message: SlackMessage): Answer {
  const { channel, ts, text, threadTs } = message;
  const thread = threadTs === null ? {} : { thread_ts: threadTs };
  return { ok: true, channel, ts, message: { type: "message", text, ts, ...thread } };
}

function refuse(error: string): Answer {
  return { ok: false, error };
}
