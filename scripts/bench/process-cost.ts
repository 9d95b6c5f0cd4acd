import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What one process cost from its start to its end. */
export type Cost = { readonly wallMs: number; readonly cpuMs: number; readonly peakMib: number };

export type Env = Readonly<Record<string, string>>;

/** What to start: arguments of this Node, its whole environment, and the exit code that is right. */
export type Started = {
  readonly args: readonly string[];
  readonly env: Env;
};

/** Fifty dispatches at 50 ms a request take some twenty seconds; what takes this long hangs. */
const PROCESS_MS_MAX = 120_000;

const KIB_PER_MIB = 1024;

/**
 * Preloaded into both sides of every pair. A process that was forked from a large one is told that one's peak as
 * its own by getrusage: only VmHWM begins anew with the program.
 */
const PROBE = `"use strict";
const fs = require("node:fs");
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  let peakKib = maxRSS;
  try {
    peakKib = Number(/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {}
  fs.writeSync(3, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakKib }));
});
`;

/** Starts processes one at a time and tells what each cost. */
export type Stopwatch = {
  /** Throws, with what it said, when the process does not exit with 0. */
  run(started: Started): Promise<Cost & { readonly stdout: string }>;
  /** `node -e 0`: what any process of this Node costs. */
  bare(env: Env): Promise<Cost>;
};

/** A stopwatch that keeps its probe in the folder. */
export function createStopwatch(folder: string): Stopwatch {
  const probe = join(folder, "probe.cjs");
  writeFileSync(probe, PROBE);
  const run: Stopwatch["run"] = ({ args, env }) => runProcess(["--require", probe, ...args], env);
  return { run, bare: (env) => run({ args: ["-e", "0"], env }) };
}

async function runProcess(
  args: readonly string[],
  env: Env,
): Promise<Cost & { readonly stdout: string }> {
  const beganAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    timeout: PROCESS_MS_MAX,
  });
  let endedAt = 0;
  child.once("exit", () => {
    endedAt = performance.now();
  });
  const texts = [1, 2, 3].map((fd) => collect(child.stdio[fd]));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [stdout = "", stderr = "", told = ""] = texts.map((text) => text());
  if (code !== 0) throw new Error(`${args.join(" ")} exited with ${code}:\n${stdout}${stderr}`);
  const { cpuMs, peakKib } = JSON.parse(told) as { cpuMs: number; peakKib: number };
  return { wallMs: endedAt - beganAt, cpuMs, peakMib: peakKib / KIB_PER_MIB, stdout };
}

function collect(stream: unknown): () => string {
  const chunks: Buffer[] = [];
  (stream as NodeJS.ReadableStream).on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** Runs both sides so many times in turn, so that what disturbs one disturbs the other. */
export async function inTurn<A, B>(
  reps: number,
  sides: { readonly a: () => Promise<A>; readonly b: () => Promise<B> },
): Promise<readonly (readonly [A, B])[]> {
  const pairs: (readonly [A, B])[] = [];
  for (let rep = 0; rep < reps; rep += 1) {
    // The side that goes first changes: one that always follows the other finds its caches warm.
    if (rep % 2 === 0) {
      const a = await sides.a();
      pairs.push([a, await sides.b()]);
    } else {
      const b = await sides.b();
      pairs.push([await sides.a(), b]);
    }
  }
  return pairs;
}
