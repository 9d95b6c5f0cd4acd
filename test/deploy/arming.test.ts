import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import * as z from "zod";
import { build, type KubeObject, locateKubectl, readObjects, root } from "./kubectl.ts";
import { type CronJob, cronJobsOf } from "./pods.ts";
import { type EndedTick, mounted, podEnv, runBundle } from "./tick.ts";
import { schemaProblems, unknownFields } from "./validate.ts";

const kubectl = locateKubectl() ?? "";

/** Nothing listens there: an armed tick that gets so far fails at once. */
const NOBODY = "http://127.0.0.1:59999";

const folder = mkdtempSync(join(tmpdir(), "afk-arming-"));
const bundle = join(folder, "dist/afk.cjs");

const BOTH = "cronjob/afk-poller cronjob/afk-watcher";
const ARM = `kubectl set env ${BOTH} AFK_KILL_SWITCH=false AFK_ALLOWLIST=owner/name`;
const DISARM = `kubectl set env ${BOTH} AFK_KILL_SWITCH-`;
const DISARM_IN_WORDS = `kubectl set env ${BOTH} AFK_KILL_SWITCH=true`;
const SUSPEND = `kubectl patch ${BOTH} --type=merge -p '{"spec":{"suspend":true}}'`;
const RESUME = `kubectl patch ${BOTH} --type=merge -p '{"spec":{"suspend":false}}'`;

const documents = ["README.md", "docs/runbook.md"].map(
  (path) => [path, readFileSync(join(root, path), "utf8").split("\n")] as const,
);
const [, runbook = []] = documents.find(([path]) => path === "docs/runbook.md") ?? [];

/** Runs a documented command as it stands, but on documents instead of a server. */
function offline(command: string, objects: readonly unknown[]): readonly KubeObject[] {
  const [, verb = "", rest = ""] =
    /^kubectl (set env|patch) cronjob\/afk-poller cronjob\/afk-watcher (.+)$/.exec(command) ?? [];
  if (verb === "") throw new Error(`not a command on both CronJobs: ${command}`);
  const script = `"$KUBECTL" ${verb} --local -f - -o yaml ${rest}`;
  const run = (input: readonly unknown[]): readonly KubeObject[] =>
    readObjects(bash(script, input.map((object) => stringify(object)).join("---\n")));
  // `patch` prints several documents with nothing between them.
  return verb === "patch" ? objects.flatMap((object) => run([object])) : run(objects);
}

function bash(script: string, input: string): string {
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECTL: kubectl };
  const options = { encoding: "utf8", input, env, timeout: 30_000 } as const;
  return execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", script], options);
}

/** The built objects, with both CronJobs as the commands leave them. */
function after(commands: readonly string[], objects: readonly KubeObject[]): readonly KubeObject[] {
  let cronJobs = objects.filter(({ kind }) => kind === "CronJob");
  for (const command of commands) cronJobs = [...offline(command, cronJobs)];
  return [...objects.filter(({ kind }) => kind !== "CronJob"), ...cronJobs];
}

const Strings = z.record(z.string(), z.string());

/** What the example would find mounted: its Secret as the example shows it, and its settings per repo. */
function filesOf(objects: readonly KubeObject[]): Readonly<Record<string, string>> {
  const example = join(root, "deploy/k8s/overlays/example/secret.example.yaml");
  const [secret] = readObjects(readFileSync(example, "utf8"));
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(Strings.parse(secret?.["stringData"]))) {
    files[`secrets/${name}`] = text;
  }
  const repos = objects.find(({ metadata }) => metadata.name === "afk-repos");
  for (const [name, text] of Object.entries(Strings.parse(repos?.["data"] ?? {}))) {
    files[`config/${name}`] = text;
  }
  return files;
}

