import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { KNOWN_AFK_KEYS, readGates } from "../../src/pure/gates.ts";
import { build, buildWith, type KubeObject, locateKubectl, readObjects, root } from "./kubectl.ts";
import { cronJobsOf, podsOf, restrictedProblems } from "./pods.ts";
import { schemaProblems, unknownFields } from "./validate.ts";

const kubectl = locateKubectl();
const here = kubectl ?? "";

const EXAMPLES = ["overlays/example/secret.example.yaml"];

/** Each way to install, with the name of its folder below deploy/k8s or of the components put over the base. */
const installations: ReadonlyArray<readonly [name: string, objects: readonly KubeObject[]]> =
  kubectl === null
    ? []
    : [
        ["base", build(kubectl, "base")],
        ["overlays/example", build(kubectl, "overlays/example")],
        ["overlays/dry-run", build(kubectl, "overlays/dry-run")],
        ["rollout-reader", build(kubectl, "rollout-reader")],
        ["base with alerts", buildWith(kubectl, ["alerts"])],
        ["base with sharded", buildWith(kubectl, ["sharded"])],
        ["base with t3-server", buildWith(kubectl, ["t3-server"])],
        ["base with all components", buildWith(kubectl, ["alerts", "sharded", "t3-server"])],
      ];

function objectsOf(name: string): readonly KubeObject[] {
  const found = installations.find(([each]) => each === name);
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found[1];
}

function one(objects: readonly KubeObject[], kind: string, name: string): KubeObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const Data = z.looseObject({ data: z.record(z.string(), z.string()) });

function configOf(objects: readonly KubeObject[]): Readonly<Record<string, string>> {
  return Data.parse(one(objects, "ConfigMap", "afk-config")).data;
}

const Service = z.looseObject({
  spec: z.looseObject({ selector: z.record(z.string(), z.string()) }),
});

