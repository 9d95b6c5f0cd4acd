import { readdirSync, readFileSync } from "node:fs";

const LOOPS = new URL("../../src/loops/", import.meta.url);

/** Files that pass effects on and decide none. */
const WRAPPERS: ReadonlySet<string> = new Set(["guard.ts", "redact.ts", "dry-run.ts"]);

const WRITE =
  /\bwriter\.(?:create|edit|add|remove|close|reopen|start|interrupt|stop|archive|unarchive)\w*\(|\bnotifier\.ring\(/;

/** Every place in the loops where an effect is asked for: `perform-run.ts:27 addLabel`. */
export function findSites(): readonly string[] {
  const files = readdirSync(LOOPS).filter((name) => name.endsWith(".ts") && !WRAPPERS.has(name));
  return files.toSorted().flatMap((name) =>
    readFileSync(new URL(name, LOOPS), "utf8")
      .split("\n")
      .flatMap((line, at) => (WRITE.test(line) ? [`${name}:${at + 1}`] : [])),
  );
}

/** The source line of a site, to read a report by. */
export function sourceOf(site: string): string {
  const [name = "", line = ""] = site.split(":");
  const source = readFileSync(new URL(name, LOOPS), "utf8").split("\n");
  return source[Number(line) - 1]?.trim() ?? "";
}

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
