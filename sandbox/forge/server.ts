import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type Apps, createApps } from "./app.ts";
import { type Balance, type Budgets, createBudgets } from "./budget.ts";
import { createFaults, type Fault, type Faults, type SeenRequest } from "./faults.ts";
import { answerGraphql, type GraphqlRequest, operationNameOf } from "./graphql.ts";
import type { Account } from "./model.ts";
import { answerRest } from "./rest.ts";
import { type Answer, errorAnswer } from "./rest-call.ts";
import { findRepo, type World } from "./world.ts";

// Far above any comment or query, far below what would hurt.
const BODY_BYTES_MAX = 1024 * 1024;

const GraphqlBody = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** The HTTP side of the forge. */
export type ForgeServer = {
  /** Its address without a slash at the end. */
  readonly apiUrl: string;
  readonly requests: readonly SeenRequest[];
  readonly faults: Faults;
  readonly budgets: Budgets;
  readonly apps: Apps;
  close(): Promise<void>;
};

type Desk = {
  readonly world: World;
  readonly budgets: Budgets;
  readonly faults: Faults;
  readonly apps: Apps;
  readonly lateMs: number;
  readonly requests: SeenRequest[];
  apiUrl: string;
};

/** Serves the world on loopback; port 0 takes any free one. `lateMs` is when a query is given up. */
export async function startServer(
  world: World,
  options: { readonly port: number; readonly lateMs: number },
): Promise<ForgeServer> {
  const desk: Desk = {
    world,
    budgets: createBudgets(() => world.nowMs()),
    faults: createFaults(),
    apps: createApps(world),
    lateMs: options.lateMs,
    requests: [],
    apiUrl: "",
  };
  const server = createServer((request, response) => {
    handle(desk, request, response).catch((error: unknown) => {
      send(response, errorAnswer(500, `The sandbox forge broke: ${String(error)}`));
    });
  });
  desk.apiUrl = `http://127.0.0.1:${await listen(server, options.port)}`;
  const { apiUrl, requests, faults, budgets, apps } = desk;
  return { apiUrl, requests, faults, budgets, apps, close: () => stop(server) };
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the forge has no port");
  return address.port;
}

async function stop(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  // Requests that hang on purpose would keep it open for ever.
  server.closeAllConnections();
  await promise;
}

async function handle(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", desk.apiUrl);
  if (url.pathname.startsWith("/_logs/")) return send(response, logAnswer(desk, url));
  const body = parseJson(await readBody(request));
  const isGraphql = url.pathname === "/graphql";
  const query = isGraphql ? toGraphqlRequest(body) : null;
  const token = tokenOf(request.headers.authorization);
  const viewer = accountOf(desk, token);
  const seen: SeenRequest = {
    method,
    path: url.pathname + url.search,
    operation: query === null ? undefined : operationNameOf(query),
    account: viewer?.login ?? desk.apps.signerOf(token),
    at: desk.world.now(),
    isWrite: !isGraphql && method !== "GET" && method !== "HEAD",
    points: 0,
    status: null,
  };
  desk.requests.push(seen);
  const fault = desk.faults.take(seen);
  // The socket stays open and silent until the forge is closed.
  if (fault === "hang") return;
  if (fault === "502-late") await delay(desk.lateMs, undefined, { ref: false });
  const answer =
    (viewer === null ? null : desk.budgets.refusal(isGraphql ? "graphql" : "core")) ??
    desk.apps.answer({ method, url, apiUrl: desk.apiUrl, token, body: body.value }) ??
    refusal(request, viewer) ??
    faultBefore(desk, url, fault) ??
    (await answerFor({ desk, method, url, viewer, body, query }));
  const sent = fault === "502-after" ? lostAnswer() : answer;
  seen.status = sent.status;
  seen.points = answer.points ?? 0;
  const balance =
    viewer === null
      ? null
      : desk.budgets.take(viewer, isGraphql ? "graphql" : "core", isGraphql ? 0 : 1);
  response.setHeader("x-github-request-id", `SANDBOX:${desk.requests.length}`);
  send(response, sent, balance);
}

