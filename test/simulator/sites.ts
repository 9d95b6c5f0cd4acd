/** Where the loops' sources are. */
export const LOOPS = new URL("../../src/loops/", import.meta.url);

/** Files that pass effects on and decide none. */
export const WRAPPERS: ReadonlySet<string> = new Set(["guard.ts", "redact.ts", "dry-run.ts"]);

/** The site that is asking for an effect right now; null where no loop is on the stack. */
export function currentSite(): string | null {
  const place: { stack?: string } = {};
  Error.captureStackTrace(place);
  for (const line of (place.stack ?? "").split("\n")) {
    const [, name = "", at = ""] = /\/src\/loops\/([\w.-]+\.ts):(\d+):/.exec(line) ?? [];
    if (name !== "" && !WRAPPERS.has(name)) return `${name}:${at}`;
  }
  return null;
}
