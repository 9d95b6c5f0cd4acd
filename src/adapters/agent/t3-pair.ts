import * as z from "zod";
import { RequestTimeout } from "../http.ts";
import { T3_PATIENCE, type T3Connection, urlOf } from "./t3-http.ts";

/** All that afk asks of T3: `operate` does not imply `read`. */
export const NEEDED_SCOPES = ["orchestration:read", "orchestration:operate"] as const;

/** What became of a pairing code. */
export type T3Paired =
  | {
      readonly kind: "paired";
      readonly token: string;
      readonly scopes: readonly string[];
      readonly expiresInSeconds: number;
    }
  | { readonly kind: "refused"; readonly why: string };

const TokenWire = z.object({
  access_token: z.string().min(1),
  expires_in: z.number(),
  scope: z.string(),
});

/** T3 names an error in a short word; anything longer is not for a terminal. */
const RefusalWire = z.object({ reason: z.string().max(200) });

/** What T3's words mean to somebody who holds a code. */
const MENDS: ReadonlyMap<string, string> = new Map([
  ["invalid_credential", "it is wrong, used up or older than five minutes: make a new one"],
  [
    "scope_not_granted",
    `it was made without ${NEEDED_SCOPES.join(" and ")}: make a new one with both`,
  ],
  ["invalid_scope", `this T3 does not know ${NEEDED_SCOPES.join(" or ")}: update it`],
]);

/**
 * Exchanges a one-time pairing code for an access token that may read and operate threads and nothing else
 * (RFC 8693, as T3 speaks it since 0.0.26). Sent once: a code whose answer was lost is used up.
 */
export async function exchangePairingCode(
  connection: Pick<T3Connection, "fetch" | "baseUrl">,
  code: string,
): Promise<T3Paired> {
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: code,
    subject_token_type: "urn:t3:params:oauth:token-type:environment-bootstrap",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    scope: NEEDED_SCOPES.join(" "),
    client_label: "afk",
    client_device_type: "bot",
  });
  try {
    const response = await connection.fetch(urlOf(connection, "oauth/token"), {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      redirect: "manual",
      timeoutMs: Math.max(...T3_PATIENCE.triesMs),
    });
    return judge(response.status, await response.text());
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isLost = error instanceof RequestTimeout;
    const why = isLost
      ? `${error.message}; the code may be used up: make a new one`
      : error.message;
    return { kind: "refused", why };
  }
}

function judge(status: number, text: string): T3Paired {
  const body = parseJson(text);
  const token = TokenWire.safeParse(body);
  if (status === 200 && token.success) {
    const { access_token, expires_in, scope } = token.data;
    const scopes = scope.split(" ").filter((word) => word !== "");
    return { kind: "paired", token: access_token, scopes, expiresInSeconds: expires_in };
  }
  const reason = RefusalWire.safeParse(body).data?.reason;
  if (reason === undefined) {
    return { kind: "refused", why: `T3_BASE_URL does not answer as T3's API: ${status}` };
  }
  const mend = MENDS.get(reason) ?? "make a new one";
  return { kind: "refused", why: `T3 refuses the pairing code (${status} ${reason}): ${mend}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
