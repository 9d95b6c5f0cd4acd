import { pipeline } from "node:stream";
import type { Agent, Dispatcher } from "undici";

/**
 * A `fetch` whose every request ends: within the timeout, below the body limit, or with an error
 * that names method, host and path. The answer's body is already read and decoded; its status and
 * headers are as they came.
 */
export type BoundedFetch = (url: string | URL, init?: BoundedInit) => Promise<HttpAnswer>;

/**
 * What a response of `fetch` has, as far as a body that is already read needs it; it may be read more
 * than once. Undici's own fetch is half of what a tick would load, and none of its streams, forms and
 * cookies is used.
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

/** What one request may ask for. */
export type BoundedInit = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly signal?: AbortSignal | null;
  /**
   * No redirect is ever followed: a redirected POST would become a GET, whose 200 looks done, or be
   * sent a second time, and a token would go where it leads.
   */
  readonly redirect?: "manual";
  /** In place of the client's own. */
  readonly timeoutMs?: number;
  readonly stream?: BodyStream;
};

/**
 * Takes the body of a 200 of this media type piece by piece, below a limit of its own, so that it
 * is never in memory as a whole. The answer's body is empty then.
 */
export type BodyStream = {
  readonly mediaType: string;
  readonly bytesMax: number;
  /** What it throws ends the request. */
  readonly take: (chunk: Uint8Array) => void;
};

/** What is told of a request as it is sent: never its query, headers or body. */
export type RequestNote = { readonly method: string; readonly host: string; readonly path: string };

export type BoundedFetchOptions = {
  /** Over the whole request: connecting, headers and body. */
  readonly timeoutMs: number;
  /** Of the decoded body, so that a small compressed answer cannot fill the memory either. */
  readonly bodyBytesMax: number;
  /** Per origin; further requests wait for a free connection, within their own timeout. */
  readonly connectionsMax: number;
  readonly onRequest?: (note: RequestNote) => void;
};

/** A request that had no full answer in time. Its effect on the other side is not known. */
export class RequestTimeout extends Error {
  override readonly name = "RequestTimeout";
}

/**
 * The one HTTP client of a tick: a bounded keep-alive pool. `close` waits for what is in flight.
 */
export function createBoundedFetch(options: BoundedFetchOptions): {
  readonly fetch: BoundedFetch;
  readonly close: () => Promise<void>;
} {
  let opened: Promise<Agent> | null = null;
  const open = (): Promise<Agent> => (opened ??= openPool(options));
  return {
    fetch: (url, init = {}) => send({ options, open }, url, init),
    close: async () => await (await opened)?.close(),
  };
}

type Client = { readonly options: BoundedFetchOptions; readonly open: () => Promise<Agent> };

