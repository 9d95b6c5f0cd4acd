import type { IncomingMessage } from "node:http";
import type { Tokens } from "./auth.ts";
import { authRoute, refusalOf } from "./auth-routes.ts";
import { Command } from "./commands.ts";
import type { DispatchAnswer, Dispatcher } from "./dispatcher.ts";
import type { DispatchFaults } from "./dispatch-faults.ts";
import { EMPTY_400, failure, type HttpAnswer, json, parseJson, readBody } from "./http-answer.ts";
import type { Store } from "./store.ts";
import { indexPage, threadPage } from "./thread-page.ts";
import { detailView, shellView, snapshotView, type TurnPage } from "./views.ts";
import type { T3Behaviour } from "./versions.ts";

/** What the routes speak for. */
export type T3World = {
  readonly environmentId: string;
  readonly version: string;
  readonly behaviour: T3Behaviour;
  /** Without a web build an unknown path is a 503 and no page. */
  readonly hasWebBuild: boolean;
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

/** What a server that was started from its sources says to a browser. */
const NO_WEB_BUILD = "No static directory configured and no dev URL set.";

/** Answers one request as the real server does, and the sandbox's own answer form. */
export async function route(world: T3World, request: IncomingMessage): Promise<Routed> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const auth = await authRoute(world.tokens, request);
  if (auth !== null) return { answer: auth };
  if (request.method === "GET") return { answer: get(world, request, url) };
  const isPost = request.method === "POST";
  const isDispatch = isPost && url.pathname === "/api/orchestration/dispatch";
  if (isDispatch && world.behaviour.hasDispatch) return dispatch(world, request);
  if (isPost && url.pathname === "/sandbox/answer") {
    return { answer: await answerForm(world, request) };
  }
  return { answer: { kind: "empty", status: 404 } };
}

function get(world: T3World, request: IncomingMessage, url: URL): HttpAnswer {
  const { pathname } = url;
  if (pathname === "/.well-known/t3/environment") return json(200, environmentView(world));
  const read = readOf(world.behaviour, pathname);
  if (read === null) return page(world, pathname);
  const refusal = refusalOf(world.tokens, request, "orchestration:read");
  if (refusal !== null) return refusal;
  if (read === "snapshot") return json(200, snapshotView(world.store, world.behaviour));
  if (read === "shell") return json(200, shellView(world.store, world.behaviour));
  return threadDetail(world, url);
}

/** Which read a path is on this version; null when it is none, as any path that nobody serves. */
function readOf(behaviour: T3Behaviour, pathname: string): "snapshot" | "shell" | "thread" | null {
  if (pathname === "/api/orchestration/snapshot") return behaviour.hasSnapshot ? "snapshot" : null;
  if (!behaviour.hasThreadReads) return null;
  if (pathname === "/api/orchestration/shell") return "shell";
  return /^\/api\/orchestration\/threads\/[^/]+$/.test(pathname) ? "thread" : null;
}

function threadDetail({ store, behaviour }: T3World, url: URL): HttpAnswer {
  const page = behaviour.hasTurnLimit ? parseTurnPage(url.searchParams) : null;
  if (page === "invalid") return EMPTY_400;
  const threadId = decode(url.pathname.split("/").at(-1) ?? "");
  const view = detailView(store, behaviour, { threadId, page });
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
  if (!world.hasWebBuild) return { kind: "text", status: 503, body: NO_WEB_BUILD };
  const [environmentId, threadId, ...rest] = pathname.slice(1).split("/").map(decode);
  const isHere = environmentId === world.environmentId && rest.length === 0;
  const thread = isHere ? world.store.threads.get(threadId ?? "") : undefined;
  return { kind: "html", body: thread === undefined ? indexPage() : threadPage(thread) };
}

async function dispatch(world: T3World, request: IncomingMessage): Promise<Routed> {
  const unauthenticated = refusalOf(world.tokens, request, null);
  if (unauthenticated !== null) return { answer: unauthenticated };
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) {
    return { answer: { kind: "text", status: 415, body: `Unsupported content-type: ${type}` } };
  }
  const body = await readBody(request, BODY_BYTES_MAX);
  const wire = parseJson(body);
  if (wire === null && body !== null) {
    return { answer: { kind: "empty", status: world.behaviour.malformedJsonStatus } };
  }
  const command = Command.safeParse(wire);
  if (!command.success || !isKnown(world.behaviour, command.data)) return { answer: EMPTY_400 };
  const { type: commandType, commandId } = command.data;
  const told = { commandType, commandId };
  // A malformed body is a 400 even for a token that may not operate.
  const refusal = refusalOf(world.tokens, request, "orchestration:operate");
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

/** Whether this version knows the command; one that it does not know is malformed to it. */
function isKnown({ hasSettling }: T3Behaviour, command: Command): boolean {
  if (hasSettling) return true;
  if (command.type === "thread.settle" || command.type === "thread.unsettle") return false;
  return !("runtimeMode" in command) || command.runtimeMode !== "auto";
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

function environmentView({ environmentId, version, behaviour }: T3World) {
  return {
    environmentId,
    label: "sandbox",
    platform: { os: process.platform, arch: process.arch },
    serverVersion: version,
    capabilities: capabilitiesOf(behaviour),
  };
}

function capabilitiesOf({ hasSettling, hasTurnLimit }: T3Behaviour) {
  return {
    repositoryIdentity: true,
    ...(hasSettling
      ? { connectionProbe: true, pullRequests: true, threadSettlement: true, threadSnooze: true }
      : {}),
    ...(hasTurnLimit
      ? {
          threadPinning: true,
          threadPinReorder: true,
          threadTitleRegeneration: true,
          agentActivityPublishing: false,
        }
      : {}),
  };
}

/** A path segment; one that is badly encoded names nothing. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