function isSelected(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

describe.skipIf(kubectl === null)("every kustomization", () => {
  it("is among those that are tested", () => {
    const files = readdirSync(join(root, "deploy/k8s"), { recursive: true, encoding: "utf8" });
    const folders = files
      .filter((file) => file.endsWith("/kustomization.yaml"))
      .map((file) => file.slice(0, -"/kustomization.yaml".length));
    const tested = installations.map(([name]) => name.replace("base with ", "components/"));
    expect(folders.length).toBeGreaterThan(6);
    expect(folders.filter((folder) => !tested.includes(folder))).toEqual([]);
  });

  it.each(installations)("%s has only objects that fit Kubernetes' schema", (_name, objects) => {
    expect(objects.length).toBeGreaterThan(1);
    expect(objects.flatMap(schemaProblems)).toEqual([]);
  });

  it.each(installations)("%s has no field that Kubernetes does not know", (_name, objects) => {
    expect(objects.flatMap(unknownFields)).toEqual([]);
  });

  it.each(installations)("%s names nothing twice", (_name, objects) => {
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(installations)("%s says of every object whose it is", (_name, objects) => {
    const nameless = objects.filter(
      ({ kind, metadata }) =>
        !["Namespace", "ConfigMap"].includes(kind) &&
        metadata.labels?.["app.kubernetes.io/name"] === undefined,
    );
    expect(nameless.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
  });

  it.each(installations)("%s makes only pods that `restricted` admits", (_name, objects) => {
    for (const [name, template] of podsOf(objects)) {
      expect([name, restrictedProblems(template)]).toEqual([name, []]);
    }
  });

  it.each(installations)("%s has no pod of a tick behind a Service", (_name, objects) => {
    const services = objects.filter(({ kind }) => kind === "Service");
    for (const cronJob of cronJobsOf(objects)) {
      const { labels } = cronJob.spec.jobTemplate.spec.template.metadata;
      const selecting = services.filter((each) =>
        isSelected(Service.parse(each).spec.selector, labels),
      );
      expect(selecting).toEqual([]);
    }
    // A Service's name becomes part of keys of the environment; afk refuses keys of its own that it does not know.
    for (const { metadata } of services) expect(metadata.name).toMatch(/^t3/);
  });

  it.each(installations)("%s applies no Secret", (_name, objects) => {
    expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
  });

  it("that is an overlay takes its images by digest", () => {
    for (const name of ["overlays/example", "overlays/dry-run"]) {
      for (const [, template] of podsOf(objectsOf(name))) {
        for (const { image } of template.spec.containers) {
          expect(image).toMatch(/^[\w.-]+\/[\w./-]+@sha256:[0-9a-f]{64}$/);
        }
      }
    }
  });

  it("that has a namespace has it enforce `restricted`", () => {
    for (const name of ["overlays/example", "overlays/dry-run"]) {
      const namespace = objectsOf(name).find(({ kind }) => kind === "Namespace");
      expect(namespace?.metadata.labels).toMatchObject({
        "pod-security.kubernetes.io/enforce": "restricted",
      });
    }
  });

  it("ships disabled", () => {
    for (const [, objects] of installations) {
      if (cronJobsOf(objects).length === 0) continue;
      const config = configOf(objects);
      expect(config).toMatchObject({ AFK_KILL_SWITCH: "true", AFK_ALLOWLIST: "" });
      expect(readGates({ AFK_KILL_SWITCH: config["AFK_KILL_SWITCH"] }).kind).toBe("disabled");
    }
  });

  it("configures no key that afk does not know", () => {
    for (const [, objects] of installations) {
      if (cronJobsOf(objects).length === 0) continue;
      const given = [
        ...Object.keys(configOf(objects)),
        ...cronJobsOf(objects).flatMap((cronJob) =>
          (cronJob.spec.jobTemplate.spec.template.spec.containers[0]?.env ?? []).map(
            ({ name }) => name,
          ),
        ),
      ];
      const unknown = given.filter(
        (key) => key.startsWith("AFK_") && !KNOWN_AFK_KEYS.includes(key),
      );
      expect(unknown).toEqual([]);
    }
  });
});

describe.skipIf(kubectl === null)("the two CronJobs", () => {
  const all = installations.flatMap(([name, objects]) =>
    cronJobsOf(objects).map((cronJob) => [`${name}: ${cronJob.metadata.name}`, cronJob] as const),
  );

  it("are there", () => {
    expect(cronJobsOf(objectsOf("base")).map(({ metadata }) => metadata.name)).toEqual([
      "afk-poller",
      "afk-watcher",
    ]);
  });

  it.each(all)("%s starts every minute, one at a time, and ends within it", (_name, cronJob) => {
    expect(cronJob.spec).toMatchObject({
      schedule: "* * * * *",
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 30,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
    });
    expect(cronJob.spec.jobTemplate.spec.activeDeadlineSeconds).toBeLessThan(60);
    expect(cronJob.spec.jobTemplate.spec.ttlSecondsAfterFinished).toBeGreaterThan(0);
  });

  it.each(all)("%s leaves to whoever suspended it whether it is", (_name, cronJob) => {
    expect(cronJob.spec).not.toHaveProperty("suspend");
  });

  it.each(all)(
    "%s carries no value for afk of its own, so that arming outlives a re-apply",
    (_name, cronJob) => {
      const [tick] = cronJob.spec.jobTemplate.spec.template.spec.containers;
      const literal = (tick?.env ?? []).filter(({ value }) => value !== undefined);
      expect(literal).toEqual([]);
      expect(tick?.envFrom).toEqual([{ configMapRef: { name: "afk-config" } }]);
    },
  );

  it.each(all)(
    "%s never tries a tick twice, and fails at once on a wrong configuration",
    (_name, cronJob) => {
      const spec = cronJob.spec.jobTemplate.spec;
      expect(spec.backoffLimitPerIndex ?? spec.backoffLimit).toBe(0);
      expect(spec.podFailurePolicy?.rules[0]).toEqual({
        action: "FailJob",
        onExitCodes: { containerName: "tick", operator: "In", values: [2, 78] },
      });
      expect(spec.template.spec.restartPolicy).toBe("Never");
    },
  );

  it.each(all)("%s runs as nobody, with nothing writable but /tmp", (_name, cronJob) => {
    const { spec } = cronJob.spec.jobTemplate.spec.template;
    expect(spec.enableServiceLinks).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsUser: 65532, runAsGroup: 65532 });
    expect(spec.containers).toHaveLength(1);
    const [tick] = spec.containers;
    expect(tick).toMatchObject({
      name: "tick",
      terminationMessagePolicy: "FallbackToLogsOnError",
      securityContext: { readOnlyRootFilesystem: true },
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    });
    const writable = (tick?.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true);
    expect(writable.map(({ mountPath }) => mountPath)).toEqual(["/tmp"]);
  });

  it("run the tick they are named for", () => {
    const args = (name: string): readonly unknown[] =>
      cronJobsOf(objectsOf(name)).map(
        (cronJob) => cronJob.spec.jobTemplate.spec.template.spec.containers[0]?.args,
      );
    expect(args("base")).toEqual([["poll"], ["watch"]]);
    expect(args("overlays/dry-run")).toEqual([
      ["poll", "--dry-run"],
      ["watch", "--dry-run"],
    ]);
  });

  it("get a token of the API only where they take a Lease", () => {
    for (const [name, objects] of installations) {
      const isLeased = objects.some(({ kind }) => kind === "Lease");
      for (const cronJob of cronJobsOf(objects)) {
        const { spec } = cronJob.spec.jobTemplate.spec.template;
        expect([name, spec.automountServiceAccountToken]).toEqual([name, isLeased]);
        expect(spec.serviceAccountName).toBe(cronJob.metadata.name);
      }
      for (const account of objects.filter(({ kind }) => kind === "ServiceAccount")) {
        expect(account["automountServiceAccountToken"]).toBe(false);
      }
    }
  });

  it("may change their own Leases, and those are there before them", () => {
    const Role = z.looseObject({
      rules: z.array(
        z.looseObject({
          resources: z.array(z.string()),
          resourceNames: z.array(z.string()).optional(),
          verbs: z.array(z.string()),
        }),
      ),
    });
    for (const name of ["base", "base with sharded"]) {
      const objects = objectsOf(name);
      for (const loop of ["afk-poller", "afk-watcher"]) {
        const { rules } = Role.parse(one(objects, "Role", loop));
        const rule = rules.find(({ resources }) => resources.includes("leases"));
        expect(rule?.verbs).toEqual(["get", "update"]);
        expect(rule?.resourceNames?.length).toBe(name === "base" ? 1 : 4);
        for (const lease of rule?.resourceNames ?? []) {
          expect(lease).toMatch(new RegExp(`^${loop}(-\\d)?$`));
          one(objects, "Lease", lease);
        }
        const nameless = rules.filter(({ resourceNames }) => resourceNames === undefined);
        expect(nameless.map(({ resources, verbs }) => [resources, verbs])).toEqual([
          [["events"], ["create"]],
        ]);
      }
    }
  });

  it("in shards are as many as the configuration says", () => {
    const objects = objectsOf("base with sharded");
    const shards = Number(configOf(objects)["AFK_SHARD_COUNT"]);
    expect(shards).toBeGreaterThan(1);
    for (const cronJob of cronJobsOf(objects)) {
      const spec = cronJob.spec.jobTemplate.spec;
      expect(spec).toMatchObject({
        completionMode: "Indexed",
        completions: shards,
        parallelism: shards,
      });
      // One shard's failure must not end the others: the limit of the whole Job stays unset.
      expect(spec).not.toHaveProperty("backoffLimit");
      const index = spec.template.spec.containers[0]?.env?.find(
        ({ name }) => name === "AFK_SHARD_INDEX",
      );
      expect(index?.valueFrom?.fieldRef?.fieldPath).toBe(
        "metadata.annotations['batch.kubernetes.io/job-completion-index']",
      );
      for (let shard = 0; shard < shards; shard += 1) {
        one(objects, "Lease", `${cronJob.metadata.name}-${shard}`);
      }
    }
  });
});

describe.skipIf(kubectl === null)("the network policies", () => {
  const Policy = z.looseObject({
    spec: z.looseObject({
      podSelector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }),
      policyTypes: z.array(z.string()),
      ingress: z.array(z.unknown()).optional(),
      egress: z
        .array(z.looseObject({ ports: z.array(z.looseObject({ port: z.number() })).optional() }))
        .optional(),
    }),
  });

  const policiesFor = (name: string, labels: Readonly<Record<string, string>>) =>
    objectsOf(name)
      .filter(({ kind }) => kind === "NetworkPolicy")
      .map((object) => Policy.parse(object))
      .filter(({ spec }) => isSelected(spec.podSelector.matchLabels, labels));

  it("let a tick go to DNS, 443, the API server, T3 and ntfy, and nothing else", () => {
    for (const [name, objects] of installations) {
      for (const cronJob of cronJobsOf(objects)) {
        const { labels } = cronJob.spec.jobTemplate.spec.template.metadata;
        const policies = policiesFor(name, labels);
        expect(policies.flatMap(({ spec }) => spec.policyTypes)).toContain("Ingress");
        expect(policies.flatMap(({ spec }) => spec.ingress ?? [])).toEqual([]);
        const rules = policies.flatMap(({ spec }) => spec.egress ?? []);
        // A rule without ports opens all of them.
        expect(rules.filter(({ ports }) => ports === undefined)).toEqual([]);
        const ports = new Set(rules.flatMap((rule) => (rule.ports ?? []).map(({ port }) => port)));
        expect([...ports].toSorted((a, b) => a - b)).toEqual([53, 80, 443, 3773, 6443]);
      }
    }
  });

  it("let no tick ask the cloud's metadata service whose node it is on", () => {
    const Peers = z.looseObject({
      to: z
        .array(
          z.looseObject({
            ipBlock: z
              .looseObject({ cidr: z.string(), except: z.array(z.string()).optional() })
              .optional(),
          }),
        )
        .min(1),
    });
    for (const [name, objects] of installations) {
      if (cronJobsOf(objects).length === 0) continue;
      const policies = policiesFor(name, { "app.kubernetes.io/name": "afk" });
      const web = policies
        .flatMap(({ spec }) => spec.egress ?? [])
        .filter(({ ports }) => (ports ?? []).some(({ port }) => port === 80 || port === 443));
      expect(web.length).toBeGreaterThan(1);
      for (const { ipBlock } of web.flatMap((rule) => Peers.parse(rule).to)) {
        if (ipBlock?.cidr !== "0.0.0.0/0") continue;
        expect(ipBlock.except).toContain("169.254.169.254/32");
      }
    }
  });

  it("open the ports of the services that the example configures", () => {
    const config = configOf(objectsOf("overlays/example"));
    const labels = { "app.kubernetes.io/name": "afk" };
    const open = policiesFor("overlays/example", labels).flatMap(({ spec }) =>
      (spec.egress ?? []).flatMap((rule) => (rule.ports ?? []).map(({ port }) => port)),
    );
    for (const key of ["T3_BASE_URL", "NTFY_URL"]) {
      const { port, protocol } = new URL(config[key] ?? "");
      const standard = protocol === "http:" ? 80 : 443;
      expect(open).toContain(port === "" ? standard : Number(port));
    }
  });

  it("let only ticks into the T3 server, and its agents into no private network", () => {
    const [policy] = policiesFor("base with t3-server", { "app.kubernetes.io/name": "t3-server" });
    expect(policy?.spec.ingress).toEqual([
      {
        from: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "afk" } } }],
        ports: [{ protocol: "TCP", port: 3773 }],
      },
    ]);
    expect(JSON.stringify(policy?.spec.egress)).toContain('"10.0.0.0/8"');
  });
});

