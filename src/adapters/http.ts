import {
  Agent,
  fetch as undiciFetch,
  Headers,
  type RequestInit as UndiciInit,
  Response as BufferedResponse,
} from "undici";

/**
 * A `fetch` whose every request ends: within the timeout, below the body limit, or with an error
 * that names method, host and path. The answer's body is already read; its status and headers are
 * as they came.
 */
export type BoundedFetch = (url: string | URL, init?: BoundedInit) => Promise<Response>;

/** What one request may ask for besides what `fetch` knows. */
export type BoundedInit = RequestInit & {
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
  // Undici's own timeouts see headers and body apart and have half-second steps: one timer per
  // request covers both instead. HTTP/2 does not pay for the few requests of a short process.
  const agent = new Agent({
    connections: options.connectionsMax,
    connect: { timeout: options.timeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
  return {
    fetch: (url, init = {}) => send({ options, agent }, url, init),
    close: () => agent.close(),
  };
}

type Client = { readonly options: BoundedFetchOptions; readonly agent: Agent };

async function send(client: Client, input: string | URL, init: BoundedInit): Promise<Response> {
  const { options } = client;
  const timeoutMs = init.timeoutMs ?? options.timeoutMs;
  const url = parseUrl(input);
  const note = {
    method: (init.method ?? "GET").toUpperCase(),
    host: url.host,
    path: tellablePath(url),
  };
  const where = `${note.method} ${note.host}${note.path}`;
  const headers = parseHeaders(init.headers, where);
  options.onRequest?.(note);

  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const cancel = (): void => abort.abort(init.signal?.reason);
  if (init.signal?.aborted) cancel();
  init.signal?.addEventListener("abort", cancel);
  try {
    const response = await undiciFetch(url, {
      method: note.method,
      headers,
      body: (init.body ?? null) as NonNullable<UndiciInit["body"]> | null,
      redirect: init.redirect ?? "follow",
      ...(init.duplex === undefined ? {} : { duplex: init.duplex }),
      signal: abort.signal,
      dispatcher: client.agent,
    });
    const { stream } = init;
    if (stream === undefined || !isStreamed(response, stream)) {
      return await buffer(response, where, options.bodyBytesMax);
    }
    await drain(response, where, stream);
    return asBuffered(response, null);
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

type UndiciResponse = Awaited<ReturnType<typeof undiciFetch>>;

/** The statuses that the Response constructor refuses a body for, not even an empty one. */
const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

async function buffer(
  response: UndiciResponse,
  where: string,
  bodyBytesMax: number,
): Promise<Response> {
  const chunks: Uint8Array[] = [];
  await drain(response, where, { bytesMax: bodyBytesMax, take: (chunk) => chunks.push(chunk) });
  return asBuffered(response, Buffer.concat(chunks));
}

function isStreamed(response: UndiciResponse, { mediaType }: BodyStream): boolean {
  const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  return response.status === 200 && type === mediaType;
}

async function drain(
  response: UndiciResponse,
  where: string,
  { bytesMax, take }: Pick<BodyStream, "bytesMax" | "take">,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, which gives the connection up.
    if (bytes > bytesMax) {
      throw new BodyTooLarge(`${where}: the answer is larger than the limit of ${bytesMax} bytes`);
    }
    take(chunk);
  }
}

function asBuffered(response: UndiciResponse, content: Uint8Array | null): Response {
  const { status, statusText, headers, url } = response;
  const body = BODILESS_STATUSES.has(status) ? null : content;
  const buffered = new BufferedResponse(body, { status, statusText, headers });
  // A made Response has no address; clients such as Octokit report it.
  Object.defineProperty(buffered, "url", { value: url });
  return buffered;
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

function parseHeaders(headers: RequestInit["headers"], where: string): Headers {
  try {
    return new Headers(headers as UndiciInit["headers"]);
  } catch {
    throw new Error(`${where}: a header is not valid; does a token contain a line break?`);
  }
}

/** A Slack webhook's path is its secret; all other paths we use only name things. */
function tellablePath(url: URL): string {
  return url.pathname.replace(/^\/services\/.+/, "/services/…");
}

/** Undici wraps every network failure as "fetch failed"; the reason is the cause's code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  if (!(cause instanceof Error)) return error.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
