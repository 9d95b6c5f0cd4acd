import { NEEDED_SCOPES } from "./t3-pair.ts";
import { expiryWarning, readEnvironment, readSession, type T3Session } from "./t3-environment.ts";
import {
  getJson,
  type T3Connection,
  type T3Got,
  takesCommands,
  type Unreadable,
} from "./t3-http.ts";
import { observe } from "./t3-observe.ts";
import type { Environment, Reading } from "./t3-reading.ts";
import type { T3Capabilities } from "./t3-version.ts";

/** One thing that was looked at. `failed`: afk cannot work so; `warning`: it can, for now. */
export type Finding = {
  readonly check: string;
  readonly state: "ok" | "warning" | "failed";
  readonly told: string;
};

/** Looks at everything that afk needs of a T3 server. Changes nothing there, and throws nothing. */
export async function examineT3(reading: Reading): Promise<readonly Finding[]> {
  const environment = await readEnvironment(reading);
  if (environment.kind === "unreadable") return [failed("environment", environment.why)];
  const { environmentId, serverVersion, isNewer } = environment;
  const findings: Finding[] = [
    isNewer
      ? warning("environment", `T3 ${serverVersion}, newer than tested, ${environmentId}`)
      : ok("environment", `T3 ${serverVersion}, ${environmentId}`),
  ];
  const session = await readSession(reading.connection);
  findings.push(...judgeSession(session, reading.now()));
  if ("kind" in session || !session.isAuthenticated) return findings;
  findings.push(await judgeCommands(reading.connection), await judgeRead(reading));
  findings.push(...(await judgeRoutes(reading.connection, environment)));
  findings.push(...tellVersion(environment.capabilities));
  return findings;
}

function judgeSession(session: T3Session | Unreadable, now: Date): readonly Finding[] {
  if ("kind" in session) return [failed("token", session.why)];
  if (!session.isAuthenticated) {
    return [failed("token", "T3 does not know T3_TOKEN: issue a new one, it may have expired")];
  }
  const expiry = expiryWarning(session, now);
  return [
    ok("token", "T3 knows T3_TOKEN"),
    judgeScopes(session.scopes),
    expiry === null
      ? ok("expiry", session.expiresAt ?? "T3 does not tell when T3_TOKEN expires")
      : warning("expiry", expiry),
  ];
}

function judgeScopes(scopes: readonly string[]): Finding {
  const missing = NEEDED_SCOPES.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    return failed("scopes", `T3_TOKEN lacks ${missing.join(" and ")}: issue one with both`);
  }
  const spare = scopes.filter((scope) => !NEEDED_SCOPES.some((needed) => needed === scope));
  if (spare.length === 0) return ok("scopes", scopes.join(", "));
  return warning(
    "scopes",
    `T3_TOKEN may also ${spare.join(", ")}: afk t3-pair makes one that may not`,
  );
}

async function judgeRead(reading: Reading): Promise<Finding> {
  const seen = await observe(reading);
  if (seen.kind === "unreadable") return failed("read", seen.why);
  const told = `${seen.projects.length} projects, ${seen.threads.length} threads of afk`;
  const { warnings = [] } = seen;
  return warnings.length === 0 ? ok("read", told) : warning("read", [told, ...warnings].join("; "));
}

async function judgeCommands(connection: T3Connection): Promise<Finding> {
  try {
    if (await takesCommands(connection)) return ok("commands", "taken over HTTP");
    return failed(
      "commands",
      "not taken over HTTP: use a T3 that has POST /api/orchestration/dispatch",
    );
  } catch (error) {
    return failed("commands", error instanceof Error ? error.message : String(error));
  }
}

/** No thread can have it: the route answers as it does to all that are not there. */
const NO_THREAD = "afk-doctor-none";

/** Whether the routes that differ between versions are there, as far as the version says they are. */
async function judgeRoutes(
  connection: T3Connection,
  { capabilities, serverVersion }: Environment,
): Promise<readonly Finding[]> {
  const read = (route: string): Promise<T3Got> => {
    const path = `api/orchestration/${route}`;
    return getJson(connection, { path, auth: "token", triesMs: connection.patience.triesMs });
  };
  const [shell, thread, turns] = await Promise.all([
    read("shell"),
    read(`threads/${NO_THREAD}`),
    // Refused by its schema where it is known; where it is not, it is ignored, and the thread not found.
    read(`threads/${NO_THREAD}?turnLimit=0`),
  ]);
  const rows: ReadonlyArray<readonly [check: string, has: boolean, expected: boolean]> = [
    ["shell", shell.kind === "json", capabilities.shell],
    ["thread detail", thread.kind === "not-found", capabilities.threadRoute],
    ["turn limit", turns.kind === "unreadable" && turns.isNoRoute !== true, capabilities.turnLimit],
  ];
  return rows.map(([check, has, expected]) => {
    if (has === expected) return ok(check, hasOrNot(has));
    return warning(check, `${hasOrNot(has)}, and T3 ${serverVersion} is known for the opposite`);
  });
}

/** What no request tells that leaves nothing behind. */
function tellVersion(capabilities: T3Capabilities): readonly Finding[] {
  const { bodilessSnapshot, steering, autoMode, noticesRestart } = capabilities;
  const rows: ReadonlyArray<readonly [check: string, has: boolean]> = [
    ["light snapshot", bodilessSnapshot],
    ["steering", steering],
    ["mode auto", autoMode],
    ["notices a restart", noticesRestart],
  ];
  return rows.map(([check, has]) => ok(check, `${hasOrNot(has)}, by its version`));
}

function hasOrNot(has: boolean): string {
  return has ? "found" : "not there";
}

/** A finding that nothing is wrong with. */
export function ok(check: string, told: string): Finding {
  return { check, state: "ok", told };
}

/** A finding that somebody should look at. */
function warning(check: string, told: string): Finding {
  return { check, state: "warning", told };
}

/** A finding that keeps afk from working. */
export function failed(check: string, told: string): Finding {
  return { check, state: "failed", told };
}
