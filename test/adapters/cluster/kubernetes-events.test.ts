import { mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  openKubernetes,
  type KubernetesClient,
} from "../../../src/adapters/cluster/kubernetes-client.ts";
import { sayEvents } from "../../../src/adapters/cluster/kubernetes-events.ts";
import { leaveMessage } from "../../../src/adapters/cluster/termination-message.ts";
import type { ClusterEvent } from "../../../src/pure/signals.ts";
import { FakeApiServer } from "../../fakes/fake-api-server.ts";

let api: FakeApiServer;
let client: KubernetesClient;

const AT = { namespace: "afk", cronJob: "afk-poller", now: new Date("2026-01-02T03:04:05Z") };

beforeEach(async () => {
  api = await FakeApiServer.start();
  const events = { namespace: "afk", resource: "events", verbs: ["create"] };
  const cronJobs = {
    namespace: "afk",
    resource: "cronjobs",
    verbs: ["get"],
    names: ["afk-poller"],
  };
  api.grant("pod", [events, cronJobs]);
  const metadata = { name: "afk-poller", namespace: "afk", uid: "u-1" };
  api.put("cronjobs", { apiVersion: "batch/v1", kind: "CronJob", metadata });
  const access = { kind: "direct", server: api.url, token: "pod" } as const;
  client = await openKubernetes({ access, timeoutMs: 2_000 });
});

afterEach(async () => {
  await client.close();
  await api[Symbol.asyncDispose]();
});

function event(n: number): ClusterEvent {
  return { name: `afk-${n}`, type: "Normal", reason: "Held", message: `${n}: ${"m".repeat(2000)}` };
}

describe("events of a tick", () => {
  it("stand on the CronJob, and a second time the server knows them", async () => {
    expect(await sayEvents(client, AT, [event(1)])).toEqual({ said: 1, known: 0 });
    expect(api.object("afk", "events", "afk-1")).toMatchObject({
      involvedObject: { kind: "CronJob", name: "afk-poller", namespace: "afk", uid: "u-1" },
      type: "Normal",
      reason: "Held",
      firstTimestamp: "2026-01-02T03:04:05.000Z",
    });
    expect(String(api.object("afk", "events", "afk-1")?.["message"])).toHaveLength(1000);
    expect(await sayEvents(client, AT, [event(1), event(2)])).toEqual({ said: 1, known: 1 });
  });

  it("are said without a uid where the CronJob may not be read", async () => {
    await sayEvents(client, { ...AT, cronJob: "afk-watcher" }, [event(1)]);
    const involvedObject = api.object("afk", "events", "afk-1")?.["involvedObject"];
    expect(involvedObject).toMatchObject({ name: "afk-watcher" });
    expect(involvedObject).not.toHaveProperty("uid");
  });

  it("cost nothing when there are none, and at most fifty are said by one tick", async () => {
    expect(await sayEvents(client, AT, [])).toEqual({ said: 0, known: 0 });
    expect(api.calls).toEqual([]);
    const many = Array.from({ length: 51 }, (_, n) => event(n));
    expect(await sayEvents(client, AT, many.slice(0, 50))).toEqual({ said: 50, known: 0 });
    const { said, known } = await sayEvents(client, AT, many);
    expect(said + known).toBe(50);
  });

  it("beyond fifty are said by the next ticks, and a verdict before any hold", async () => {
    const verdict = { ...event(1000), reason: "Verdict" };
    const many = [...Array.from({ length: 120 }, (_, n) => event(n)), verdict];
    const saidAfter = async (minutes: number) => {
      const now = new Date(AT.now.getTime() + minutes * 60_000);
      await sayEvents(client, { ...AT, now }, many);
      return api.all("events").map(({ metadata }) => metadata.name);
    };
    const first = await saidAfter(0);
    expect(first).toHaveLength(50);
    expect(first).toContain(verdict.name);
    await saidAfter(1);
    expect((await saidAfter(2)).toSorted()).toEqual(many.map(({ name }) => name).toSorted());
  });

  it("that are refused are an error without headers", async () => {
    api.grant("pod", []);
    await expect(sayEvents(client, AT, [event(1)])).rejects.toThrow(/^an Event was refused: 403 /);
  });
});

describe("the termination message", () => {
  it("is left where the file is there, and makes none", async () => {
    const dir = mkdtempSync(join(tmpdir(), "afk-words-"));
    try {
      const path = join(dir, "termination-log");
      expect(await leaveMessage(path, "x")).toBe("not-in-a-pod");
      expect(readdirSync(dir)).toEqual([]);
      writeFileSync(path, "");
      expect(await leaveMessage(path, "w".repeat(1001))).toBe("left");
      expect(readFileSync(path, "utf8")).toBe("w".repeat(1000));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
