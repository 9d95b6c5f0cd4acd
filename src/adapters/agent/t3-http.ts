import * as z from "zod";
import type { CommandAck } from "../../pure/ports/agent.ts";
import { type BoundedFetch, RequestTimeout } from "../http.ts";
import type { HttpAnswer } from "../http-answer.ts";

export type T3Connection = {
  readonly fetch: BoundedFetch;
  readonly baseUrl: URL;
  /** Asked before every request, so that a rotated token is used at once. */
  readonly readToken: () => Promise<string>;
  readonly patience: T3Patience;
};

/** Why nothing can be concluded; it names what is wrong and the mend. */
export type Unreadable = { readonly kind: "unreadable"; readonly why: string };

/** How long a read may take, in milliseconds. */
export type T3Patience = {
  /** The tries of an ordinary read, in order. */
  readonly triesMs: readonly number[];
  /** The one try of a snapshot that is the whole database. */
  readonly wholeSnapshotMs: number;
};

/**
 * T3 accepts connections in its first quarter second and never answers them: a short first try finds
 * that out, the second finds it awake, or through with somebody's snapshot of 81 MB, which blocked it
 * for 8.5 s as measured. Not more, since a server that is only slow must not be asked again and again.
 */
export const T3_PATIENCE: T3Patience = { triesMs: [3_000, 12_000], wholeSnapshotMs: 60_000 };

/**
 * What a GET brought: JSON with the time of the server's clock (epoch ms, in whole seconds; null when untold), T3's
 * own word that there is no such thing, or nothing to conclude from.
 */
export type T3Got =
  | { readonly kind: "json"; readonly body: unknown; readonly at: number | null }
  | { readonly kind: "not-found" }
  /** `isNoRoute`: it answers as T3 does where it has no such route. */
  | { readonly kind: "unreadable"; readonly why: string; readonly isNoRoute?: true };

/** T3 names an error in a short word; anything longer is not for a log line. */
const ERROR_WORD_CHARS_MAX = 200;

/** T3's error body since 0.0.26: the tag is what shows that T3 itself answered and not a proxy. */
const ErrorBody = z.lazy(() =>
  z.object({
    _tag: z.string().max(ERROR_WORD_CHARS_MAX),
    reason: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
    traceId: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
    requiredScope: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
  }),
);
type ErrorBody = z.infer<typeof ErrorBody>;

/** One GET. */
export type T3Get = {
  readonly path: string;
  /** `none` is for the one public route, so that it works with a token gone bad. */
  readonly auth: "token" | "none";
  /** The tries, each in milliseconds; only a try without an answer is followed by another. */
  readonly triesMs: readonly number[];
  /** A fresh one for each try: what it keeps is the answer, the rest is never in memory. */
  readonly skim?: () => BodySkim;
};

/** Takes an answer piece by piece and keeps the text of a part of it. */
export type BodySkim = {
  readonly take: (chunk: Uint8Array) => void;
  readonly text: () => string;
};

/** Far above the 100 MB that a busy server's old snapshot may have; it is read in seconds. */
const STREAM_BYTES_MAX = 256 * 1024 * 1024;

/** Reads one route. */
export async function getJson(connection: T3Connection, get: T3Get): Promise<T3Got> {
  for (const [at, timeoutMs] of get.triesMs.entries()) {
    try {
      return await tryRead(connection, get, timeoutMs);
    } catch (error) {
      if (error instanceof RequestTimeout && at + 1 < get.triesMs.length) continue;
      return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
    }
  }
  return { kind: "unreadable", why: `GET /${get.path} was not tried` };
}

async function tryRead(
  connection: T3Connection,
  { path, auth, skim: makeSkim }: T3Get,
  timeoutMs: number,
): Promise<T3Got> {
  const headers: Record<string, string> = auth === "none" ? {} : await authorize(connection);
  const skim = makeSkim?.();
  const stream = skim && { mediaType: JSON_TYPE, bytesMax: STREAM_BYTES_MAX, take: skim.take };
  const response = await connection.fetch(urlOf(connection, path), {
    headers,
    redirect: "manual",
    timeoutMs,
    ...(stream === undefined ? {} : { stream }),
  });
  const text = await response.text();
  if (skim === undefined || response.status !== 200) return judgeRead(response, path, text);
  // A client that does not stream hands the body over here.
  skim.take(Buffer.from(text));
  return judgeRead(response, path, skim.text());
}

/**
 * Whether the server has the route for commands: an empty one is refused by its schema, before
 * anything else is looked at and without a trace. Throws like a command when it does not tell.
 */
export async function takesCommands(connection: T3Connection): Promise<boolean> {
  const response = await post(connection, {});
  if (isNoRoute(response)) return false;
  if (response.status === 400) return true;
  const ack = await judgeDispatch(response, "an empty command");
  return ack.kind === "accepted" || ack.kind === "rejected";
}

/**
 * Sends one command, once. Throws when its outcome is not known: no answer, or an answer that is
 * not T3's own; and when the token is refused, because then no command can go through.
 */
