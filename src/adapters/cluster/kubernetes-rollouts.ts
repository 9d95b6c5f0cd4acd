import type {
  V1Deployment,
  V1ObjectMeta,
  V1PodTemplateSpec,
  V1StatefulSet,
} from "@kubernetes/client-node";
import type { RolloutPolicy } from "../../pure/limits.ts";
import type { RolloutReader } from "../../pure/ports/cluster.ts";
import {
  commitsOfAnnotation,
  commitsOfImage,
  type RolloutProgress,
  type RolloutSeen,
} from "../../pure/rollout.ts";
import { plainLine } from "../../pure/untrusted-text.ts";
import { explainKubernetes, type KubernetesClient, statusOf } from "./kubernetes-client.ts";

/** What a condition says of itself; a person reads the rest with kubectl. */
const WORDS_CHARACTERS_MAX = 300;

/** Workloads read at once: one GET each, and an API server is shared with everybody else. */
const READS_AT_ONCE_MAX = 4;

/** Reads Deployments and StatefulSets. `open` is called at the first question. */
export function createKubernetesRollouts(options: {
  readonly open: () => Promise<KubernetesClient>;
}): RolloutReader {
  return {
    readRollouts: async (queries) => {
      const seen: RolloutSeen[] = [];
      for (let from = 0; from < queries.length; from += READS_AT_ONCE_MAX) {
        const some = queries.slice(from, from + READS_AT_ONCE_MAX);
        seen.push(...(await Promise.all(some.map((query) => readOne(options.open, query)))));
      }
      return seen;
    },
  };
}

async function readOne(
  open: () => Promise<KubernetesClient>,
  { namespace, kind, name }: RolloutPolicy,
): Promise<RolloutSeen> {
  try {
    const { apps } = await open();
    if (kind === "Deployment") {
      return seenOf(await apps.readNamespacedDeployment({ namespace, name }), deploymentProgress);
    }
    return seenOf(await apps.readNamespacedStatefulSet({ namespace, name }), statefulSetProgress);
  } catch (error) {
    if (statusOf(error) === 404) return { kind: "absent" };
    const resource = `${kind.toLowerCase()}s/${name} in namespace ${namespace}`;
    const mend = statusOf(error) === 403 ? `; grant get on ${resource}` : "";
    const why = plainLine(explainKubernetes(error), WORDS_CHARACTERS_MAX);
    return { kind: "unreadable", why: `${why}${mend}` };
  }
}

type Workload = {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: { readonly template: V1PodTemplateSpec };
};

function seenOf<W extends Workload>(workload: W, judge: (workload: W) => Judged): RolloutSeen {
  const { uid = "", generation = 0 } = workload.metadata ?? {};
  const template = workload.spec?.template;
  const images = (template?.spec?.containers ?? []).map(({ image }) => image ?? "");
  const annotations = [workload.metadata?.annotations, template?.metadata?.annotations];
  const values = annotations.flatMap((each) => Object.values(each ?? {}));
  const { progress, at, words } = judge(workload);
  return {
    kind: "read",
    progress,
    carried: [...images.flatMap(commitsOfImage), ...values.flatMap(commitsOfAnnotation)],
    id: `${uid}-${generation}`,
    at,
    words: plainLine(words, WORDS_CHARACTERS_MAX),
  };
}

type Judged = { readonly progress: RolloutProgress; readonly at: string; readonly words: string };

/** As `kubectl rollout status deployment` does, which waits where a field is missing. */
function deploymentProgress({ metadata, spec, status }: V1Deployment): Judged {
  const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
  const at = isoOf(progressing?.lastUpdateTime);
  const words = progressing?.message ?? "";
  // An older generation's status tells of the template before this one.
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return underWay(at);
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return { progress: "deadline-exceeded", at, words };
  }
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status ?? {};
  const isComplete =
    updatedReplicas >= (spec?.replicas ?? 1) &&
    replicas <= updatedReplicas &&
    availableReplicas >= updatedReplicas;
  return isComplete ? { progress: "complete", at, words } : underWay(at);
}

/** As `kubectl rollout status statefulset` does; one without rolling updates is complete once all are new. */
function statefulSetProgress({ metadata, spec, status }: V1StatefulSet): Judged {
  const observed = status?.observedGeneration ?? 0;
  if (observed === 0 || observed < (metadata?.generation ?? 0)) return underWay("");
  const wanted = spec?.replicas ?? 1;
  if ((status?.readyReplicas ?? 0) < wanted) return underWay("");
  const { updateRevision, currentRevision, updatedReplicas = 0 } = status ?? {};
  const rolling = spec?.updateStrategy?.rollingUpdate;
  // A partition keeps some replicas on the old template on purpose.
  const isComplete =
    rolling === undefined
      ? updateRevision === currentRevision
      : updatedReplicas >= wanted - (rolling.partition ?? 0);
  return isComplete ? { progress: "complete", at: "", words: "" } : underWay("");
}

function underWay(at: string): Judged {
  return { progress: "under-way", at, words: "" };
}

/** Times arrive as Date, or as text where the package does not know better. */
function isoOf(time: unknown): string {
  const date = new Date(String(time));
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
