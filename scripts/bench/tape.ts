import { createServer, request as httpRequest, type ServerResponse } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Span } from "./figures.ts";

/** One answer as it came. */
type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** The answers of one tick, by what was asked, in the order they came. */
export type Tape = Map<string, Answer[]>;

/** A request that a front saw. */
export type FrontRequest = Span & { readonly key: string; readonly isWrite: boolean };

/** What a front does with requests: hands them on and keeps the answers, or plays what was kept. */
type Mode =
  | { readonly kind: "record"; readonly upstream: URL; readonly tape: Tape }
  | { readonly kind: "play"; readonly left: Map<string, Answer[]>; readonly latencyMs: number };

/**
 * A loopback server in front of another. While it records it hands requests on; while it plays it gives the same
 * answers again, each after the same time, so that what is measured is the client and not the server.
 */
export type Front = {
  readonly url: URL;
  record(upstream: URL, tape: Tape): void;
  play(tape: Tape, latencyMs: number): void;
  /** The requests since the last change of mode. */
  readonly requests: () => readonly FrontRequest[];
  /** What was asked while playing and is not on the tape. */
  readonly misses: () => readonly string[];
  close(): Promise<void>;
};

/** Hop by hop, or made anew by the server that sends it. */
const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "date",
]);

/** Queries of one path are told apart by their text; a write's text holds the time, and its path is its own. */
function keyOf(method: string, path: string, body: string): string {
  return path === "/graphql" ? `${method} ${path} ${body}` : `${method} ${path}`;
}

/** Starts a front on a free port. It answers 500 until it is told what to do. */
export async function startFront(): Promise<Front> {
  const seen: FrontRequest[] = [];
  const misses: string[] = [];
  let mode: Mode = { kind: "play", left: new Map(), latencyMs: 0 };
  const change = (next: Mode): void => {
    mode = next;
    seen.length = 0;
    misses.length = 0;
  };
  const server = createServer((request, response) => {
    void (async () => {
      const from = performance.now();
      const method = request.method ?? "GET";
      const body = await readAll(request);
      const key = keyOf(method, request.url ?? "/", body.toString());
      const answer = await answerOf(mode, { key, request, body, misses });
      const isWrite = method !== "GET" && method !== "HEAD" && request.url !== "/graphql";
      seen.push({ key, isWrite, from, to: performance.now() });
      send(response, answer);
    })().catch((error: unknown) => {
      misses.push(String(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    record: (upstream, tape) => change({ kind: "record", upstream, tape }),
    play: (tape, latencyMs) => {
      const left = new Map([...tape].map(([key, answers]) => [key, [...answers]]));
      change({ kind: "play", left, latencyMs });
    },
    requests: () => [...seen],
    misses: () => [...misses],
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Asked = {
  readonly key: string;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly misses: string[];
};

async function answerOf(mode: Mode, asked: Asked): Promise<Answer> {
  if (mode.kind === "record") {
    const answer = await handOn(mode.upstream, asked);
    mode.tape.set(asked.key, [...(mode.tape.get(asked.key) ?? []), answer]);
    return answer;
  }
  const beganAt = performance.now();
  const answers = mode.left.get(asked.key) ?? [];
  const answer = answers.shift();
  if (answer === undefined) asked.misses.push(asked.key);
  // A timer may strike a millisecond early by this clock; a round trip never takes less.
  while (performance.now() - beganAt < mode.latencyMs) {
    await delay(Math.ceil(mode.latencyMs - (performance.now() - beganAt)));
  }
  return answer ?? { status: 500, headers: {}, body: Buffer.from("not on the tape") };
}

function handOn(upstream: URL, { request, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url ?? "/", upstream);
    // Uncompressed, whatever the client takes: what unpacking costs is not what differs between two ticks.
    const headers = { ...request.headers, host: url.host, "accept-encoding": "identity" };
    const onward = httpRequest(url, { method: request.method, headers }, (response) => {
      readAll(response).then(
        (content) =>
          resolve({ status: response.statusCode ?? 502, headers: response.headers, body: content }),
        reject,
      );
    });
    onward.once("error", reject);
    onward.end(body);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !DROPPED_HEADERS.has(name)) response.setHeader(name, value);
  }
  response.setHeader("content-length", body.length);
  response.writeHead(status);
  response.end(body);
}
