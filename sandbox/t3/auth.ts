import { randomBytes, randomUUID } from "node:crypto";

/** Every scope that a token can hold, in the order T3 lists them. */
const SCOPES = [
  "orchestration:read",
  "orchestration:operate",
  "terminal:operate",
  "review:write",
  "relay:read",
  "access:read",
  "access:write",
  "relay:write",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What an ordinary pairing gives when nothing else is asked for. */
const PAIRING_SCOPES: readonly Scope[] = SCOPES.slice(0, 5);

/** Who a request comes from, as far as its Authorization header tells. */
export type Caller =
  | { readonly kind: "known"; readonly scopes: readonly Scope[]; readonly sessionId: string }
  | { readonly kind: "unknown"; readonly reason: "missing_credential" | "invalid_credential" };

/** How an exchange of a pairing code ended. */
export type Exchanged =
  | { readonly kind: "issued"; readonly token: string; readonly scopes: readonly Scope[] }
  | { readonly kind: "invalid-credential" }
  | { readonly kind: "invalid-request"; readonly reason: "invalid_scope" | "scope_not_granted" };

type Session = {
  readonly sessionId: string;
  readonly scopes: readonly Scope[];
  readonly label: string;
  readonly issuedAt: string;
  readonly isPaired: boolean;
};

type Pairing = { readonly scopes: readonly Scope[]; readonly expiresAtMs: number };

/** A token of a pairing lives this long, and is not renewed by use. */
export const TOKEN_SECONDS = 2_592_000;
/** T3's own: a pairing code is for somebody who is sitting in front of it. */
const PAIRING_MS = 300_000;
/** 6 bytes are the 12 characters of T3's codes. */
const CODE_BYTES = 6;

/** The access tokens and pairing codes of the server. They survive a restart. */
export class Tokens {
  readonly #sessions = new Map<string, Session>();
  readonly #pairings = new Map<string, Pairing>();
  readonly #expiresAt: string;

  /** `expiresAt`: ISO 8601, told of every token; 30 days from now unless said otherwise. */
  constructor(token: string, expiresAt?: string) {
    this.#expiresAt = expiresAt ?? new Date(Date.now() + TOKEN_SECONDS * 1_000).toISOString();
    this.#add(token, { scopes: SCOPES, label: "sandbox", isPaired: false });
  }

  issue(scopes: readonly Scope[], label = "paired"): string {
    const token = randomUUID();
    this.#add(token, { scopes, label, isPaired: true });
    return token;
  }

  caller(authorization: string | undefined): Caller {
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return { kind: "unknown", reason: "missing_credential" };
    const session = this.#sessions.get(token);
    if (session === undefined) return { kind: "unknown", reason: "invalid_credential" };
    return { kind: "known", scopes: session.scopes, sessionId: session.sessionId };
  }

  /** A one-time code; the body of `POST /api/auth/pairing-token`. */
  pair(asked: { readonly label?: string; readonly scopes?: readonly Scope[] }) {
    const credential = randomBytes(CODE_BYTES).toString("hex").toUpperCase();
    const expiresAtMs = Date.now() + PAIRING_MS;
    this.#pairings.set(credential, { scopes: asked.scopes ?? PAIRING_SCOPES, expiresAtMs });
    return {
      id: randomUUID(),
      credential,
      ...(asked.label === undefined ? {} : { label: asked.label }),
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
  }

  /** Exchanges a pairing code for a token; a code that was used once is none any more. */
  exchange(code: string, scope: string | null, label: string): Exchanged {
    const asked = scope === null ? null : scope.split(" ");
    if (asked?.every(isScope) === false) {
      return { kind: "invalid-request", reason: "invalid_scope" };
    }
    const pairing = this.#pairings.get(code);
    if (pairing === undefined || pairing.expiresAtMs < Date.now()) {
      return { kind: "invalid-credential" };
    }
    const scopes = asked?.filter(isScope) ?? pairing.scopes;
    if (!scopes.every((one) => pairing.scopes.includes(one))) {
      return { kind: "invalid-request", reason: "scope_not_granted" };
    }
    this.#pairings.delete(code);
    return { kind: "issued", token: this.issue(scopes, label), scopes };
  }

  /** Ends a session; false when there is none of that id. */
  revoke(sessionId: string): boolean {
    for (const [token, session] of this.#sessions) {
      if (session.sessionId === sessionId) return this.#sessions.delete(token);
    }
    return false;
  }

  /** The body of `GET /api/auth/clients`, as the given session sees it. */
  clientsView(currentId: string) {
    return [...this.#sessions.values()].map(({ sessionId, scopes, label, issuedAt, isPaired }) => ({
      sessionId,
      subject: isPaired ? "one-time-token" : "cli-issued-session",
      scopes,
      method: "bearer-access-token",
      client: isPaired
        ? { label, ipAddress: "127.0.0.1", userAgent: "node", deviceType: "bot" }
        : { label, deviceType: "bot" },
      issuedAt,
      expiresAt: this.#expiresAt,
      lastConnectedAt: null,
      connected: false,
      current: sessionId === currentId,
    }));
  }

  /** The body of `GET /api/auth/session`: a 200 for everybody, which says who is who. */
  sessionView(authorization: string | undefined) {
    const caller = this.caller(authorization);
    return {
      authenticated: caller.kind === "known",
      auth: {
        policy: "loopback-browser",
        bootstrapMethods: ["one-time-token"],
        sessionMethods: ["browser-session-cookie", "bearer-access-token", "dpop-access-token"],
        sessionCookieName: "t3_session_sandbox",
      },
      ...(caller.kind === "known"
        ? {
            scopes: caller.scopes,
            sessionMethod: "bearer-access-token",
            expiresAt: this.#expiresAt,
          }
        : {}),
    };
  }

  #add(token: string, session: Pick<Session, "scopes" | "label" | "isPaired">): void {
    const issuedAt = new Date().toISOString();
    this.#sessions.set(token, { ...session, sessionId: randomUUID(), issuedAt });
  }
}

export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word);
}
