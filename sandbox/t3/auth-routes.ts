import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { isScope, type Scope, TOKEN_SECONDS, type Tokens } from "./auth.ts";
import { EMPTY_400, failure, type HttpAnswer, json, parseJson, readBody } from "./http-answer.ts";

/** Codes and session ids are short; this keeps a runaway client from filling the memory. */
const FORM_BYTES_MAX = 64_000;

const ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";

const PairingWire = z.object({
  label: z.string().min(1).exactOptional(),
  scopes: z
    .array(z.custom<Scope>((word) => typeof word === "string" && isScope(word)))
    .readonly()
    .exactOptional(),
});
const RevokeWire = z.object({ sessionId: z.string().min(1) });

/** Why a caller is turned away; null when its token holds the scope; `null`: any token will do. */
export function refusalOf(
  tokens: Tokens,
  request: IncomingMessage,
  scope: Scope | null,
): HttpAnswer | null {
  const caller = tokens.caller(request.headers.authorization);
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

/** The routes that list, make and end access tokens; null for any other path. */
export async function authRoute(
  tokens: Tokens,
  request: IncomingMessage,
): Promise<HttpAnswer | null> {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  switch (`${request.method} ${pathname}`) {
    case "GET /api/auth/session":
      return json(200, tokens.sessionView(request.headers.authorization));
    case "GET /api/auth/clients":
      return refusalOf(tokens, request, "access:read") ?? clients(tokens, request);
    case "POST /api/auth/pairing-token":
      return pairing(tokens, request);
    case "POST /api/auth/clients/revoke":
      return revoke(tokens, request);
    case "POST /oauth/token":
      return exchange(tokens, request);
    default:
      return null;
  }
}

function clients(tokens: Tokens, request: IncomingMessage): HttpAnswer {
  const caller = tokens.caller(request.headers.authorization);
  return json(200, tokens.clientsView(caller.kind === "known" ? caller.sessionId : ""));
}

async function pairing(tokens: Tokens, request: IncomingMessage): Promise<HttpAnswer> {
  const body = PairingWire.safeParse(parseJson(await readBody(request, FORM_BYTES_MAX)));
  const refusal = refusalOf(tokens, request, "access:write");
  if (refusal !== null) return refusal;
  return body.success ? json(200, tokens.pair(body.data)) : EMPTY_400;
}

async function revoke(tokens: Tokens, request: IncomingMessage): Promise<HttpAnswer> {
  const body = RevokeWire.safeParse(parseJson(await readBody(request, FORM_BYTES_MAX)));
  const refusal = refusalOf(tokens, request, "access:write");
  if (refusal !== null) return refusal;
  if (!body.success) return EMPTY_400;
  const caller = tokens.caller(request.headers.authorization);
  if (caller.kind === "known" && caller.sessionId === body.data.sessionId) {
    return failure(403, "EnvironmentOperationForbiddenError", { code: "operation_forbidden" });
  }
  return json(200, { revoked: tokens.revoke(body.data.sessionId) });
}

async function exchange(tokens: Tokens, request: IncomingMessage): Promise<HttpAnswer> {
  const form = new URLSearchParams((await readBody(request, FORM_BYTES_MAX)) ?? "");
  const [code, label] = [form.get("subject_token") ?? "", form.get("client_label") ?? "paired"];
  const done = tokens.exchange(code, form.get("scope"), label);
  switch (done.kind) {
    case "issued":
      return json(200, {
        access_token: done.token,
        issued_token_type: ACCESS_TOKEN_TYPE,
        token_type: "Bearer",
        expires_in: TOKEN_SECONDS,
        scope: done.scopes.join(" "),
      });
    case "invalid-credential":
      return failure(401, "EnvironmentAuthInvalidError", {
        code: "auth_invalid",
        reason: "invalid_credential",
      });
    case "invalid-request":
      return failure(400, "EnvironmentRequestInvalidError", {
        code: "invalid_request",
        reason: done.reason,
      });
  }
}
