import * as z from "zod";
import type { CommandAck } from "../../pure/ports/agent.ts";
import { type BoundedFetch, RequestTimeout } from "../http.ts";

export type T3Connection = {
  readonly fetch: BoundedFetch;
  readonly baseUrl: URL;
  readonly readToken: () => Promise<string>;
};

/**
 * What a GET brought: JSON, T3's own word that there is no such thing, or nothing to conclude from.
 */
export type T3Got =
  | { readonly kind: "json"; readonly body: unknown }
  | { readonly kind: "not-found" }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * T3 accepts connections in its first quarter second and never answers them: the retry finds it
 * awake. Not more, since a server that is only slow must not be asked for its whole snapshot again
 * and again.
 */
const READ_RETRIES_MAX = 1;

/** T3 names an error in a short word; anything longer is not for a log line. */
const ERROR_WORD_CHARS_MAX = 200;

/** T3's error body since 0.0.26: the tag is what shows that T3 itself answered and not a proxy. */
const ErrorBody = z.object({
  _tag: z.string().max(ERROR_WORD_CHARS_MAX),
  reason: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
  traceId: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
  requiredScope: z.string().max(ERROR_WORD_CHARS_MAX).optional(),
});
type ErrorBody = z.infer<typeof ErrorBody>;

/**
 * Reads one route. `auth` none is for the one public route, so that it works with a token gone bad.
 */
export async function getJson(
  connection: T3Connection,
  path: string,
  auth: "token" | "none",
): Promise<T3Got> {
  for (let retries = 0; ; retries += 1) {
    try {
      const headers: Record<string, string> = auth === "none" ? {} : await authorize(connection);
      const response = await connection.fetch(urlOf(connection, path), {
        headers,
        redirect: "manual",
      });
      return await judgeRead(response, path);
    } catch (error) {
      if (error instanceof RequestTimeout && retries < READ_RETRIES_MAX) continue;
      return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
    }
  }
}

/**
 * Sends one command, once. Throws when its outcome is not known: no answer, or an answer that is
 * not T3's own; and when the token is refused, because then no command can go through.
 */
export async function dispatchCommand(
  connection: T3Connection,
  command: { readonly type: string },
): Promise<CommandAck> {
  const response = await connection.fetch(urlOf(connection, DISPATCH_PATH), {
    method: "POST",
    headers: { ...(await authorize(connection)), "content-type": "application/json" },
    body: JSON.stringify(command),
    // Followed, a redirected POST becomes a GET of something else, or is sent a second time.
    redirect: "manual",
  });
  return judgeDispatch(response, command.type);
}

const DISPATCH_PATH = "api/orchestration/dispatch";

function urlOf(connection: T3Connection, path: string): URL {
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

async function judgeRead(response: Response, path: string): Promise<T3Got> {
  const { status } = response;
  const body = await readJson(response);
  if (status === 200 && body !== undefined) return { kind: "json", body };
  const error = ErrorBody.safeParse(body).data;
  if (status === 404 && error !== undefined) return { kind: "not-found" };
  if (status === 401 || status === 403) {
    return { kind: "unreadable", why: refusal(status, error, "orchestration:read") };
  }
  const why =
    error === undefined ? notT3(response) : `T3 answered GET /${path} with ${told(status, error)}`;
  return { kind: "unreadable", why };
}

/**
 * The statuses under which T3 says that a command had no effect, if the body shows that it is T3
 * who says it.
 */
const REJECTING_STATUSES: ReadonlySet<number> = new Set([400, 404, 409, 415, 500]);

const Accepted = z.object({ sequence: z.number() });

async function judgeDispatch(response: Response, type: string): Promise<CommandAck> {
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

/**
 * The JSON of an answer; undefined when it is none. T3's web app answers unknown routes with 200
 * and HTML.
 */
async function readJson(response: Response): Promise<unknown> {
  return parseJson(response, await response.text());
}

function parseJson(response: Response, text: string): unknown {
  if (mediaType(response) !== "application/json") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mediaType(response: Response): string {
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

function notT3(response: Response): string {
  const type = mediaType(response) || "no content type";
  return `T3_BASE_URL does not answer as T3's API: ${response.status}, ${type}`;
}
