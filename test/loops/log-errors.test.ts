import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import * as z from "zod";

const log = new URL("../../src/loops/log.main.ts", import.meta.url).href;

const Line = z.object({ err: z.record(z.string(), z.unknown()), msg: z.string() });

/** What a process of its own logs of the error that the expression makes. */
function logged(level: string, error: string): z.infer<typeof Line>["err"] {
  return Line.parse(JSON.parse(lineOf(level, error))).err;
}

function lineOf(level: string, error: string): string {
  const code = [
    `import { createLog, createSecrets } from ${JSON.stringify(log)};`,
    'const secrets = createSecrets(); secrets.add("s3cret-token");',
    `const log = createLog({ level: "${level}", loop: "poller", secrets });`,
    `log.error({ err: ${error} }, "issue failed");`,
  ].join("\n");
  const argv = ["--input-type=module", "--eval", code];
  return execFileSync(process.execPath, argv, { encoding: "utf8" });
}

describe("an error in the log", () => {
  it("has its level as a word, to be found by grep, and its time in ISO 8601", () => {
    const line = lineOf("info", 'new Error("it broke")');
    expect(line).toMatch(
      /^\{"level":"error","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","loop":"poller"/,
    );
  });

  it("is its kind and its message, without stack and without what hangs on it", () => {
    const error = 'Object.assign(new TypeError("it broke"), { request: { headers: {} } })';
    expect(logged("info", error)).toEqual({ type: "TypeError", message: "it broke" });
  });

  it.each(["debug", "trace"])("has its stack at level %s", (level) => {
    expect(logged(level, 'new Error("it broke")')["stack"]).toMatch(/^Error: it broke\n\s+at /);
  });

  it("tells the causes that its message does not contain yet", () => {
    const socket = 'Object.assign(new Error(""), { code: "ECONNREFUSED" })';
    const middle = `new Error("fetch failed", { cause: ${socket} })`;
    const error = `new Error("T3: fetch failed", { cause: new Error("at once", { cause: ${middle} }) })`;
    const message = "T3: fetch failed";
    const causes = ["at once", "ECONNREFUSED"];
    expect(logged("info", error)).toEqual({ type: "Error", message, causes });
  });

  it("ends even where its causes go in a circle", () => {
    const error = '(() => { const e = new Error("round"); e.cause = e; return e; })()';
    expect(logged("info", error)).toEqual({ type: "Error", message: "round" });
  });

  it("is told when it is no Error at all", () => {
    expect(logged("info", '"a word"')).toEqual({ type: "string", message: "a word" });
  });

  it("holds no secret, neither in the message nor in a cause", () => {
    const error = 'new Error("with s3cret-token", { cause: new Error("s3cret-token again") })';
    const message = "with [redacted]";
    const causes = ["[redacted] again"];
    expect(logged("info", error)).toEqual({ type: "Error", message, causes });
    expect(JSON.stringify(logged("debug", error))).not.toContain("s3cret");
  });
});
