import { spawn } from "node:child_process";
import { once } from "node:events";

/** A command of the agent: no shell, its own process group, killed on abort or timeout. */
export type ChildCommand = {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

/** How a command ended; `output` is stdout and stderr together, at most `OUTPUT_CHARS_MAX`. */
export type ChildEnd = { readonly code: number; readonly stdout: string; readonly output: string };

/** Every command here is local and small; longer than this is a hang, and a demo should say so soon. */
const CHILD_TIMEOUT_MS = 30_000;
/** git removes its lock files when it is asked to end; what does not end within this is killed. */
const KILL_AFTER_MS = 2_000;
/** Enough for any test report of a sample repo; a runaway must not fill the memory. */
const OUTPUT_CHARS_MAX = 200_000;

/** Runs a command to its end. Throws when it cannot start, times out, or is aborted. */
export async function runChild(command: ChildCommand): Promise<ChildEnd> {
  command.signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that an abort also ends what git and the test runner have started.
    detached: true,
  });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout = (stdout + chunk).slice(0, OUTPUT_CHARS_MAX);
    output = (output + chunk).slice(0, OUTPUT_CHARS_MAX);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    output = (output + chunk).slice(0, OUTPUT_CHARS_MAX);
  });
  const reaper = reapOn(command.signal, () => child.pid);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    command.signal.throwIfAborted();
    if (reaper.timedOut()) throw new Error(`${describe(command)} ran past ${CHILD_TIMEOUT_MS} ms`);
    return { code: code ?? 1, stdout, output };
  } finally {
    reaper.dispose();
  }
}

/** Names a command in an error message. */
export function describe(command: { readonly file: string; readonly args: readonly string[] }) {
  return `${command.file} ${command.args.join(" ")}`;
}

function reapOn(signal: AbortSignal, pid: () => number | undefined) {
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;
  const end = () => {
    killGroup(pid(), "SIGTERM");
    killTimer ??= setTimeout(() => killGroup(pid(), "SIGKILL"), KILL_AFTER_MS);
  };
  const timeout = setTimeout(() => {
    timedOut = true;
    end();
  }, CHILD_TIMEOUT_MS);
  signal.addEventListener("abort", end);
  return {
    timedOut: () => timedOut,
    dispose() {
      clearTimeout(timeout);
      clearTimeout(killTimer);
      signal.removeEventListener("abort", end);
    },
  };
}

function killGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group may have ended between the decision and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
