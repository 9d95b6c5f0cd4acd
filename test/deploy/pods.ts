import * as z from "zod";
import type { KubeObject } from "./kubectl.ts";

const SecurityContext = z.looseObject({
  allowPrivilegeEscalation: z.boolean().optional(),
  capabilities: z
    .looseObject({ add: z.array(z.string()).optional(), drop: z.array(z.string()).optional() })
    .optional(),
  privileged: z.boolean().optional(),
  procMount: z.string().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.number().optional(),
  seccompProfile: z.looseObject({ type: z.string() }).optional(),
});

const EnvVar = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({ fieldRef: z.looseObject({ fieldPath: z.string() }).optional() })
    .optional(),
});

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  env: z.array(EnvVar).optional(),
  envFrom: z
    .array(z.looseObject({ configMapRef: z.looseObject({ name: z.string() }).optional() }))
    .optional(),
  ports: z.array(z.looseObject({ hostPort: z.number().optional() })).optional(),
  resources: z.looseObject({
    requests: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.string()),
  }),
  securityContext: SecurityContext.optional(),
  terminationMessagePolicy: z.string().optional(),
  volumeMounts: z
    .array(
      z.looseObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }),
    )
    .optional(),
});

const PodTemplate = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    automountServiceAccountToken: z.boolean().optional(),
    containers: z.array(Container),
    enableServiceLinks: z.boolean().optional(),
    ephemeralContainers: z.array(Container).optional(),
    hostIPC: z.boolean().optional(),
    hostNetwork: z.boolean().optional(),
    hostPID: z.boolean().optional(),
    initContainers: z.array(Container).optional(),
    restartPolicy: z.string().optional(),
    securityContext: SecurityContext.optional(),
    serviceAccountName: z.string().optional(),
    volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
});

const JobSpec = z.looseObject({
  activeDeadlineSeconds: z.number().optional(),
  backoffLimit: z.number().optional(),
  backoffLimitPerIndex: z.number().optional(),
  completionMode: z.string().optional(),
  completions: z.number().optional(),
  parallelism: z.number().optional(),
  podFailurePolicy: z
    .looseObject({ rules: z.array(z.looseObject({ action: z.string() })) })
    .optional(),
  template: PodTemplate,
  ttlSecondsAfterFinished: z.number().optional(),
});

const CronJob = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    jobTemplate: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: JobSpec,
    }),
  }),
});

export type PodTemplate = z.infer<typeof PodTemplate>;
export type CronJob = z.infer<typeof CronJob>;

/** The CronJobs among the objects, in the manifests' order. */
export function cronJobsOf(objects: readonly KubeObject[]): readonly CronJob[] {
  return objects
    .filter((object) => object.kind === "CronJob")
    .map((object) => CronJob.parse(object));
}

const Workload = z.looseObject({ spec: z.looseObject({ template: PodTemplate }) });

/** Every kind of object that makes pods, with the template it makes them from. */
export function podsOf(
  objects: readonly KubeObject[],
): ReadonlyArray<readonly [name: string, template: PodTemplate]> {
  const pods: (readonly [string, PodTemplate])[] = [];
  for (const object of objects) {
    const name = `${object.kind}/${object.metadata.name}`;
    if (object.kind === "CronJob") {
      pods.push([name, CronJob.parse(object).spec.jobTemplate.spec.template]);
    } else if (["Deployment", "StatefulSet", "DaemonSet", "Job"].includes(object.kind)) {
      pods.push([name, Workload.parse(object).spec.template]);
    }
  }
  return pods;
}

/** The volume types that Pod Security's `restricted` allows. */
const VOLUMES: ReadonlySet<string> = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

/** What Pod Security's `restricted` would refuse; an API server refuses the pods, and accepts the CronJob. */
export function restrictedProblems(template: PodTemplate): readonly string[] {
  const { spec } = template;
  const problems: string[] = [];
  for (const host of ["hostIPC", "hostNetwork", "hostPID"] as const) {
    if (spec[host] === true) problems.push(host);
  }
  for (const { name, ...volume } of spec.volumes ?? []) {
    for (const type of Object.keys(volume)) {
      if (!VOLUMES.has(type)) problems.push(`volume ${name}: ${type}`);
    }
  }
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) {
    for (const problem of containerProblems(container, spec.securityContext ?? {})) {
      problems.push(`${container.name}: ${problem}`);
    }
  }
  return problems;
}

function containerProblems(
  container: z.infer<typeof Container>,
  pod: z.infer<typeof SecurityContext>,
): readonly string[] {
  const own = container.securityContext ?? {};
  const problems: string[] = [];
  if (own.privileged === true) problems.push("privileged");
  if (own.allowPrivilegeEscalation !== false) problems.push("allowPrivilegeEscalation");
  if (own.capabilities?.drop?.includes("ALL") !== true) problems.push("capabilities.drop");
  if ((own.capabilities?.add ?? []).some((name) => name !== "NET_BIND_SERVICE")) {
    problems.push("capabilities.add");
  }
  if ((own.procMount ?? "Default") !== "Default") problems.push("procMount");
  if ((own.runAsNonRoot ?? pod.runAsNonRoot) !== true) problems.push("runAsNonRoot");
  if ((own.runAsUser ?? pod.runAsUser) === 0) problems.push("runAsUser");
  const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type;
  if (seccomp !== "RuntimeDefault" && seccomp !== "Localhost") problems.push("seccompProfile");
  if ((container.ports ?? []).some((port) => port.hostPort !== undefined))
    problems.push("hostPort");
  return problems;
}
