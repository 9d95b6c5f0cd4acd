import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Answer,
  postByWebhook,
  postMessage,
  type SlackMessage,
  updateMessage,
  type Workspace,
} from "./workspace.ts";

/** A request as the server saw it. `status` 0: the connection was refused an answer. */
export type SlackRequest = {
  readonly method: string;
  readonly path: string;
  /** ISO 8601. */
  readonly at: string;
  readonly status: number;
};

/** A loopback Slack with one channel: an incoming webhook, `chat.postMessage` and `chat.update`. */
export type SandboxSlack = {
  /** The incoming webhook: its path is a secret. */
  readonly webhookUrl: string;
  /** Where the methods are, `http://127.0.0.1:<port>/api`. */
  readonly apiUrl: string;
  readonly token: string;
  readonly channel: { readonly id: string; readonly name: string };
  /** What the channel and its threads hold now, oldest first. */
  readonly messages: readonly SlackMessage[];
  readonly requests: readonly SlackRequest[];
  /** While down it answers 503, or breaks every connection, and keeps nothing. */
  setDown(isDown: boolean, how?: "unavailable" | "broken"): void;
  /** While limited it answers 429 and when to try again; null ends it. */
  setRateLimited(retryAfterSeconds: number | null): void;
  setArchived(isArchived: boolean): void;
  /** A person deletes a message; replies to it stay. */
  deleteMessage(ts: string): void;
  stop(): Promise<void>;
};

type State = Workspace & {
  readonly token: string;
  readonly requests: SlackRequest[];
  down: "no" | "unavailable" | "broken";
  retryAfterSeconds: number | null;
};

const WEBHOOK_PATH = "/services/T0SANDBOX/B0SANDBOX/sandbox-webhook-secret";
const TOKEN = "xoxb-sandbox-token";
const CHANNEL = { id: "C0SANDBOX", name: "afk" };
/** Slack refuses far less; this bounds what a test can make the server keep. */
const BODY_BYTES_MAX = 1024 * 1024;

/** Starts the server on 127.0.0.1. */
export async function startSlack(options: { readonly port?: number } = {}): Promise<SandboxSlack> {
  const state: State = {
    token: TOKEN,
    channel: CHANNEL,
    messages: [],
    requests: [],
    isArchived: false,
    down: "no",
    retryAfterSeconds: null,
  };
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    webhookUrl: `${url}${WEBHOOK_PATH}`,
    apiUrl: `${url}/api`,
    token: state.token,
    channel: state.channel,
    messages: state.messages,
    requests: state.requests,
    ...handsOf(state),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function handsOf(state: State) {
  return {
    setDown: (isDown: boolean, how: "unavailable" | "broken" = "unavailable") => {
      state.down = isDown ? how : "no";
    },
    setRateLimited: (retryAfterSeconds: number | null) => {
      state.retryAfterSeconds = retryAfterSeconds;
    },
    setArchived: (isArchived: boolean) => {
      state.isArchived = isArchived;
    },
    deleteMessage: (ts: string) => {
      const at = state.messages.findIndex((message) => message.ts === ts);
      if (at < 0) throw new Error(`the channel has no message ${ts}`);
      state.messages.splice(at, 1);
    },
  };
}

async function serve(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = new Date().toISOString();
  const status = await answer(state, request, response);
  state.requests.push({ method: request.method ?? "", path: request.url ?? "", at, status });
}

async function answer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  if (state.down === "broken") {
    request.socket.destroy();
    return 0;
  }
  const text = await readBody(request);
  if (text === null) return 0;
  if (state.down === "unavailable") return write(response, { status: 503, body: "unavailable" });
  const path = request.url ?? "";
  const isApi = path.startsWith("/api/");
  if (state.retryAfterSeconds !== null) {
    const headers = { "retry-after": String(state.retryAfterSeconds) };
    const body = isApi ? { ok: false, error: "ratelimited" } : "rate_limited";
    return write(response, { status: 429, headers, body });
  }
  if (request.method !== "POST")
    return write(response, { status: 405, body: "method_not_allowed" });
  if (isApi) return write(response, { status: 200, body: answerApi(state, request, text) });
  return write(response, answerWebhook(state, path, text));
}

const METHODS: ReadonlyMap<string, (workspace: Workspace, body: object) => Answer> = new Map([
  ["/api/chat.postMessage", postMessage],
  ["/api/chat.update", updateMessage],
]);

/** The API's refusals come with status 200. */
function answerApi(state: State, request: IncomingMessage, text: string): Answer {
  const method = METHODS.get(request.url ?? "");
  if (method === undefined) return { ok: false, error: "unknown_method" };
  const { authorization } = request.headers;
  if (authorization === undefined) return { ok: false, error: "not_authed" };
  if (authorization !== `Bearer ${state.token}`) return { ok: false, error: "invalid_auth" };
  const body = parseObject(text);
  return body === null ? { ok: false, error: "invalid_json" } : method(state, body);
}

/** A webhook's refusals are a status and one word of text; every other word comes with 400. */
const WEBHOOK_STATUSES: ReadonlyMap<string, number> = new Map([
  ["invalid_token", 403],
  ["no_service", 404],
  ["channel_is_archived", 410],
]);

function answerWebhook(state: State, path: string, text: string): Content {
  const word = webhookWord(state, path, text);
  if (word === null) return { status: 200, body: "ok" };
  return { status: WEBHOOK_STATUSES.get(word) ?? 400, body: word };
}

function webhookWord(state: State, path: string, text: string): string | null {
  if (path !== WEBHOOK_PATH) {
    const service = WEBHOOK_PATH.slice(0, WEBHOOK_PATH.lastIndexOf("/") + 1);
    return path.startsWith(service) ? "invalid_token" : "no_service";
  }
  const body = parseObject(text);
  if (body === null) return "invalid_payload";
  const word = postByWebhook(state, body);
  return word === "is_archived" ? "channel_is_archived" : word;
}

type Content = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | object;
};

function write(response: ServerResponse, { status, headers, body }: Content): number {
  const isText = typeof body === "string";
  const type = isText ? "text/html" : "application/json; charset=utf-8";
  response.writeHead(status, { ...headers, "content-type": type });
  response.end(isText ? body : JSON.stringify(body));
  return status;
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseObject(text: string): object | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && !Array.isArray(body) ? body : null;
  } catch {
    return null;
  }
}
