import { Octokit } from "@octokit/rest";
import * as z from "zod";

/** What the GitHub adapters need of an answer to a request of their own. */
export type GithubFetched = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
};

/** A fetch that bounds time and bytes by itself; nothing here waits or counts. */
export type GithubFetch = (
  input: string | URL,
  init?: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    redirect?: "follow" | "manual" | "error";
    signal?: AbortSignal;
  },
) => Promise<GithubFetched>;

/**
 * Where and as whom to speak to GitHub. `apiUrl` is a REST base, `https://ghe/api/v3` on an own
 * server.
 */
export type GithubClientOptions = {
  readonly fetch: GithubFetch;
  readonly token: string;
  readonly apiUrl: URL;
  readonly userAgent?: string;
};

/** One entry of a GraphQL answer's `errors`. */
export type GraphqlError = z.infer<typeof GraphqlErrorWire>;

/** A GraphQL answer. With errors, the data is partial and still of use. */
export type GraphqlAnswer =
  | {
      readonly kind: "answered";
      readonly data: Readonly<Record<string, unknown>>;
      readonly errors: readonly GraphqlError[];
    }
  | { readonly kind: "failed"; readonly why: string; readonly isRateLimited: boolean };

/** GitHub's REST and GraphQL under one token: no retries, no redirects followed, no logging. */
export type GithubClient = {
  readonly rest: Octokit["rest"];
  /** One GraphQL request. Never throws. */
  query(text: string, variables: Readonly<Record<string, unknown>>): Promise<GraphqlAnswer>;
  /**
   * A URL GitHub pointed to, on whatever host, so without the token. Throws unless the answer is
   * 200.
   */
  fetchForeign(url: string): Promise<string>;
  /** Why a request failed, in one bounded line without the token. */
  explain(error: unknown): string;
  /** An error fit to be thrown: says what failed and why, keeps the cause, holds no secret. */
  failure(what: string, error: unknown): Error;
};

/**
 * Long enough for GitHub's own sentences, short enough that an HTML error page does not fill a
 * log.
 */
const WHY_CHARS_MAX = 300;
/**
 * The version whose shapes the schemas here describe; an unpinned client moves with GitHub's
 * default.
 */
const API_VERSION = "2022-11-28";

const GraphqlErrorWire = z.object({
  type: z.string().optional(),
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
});

const HeadersWire = z.record(z.string(), z.union([z.string(), z.number(), z.undefined()]));

/**
 * The fields shared by octokit's RequestError and GraphqlResponseError, read by shape and not by
 * class.
 */
const FailureWire = z.object({
  name: z.string(),
  message: z.string(),
  status: z.number().optional(),
  headers: HeadersWire.optional(),
  response: z.object({ headers: HeadersWire.optional() }).optional(),
  errors: z.array(GraphqlErrorWire).optional(),
  data: z.record(z.string(), z.unknown()).nullish(),
});
type Failure = z.infer<typeof FailureWire>;

/** Creates the client all GitHub adapters speak through. */
export function createGithubClient(options: GithubClientOptions): GithubClient {
  const octokit = createOctokit(options);
  function explain(error: unknown): string {
    return oneLine(describeFailure(error), options.token);
  }
  return {
    rest: octokit.rest,
    query: (text, variables) => query({ octokit, explain }, text, variables),
    fetchForeign: (url) => fetchForeign(options, url),
    explain,
    failure: (what, error) =>
      new Error(`${what}: ${explain(error)}`, { cause: leanCause(error, options.token) }),
  };
}

function createOctokit(options: GithubClientOptions): Octokit {
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const octokit = new Octokit({
    auth: options.token,
    baseUrl: options.apiUrl.href.replace(/\/+$/, ""),
    // Octokit's default log writes every failed request to stderr, in the middle of our own log
    // lines.
    log: silent,
    request: { fetch: options.fetch, redirect: "manual", log: silent },
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
  });
  octokit.hook.before("request", (request) => {
    request.headers["x-github-api-version"] = API_VERSION;
  });
  // A followed 301 turns a POST into a GET that answers 200: the write would be lost and look done.
  octokit.hook.after("request", (response, request) => {
    const status: number = response.status;
    if (request.method !== "GET" && status >= 300 && status < 400) {
      throw new Error(`it has moved: GitHub answers with a redirect (HTTP ${status})`);
    }
  });
  return octokit;
}

