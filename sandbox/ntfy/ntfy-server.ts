import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BODY_BYTES_MAX, type NtfyMessage, type NtfyRefusal, parsePublish } from "./publish.ts";

/** A request as the server saw it. `status` 0: the connection was refused an answer. */
export type NtfyRequest = {
  readonly method: string;
  readonly path: string;
  /** ISO 8601. */
  readonly at: string;
  readonly status: number;
};

/** A loopback ntfy server: publishing as JSON, and nothing else. */
export type SandboxNtfy = {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Everything accepted, oldest first. */
  readonly messages: readonly NtfyMessage[];
  readonly requests: readonly NtfyRequest[];
  /** While down it answers 503, or breaks every connection, and keeps nothing. */
  setDown(isDown: boolean, how?: "unavailable" | "broken"): void;
  stop(): Promise<void>;
};

type Down = "no" | "unavailable" | "broken";

type NtfyState = {
  readonly token: string | null;
  readonly messages: NtfyMessage[];
  readonly requests: NtfyRequest[];
  down: Down;
};

const NOT_FOUND: NtfyRefusal = { code: 40401, http: 404, error: "page not found" };
const UNAUTHORIZED: NtfyRefusal = { code: 40101, http: 401, error: "unauthorized" };
const FORBIDDEN: NtfyRefusal = { code: 40301, http: 403, error: "forbidden" };
/** A proxy in front of a dead server answers in its own words, not in ntfy's. */
const UNAVAILABLE: Content = { status: 503, type: "text/plain", body: "unavailable" };
const DOCS_LINK = "https://ntfy.sh/docs/publish/";

/** Starts the server on 127.0.0.1. With a `token`, it wants `Authorization: Bearer <token>`. */
export async function startNtfy(
  options: { readonly port?: number; readonly token?: string } = {},
): Promise<SandboxNtfy> {
  const state: NtfyState = { token: options.token ?? null, messages: [], requests: [], down: "no" };
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages: state.messages,
    requests: state.requests,
    setDown: (isDown, how = "unavailable") => {
      state.down = isDown ? how : "no";
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  state: NtfyState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = new Date().toISOString();
  const status = await answer(state, request, response);
  state.requests.push({ method: request.method ?? "", path: request.url ?? "", at, status });
}

async function answer(
  state: NtfyState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  if (state.down === "broken") {
    request.socket.destroy();
    return 0;
  }
  const body = await readBody(request);
  if (body === "gone") return 0;
  if (state.down === "unavailable") return write(response, UNAVAILABLE);
  const isPublish = ["POST", "PUT"].includes(request.method ?? "") && request.url === "/";
  if (!isPublish) return refuse(response, NOT_FOUND);
  const refusal = refusalOf(state, request.headers.authorization);
  if (refusal !== null) return refuse(response, refusal);
  const time = Math.floor(Date.now() / 1_000);
  const published = parsePublish(body.text, { id: messageId(), time });
  if ("http" in published) return refuse(response, published);
  state.messages.push(published);
  return write(response, {
    status: 200,
    type: "application/json",
    body: JSON.stringify(published),
  });
}

function refusalOf(state: NtfyState, authorization: string | undefined): NtfyRefusal | null {
  if (state.token === null || authorization === `Bearer ${state.token}`) return null;
  return authorization === undefined ? FORBIDDEN : UNAUTHORIZED;
}

function refuse(response: ServerResponse, refusal: NtfyRefusal): number {
  const body = JSON.stringify({ ...refusal, link: DOCS_LINK });
  return write(response, { status: refusal.http, type: "application/json", body });
}

type Content = { readonly status: number; readonly type: string; readonly body: string };

function write(response: ServerResponse, { status, type, body }: Content): number {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
  return status;
}

/** Reads a body to its end even when it is too long: a client that still sends would miss the answer. */
async function readBody(
  request: IncomingMessage,
): Promise<{ readonly text: string | null } | "gone"> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    }
  } catch {
    return "gone";
  }
  return { text: bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString("utf8") };
}

/** Twelve characters, as ntfy's own ids have. */
function messageId(): string {
  return randomBytes(6).toString("hex");
}