describe("the example Secret", () => {
  it("has a file for every path that the example's configuration names", () => {
    for (const path of EXAMPLES) {
      const [secret] = readObjects(readFileSync(join(root, "deploy/k8s", path), "utf8"));
      if (secret === undefined) throw new Error(`${path} is empty`);
      expect(schemaProblems(secret)).toEqual([]);
      expect(unknownFields(secret)).toEqual([]);
      const keys = Object.keys(z.record(z.string(), z.string()).parse(secret["stringData"]));
      const config = readFileSync(join(root, "deploy/k8s/overlays/example/config.yaml"), "utf8");
      const files = [...config.matchAll(/\/etc\/afk\/secrets\/([\w-]+)/g)].map(
        (match) => match[1] ?? "",
      );
      expect(files.toSorted()).toEqual(keys.toSorted());
    }
  });
});

describe.skipIf(kubectl === null)("these tests", () => {
  const broken = (change: (spec: Record<string, unknown>) => void): KubeObject => {
    const [cronJob] = cronJobsOf(build(here, "base"));
    const copy = structuredClone(cronJob) as unknown as KubeObject & {
      spec: Record<string, unknown>;
    };
    change(copy.spec);
    return copy;
  };

  it("find a word that is not allowed, a missing field and a wrong type", () => {
    expect(schemaProblems(broken((spec) => (spec["concurrencyPolicy"] = "Never")))).toHaveLength(1);
    expect(schemaProblems(broken((spec) => delete spec["schedule"]))).toHaveLength(1);
    expect(schemaProblems(broken((spec) => (spec["timeZone"] = 1)))).toHaveLength(1);
  });

  it("find a misspelt field", () => {
    expect(unknownFields(broken((spec) => (spec["timezone"] = "Etc/UTC")))).toEqual([
      "CronJob.spec.timezone",
    ]);
  });

  it("find a pod that `restricted` refuses", () => {
    const [, template] = podsOf(build(here, "base"))[0] ?? [];
    if (template === undefined) throw new Error("the base makes no pod");
    const root = structuredClone(template);
    root.spec.hostNetwork = true;
    delete root.spec.securityContext;
    delete root.spec.containers[0]?.securityContext;
    root.spec.volumes?.push({ name: "host", hostPath: { path: "/" } });
    expect(restrictedProblems(root)).toEqual([
      "hostNetwork",
      "volume host: hostPath",
      "tick: allowPrivilegeEscalation",
      "tick: capabilities.drop",
      "tick: runAsNonRoot",
      "tick: seccompProfile",
    ]);
  });
});
