import { randomUUID } from "node:crypto";

/** The scopes that the orchestration routes ask for. */
export type Scope = "orchestration:read" | "orchestration:operate";

/** Who a request comes from, as far as its Authorization header tells. */
export type Caller =
  | { readonly kind: "known"; readonly scopes: readonly Scope[] }
  | { readonly kind: "unknown"; readonly reason: "missing_credential" | "invalid_credential" };

/** A token of a pairing lives this long, and is not renewed by use. */
const TOKEN_DAYS = 30;
const DAY_MS = 86_400_000;

/** The access tokens of the server. */
export class Tokens {
  readonly #scopes = new Map<string, readonly Scope[]>();
  readonly #expiresAt = new Date(Date.now() + TOKEN_DAYS * DAY_MS).toISOString();

  constructor(token: string) {
    this.#scopes.set(token, ["orchestration:read", "orchestration:operate"]);
  }

  issue(scopes: readonly Scope[]): string {
    const token = randomUUID();
    this.#scopes.set(token, scopes);
    return token;
  }

  caller(authorization: string | undefined): Caller {
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return { kind: "unknown", reason: "missing_credential" };
    const scopes = this.#scopes.get(token);
    if (scopes === undefined) return { kind: "unknown", reason: "invalid_credential" };
    return { kind: "known", scopes };
  }

  /** The body of `GET /api/auth/session`: a 200 for everybody, which says who is who. */
  sessionView(authorization: string | undefined) {
    const caller = this.caller(authorization);
    const isKnown = caller.kind === "known";
    return {
      authenticated: isKnown,
      auth: {
        policy: "loopback-browser",
        bootstrapMethods: ["one-time-token"],
        sessionMethods: ["browser-session-cookie", "bearer-access-token"],
        sessionCookieName: "t3_session_sandbox",
      },
      ...(isKnown
        ? {
            scopes: caller.scopes,
            sessionMethod: "bearer-access-token",
            expiresAt: this.#expiresAt,
          }
        : {}),
    };
  }
}