export async function dispatchCommand(
  connection: T3Connection,
  command: { readonly type: string },
): Promise<CommandAck> {
  return judgeDispatch(await post(connection, command), command.type);
}

async function post(connection: T3Connection, command: object): Promise<HttpAnswer> {
  return connection.fetch(urlOf(connection, DISPATCH_PATH), {
    method: "POST",
    headers: { ...(await authorize(connection)), "content-type": JSON_TYPE },
    body: JSON.stringify(command),
    // Followed, a redirected POST becomes a GET of something else, or is sent a second time.
    redirect: "manual",
  });
}

const DISPATCH_PATH = "api/orchestration/dispatch";
const JSON_TYPE = "application/json";

/** The address of a route, also where T3 is served below a path. */
export function urlOf(connection: Pick<T3Connection, "baseUrl">, path: string): URL {
  const base = new URL(connection.baseUrl);
  base.pathname = `${base.pathname.replace(/\/+$/, "")}/`;
  return new URL(path, base);
}

async function authorize(connection: T3Connection): Promise<Record<string, string>> {
  try {
    // T3's command line prints a token with a blank line after it, and files keep it.
    return { authorization: `Bearer ${(await connection.readToken()).trim()}` };
  } catch (cause) {
    throw new Error("T3_TOKEN could not be read; see T3_TOKEN_FILE", { cause });
  }
}

function judgeRead(response: HttpAnswer, path: string, text: string): T3Got {
  const { status } = response;
  const body = parseJson(response, text);
  if (status === 200 && body !== undefined) {
    const at = Date.parse(response.headers.get("date") ?? "");
    return { kind: "json", body, at: Number.isNaN(at) ? null : at };
  }
  const error = ErrorBody.safeParse(body).data;
  if (status === 404 && error !== undefined) return { kind: "not-found" };
  if (status === 401 || status === 403) {
    return { kind: "unreadable", why: refusal(status, error, "orchestration:read") };
  }
  if (error !== undefined) {
    return { kind: "unreadable", why: `T3 answered GET /${path} with ${told(status, error)}` };
  }
  if (status === 400 && text === "") {
    return {
      kind: "unreadable",
      why: `T3 answered GET /${path} with an empty 400: it does not know the query`,
    };
  }
  const why = `${notT3(response)}, to GET /${path}`;
  return { kind: "unreadable", why, ...(isNoRoute(response) ? { isNoRoute: true } : {}) };
}

/** T3's web app answers the paths it does not know with 200 and its page; without it they are a 404. */
function isNoRoute(response: HttpAnswer): boolean {
  return (
    response.status === 404 || (response.status === 200 && mediaType(response) === "text/html")
  );
}

/**
 * The statuses under which T3 says that a command had no effect, if the body shows that it is T3
 * who says it.
 */
const REJECTING_STATUSES: ReadonlySet<number> = new Set([400, 404, 409, 415, 500]);

const Accepted = z.lazy(() => z.object({ sequence: z.number() }));

async function judgeDispatch(response: HttpAnswer, type: string): Promise<CommandAck> {
  const { status } = response;
  const text = await response.text();
  const body = parseJson(response, text);
  if (status === 200 && Accepted.safeParse(body).success) return { kind: "accepted" };
  const error = ErrorBody.safeParse(body).data;
  if (status === 401 || status === 403) {
    throw new Error(refusal(status, error, "orchestration:operate"));
  }
  if (REJECTING_STATUSES.has(status) && error !== undefined) {
    return { kind: "rejected", why: `T3 rejected ${type}: ${told(status, error)}` };
  }
  if (status === 400 && text === "") {
    return {
      kind: "rejected",
      why: `T3 rejected ${type}: 400 without a body, it does not know such a command`,
    };
  }
  if (status === 415 && text.startsWith("Unsupported content-type")) {
    return {
      kind: "rejected",
      why: `T3 rejected ${type}: 415, a proxy has changed the content type`,
    };
  }
  throw new Error(`the outcome of ${type} is not known: ${notT3(response)}`);
}

/** Undefined when it is none: T3's web app answers unknown routes with 200 and HTML. */
function parseJson(response: HttpAnswer, text: string): unknown {
  if (mediaType(response) !== JSON_TYPE) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mediaType(response: HttpAnswer): string {
  return (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function refusal(status: number, error: ErrorBody | undefined, neededScope: string): string {
  const scope = error?.requiredScope ?? neededScope;
  const mend =
    status === 403 ? `it lacks the scope ${scope}` : "issue a new one, it may have expired";
  return `T3 refuses T3_TOKEN (${error === undefined ? status : told(status, error)}): ${mend}`;
}

function told(status: number, error: ErrorBody): string {
  const words = [String(status), error._tag, error.reason];
  if (error.traceId !== undefined) words.push(`trace ${error.traceId}`);
  return words.filter((word) => word !== undefined).join(" ");
}

function notT3(response: HttpAnswer): string {
  const type = mediaType(response) || "no content type";
  return `T3_BASE_URL does not answer as T3's API: ${response.status}, ${type}`;
}
