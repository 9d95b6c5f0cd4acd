import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { setImmediate as nextPhase } from "node:timers/promises";
import { asAnswer, decoded, headerOf, type HttpAnswer } from "./http-answer.ts";

/**
 * A `fetch` whose every request ends: within the timeout, below the body limit, or with an error
 * that names method, host and path. The answer's body is already read and decoded; its status and
 * headers are as they came.
 */
export type BoundedFetch = (url: string | URL, init?: BoundedInit) => Promise<HttpAnswer>;

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
  const pools = new Map<string, Pool>();
  const open = ({ protocol }: URL): Pool => {
    const pool = pools.get(protocol) ?? openPool(protocol, options);
    pools.set(protocol, pool);
    return pool;
  };
  const inFlight = new Set<Promise<unknown>>();
  return {
    fetch: async (url, init = {}) => {
      const sending = send({ options, open }, url, init);
      inFlight.add(sending);
      try {
        return await sending;
      } finally {
        inFlight.delete(sending);
      }
    },
    close: async () => {
      await Promise.allSettled(inFlight);
      for (const { agent } of pools.values()) agent.destroy();
    },
  };
}

type Client = {
  readonly options: BoundedFetchOptions;
  readonly open: (url: URL) => Pool;
};

type Pool = {
  readonly agent: Agent;
  readonly request: (url: URL, options: RequestOptions) => ClientRequest;
};

/**
 * The first request loads what it takes: a tick whose lease another holds makes none. Not by an `import`, which reads
 * everything that Node's module exports, its WebSocket and with it a second HTTP client too.
 */
function openPool(protocol: string, { connectionsMax }: BoundedFetchOptions): Pool {
  const settings = { keepAlive: true, maxSockets: connectionsMax };
  const { Agent, request } =
    protocol === "https:"
      ? process.getBuiltinModule("node:https")
      : process.getBuiltinModule("node:http");
  return { agent: new Agent(settings), request };
}

/**
 * Hears of connections that the other side has closed: one that is kept may be dead already, and a request sent into
 * it is lost without anybody knowing whether it arrived. It takes a whole turn of the event loop.
 */
async function hearOfClosed({ agent }: Pool): Promise<void> {
  if (Object.keys(agent.freeSockets).length === 0) return;
  for (let phase = 0; phase < 2; phase += 1) await nextPhase();
}

/** Node leaves it out where a method usually has no body, and the other side would take that for another request. */
function lengthOf(body: string | null): Readonly<Record<string, string>> {
  return body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

/**
 * Sends it, and resolves as soon as the headers of the answer are there. While it waits for a free connection only the
 * signal ends it: Node tells of its end when it gets one.
 */
function begin(
  { agent, request }: Pool,
  url: URL,
  { body, ...options }: RequestOptions & { readonly body: string | null },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    const sent = request(url, { ...options, agent });
    sent.once("response", resolve);
    // Not once: what breaks later is told by the body, and must not end the process here.
    sent.on("error", reject);
    sent.end(body ?? undefined);
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
    const pool = client.open(url);
    await hearOfClosed(pool);
    const response = await begin(pool, url, {
      method: note.method,
      headers: {
        "user-agent": USER_AGENT,
        "accept-encoding": "gzip",
        accept: "*/*",
        ...lengthOf(init.body ?? null),
        ...headers,
      },
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

function isStreamed(response: IncomingMessage, { mediaType }: BodyStream): boolean {
  const type = headerOf(response, "content-type")?.split(";")[0]?.trim().toLowerCase();
  return response.statusCode === 200 && type === mediaType;
}

async function drain(
  response: IncomingMessage,
  where: string,
  { bytesMax, take }: Pick<BodyStream, "bytesMax" | "take">,
): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of decoded(response)) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        throw new BodyTooLarge(
          `${where}: the answer is larger than the limit of ${bytesMax} bytes`,
        );
      }
      take(chunk);
    }
  } catch (error) {
    // What is not read to its end would hold its connection for ever.
    response.destroy();
    throw error;
  }
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