async function query(
  client: { readonly octokit: Octokit; explain(error: unknown): string },
  text: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<GraphqlAnswer> {
  try {
    const data = await client.octokit.graphql<unknown>(text, variables);
    const parsed = z.record(z.string(), z.unknown()).safeParse(data);
    if (parsed.success) return { kind: "answered", data: parsed.data, errors: [] };
    const why = "the answer is not GraphQL, or was larger than allowed";
    return { kind: "failed", why, isRateLimited: false };
  } catch (error) {
    const failure = FailureWire.safeParse(error).data;
    // Octokit throws whenever `errors` is not empty; what the other aliases answered is beside
    // them.
    if (failure?.data && failure.errors) {
      return { kind: "answered", data: failure.data, errors: failure.errors };
    }
    const isRateLimited = failure !== undefined && resumeHint(failure) !== null;
    return { kind: "failed", why: client.explain(error), isRateLimited };
  }
}

async function fetchForeign(options: GithubClientOptions, url: string): Promise<string> {
  const target = new URL(url);
  // Plain http only where the API itself is plain http: a loopback server.
  if (target.protocol !== "https:" && target.protocol !== options.apiUrl.protocol) {
    throw new Error(`not fetched: ${target.protocol} is no secure protocol`);
  }
  const answer = await options.fetch(target, { method: "GET", redirect: "manual" });
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
  return await answer.text();
}

function describeFailure(error: unknown): string {
  if (error instanceof z.ZodError) return `answer not understood: ${z.prettifyError(error)}`;
  const failure = FailureWire.safeParse(error).data;
  if (failure === undefined) return String(error);
  // Octokit gives network failures and timeouts status 500 and no response.
  const status = failure.response?.headers === undefined ? "" : `HTTP ${failure.status}: `;
  const said = failure.errors?.map((each) => each.message).join("; ") ?? failure.message;
  const resume = resumeHint(failure);
  return resume === null ? `${status}${said}` : `${resume}; ${status}${said}`;
}

/** When a limit of GitHub's allows the next request; null when no limit was the reason. */
function resumeHint(failure: Failure): string | null {
  const headers = failure.response?.headers ?? failure.headers ?? {};
  const retryAfter = headers["retry-after"];
  if (retryAfter !== undefined) return `rate limited, may resume in ${retryAfter} s`;
  const isLimitWord = failure.errors?.some((each) => each.type === "RATE_LIMITED") === true;
  const isLimitStatus = failure.status === 403 || failure.status === 429;
  const isSpent = String(headers["x-ratelimit-remaining"]) === "0";
  if (!isLimitWord && !(isLimitStatus && isSpent)) return null;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (!Number.isSafeInteger(reset) || reset <= 0)
    return "rate limited, GitHub does not say until when";
  return `rate limited, may resume at ${new Date(reset * 1000).toISOString()}`;
}

/**
 * A copy of name and message only: the original holds the request's body and every response
 * header.
 */
function leanCause(error: unknown, token: string): Error {
  const failure = FailureWire.safeParse(error).data;
  const cause = new Error(oneLine(failure?.message ?? String(error), token));
  cause.name = failure?.name ?? "Error";
  const inner = error instanceof Error ? error.cause : undefined;
  if (inner instanceof Error) cause.cause = new Error(oneLine(inner.message, token));
  return cause;
}

function oneLine(text: string, token: string): string {
  const redacted = token === "" ? text : text.replaceAll(token, "[token]");
  return redacted.replace(/\s+/g, " ").trim().slice(0, WHY_CHARS_MAX);
}

function ignore(): void {}
