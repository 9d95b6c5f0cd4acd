import { sha256 } from "../crypto.ts";
import * as z from "zod";
import type { Doorbell, Notifier } from "../../pure/ports/notifier.ts";
import type { BoundedFetch } from "../http.ts";
import type { HttpAnswer } from "../http-answer.ts";

export type NtfyOptions = {
  readonly fetch: BoundedFetch;
  /** The server; a path in it is ignored, because ntfy takes JSON at its root only. */
  readonly url: URL;
  /**
   * On an open server whoever knows it can read and ring: it is told to nobody, in no error either.
   */
  readonly topic: string;
  /** Null for a server that asks for none. */
  readonly readToken: null | (() => Promise<string>);
};

/** ntfy turns a longer message into an attachment, or refuses it. */
const MESSAGE_BYTES_MAX = 4_096;

/** ntfy refuses a JSON body above twice the message limit (413, code 41303). */
const BODY_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;

/** A phone shows about one line of a title; the rest of the body stays free for the message. */
const TITLE_BYTES_MAX = 256;

/** ntfy's priorities: 2 makes no sound, 5 rings through a phone's quiet mode. */
const PRIORITIES = { quiet: 2, loud: 5 } as const;

/**
 * ntfy allows `[-_A-Za-z0-9]{1,64}`; 128 bits of the key's hash are unique enough and always fit.
 */
const SEQUENCE_ID_CHARS = 32;

/**
 * Rings over ntfy. A repeated key replaces the notification in place on servers from 2.16; older
 * ones show it again. Throws with ntfy's own error code when the bell was not accepted.
 */
export function createNtfyNotifier(options: NtfyOptions): Notifier {
  return { name: "ntfy", ring: (bell) => ring(options, bell) };
}

/** Answers no receipt: the bell's key is all ntfy needs to replace a notification. */
async function ring(options: NtfyOptions, bell: Doorbell): Promise<null> {
  const token = await readToken(options);
  const response = await options.fetch(new URL("/", options.url), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: renderBody(options.topic, bell),
    // Followed, a redirected POST becomes a GET, whose 200 would look like a bell that rang.
    redirect: "manual",
  });
  if (response.ok) return null;
  const secrets = token === null ? [options.topic] : [options.topic, token];
  throw new Error(await explain(response, secrets));
}

async function readToken(options: NtfyOptions): Promise<string | null> {
  if (options.readToken === null) return null;
  try {
    return (await options.readToken()).trim();
  } catch (cause) {
    throw new Error("NTFY_TOKEN could not be read; see NTFY_TOKEN_FILE", { cause });
  }
}

function renderBody(topic: string, bell: Doorbell): string {
  const body = {
    topic,
    title: cut(bell.title, { bytes: TITLE_BYTES_MAX, jsonBytes: BODY_BYTES_MAX }),
    message: "",
    priority: PRIORITIES[bell.urgency],
    tags: bell.tags,
    ...(bell.link === null ? {} : { click: bell.link }),
    sequence_id: sha256(bell.key).slice(0, SEQUENCE_ID_CHARS),
  };
  const jsonBytes = BODY_BYTES_MAX - Buffer.byteLength(JSON.stringify(body));
  return JSON.stringify({
    ...body,
    message: cut(bell.body, { bytes: MESSAGE_BYTES_MAX, jsonBytes }),
  });
}

type Room = {
  /** Of the UTF-8 text itself. */
  readonly bytes: number;
  /**
   * Of the text as it stands in JSON, where a line break takes two bytes and a control character
   * six.
   */
  readonly jsonBytes: number;
};

const ELLIPSIS = "…";

/**
 * Shortens a text to the room there is, between characters, ending in an ellipsis when something is
 * gone.
 */
function cut(text: string, room: Room): string {
  const whole = text.toWellFormed();
  if (fits(sizeOf(whole), room)) return whole;
  const used = sizeOf(ELLIPSIS);
  let kept = "";
  for (const character of whole) {
    const size = sizeOf(character);
    used.bytes += size.bytes;
    used.jsonBytes += size.jsonBytes;
    if (!fits(used, room)) break;
    kept += character;
  }
  return `${kept}${ELLIPSIS}`;
}

function sizeOf(text: string): { bytes: number; jsonBytes: number } {
  const quotes = 2;
  return {
    bytes: Buffer.byteLength(text),
    jsonBytes: Buffer.byteLength(JSON.stringify(text)) - quotes,
  };
}

function fits(size: Room, room: Room): boolean {
  return size.bytes <= room.bytes && size.jsonBytes <= room.jsonBytes;
}

const ErrorBody = z.lazy(() => z.object({ code: z.number(), error: z.string() }));

/** ntfy's messages are one short sentence. */
const ERROR_CHARS_MAX = 200;

async function explain(response: HttpAnswer, secrets: readonly string[]): Promise<string> {
  const refused = `ntfy did not accept the notification: ${response.status}`;
  const parsed = ErrorBody.safeParse(parseJson(await response.text()));
  if (!parsed.success) return refused;
  let error = parsed.data.error;
  for (const secret of secrets) error = error.replaceAll(secret, "***");
  return `${refused}, code ${parsed.data.code}, ${error.slice(0, ERROR_CHARS_MAX)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