/** The first request loads what it takes: a tick whose lease another holds makes none. */
async function openPool({ connectionsMax, timeoutMs }: BoundedFetchOptions): Promise<Agent> {
  const { Agent } = await import("undici");
  // Undici's own timeouts see headers and body apart and have half-second steps: one timer per
  // request covers both instead. HTTP/2 does not pay for the few requests of a short process.
  return new Agent({
    connections: connectionsMax,
    connect: { timeout: timeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}

/** GitHub answers no request without a name of who asks. */
const USER_AGENT = "afk";

async function send(client: Client, input: string | URL, init: BoundedInit): Promise<HttpAnswer> {
  const { options } = client;
  const timeoutMs = init.timeoutMs ?? options.timeoutMs;
  const url = parseUrl(input);
  const note = {
    method: (init.method ?? "GET").toUpperCase(),
    host: url.host,
    path: tellablePath(url),
  };
  const where = `${note.method} ${note.host}${note.path}`;
  const headers = checkHeaders(init.headers ?? {}, where);
  options.onRequest?.(note);

  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const cancel = (): void => abort.abort(init.signal?.reason);
  if (init.signal?.aborted) cancel();
  init.signal?.addEventListener("abort", cancel);
  try {
    const agent = await client.open();
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: note.method as Dispatcher.HttpMethod,
      headers: { "user-agent": USER_AGENT, "accept-encoding": "gzip", accept: "*/*", ...headers },
      body: init.body ?? null,
      signal: abort.signal,
    });
    const { stream } = init;
    if (stream !== undefined && isStreamed(response, stream)) {
      await drain(response, where, stream);
      return asAnswer(response, url, Buffer.alloc(0));
    }
    const chunks: Uint8Array[] = [];
    const take = (chunk: Uint8Array): void => void chunks.push(chunk);
    await drain(response, where, { bytesMax: options.bodyBytesMax, take });
    return asAnswer(response, url, Buffer.concat(chunks));
  } catch (cause) {
    if (cause instanceof BodyTooLarge) throw cause;
    if (abort.signal.aborted && !init.signal?.aborted) {
      throw new RequestTimeout(`${where}: no full answer within ${timeoutMs} ms`, {
        cause,
      });
    }
    throw new Error(`${where}: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    init.signal?.removeEventListener("abort", cancel);
  }
}

class BodyTooLarge extends Error {}

/** RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

function isStreamed(response: Dispatcher.ResponseData, { mediaType }: BodyStream): boolean {
  const type = headerOf(response, "content-type")?.split(";")[0]?.trim().toLowerCase();
  return response.statusCode === 200 && type === mediaType;
}

async function drain(
  response: Dispatcher.ResponseData,
  where: string,
  { bytesMax, take }: Pick<BodyStream, "bytesMax" | "take">,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of await decoded(response)) {
    bytes += chunk.byteLength;
    // Leaving the loop ends the stream, which gives the connection up.
    if (bytes > bytesMax) {
      throw new BodyTooLarge(`${where}: the answer is larger than the limit of ${bytesMax} bytes`);
    }
    take(chunk);
  }
}

async function decoded(response: Dispatcher.ResponseData): Promise<AsyncIterable<Uint8Array>> {
  const encoding = headerOf(response, "content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return response.body;
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    throw new Error(`the answer is encoded as ${encoding}, which was not asked for`);
  }
  // An answer without a body may name an encoding all the same, and nothing at all is no gzip.
  const isEmpty = headerOf(response, "content-length") === "0";
  if (isEmpty || BODILESS_STATUSES.has(response.statusCode)) return response.body;
  const { createGunzip } = await import("node:zlib");
  // What breaks on either side ends both, and is thrown where the pieces are taken.
  return pipeline(response.body, createGunzip(), () => {});
}

function asAnswer(response: Dispatcher.ResponseData, url: URL, body: Buffer): HttpAnswer {
  const { statusCode: status, statusText } = response;
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

// The built-in errors for a bad URL or header quote the whole value, secrets included: these do
// not, and keep no cause for the same reason.
function parseUrl(input: string | URL): URL {
  const url = URL.canParse(String(input)) ? new URL(input) : null;
  if (url === null) throw new Error("a request was asked for with a URL that does not parse");
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      `the URL for ${url.host} carries a user name or password: configure a token instead`,
    );
  }
  return url;
}

/** A name is a token and a value has no control characters: RFC 9110, 5.1 and 5.5. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function checkHeaders(
  headers: Readonly<Record<string, string>>,
  where: string,
): Readonly<Record<string, string>> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    const trimmed = value.trim();
    if (!HEADER_NAME.test(key) || !HEADER_VALUE.test(trimmed)) {
      throw new Error(`${where}: a header is not valid; does a token contain a line break?`);
    }
    checked[key] = trimmed;
  }
  return checked;
}

/** A Slack webhook's path is its secret; all other paths we use only name things. */
function tellablePath(url: URL): string {
  return url.pathname.replace(/^\/services\/.+/, "/services/…");
}

/** A network failure tells most by its code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
