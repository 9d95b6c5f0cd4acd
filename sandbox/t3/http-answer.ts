import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** An answer of the server before it is written. `drop` closes the connection, `hang` never answers. */
export type HttpAnswer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  | { readonly kind: "html"; readonly body: string }
  | { readonly kind: "text"; readonly status: number; readonly body: string }
  | { readonly kind: "empty"; readonly status: number }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "drop" }
  | { readonly kind: "hang" };

/** What every command that does not match its schema gets. */
export const EMPTY_400: HttpAnswer = { kind: "empty", status: 400 };

export function json(status: number, body: unknown): HttpAnswer {
  return { kind: "json", status, body };
}

/** A typed error body; the trace id is all that tells two of them apart. */
export function failure(
  status: number,
  tag: string,
  rest: Readonly<Record<string, string>>,
): HttpAnswer {
  return json(status, { _tag: tag, ...rest, traceId: randomUUID().replaceAll("-", "") });
}

/** Null for what is no JSON, and for a body that was too long to be kept. */
export function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** A request with its response; `compresses`: this version of the server zips at all. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly compresses: boolean;
};

/** Smaller bodies are not worth compressing; the real server's limit is of this order. */
const GZIP_FROM_BYTES = 1_024;

/** Writes an answer, zipped where the client takes it; answers the status sent, 0 when none was. */
export function writeAnswer(
  { request, response, compresses }: Exchange,
  answer: HttpAnswer,
): number {
  switch (answer.kind) {
    case "json":
      return writeJson({ request, response, compresses }, answer);
    case "html":
      return write(response, 200, { type: "text/html; charset=utf-8", body: answer.body });
    case "text":
      return write(response, answer.status, { type: "text/plain", body: answer.body });
    case "empty":
      response.writeHead(answer.status, { "access-control-allow-origin": "*" }).end();
      return answer.status;
    case "redirect":
      response.writeHead(303, { location: answer.location }).end();
      return 303;
    case "drop":
      request.socket.destroy();
      return 0;
    case "hang":
      return 0;
  }
}

/** Reads a body to its end, as text; null past the limit. A client that still sends would miss the answer. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  return bytes > bytesMax ? null : Buffer.concat(chunks).toString("utf8");
}

function writeJson(
  { request, response, compresses }: Exchange,
  { status, body }: { readonly status: number; readonly body: unknown },
): number {
  const plain = Buffer.from(JSON.stringify(body));
  const accepts = String(request.headers["accept-encoding"] ?? "");
  const isZipped = compresses && accepts.includes("gzip") && plain.length >= GZIP_FROM_BYTES;
  const bytes = isZipped ? gzipSync(plain) : plain;
  response.writeHead(status, {
    "access-control-allow-origin": "*",
    "content-type": "application/json",
    "content-length": bytes.length,
    ...(compresses ? { vary: "Accept-Encoding" } : {}),
    ...(isZipped ? { "content-encoding": "gzip" } : {}),
  });
  response.end(bytes);
  return status;
}

type Content = { readonly type: string; readonly body: string };

function write(response: ServerResponse, status: number, { type, body }: Content): number {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
  return status;
}
