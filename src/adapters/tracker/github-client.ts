import { Octokit } from "@octokit/rest";
import * as z from "zod";
import { ServiceLimited } from "../../pure/ports/service-limited.ts";
import {
  describeFailure,
  FailureWire,
  headersOf,
  isGivenUp,
  leanCause,
  limitedBy,
  limitOf,
  oneLine,
} from "./github-failure.ts";
import { findLimit, GraphqlErrorWire, HeadersWire } from "./github-limit.ts";
import { APP_RESOURCE, type GithubMeter, type Outcome } from "./github-meter.ts";

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
    redirect?: "manual";
    signal?: AbortSignal;
  },
) => Promise<GithubFetched>;

/**
 * Where and as whom to speak to GitHub. `apiUrl` is a REST base, `https://ghe/api/v3` on an own
 * server.
 */
export type GithubClientOptions = {
  readonly fetch: GithubFetch;
  /** A function is asked before each request. */
  readonly token: string | (() => Promise<string>);
  readonly apiUrl: URL;
  readonly userAgent?: string;
  /** Shared by all clients of a tick. Without one a limit is only said, and nothing waits. */
  readonly meter?: GithubMeter;
  /** The client asks as an App itself, with a signed word in place of a token. */
  readonly isAppItself?: boolean;
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
  | {
      readonly kind: "failed";
      readonly why: string;
      readonly isRateLimited: boolean;
      /** Not refused: a smaller question may be answered. */
      readonly isGivenUp: boolean;
    };

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
 * The version whose shapes the schemas here describe; an unpinned client moves with GitHub's
 * default.
 */
const API_VERSION = "2022-11-28";

/**
 * The writes among POST requests that change nothing when repeated. A comment is none: whoever
 * posts one has to look for it first.
 */
const REPEATABLE_POSTS: ReadonlySet<string> = new Set([
  "/repos/{owner}/{repo}/issues/{issue_number}/labels",
  "/repos/{owner}/{repo}/labels",
  "/app/installations/{installation_id}/access_tokens",
]);

/** Creates the client all GitHub adapters speak through. */
export function createGithubClient(options: GithubClientOptions): GithubClient {
  const access = openAccess(options);
  const octokit = createOctokit(options, access);
  const explain = (error: unknown): string => oneLine(describeFailure(error), access.known());
  const { meter } = options;
  return {
    rest: octokit.rest,
    query: (text, variables) => query({ octokit, explain, meter }, text, variables),
    fetchForeign: (url) => fetchForeign(options, url),
    explain,
    failure: (what, error) => {
      const message = `${what}: ${explain(error)}`;
      const more = { cause: leanCause(error, access.known()) };
      const limited = limitedBy(error);
      if (limited === null) return new Error(message, more);
      return new ServiceLimited(message, limited.resumeAt, more);
    },
  };
}

/** The token, and what of it is known by now: it must stand in no error. */
type Access = { read(): Promise<string>; known(): string };

function openAccess({ token }: GithubClientOptions): Access {
  if (typeof token === "string") return { read: async () => token, known: () => token };
  let known = "";
  return {
    read: async () => {
      known = await token();
      return known;
    },
    known: () => known,
  };
}

function createOctokit(options: GithubClientOptions, access: Access): Octokit {
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const octokit = new Octokit({
    baseUrl: options.apiUrl.href.replace(/\/+$/, ""),
    // Octokit's default log writes every failed request to stderr, in the middle of our own log
    // lines.
    log: silent,
    request: { fetch: options.fetch, redirect: "manual", log: silent },
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
  });
  octokit.hook.before("request", async (request) => {
    request.headers["x-github-api-version"] = API_VERSION;
    const token = await access.read();
    if (token === "") return;
    // GitHub takes a signed word as a bearer's only, and a token as either's.
    const scheme = token.split(".").length === 3 ? "bearer" : "token";
    request.headers.authorization = `${scheme} ${token}`;
  });
  // A followed 301 turns a POST into a GET that answers 200: the write would be lost and look done.
  octokit.hook.after("request", (response, request) => {
    const status: number = response.status;
    if (request.method !== "GET" && status >= 300 && status < 400) {
      throw new Error(`it has moved: GitHub answers with a redirect (HTTP ${status})`);
    }
  });
  const { meter, isAppItself = false } = options;
  if (meter === undefined) return octokit;
  // The last hook is the outermost: what the meter holds back costs no token either.
  octokit.hook.wrap("request", (request, asked) => {
    const isGraphql = asked.url === "/graphql" || asked.url.endsWith("/api/graphql");
    const isRepeatable = isGraphql || asked.method !== "POST" || REPEATABLE_POSTS.has(asked.url);
    const resource = isGraphql ? "graphql" : "core";
    return meter.send({
      resource: isAppItself ? APP_RESOURCE : resource,
      isRepeatable,
      ask: () => settle(async () => await request(asked)),
    });
  });
  return octokit;
}

const RefusedQuery = z.lazy(() => z.object({ errors: z.array(GraphqlErrorWire) }));

/** A limited query is answered with status 200: it has failed all the same. */
async function settle<T extends { readonly headers: unknown; readonly data: unknown }>(
  ask: () => Promise<T>,
): Promise<Outcome<T>> {
  try {
    const value = await ask();
    const headers = HeadersWire.safeParse(value.headers).data ?? {};
    const errors = RefusedQuery.safeParse(value.data).data?.errors;
    const message = errors?.map((each) => each.message).join("; ") ?? "";
    const limit = errors === undefined ? null : findLimit({ headers, message, errors });
    if (limit === null) return { kind: "answered", value, headers };
    return { kind: "failed", error: new Error(message), headers, limit };
  } catch (error) {
    const failure = FailureWire.safeParse(error).data;
    const headers = failure === undefined ? {} : headersOf(failure);
    return { kind: "failed", error, headers, limit: failure ? limitOf(failure) : null };
  }
}

const RateLimitWire = z.lazy(() => z.object({ rateLimit: z.object({ cost: z.number() }) }));

/** GitHub answers for free what a query cost. The first brace opens the operation. */
function withRateLimit(text: string): string {
  return text.replace("{", "{ rateLimit { cost remaining resetAt }");
}

async function query(
  client: {
    readonly octokit: Octokit;
    explain(error: unknown): string;
    readonly meter: GithubMeter | undefined;
  },
  text: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<GraphqlAnswer> {
  const answered = (
    data: Readonly<Record<string, unknown>>,
    errors: readonly GraphqlError[],
  ): GraphqlAnswer => {
    client.meter?.notePoints(RateLimitWire.safeParse(data).data?.rateLimit.cost ?? 0);
    return { kind: "answered", data, errors };
  };
  try {
    const data = await client.octokit.graphql<unknown>(withRateLimit(text), variables);
    const parsed = z.record(z.string(), z.unknown()).safeParse(data);
    if (parsed.success) return answered(parsed.data, []);
    const why = "the answer is not GraphQL, or was larger than allowed";
    return { kind: "failed", why, isRateLimited: false, isGivenUp: true };
  } catch (error) {
    const failure = FailureWire.safeParse(error).data;
    const gaveUp = isGivenUp(error);
    // Octokit throws whenever `errors` is not empty; what the other aliases answered is beside
    // them. Of an answer that was cut short nobody knows which of its gaps are facts.
    if (failure?.data && failure.errors && !gaveUp) return answered(failure.data, failure.errors);
    const isRateLimited = limitedBy(error) !== null;
    return { kind: "failed", why: client.explain(error), isRateLimited, isGivenUp: gaveUp };
  }
}

async function fetchForeign(options: GithubClientOptions, url: string): Promise<string> {
  const target = new URL(url);
  const limited = options.meter?.limit() ?? null;
  if (limited !== null) throw limited;
  // Plain http only where the API itself is plain http: a loopback server.
  if (target.protocol !== "https:" && target.protocol !== options.apiUrl.protocol) {
    throw new Error(`not fetched: ${target.protocol} is no secure protocol`);
  }
  const answer = await options.fetch(target, { method: "GET", redirect: "manual" });
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
  return await answer.text();
}

function ignore(): void {}
