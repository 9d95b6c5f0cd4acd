import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  openKubernetes,
  type KubernetesClient,
} from "../../../src/adapters/cluster/kubernetes-client.ts";
import { createKubernetesRollouts } from "../../../src/adapters/cluster/kubernetes-rollouts.ts";
import type { RolloutPolicy } from "../../../src/pure/limits.ts";
import type { RolloutSeen } from "../../../src/pure/rollout.ts";
import { FakeApiServer } from "../../fakes/fake-api-server.ts";

let api: FakeApiServer;
let client: KubernetesClient;

beforeEach(async () => {
  api = await FakeApiServer.start();
  api.grant("pod", [
    { namespace: "shop", resource: "deployments", verbs: ["get"] },
    { namespace: "shop", resource: "statefulsets", verbs: ["get"] },
  ]);
  const access = { kind: "direct", server: api.url, token: "pod" } as const;
  client = await openKubernetes({ access, timeoutMs: 2_000 });
});

afterEach(async () => {
  await client.close();
  await api[Symbol.asyncDispose]();
});

async function read(query: Partial<RolloutPolicy>): Promise<RolloutSeen | undefined> {
  const rollouts = createKubernetesRollouts({ open: async () => client });
  const whole: RolloutPolicy = { namespace: "shop", kind: "Deployment", name: "web", ...query };
  return (await rollouts.readRollouts([whole]))[0];
}

/** A workload of three replicas at generation 4, observed and complete. */
function put(kind: "Deployment" | "StatefulSet", status: object, spec: object = {}): void {
  api.put(`${kind.toLowerCase()}s`, {
    apiVersion: "apps/v1",
    kind,
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "u",
      generation: 4,
      annotations: { "example.com/commit": "1a2b3c4" },
    },
    spec: {
      replicas: 3,
      template: {
        metadata: { annotations: { "example.com/built": "main@sha1:5e6f708" } },
        spec: { containers: [{ name: "web", image: "web:0a1b2c3" }, { name: "side" }] },
      },
      ...spec,
    },
    status,
  });
}

const COMPLETE = { observedGeneration: 4, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };

describe("a Deployment", () => {
  it("carries what its images and annotations name", async () => {
    put("Deployment", COMPLETE);
    expect(await read({})).toEqual({
      kind: "read",
      progress: "complete",
      carried: ["0a1b2c3", "1a2b3c4", "5e6f708"],
      id: "u-4",
      at: "",
      words: "",
    });
  });

  it.each([
    ["its new template was not looked at yet", { observedGeneration: 3 }],
    ["too few replicas are new", { updatedReplicas: 2 }],
    ["old replicas are left", { replicas: 4 }],
    ["a new replica is not available", { availableReplicas: 2 }],
  ])("is under way while %s", async (_name, status) => {
    put("Deployment", { ...COMPLETE, ...status });
    expect(await read({})).toMatchObject({ progress: "under-way" });
  });

  it("is under way without a status, and complete without replicas", async () => {
    put("Deployment", {});
    expect(await read({})).toMatchObject({ progress: "under-way" });
    put("Deployment", { observedGeneration: 4 }, { replicas: 0 });
    expect(await read({})).toMatchObject({ progress: "complete" });
  });

  it("is past its deadline when it says so of this template, and only then", async () => {
    const conditions = [
      {
        type: "Progressing",
        status: "False",
        reason: "ProgressDeadlineExceeded",
        message: "ReplicaSet has\ntimed out",
        lastUpdateTime: "2026-01-02T03:04:05Z",
      },
    ];
    put("Deployment", { ...COMPLETE, updatedReplicas: 1, conditions });
    expect(await read({})).toMatchObject({
      progress: "deadline-exceeded",
      at: "2026-01-02T03:04:05.000Z",
      words: "ReplicaSet has timed out",
    });
    put("Deployment", { ...COMPLETE, observedGeneration: 3, conditions });
    expect(await read({})).toMatchObject({ progress: "under-way", words: "" });
  });
});

describe("a StatefulSet", () => {
  const kind = "StatefulSet";
  const rolling = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } };
  const done = { observedGeneration: 4, readyReplicas: 3, updatedReplicas: 3 };

  it.each([
    ["complete", "all are new and ready", done, rolling],
    ["under-way", "none was looked at", { ...done, observedGeneration: 0 }, rolling],
    ["under-way", "the new template was not", { ...done, observedGeneration: 3 }, rolling],
    ["under-way", "one is not ready", { ...done, readyReplicas: 2 }, rolling],
    ["under-way", "one is old", { ...done, updatedReplicas: 2 }, rolling],
  ])("is %s when %s", async (progress, _name, status, spec) => {
    put(kind, status, spec);
    expect(await read({ kind })).toMatchObject({ progress });
  });

  it("is complete with as many new replicas as its partition lets be new", async () => {
    const spec = { updateStrategy: { rollingUpdate: { partition: 2 } } };
    put(kind, { ...done, updatedReplicas: 1 }, spec);
    expect(await read({ kind })).toMatchObject({ progress: "complete" });
    put(kind, { ...done, updatedReplicas: 0 }, spec);
    expect(await read({ kind })).toMatchObject({ progress: "under-way" });
  });

  it("without rolling updates is complete once its revisions agree", async () => {
    put(kind, { ...done, updateRevision: "b", currentRevision: "a" });
    expect(await read({ kind })).toMatchObject({ progress: "under-way" });
    put(kind, { ...done, updateRevision: "b", currentRevision: "b" });
    expect(await read({ kind })).toMatchObject({ progress: "complete" });
  });
});

describe("a workload that is not to be had", () => {
  it("is absent, or unreadable with the grant that is missing", async () => {
    expect(await read({ name: "gone" })).toEqual({ kind: "absent" });
    expect(await read({ namespace: "bank" })).toEqual({
      kind: "unreadable",
      why: expect.stringMatching(/^403 .*; grant get on deployments\/web in namespace bank$/),
    });
  });

  it("is unreadable where the API server says nothing", async () => {
    api.faults.push({ call: "get deployments/web", fault: "unavailable" });
    put("Deployment", COMPLETE);
    expect(await read({})).toEqual({ kind: "unreadable", why: "503 refused without a reason" });
  });
});