/** Starts the tick of a CronJob as its pod would, with every service on the loopback. */
function start(
  cronJob: CronJob,
  objects: readonly KubeObject[],
  instead: readonly string[] | null = null,
): Promise<EndedTick> {
  const env = mounted(podEnv(cronJob, objects), folder, filesOf(objects));
  const services = { T3_BASE_URL: NOBODY, GITHUB_API_URL: NOBODY, NTFY_URL: NOBODY };
  const reached = Object.keys(env).some((key) => key.startsWith("T3_")) ? services : {};
  const args = cronJob.spec.jobTemplate.spec.template.spec.containers[0]?.args ?? [];
  return runBundle(bundle, instead ?? args, { ...env, ...reached, TMPDIR: folder });
}

function startBoth(objects: readonly KubeObject[]): Promise<readonly EndedTick[]> {
  return Promise.all(cronJobsOf(objects).map((cronJob) => start(cronJob, objects)));
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), join(folder, "dist")], {
    cwd: root,
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the documents", () => {
  it.each(documents)("%s arms and disarms by the commands that are tested here", (_path, lines) => {
    expect(lines).toContain(ARM);
    expect(lines).toContain(DISARM);
  });

  it("have in the runbook the others as well", () => {
    for (const command of [DISARM_IN_WORDS, SUSPEND, RESUME]) expect(runbook).toContain(command);
  });

  it("have an explanation of every alert and every exit code", () => {
    const rules = readFileSync(join(root, "deploy/k8s/components/alerts/rules.yaml"), "utf8");
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map((match) => match[1] ?? "");
    expect(alerts.length).toBeGreaterThan(3);
    for (const alert of alerts) {
      expect(runbook).toContain(`### ${alert}`);
      expect(rules).toContain(`runbook: docs/runbook.md#${alert.toLowerCase()}`);
    }
    const codes = readFileSync(join(root, "src/exit-codes.ts"), "utf8");
    for (const match of codes.matchAll(/EXIT_\w+ = (\d+)/g)) {
      expect(runbook.some((line) => line.startsWith(`| ${match[1]} |`))).toBe(true);
    }
  });
});

describe.skipIf(kubectl === "")("kubectl set env", () => {
  const installations = kubectl === "" ? [] : ["base", "overlays/example"];

  it.each(installations)("%s starts disabled", async (name) => {
    const ticks = await startBoth(build(kubectl, name));
    expect(ticks).toHaveLength(2);
    for (const tick of ticks) {
      expect(tick).toMatchObject({ code: 0, stderr: "" });
      expect(tick.lines).toMatchObject([{ msg: "disabled", because: "kill-switch" }]);
    }
  });

  it.each([[DISARM], [DISARM_IN_WORDS]])("disarms again: %s", async (disarm) => {
    const ticks = await startBoth(after([ARM, disarm], build(kubectl, "overlays/example")));
    for (const tick of ticks) {
      expect(tick.code).toBe(0);
      expect(tick.lines).toMatchObject([{ msg: "disabled", because: "kill-switch" }]);
    }
  });

  it("arms the base, which then asks for its services", async () => {
    for (const tick of await startBoth(after([ARM], build(kubectl, "base")))) {
      expect(tick.code).toBe(78);
      expect(tick.lines.map((line) => line["key"])).toContain("T3_BASE_URL");
    }
  });

  it("arms the example, which then tries to reach its services", async () => {
    for (const tick of await startBoth(after([ARM], build(kubectl, "overlays/example")))) {
      expect(tick.code).toBe(1);
      expect(tick.lines[0]).toMatchObject({
        msg: "tick begins",
        gates: "open",
        repos: ["owner/name"],
      });
    }
  });

  it("drains by what the runbook says", () => {
    const drain = runbook.filter(
      (line) => line.includes("AFK_DRAIN") && line.startsWith("kubectl"),
    );
    expect(drain).toHaveLength(2);
    const [on = "", off = ""] = drain;
    const objects = build(kubectl, "base");
    const draining = after([on], objects);
    const envs = (of: readonly KubeObject[]) => cronJobsOf(of).map((each) => podEnv(each, of));
    expect(envs(draining)).toMatchObject([{ AFK_DRAIN: "true" }, { AFK_DRAIN: "true" }]);
    expect(envs(after([off], draining))).toEqual(envs(objects));
  });

  it("enrols more by what the runbook says", () => {
    const [enrol = ""] = runbook.filter((line) =>
      line.endsWith("AFK_ALLOWLIST=owner/name,owner/other"),
    );
    const objects = after([ARM, enrol], build(kubectl, "base"));
    for (const cronJob of cronJobsOf(objects)) {
      expect(podEnv(cronJob, objects)).toMatchObject({
        AFK_KILL_SWITCH: "false",
        AFK_ALLOWLIST: "owner/name,owner/other",
      });
    }
  });

  it("leaves CronJobs that Kubernetes still takes", () => {
    const objects = after([ARM, SUSPEND], build(kubectl, "overlays/example"));
    expect(objects.flatMap(schemaProblems)).toEqual([]);
    expect(objects.flatMap(unknownFields)).toEqual([]);
  });
});

