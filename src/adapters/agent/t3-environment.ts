import * as z from "zod";
import { getJson, type T3Connection, takesCommands, type Unreadable } from "./t3-http.ts";
import type { Environment, Reading } from "./t3-reading.ts";
import { judgeVersion, NEWEST_TESTED_VERSION, OLDEST_VERSION } from "./t3-version.ts";
import { notUnderstood } from "./t3-unreadable.ts";
import { EnvironmentWire } from "./t3-wire.ts";

/** `GET /.well-known/t3/environment`, once: the version decides what else can be read. */
export async function readEnvironment(reading: Reading): Promise<Environment | Unreadable> {
  const { memory } = reading;
  memory.environment ??= askEnvironment(reading);
  const environment = await memory.environment;
  if (environment.kind === "unreadable") memory.environment = null;
  return environment;
}

async function askEnvironment(reading: Reading): Promise<Environment | Unreadable> {
  const { connection, memory, now } = reading;
  const path = ".well-known/t3/environment";
  const { triesMs } = connection.patience;
  const got = await getJson(connection, { path, auth: "none", triesMs });
  if (got.kind === "unreadable") return { kind: "unreadable", why: got.why };
  const parsed = EnvironmentWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood(`/${path}`, parsed.error);
  if (got.kind === "json" && got.at !== null) memory.aheadMs = got.at - now().getTime();
  const { environmentId, serverVersion } = parsed.data;
  const version = judgeVersion(serverVersion);
  if (version.kind === "too-old") {
    const why = `T3 ${serverVersion} is older than ${OLDEST_VERSION}, the oldest that afk can drive: update it`;
    return { kind: "unreadable", why };
  }
  const { capabilities } = version;
  const isNewer = version.kind === "newer";
  return { kind: "environment", environmentId, serverVersion, isNewer, capabilities };
}

/** Said of a server whose commands no longer go over HTTP, as in T3's announced Orchestrator V2. */
export function noCommandsOverHttp(environment: Environment): Unreadable {
  const why =
    `T3 ${environment.serverVersion} does not take commands over HTTP, as afk sends them ` +
    `(POST /api/orchestration/dispatch): use a T3 that does, such as ${NEWEST_TESTED_VERSION}`;
  return { kind: "unreadable", why };
}

/** Asks a server newer than tested whether it still takes commands, once; null when it does. */
export async function probeCommands(
  reading: Reading,
  environment: Environment,
): Promise<Unreadable | null> {
  const { connection, memory } = reading;
  if (!environment.isNewer || memory.takesCommands === true) return null;
  try {
    if (!(await takesCommands(connection))) return noCommandsOverHttp(environment);
  } catch (error) {
    return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
  }
  memory.takesCommands = true;
  return null;
}

/** What to tell of a server before anything is asked of it. */
export function warningsOf(
  { serverVersion, isNewer, capabilities }: Environment,
  runtimeMode: string,
): readonly string[] {
  const warnings: string[] = [];
  if (isNewer) {
    warnings.push(
      `T3 ${serverVersion} is newer than ${NEWEST_TESTED_VERSION}, the newest that was tested: ` +
        "what it can do was assumed",
    );
  }
  if (!capabilities.bodilessSnapshot) {
    warnings.push(
      `T3 ${serverVersion} sends its whole database at each reading, which may block it for ` +
        "seconds: update it to 0.0.32 or later",
    );
  }
  if (runtimeMode === "auto" && !capabilities.autoMode) {
    warnings.push(
      `T3 ${serverVersion} does not know T3_RUNTIME_MODE auto and will refuse every thread: ` +
        "update it to 0.0.29 or later, or choose another mode",
    );
  }
  return warnings;
}

const SessionWire = z.lazy(() =>
  z.object({
    authenticated: z.boolean(),
    scopes: z.array(z.string()).optional(),
    expiresAt: z.string().optional(),
  }),
);

/** What T3 says of a token. */
export type T3Session = {
  readonly isAuthenticated: boolean;
  readonly scopes: readonly string[];
  /** ISO 8601 by T3's clock; null when T3 does not tell. */
  readonly expiresAt: string | null;
};

/** `GET /api/auth/session`: 200 whatever the token is. */
export async function readSession(connection: T3Connection): Promise<T3Session | Unreadable> {
  const path = "api/auth/session";
  const { triesMs } = connection.patience;
  const got = await getJson(connection, { path, auth: "token", triesMs });
  if (got.kind === "unreadable") return { kind: "unreadable", why: got.why };
  const parsed = SessionWire.safeParse(got.kind === "json" ? got.body : null);
  if (!parsed.success) return notUnderstood(`/${path}`, parsed.error);
  const { authenticated, scopes = [], expiresAt = null } = parsed.data;
  return { isAuthenticated: authenticated, scopes, expiresAt };
}

const DAY_MS = 86_400_000;
/** T3's tokens live 30 days and are never prolonged: a week holds a working day for everybody. */
const EXPIRY_WARNING_MS = 7 * DAY_MS;

/** The warning about a token that expires soon; null when there is time, or T3 does not tell. */
export function expiryWarning(session: T3Session, now: Date): string | null {
  const expiresAt = Date.parse(session.expiresAt ?? "");
  const leftMs = expiresAt - now.getTime();
  if (Number.isNaN(leftMs) || leftMs > EXPIRY_WARNING_MS) return null;
  const days = Math.max(0, Math.floor(leftMs / DAY_MS));
  return (
    `T3_TOKEN expires at ${new Date(expiresAt).toISOString()}, in ${days} full days, and is never ` +
    "prolonged: issue a new one"
  );
}

/** The warnings about the token, asked for once. Silence is none: a bad token shows at every read. */
export function sessionWarnings(reading: Reading): Promise<readonly string[]> {
  const { connection, memory, now } = reading;
  memory.sessionWarnings ??= readSession(connection).then((session) => {
    const warning = "kind" in session ? null : expiryWarning(session, now());
    return warning === null ? [] : [warning];
  });
  return memory.sessionWarnings;
}
