import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BUNDLE = fileURLToPath(new URL("../../dist/afk.cjs", import.meta.url));

/** A tick makes a dozen loopback requests; one that takes this long hangs. */
const TICK_MS_MAX = 30_000;

/** One line of a tick's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A tick that ran to its end. */
export type TickRun = {
  readonly command: "poll" | "watch";
  /** Null when it was killed. */
  readonly code: number | null;
  readonly lines: readonly LogLine[];
  readonly stderr: string;
};

/**
 * Runs one tick as a process of its own, started with nothing but the given environment. `onStart` is given
 * the process and answers what is told of each line it logs.
 */
export async function runTick(
  command: "poll" | "watch",
  env: Readonly<Record<string, string>>,
  onStart: (child: ChildProcess) => (line: LogLine) => void,
): Promise<TickRun> {
  const child = spawn(process.execPath, [BUNDLE, command], {
    env: { ...env },
    timeout: TICK_MS_MAX,
  });
  const onLine = onStart(child);
  const lines: LogLine[] = [];
  let rest = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const line = JSON.parse(part) as LogLine;
      lines.push(line);
      onLine(line);
    }
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { command, code, lines, stderr };
}
