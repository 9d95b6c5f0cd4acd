import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listen, type Reply } from "../adapters/http/loopback.ts";
import { FakeApiServer } from "../fakes/fake-api-server.ts";

const ENTRY = fileURLToPath(new URL("../../src/entry.ts", import.meta.url));
const UNTIL_MS_MAX = 20_000;

let dir: string;
let api: FakeApiServer;
let children: ChildProcess[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "afk-kubernetes-"));
  children = [];
  api = await FakeApiServer.start();
  const names = ["afk-poller", "afk-watcher", "afk-poller-1"];
  api.grant("pod", [{ namespace: "afk", resource: "leases", verbs: ["get", "update"], names }]);
  for (const name of names) {
    const metadata = { name, namespace: "afk" };
    api.put("leases", { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: {} });
  }
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    clusters: [
      {
        name: "k",
        cluster: { server: api.url.href.replace(/\/$/, ""), "insecure-skip-tls-verify": true },
      },
    ],
    users: [{ name: "u", user: { token: "pod" } }],
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
  };
  writeFileSync(join(dir, "kubeconfig"), JSON.stringify(config));
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await api[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function afk(command: string, services: URL, more: Record<string, string> = {}) {
  const env = {
    KUBECONFIG: join(dir, "kubeconfig"),
    TMPDIR: dir,
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: "octo/demo",
    AFK_LEASE: "kubernetes",
    AFK_LEASE_NAMESPACE: "afk",
    T3_BASE_URL: services.href,
    T3_TOKEN: "t3-token",
    T3_MODEL: "m",
    GITHUB_TOKEN: "github-token",
    GITHUB_API_URL: services.href,
    ...more,
  };
  const child = spawn(process.execPath, [ENTRY, command], { env });
  children.push(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const ended = new Promise<Ended>((done) => {
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
  return { child, ended };
}

function holderOf(name: string): unknown {
  const spec = api.object("afk", "leases", name)?.["spec"];
  return (spec as Record<string, unknown> | undefined)?.["holderIdentity"];
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + UNTIL_MS_MAX;
  while (!holds() && Date.now() < end) await sleep(20);
  expect(holds()).toBe(true);
}

const REFUSED: Reply = { status: 401, body: "{}" };

describe("a tick under a Kubernetes Lease", () => {
  it("that is told to end gives it back, and says so by its exit code", async () => {
    await using services = await listen(() => "hang");
    const { child, ended } = afk("poll", services.url);
    await until(() => services.arrived.length > 0);
    expect(holderOf("afk-poller")).toMatch(/^[^_]+_\d+-\d+-\w+$/);
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    expect({ code, held: holderOf("afk-poller") }).toEqual({ code: 143, held: undefined });
    expect(stdout).toContain("told to end, no further effect starts");
  }, 40_000);

  it("that is told to end while it starts says so by the same exit code", async () => {
    await using services = await listen(() => "hang");
    const { child, ended } = afk("watch", services.url);
    // Its first line, before anything is wired.
    child.stdout.once("data", () => child.kill("SIGTERM"));
    expect({ code: (await ended).code, held: holderOf("afk-watcher") }).toEqual({
      code: 143,
      held: undefined,
    });
  }, 40_000);

  it("that fails gives it back too, and asks the cluster for nothing else", async () => {
    await using services = await listen(() => REFUSED);
    const { code } = await afk("watch", services.url).ended;
    expect({ code, held: holderOf("afk-watcher") }).toEqual({ code: 1, held: undefined });
    expect(new Set(api.calls)).toEqual(
      new Set(["get leases/afk-watcher", "update leases/afk-watcher"]),
    );
  }, 40_000);

  it("that is held elsewhere asks nobody else for anything", async () => {
    await using services = await listen(() => REFUSED);
    const renewTime = `${new Date().toISOString().slice(0, -1)}000Z`;
    const spec = { holderIdentity: "manual-job", leaseDurationSeconds: 60, renewTime };
    const metadata = { name: "afk-poller", namespace: "afk" };
    api.put("leases", { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
    const { code, stdout } = await afk("poll", services.url).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('"holder":"manual-job"');
    expect(services.arrived).toEqual([]);
    const status = await afk("status", services.url, { AFK_KILL_SWITCH: "true" }).ended;
    expect(status.stdout).toContain("kill switch  on: both ticks are disabled\n");
    expect(status.stdout).toContain("lease        afk-poller: held by manual-job\n");
    expect(status.stdout).toContain("lease        afk-watcher: free\n");
    expect(status.code).toBe(1);
  }, 40_000);

  it("of a shard takes the shard's", async () => {
    await using services = await listen(() => REFUSED);
    const shard = { AFK_SHARD_INDEX: "1", AFK_SHARD_COUNT: "4" };
    await afk("poll", services.url, shard).ended;
    expect(new Set(api.calls)).toEqual(
      new Set(["get leases/afk-poller-1", "update leases/afk-poller-1"]),
    );
  }, 40_000);
});
