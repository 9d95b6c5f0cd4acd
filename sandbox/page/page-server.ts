import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createDecisionLog, type TickLine } from "./decision-log.ts";
import { createRegions, type Regions } from "./page-regions.ts";
import type { PageWorld } from "./page-state.ts";
import { renderDocument } from "./page-document.ts";
import type { StoryView } from "./story-view.ts";

/** A running page. */
export type Page = {
  /** `http://127.0.0.1:<port>/`. */
  readonly url: string;
  /** Shows a line of a tick's log where it tells a decision or trouble. */
  tell(line: TickLine): void;
  /** Ends the server and every connection to it. */
  stop(): Promise<void>;
};

export type PageOptions = {
  readonly world: PageWorld;
  /** How the stories stand now. Their names and their order stay the same while the page is up. */
  readonly stories: () => readonly StoryView[];
  /** 0, the default, takes any free one. */
  readonly port?: number;
};

/** An answer is a sentence; the rest is for the ids that go with it. */
const FORM_BYTES_MAX = 16_384;

/** Serves the page on 127.0.0.1. */
export async function startPage(options: PageOptions): Promise<Page> {
  const { world, stories, port = 0 } = options;
  const log = createDecisionLog(() => Date.now());
  const regions = createRegions({ world, stories, log });
  const server = createServer((request, response) => {
    void serve({ world, regions }, request, response);
  });
  const listening = await listen(server, port);
  return {
    url: `http://127.0.0.1:${listening}/`,
    tell: (line) => log.tell(line),
    stop: () => close(server),
  };
}

type Serving = { readonly world: PageWorld; readonly regions: Regions };

type Answer = {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

async function serve(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerOf(serving, request).catch((error: unknown) =>
    text(500, String(error)),
  );
  response.writeHead(answer.status, {
    "content-type": answer.type,
    "content-length": Buffer.byteLength(answer.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    ...answer.headers,
  });
  response.end(answer.body);
}

async function answerOf(serving: Serving, request: IncomingMessage): Promise<Answer> {
  if (!isAskedByName(request)) return text(421, "Open this page by its own address, 127.0.0.1.");
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const route = `${request.method} ${pathname}`;
  if (route === "GET /") return page(serving.regions);
  if (route === "GET /changes") {
    const changes = serving.regions.changesSince(Number(searchParams.get("since")));
    return { status: 200, type: "application/json", body: JSON.stringify(changes) };
  }
  if (route === "POST /answer") return takeAnswer(serving.world, request);
  return text(404, "There is no such page.");
}

/** Another name that leads to this address is some other page's way in: it could read and answer here. */
function isAskedByName({ headers, socket }: IncomingMessage): boolean {
  return ["127.0.0.1", "localhost"].some((name) => headers.host === `${name}:${socket.localPort}`);
}

/** Nothing but this page's own style and script runs or loads, whatever text found its way into it. */
function page(regions: Regions): Answer {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return {
    status: 200,
    type: "text/html; charset=utf-8",
    body: renderDocument(regions.parts(), nonce).markup,
    headers: { "content-security-policy": policy },
  };
}

/** Gives a person's answer to the agent. A browser that sends the form without the script is led back. */
async function takeAnswer(world: PageWorld, request: IncomingMessage): Promise<Answer> {
  const { origin, host, accept = "" } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    return text(403, "Only this page may answer.");
  }
  const body = await readForm(request);
  if (body === null) return text(413, "That answer is too long.");
  const form = new URLSearchParams(body);
  const words = (form.get("choice") ?? form.get("answer") ?? "").trim();
  if (words === "") return text(400, "Type an answer first.");
  try {
    world.t3.answer(form.get("threadId") ?? "", form.get("requestId") ?? "", words);
  } catch {
    return text(409, "This question is not open any more.");
  }
  if (!accept.includes("text/html")) return text(200, "Answered.");
  return { ...text(303, "Answered."), headers: { location: "/" } };
}

async function readForm(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= FORM_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > FORM_BYTES_MAX ? null : Buffer.concat(chunks).toString("utf8");
}

function text(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
