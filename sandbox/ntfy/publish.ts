import * as z from "zod";

/** A message as the server keeps and answers it. */
export type NtfyMessage = {
  readonly id: string;
  /** Unix seconds. */
  readonly time: number;
  /** Unix seconds; the server forgets the message then. */
  readonly expires: number;
  readonly event: "message";
  readonly topic: string;
  readonly message: string;
  readonly sequence_id?: string | undefined;
  readonly title?: string | undefined;
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly click?: string | undefined;
};

/** Why a publish was refused, in the server's own numbers. */
export type NtfyRefusal = { readonly code: number; readonly http: number; readonly error: string };

/** ntfy's default limit of a message; a longer one becomes an attachment where those are enabled. */
const MESSAGE_BYTES_MAX = 4_096;
/** A JSON body may be twice as long as a message: room for escapes and the other fields. */
export const BODY_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;
/** ntfy's default cache duration: 12 hours. */
const KEPT_SECONDS = 43_200;

const TOO_LARGE: NtfyRefusal = { code: 41303, http: 413, error: "JSON body too large" };
const NOT_JSON: NtfyRefusal = { code: 40024, http: 400, error: "body is not valid JSON" };
const BAD_TOPIC: NtfyRefusal = { code: 40009, http: 400, error: "topic invalid" };
const BAD_PRIORITY: NtfyRefusal = { code: 40007, http: 400, error: "priority invalid" };
/** What a server without attachments says to a message that would have to become one. */
const NO_ATTACHMENTS: NtfyRefusal = { code: 40014, http: 400, error: "attachments not allowed" };

const Topic = z.string().regex(/^[-_A-Za-z0-9]{1,64}$/);
const Priority = z.number().int().min(0).max(5);
const Publish = z.object({
  topic: z.string().default(""),
  title: z.string().optional(),
  message: z.string().optional(),
  priority: z.number().optional(),
  tags: z.array(z.string()).optional(),
  click: z.string().optional(),
  sequence_id: z.string().optional(),
});

/** Reads a publish; `body` is null when it was longer than `BODY_BYTES_MAX`. */
export function parsePublish(
  body: string | null,
  stamp: { readonly id: string; readonly time: number },
): NtfyMessage | NtfyRefusal {
  if (body === null) return TOO_LARGE;
  const publish = Publish.safeParse(parseJson(body));
  if (!publish.success) return NOT_JSON;
  const { topic, title, message, priority, tags, click, sequence_id } = publish.data;
  if (!Topic.safeParse(topic).success) return BAD_TOPIC;
  if (!Priority.safeParse(priority ?? 0).success) return BAD_PRIORITY;
  if (Buffer.byteLength(message ?? "") > MESSAGE_BYTES_MAX) return NO_ATTACHMENTS;
  return {
    ...stamp,
    expires: stamp.time + KEPT_SECONDS,
    event: "message",
    topic,
    // ntfy says this where a publisher says nothing.
    message: message === undefined || message === "" ? "triggered" : message,
    ...(sequence_id === undefined ? {} : { sequence_id }),
    ...(title === undefined ? {} : { title }),
    // 0 means "not set".
    ...(priority === undefined || priority === 0 ? {} : { priority }),
    ...(tags === undefined || tags.length === 0 ? {} : { tags }),
    ...(click === undefined ? {} : { click }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