type Case = {
  readonly desk: Desk;
  readonly method: string;
  readonly url: URL;
  readonly viewer: Account | null;
  readonly body: JsonBody;
  readonly query: GraphqlRequest | null;
};

async function answerFor(one: Case): Promise<Answer> {
  const { desk, viewer, url, body, query } = one;
  if (viewer === null) return errorAnswer(401, "Requires authentication");
  if (body.kind === "malformed") return errorAnswer(400, "Problems parsing JSON");
  const { world, apiUrl, budgets } = desk;
  if (url.pathname !== "/graphql") {
    return await answerRest(one.method, { world, viewer, apiUrl, url, body: body.value });
  }
  if (one.method !== "POST" || query === null) {
    return errorAnswer(400, "A query attribute must be specified and must be a string.");
  }
  return await answerGraphql({ world, viewer, webUrl: apiUrl, budgets }, query);
}

/** What GitHub refuses before it looks at the request. */
function refusal(request: IncomingMessage, viewer: Account | null): Answer | null {
  if (request.headers["user-agent"] === undefined) {
    const why = "Please make sure your request has a User-Agent header.";
    return { status: 403, body: `Request forbidden by administrative rules. ${why}` };
  }
  if (viewer !== null) return null;
  const isAnonymous = request.headers.authorization === undefined;
  return errorAnswer(401, isAnonymous ? "Requires authentication" : "Bad credentials");
}

function faultBefore(desk: Desk, url: URL, fault: Fault | null): Answer | null {
  if (fault === "502-late") return { status: 502, body: LATE };
  if (fault === "500-before") return errorAnswer(500, "Server Error");
  if (fault !== "301") return null;
  const [, , owner = "", name = "", ...rest] = url.pathname.split("/");
  const id = findRepo(desk.world, `${owner}/${name}`)?.id ?? 0;
  const location = `${desk.apiUrl}/repositories/${[id, ...rest].join("/")}${url.search}`;
  const moved = errorAnswer(301, "Moved Permanently", { url: location });
  return { ...moved, headers: { location } };
}

const LATE = "We couldn't respond to your request in time. Sorry about that.";

/** What GitHub's front door says when the answer behind it got lost: not JSON. */
function lostAnswer(): Answer {
  return { status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>" };
}

function logAnswer(desk: Desk, url: URL): Answer {
  const key = url.pathname.slice("/_logs/".length);
  for (const repo of desk.world.repos.values()) {
    const run = repo.checkRuns.find((one) => one.logKey === key);
    if (run !== undefined && run.log !== null) return { status: 200, body: run.log };
  }
  return { status: 404, body: "BlobNotFound" };
}

function tokenOf(header: string | undefined): string {
  return /^(?:token|bearer) +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
}

function accountOf(desk: Desk, token: string): Account | null {
  const known = desk.world.accounts.find((account) => account.token === token);
  return known ?? desk.apps.accountOf(token);
}

function toGraphqlRequest(body: JsonBody): GraphqlRequest | null {
  const parsed = GraphqlBody.safeParse(body.kind === "json" ? body.value : null);
  if (!parsed.success) return null;
  const { query, variables, operationName } = parsed.data;
  return { query, variables: variables ?? {}, operationName: operationName ?? undefined };
}

type JsonBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly value: null };

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`body above ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): JsonBody {
  try {
    return { kind: "json", value: text === "" ? null : JSON.parse(text) };
  } catch {
    return { kind: "malformed", value: null };
  }
}

function send(response: ServerResponse, answer: Answer, balance: Balance | null = null): void {
  const isText = typeof answer.body === "string";
  response.writeHead(answer.status, {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
    ...(balance === null ? {} : balanceHeaders(balance)),
    ...answer.headers,
  });
  if (answer.body === undefined) response.end();
  else response.end(isText ? answer.body : JSON.stringify(answer.body));
}

function balanceHeaders(balance: Balance): Record<string, string> {
  return {
    "x-ratelimit-limit": String(balance.limit),
    "x-ratelimit-remaining": String(balance.remaining),
    "x-ratelimit-used": String(balance.used),
    "x-ratelimit-reset": String(Math.ceil(balance.resetAtMs / 1000)),
    "x-ratelimit-resource": balance.resource,
  };
}
