import * as clientNode from "@kubernetes/client-node";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { CronJob } from "kubernetes-models/batch/v1/CronJob";
import { Job } from "kubernetes-models/batch/v1/Job";
import { Lease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { Role } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import { RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import * as z from "zod";
import type { KubeObject } from "./kubectl.ts";

type Validated = { validate(): void };

const schemas: Readonly<Record<string, (object: never) => Validated>> = {
  "apps/v1 StatefulSet": (object) => new StatefulSet(object),
  "batch/v1 CronJob": (object) => new CronJob(object),
  "batch/v1 Job": (object) => new Job(object),
  "coordination.k8s.io/v1 Lease": (object) => new Lease(object),
  "networking.k8s.io/v1 NetworkPolicy": (object) => new NetworkPolicy(object),
  "rbac.authorization.k8s.io/v1 Role": (object) => new Role(object),
  "rbac.authorization.k8s.io/v1 RoleBinding": (object) => new RoleBinding(object),
  "v1 ConfigMap": (object) => new ConfigMap(object),
  "v1 Namespace": (object) => new Namespace(object),
  "v1 Secret": (object) => new Secret(object),
  "v1 Service": (object) => new Service(object),
  "v1 ServiceAccount": (object) => new ServiceAccount(object),
};

/** The one custom resource: strict, because no API server here knows it. */
export const PrometheusRule = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PrometheusRule"),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.strictObject({
    groups: z.array(
      z.strictObject({
        name: z.string(),
        rules: z.array(
          z.strictObject({
            alert: z.string(),
            expr: z.string(),
            for: z.string(),
            labels: z.record(z.string(), z.string()),
            annotations: z.record(z.string(), z.string()),
          }),
        ),
      }),
    ),
  }),
});

/** What is missing, of the wrong type or not one of the allowed words, by Kubernetes' own schema. */
export function schemaProblems(object: KubeObject): readonly string[] {
  if (object.kind === "PrometheusRule") {
    const parsed = PrometheusRule.safeParse(object);
    return parsed.success ? [] : [z.prettifyError(parsed.error)];
  }
  const create = schemas[`${object.apiVersion} ${object.kind}`];
  if (create === undefined) return [`${object.apiVersion} ${object.kind} has no schema here`];
  try {
    // The model's own type is what is to be found out.
    create(structuredClone(object) as never).validate();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

const Attributes = z.array(z.looseObject({ baseName: z.string(), type: z.string() }));

/** The attributes of one of the client's models, or null for a type that has none. */
function attributesOf(type: string): z.infer<typeof Attributes> | null {
  const model: unknown = Reflect.get(clientNode, type);
  if (typeof model !== "function" || !("getAttributeTypeMap" in model)) return null;
  const { getAttributeTypeMap } = model;
  if (typeof getAttributeTypeMap !== "function") return null;
  return Attributes.parse(getAttributeTypeMap.call(model));
}

const LEAVES: ReadonlySet<string> = new Set([
  "string",
  "number",
  "boolean",
  "Date",
  "any",
  "object",
  "IntOrString",
  "V1MicroTime",
]);

/** The paths of every field that the client's models do not know. */
export function unknownFields(object: KubeObject): readonly string[] {
  if (object.kind === "PrometheusRule") return [];
  return unknownIn(object, `V1${object.kind}`, object.kind);
}

function unknownIn(value: unknown, type: string, path: string): readonly string[] {
  if (value === null || value === undefined || LEAVES.has(type)) return [];
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item !== undefined) {
    const items = z.array(z.unknown()).parse(value);
    return items.flatMap((each, at) => unknownIn(each, item, `${path}[${at}]`));
  }
  const fields = Object.entries(z.record(z.string(), z.unknown()).parse(value));
  const entry = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (entry !== undefined) {
    return fields.flatMap(([key, each]) => unknownIn(each, entry, `${path}.${key}`));
  }
  const attributes = attributesOf(type);
  if (attributes === null) return [`${path}: the client has no model ${type}`];
  return fields.flatMap(([key, each]) => {
    const known = attributes.find((attribute) => attribute.baseName === key);
    return known === undefined ? [`${path}.${key}`] : unknownIn(each, known.type, `${path}.${key}`);
  });
}
