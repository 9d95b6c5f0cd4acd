import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Scope, Tokens } from "./auth.ts";
import { Command } from "./commands.ts";
import type { DispatchAnswer, Dispatcher } from "./dispatcher.ts";
import type { DispatchFaults } from "./dispatch-faults.ts";
import { type HttpAnswer, readBody } from "./http-answer.ts";
import type { Store } from "./store.ts";
import { indexPage, threadPage } from "./thread-page.ts";
import { detailView, shellView, snapshotView, type TurnPage } from "./views.ts";

/** What the routes speak for. */
export type T3World = {
  readonly environmentId: string;
  readonly version: string;
  readonly store: Store;
  readonly tokens: Tokens;
  readonly dispatcher: Dispatcher;
  readonly faults: DispatchFaults;
  readonly answerRequest: (threadId: string, requestId: string, text: string) => void;
};

/** An answer and, of a dispatch, which command it was. */
export type Routed = {
  readonly answer: HttpAnswer;
  readonly commandType?: string;
  readonly commandId?: string;
};

/** The real server knows no limit; this one keeps a runaway client from filling the memory. */
const BODY_BYTES_MAX = 16_000_000;

const EMPTY_400: HttpAnswer = { kind: "empty", status: 400 };

/** Answers one request as the real server does, and the sandbox's own answer form. */
export async function route(world: T3World, request: IncomingMessage): Promise<Routed> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (request.method === "GET") return { answer: get(world, request, url) };
  const isPost = request.method === "POST";
  if (isPost && url.pathname === "/api/orchestration/dispatch") return dispatch(world, request);
  if (isPost && url.pathname === "/sandbox/answer") {
    return { answer: await answerForm(world, request) };
  }
  return { answer: { kind: "empty", status: 404 } };
}

function get(world: T3World, request: IncomingMessage, url: URL): HttpAnswer {
  const { pathname } = url;
  if (pathname === "/.well-known/t3/environment") return json(200, environmentView(world));
  if (pathname === "/api/auth/session") {
    return json(200, world.tokens.sessionView(request.headers.authorization));
  }
  const isRead = /^\/api\/orchestration\/(snapshot|shell|threads\/[^/]+)$/.exec(pathname);
  if (isRead === null) return page(world, pathname);
  const refusal = refusalOf(world, request, "orchestration:read");
  if (refusal !== null) return refusal;
  if (pathname.endsWith("/snapshot")) return json(200, snapshotView(world.store));
  if (pathname.endsWith("/shell")) return json(200, shellView(world.store));
  return threadDetail(world, url);
}

function threadDetail(world: T3World, url: URL): HttpAnswer {
  const turnPage = parseTurnPage(url.searchParams);
  if (turnPage === "invalid") return EMPTY_400;
  const threadId = decode(url.pathname.split("/").at(-1) ?? "");
  const view = detailView(world.store, threadId, turnPage);
  if (view !== null) return json(200, view);
  return failure(404, "EnvironmentResourceNotFoundError", {
    code: "not_found",
    reason: "thread_not_found",
  });
}

function parseTurnPage(query: URLSearchParams): TurnPage | null | "invalid" {
  const limit = query.get("turnLimit");
  if (limit === null) return null;
  const turnLimit = Number(limit);
  if (!Number.isInteger(turnLimit) || turnLimit < 1) return "invalid";
  return { turnLimit, beforeCursor: query.get("beforeCursor") };
}

/** The web page of a thread, and the same index page for every other path: never a 404. */
function page(world: T3World, pathname: string): HttpAnswer {
  const [environmentId, threadId, ...rest] = pathname.slice(1).split("/").map(decode);
  const isHere = environmentId === world.environmentId && rest.length === 0;
  const thread = isHere ? world.store.threads.get(threadId ?? "") : undefined;
  return { kind: "html", body: thread === undefined ? indexPage() : threadPage(thread) };
}

async function dispatch(world: T3World, request: IncomingMessage): Promise<Routed> {
  const unauthenticated = refusalOf(world, request, null);
  if (unauthenticated !== null) return { answer: unauthenticated };
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) {
    return { answer: { kind: "text", status: 415, body: `Unsupported content-type: ${type}` } };
  }
  const body = await readBody(request, BODY_BYTES_MAX);
  const command = Command.safeParse(parseJson(body));
  if (!command.success) return { answer: EMPTY_400 };
  const { type: commandType, commandId } = command.data;
  const told = { commandType, commandId };
  // A malformed body is a 400 even for a token that may not operate.
  const refusal = refusalOf(world, request, "orchestration:operate");
  if (refusal !== null) return { answer: refusal, ...told };
  switch (world.faults.take(commandType)) {
    case "reject":
      return { answer: dispatchAnswer(world.dispatcher.reject(commandId)), ...told };
    case "drop-before":
      return { answer: { kind: "drop" }, ...told };
    case "drop-after":
      world.dispatcher.dispatch(command.data);
      return { answer: { kind: "drop" }, ...told };
    case "hang":
      return { answer: { kind: "hang" }, ...told };
    case null:
      return { answer: dispatchAnswer(world.dispatcher.dispatch(command.data)), ...told };
  }
}

function dispatchAnswer(answer: DispatchAnswer): HttpAnswer {
  switch (answer.kind) {
    case "accepted":
      return json(200, { sequence: answer.sequence });
    case "invalid":
      return failure(400, "EnvironmentRequestInvalidError", {
        code: "invalid_request",
        reason: "invalid_command",
      });
    case "rejected":
      return failure(500, "EnvironmentInternalError", {
        code: "internal_error",
        reason: "orchestration_dispatch_failed",
      });
  }
}

async function answerForm(world: T3World, request: IncomingMessage): Promise<HttpAnswer> {
  const form = new URLSearchParams((await readBody(request, BODY_BYTES_MAX)) ?? "");
  const threadId = form.get("threadId") ?? "";
  try {
    world.answerRequest(threadId, form.get("requestId") ?? "", form.get("answer") ?? "");
  } catch (error) {
    return { kind: "text", status: 409, body: (error as Error).message };
  }
  const path = [world.environmentId, threadId].map(encodeURIComponent).join("/");
  return { kind: "redirect", location: `/${path}` };
}

/** Why a caller is turned away; null when its token holds the scope, or is any valid one for `null`. */
function refusalOf(world: T3World, request: IncomingMessage, scope: Scope | null) {
  const caller = world.tokens.caller(request.headers.authorization);
  if (caller.kind === "unknown") {
    const { reason } = caller;
    return failure(401, "EnvironmentAuthInvalidError", { code: "auth_invalid", reason });
  }
  if (scope === null || caller.scopes.includes(scope)) return null;
  return failure(403, "EnvironmentScopeRequiredError", {
    code: "insufficient_scope",
    requiredScope: scope,
  });
}

function environmentView({ environmentId, version }: T3World) {
  return {
    environmentId,
    label: "sandbox",
    platform: { os: process.platform, arch: process.arch },
    serverVersion: version,
    capabilities: { repositoryIdentity: true, connectionProbe: true, threadSettlement: true },
  };
}

function failure(status: number, tag: string, rest: Readonly<Record<string, string>>): HttpAnswer {
  return json(status, { _tag: tag, ...rest, traceId: randomUUID().replaceAll("-", "") });
}

function json(status: number, body: unknown): HttpAnswer {
  return { kind: "json", status, body };
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** A path segment; one that is badly encoded names nothing. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
