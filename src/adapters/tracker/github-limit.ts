import * as z from "zod";

/** One entry of a GraphQL answer's `errors`. */
export const GraphqlErrorWire = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    message: z.string(),
    path: z.array(z.union([z.string(), z.number()])).optional(),
  }),
);

/** Headers as octokit hands them on: names in lower case. */
export const HeadersWire = z.lazy(() =>
  z.record(z.string(), z.union([z.string(), z.number(), z.undefined()])),
);
export type Headers = z.infer<typeof HeadersWire>;

/** A refusal, REST or GraphQL. GraphQL refuses with status 200, or without one. */
export type Refusal = {
  readonly status?: number | undefined;
  readonly headers: Headers;
  readonly message: string;
  readonly errors?: readonly z.infer<typeof GraphqlErrorWire>[] | undefined;
};

/** A limit of GitHub's that a request met, with when GitHub says it ends. */
export type Limit = {
  readonly retryAfterMs: number | null;
  /** Epoch ms; null unless the hour's budget is spent. */
  readonly resetAt: number | null;
};

/** GitHub's advice where a refusal says nothing of when it ends. */
const UNSAID_WAIT_MS = 60_000;

/** The words of a secondary limit, whatever its status; the last is what older servers say. */
const LIMIT_WORDS = /secondary rate limit|api rate limit exceeded|abuse detection/i;

/** The limit that a refusal is about; null when it has another reason. */
export function findLimit(refusal: Refusal): Limit | null {
  const { status, headers, errors } = refusal;
  const retryAfter = headers["retry-after"];
  const isSpent = String(headers["x-ratelimit-remaining"]) === "0";
  const isSaid =
    errors?.some(({ type, message }) => type === "RATE_LIMITED" || LIMIT_WORDS.test(message)) ===
    true;
  const isRefused =
    status === 429 ||
    (status === 403 && (isSpent || retryAfter !== undefined || LIMIT_WORDS.test(refusal.message)));
  if (!isSaid && !isRefused) return null;
  const seconds = Number(retryAfter);
  const reset = Number(headers["x-ratelimit-reset"]);
  return {
    retryAfterMs: retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : null,
    resetAt: isSpent && Number.isSafeInteger(reset) && reset > 0 ? reset * 1000 : null,
  };
}

/** From when GitHub may be asked again, in epoch ms: its own word first, else its advice. */
export function resumeAtOf(limit: Limit, now: number): number {
  if (limit.retryAfterMs !== null) return now + limit.retryAfterMs;
  // A reset that is over already, in a refusal just made: the two clocks differ.
  if (limit.resetAt !== null && limit.resetAt > now) return limit.resetAt;
  return now + UNSAID_WAIT_MS;
}

/** The limit in words. */
export function describeLimit({ retryAfterMs, resetAt }: Limit): string {
  if (retryAfterMs !== null) return `rate limited, may resume in ${retryAfterMs / 1000} s`;
  if (resetAt === null) return "rate limited, GitHub does not say until when";
  return `rate limited, may resume at ${new Date(resetAt).toISOString()}`;
}
