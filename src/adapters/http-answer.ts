import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";

/**
 * What a response of `fetch` has, as far as a body that is already read needs it; it may be read more
 * than once.
 */
export type HttpAnswer = Pick<
  Response,
  "ok" | "status" | "statusText" | "url" | "text" | "json" | "arrayBuffer"
> & {
  readonly headers: AnswerHeaders;
};

/** Names in lower case; of what came more than once, one after the other with commas. */
export type AnswerHeaders = Iterable<readonly [name: string, value: string]> & {
  get(name: string): string | null;
};

/** RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** A header by its name in lower case. */
export function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

/** The body in pieces, as it was before it was encoded. */
export function decoded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = headerOf(response, "content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return response;
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    throw new Error(`the answer is encoded as ${encoding}, which was not asked for`);
  }
  // An answer without a body may name an encoding all the same, and nothing at all is no gzip.
  const isEmpty = headerOf(response, "content-length") === "0";
  if (isEmpty || BODILESS_STATUSES.has(response.statusCode ?? 0)) return response;
  const { createGunzip } = process.getBuiltinModule("node:zlib");
  // What breaks on either side ends both, and is thrown where the pieces are taken.
  return pipeline(response, createGunzip(), () => {});
}

/** The answer to a request of this address, with its whole body decoded. */
export function asAnswer(response: IncomingMessage, url: URL, body: Buffer): HttpAnswer {
  const { statusCode: status = 0, statusMessage: statusText = "" } = response;
  const names = Object.keys(response.headers);
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText,
    url: url.href,
    headers: {
      get: (name) => headerOf(response, name.toLowerCase()),
      *[Symbol.iterator]() {
        for (const name of names) yield [name, headerOf(response, name) ?? ""] as const;
      },
    },
    text: async () => textOf(body),
    json: async () => JSON.parse(textOf(body)),
    arrayBuffer: async () => Uint8Array.from(body).buffer,
  };
}

/** UTF-8 without its byte order mark, as `fetch` reads it. */
function textOf(body: Buffer): string {
  const text = body.toString();
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
