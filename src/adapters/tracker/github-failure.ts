import * as z from "zod";
import { ServiceLimited } from "../../pure/ports/service-limited.ts";
import {
  describeLimit,
  findLimit,
  GraphqlErrorWire,
  type Headers,
  HeadersWire,
  type Limit,
  resumeAtOf,
} from "./github-limit.ts";

/**
 * Long enough for GitHub's own sentences, short enough that an HTML error page does not fill a
 * log.
 */
const WHY_CHARS_MAX = 300;

/**
 * The fields shared by octokit's RequestError and GraphqlResponseError, read by shape and not by
 * class.
 */
export const FailureWire = z.lazy(() =>
  z.object({
    name: z.string(),
    message: z.string(),
    status: z.number().optional(),
    headers: HeadersWire.optional(),
    response: z.object({ headers: HeadersWire.optional() }).optional(),
    errors: z.array(GraphqlErrorWire).optional(),
    data: z.record(z.string(), z.unknown()).nullish(),
  }),
);
/** Such a failure as it was read. */
export type Failure = z.infer<typeof FailureWire>;

/** Why a request failed, as GitHub says it, its limits first. Neither bounded nor redacted. */
export function describeFailure(error: unknown): string {
  if (error instanceof z.ZodError) return `answer not understood: ${z.prettifyError(error)}`;
  const failure = FailureWire.safeParse(error).data;
  if (failure === undefined) return String(error);
  // Octokit gives network failures and timeouts status 500 and no response.
  const status = failure.response?.headers === undefined ? "" : `HTTP ${failure.status}: `;
  const said = failure.errors?.map((each) => each.message).join("; ") ?? failure.message;
  const limit = limitOf(failure);
  const told = `${leadIn(failure)}${status}${said}`;
  return limit === null ? told : `${describeLimit(limit)}; ${told}`;
}

/** How a request ends that reached nobody: with the code of the system's or the HTTP client's error. */
const UNREACHED = /: E[A-Z_]{2,30}$/;

/** What a person has to mend, where the failure says no more than that something is wrong with it. */
function leadIn({ status, response, message }: Failure): string {
  if (response?.headers === undefined) {
    return UNREACHED.test(message) ? "GitHub cannot be reached at GITHUB_API_URL: " : "";
  }
  if (status !== 401) return "";
  return "GitHub refuses the token, it is wrong or has expired: make a new one; ";
}

/** The headers of the answer that was the failure; none when there was no answer. */
export function headersOf(failure: Failure): Headers {
  return failure.response?.headers ?? failure.headers ?? {};
}

/** The limit that a failed request met. */
export function limitOf(failure: Failure): Limit | null {
  return findLimit({ ...failure, headers: headersOf(failure) });
}

/** The limit that an error is about, met just now or earlier in this tick. */
export function limitedBy(error: unknown): { readonly resumeAt: number | null } | null {
  if (error instanceof ServiceLimited) return error;
  const failure = FailureWire.safeParse(error).data;
  const limit = failure === undefined ? null : limitOf(failure);
  return limit === null ? null : { resumeAt: resumeAtOf(limit, Date.now()) };
}

/** What GitHub says where a query took it too long or asked for too much. */
const GIVEN_UP_WORDS = /resource limits|time(?:d )?out|in time\b/i;

/**
 * Whether a request was given up rather than refused, by GitHub or on the way to it: a smaller one may be
 * answered. An error at a path is about that part of the answer only.
 */
export function isGivenUp(error: unknown): boolean {
  const failure = FailureWire.safeParse(error).data;
  if (failure === undefined || limitOf(failure) !== null) return false;
  if (failure.errors === undefined) return (failure.status ?? 0) >= 500;
  const isWhole = (path: unknown): boolean => path === undefined || !failure.data;
  return failure.errors.some(({ path, message }) => isWhole(path) && GIVEN_UP_WORDS.test(message));
}

/**
 * A copy of name and message only: the original holds the request's body and every response
 * header.
 */
export function leanCause(error: unknown, token: string): Error {
  const failure = FailureWire.safeParse(error).data;
  const cause = new Error(oneLine(failure?.message ?? String(error), token));
  cause.name = failure?.name ?? "Error";
  const inner = error instanceof Error ? error.cause : undefined;
  if (inner instanceof Error) cause.cause = new Error(oneLine(inner.message, token));
  return cause;
}

/** A text as one bounded line without the token. */
export function oneLine(text: string, token: string): string {
  const redacted = token === "" ? text : text.replaceAll(token, "[token]");
  return redacted.replace(/\s+/g, " ").trim().slice(0, WHY_CHARS_MAX);
}
