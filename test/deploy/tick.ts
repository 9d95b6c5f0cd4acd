import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { KubeObject } from "./kubectl.ts";
import type { CronJob } from "./pods.ts";

export type Env = Readonly<Record<string, string>>;

export type EndedTick = {
  readonly code: number | null;
  /** The lines of the log; what is said to people is in `stdout` only. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly stdout: string;
  readonly stderr: string;
};

/** A tick has 55 seconds in a cluster; one that only meets closed ports needs a few. */
const TICK_MS_MAX = 25_000;

/** Where the manifests mount what a tick reads. */
const MOUNT = "/etc/afk";

const Data = z.looseObject({ data: z.record(z.string(), z.string()) });

/** The environment a pod of this CronJob starts with: its ConfigMap's, then its own, which wins. */
export function podEnv(cronJob: CronJob, objects: readonly KubeObject[]): Env {
  const [tick] = cronJob.spec.jobTemplate.spec.template.spec.containers;
  const env: Record<string, string> = {};
  for (const { configMapRef } of tick?.envFrom ?? []) {
    const from = objects.find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapRef?.name,
    );
    Object.assign(env, Data.parse(from).data);
  }
  for (const { name, value, valueFrom } of tick?.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    if (value !== undefined) env[name] = value;
    else if (path === "metadata.namespace") env[name] = "afk";
    else throw new Error(`${name} comes from ${path}, which is not played here`);
  }
  return env;
}

/** Writes the files a pod would find mounted below the folder, and answers the environment that names them there. */
export function mounted(env: Env, folder: string, files: Env): Env {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return Object.fromEntries(
    Object.entries(env).map(([key, value]) => [key, value.replace(MOUNT, folder)]),
  );
}

/** Runs one command of the bundle with this environment and no other. */
export function runBundle(bundle: string, args: readonly string[], env: Env): Promise<EndedTick> {
  return new Promise((done) => {
    const options = { env: { ...env }, timeout: TICK_MS_MAX };
    const child = execFile(
      process.execPath,
      [bundle, ...args],
      options,
      (_error, stdout, stderr) => {
        const lines = stdout
          .split("\n")
          .filter((line) => line.startsWith("{"))
          .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
        done({ code: child.exitCode, lines, stdout, stderr });
      },
    );
  });
}