describe.skipIf(kubectl === "")("the emergency stop", () => {
  it("suspends both, and resuming undoes it", () => {
    const objects = build(kubectl, "base");
    const suspended = after([SUSPEND], objects);
    expect(cronJobsOf(suspended)).toMatchObject([
      { spec: { suspend: true } },
      { spec: { suspend: true } },
    ]);
    expect(cronJobsOf(after([RESUME], suspended))).toMatchObject([
      { spec: { suspend: false } },
      { spec: { suspend: false } },
    ]);
  });

  it("deletes Jobs by a label that all of theirs carry", () => {
    const [command = ""] = runbook.filter((line) => line.startsWith("kubectl delete jobs -l "));
    const [, key = "", value = ""] = /-l ([\w./-]+)=([\w-]+)$/.exec(command) ?? [];
    expect(key).not.toBe("");
    for (const name of ["base", "overlays/example", "overlays/dry-run"]) {
      for (const cronJob of cronJobsOf(build(kubectl, name))) {
        expect(cronJob.spec.jobTemplate.metadata.labels[key]).toBe(value);
      }
    }
  });

  it("makes of the watcher's Job one that stops every turn, armed as the watcher is", () => {
    const [patch = ""] = runbook.filter((line) => line.startsWith("  kubectl patch --local"));
    const objects = after([ARM], build(kubectl, "overlays/example"));
    const watcher = cronJobsOf(objects).find(({ metadata }) => metadata.name === "afk-watcher");
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "afk-stop" },
      spec: watcher?.spec.jobTemplate.spec,
    };
    const script = patch
      .trim()
      .replace(/ \|$/, "")
      .replace(/^kubectl/, '"$KUBECTL"');
    const [stop] = readObjects(bash(script, JSON.stringify(job)));
    if (stop === undefined) throw new Error("the command made no Job");
    expect(schemaProblems(stop)).toEqual([]);
    const tick = watcher?.spec.jobTemplate.spec.template.spec.containers[0];
    expect(stop).toMatchObject({
      spec: {
        activeDeadlineSeconds: 600,
        template: { spec: { containers: [{ ...tick, args: ["stop", "--all"] }] } },
      },
    });
  });

  it.each([
    ["armed", [ARM]],
    ["disarmed", [ARM, DISARM]],
  ])("asks the agent server to stop while afk is %s", async (_name, commands) => {
    const objects = after(commands, build(kubectl, "overlays/example"));
    const [watcher] = cronJobsOf(objects).filter(({ metadata }) => metadata.name === "afk-watcher");
    if (watcher === undefined) throw new Error("there is no watcher");
    const stopped = await start(watcher, objects, ["stop", "--all"]);
    expect(stopped.stdout + stopped.stderr).toMatch(/Not known to be stopped: /);
    expect(stopped.code).toBe(1);
  });
});
