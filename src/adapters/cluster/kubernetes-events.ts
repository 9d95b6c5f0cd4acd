import type { ClusterEvent } from "../../pure/signals.ts";
import { explainKubernetes, type KubernetesClient, statusOf } from "./kubernetes-client.ts";

/** A tick rarely has more, and an API server is shared with everybody else; later ticks say what is beyond. */
const EVENTS_MAX = 50;

/** Ticks are so far apart: each of them begins with other events than the one before. */
const TICK_MS = 60_000;

/** The API server keeps events for an hour and drops longer ones whole. */
const MESSAGE_CHARACTERS_MAX = 1000;

/** What a tick said as events. `known` were there before: the server refuses a name a second time. */
export type EventsSaid = { readonly said: number; readonly known: number };

/**
 * Puts the events on the CronJob, one request each. Throws at the first that is refused for another reason than
 * that it is there already.
 */
export async function sayEvents(
  client: KubernetesClient,
  at: { readonly namespace: string; readonly cronJob: string; readonly now: Date },
  events: readonly ClusterEvent[],
): Promise<EventsSaid> {
  if (events.length === 0) return { said: 0, known: 0 };
  const { namespace, cronJob: name, now } = at;
  const uid = await uidOf(client, at);
  const involvedObject = { apiVersion: "batch/v1", kind: "CronJob", namespace, name };
  let [said, known] = [0, 0];
  for (const event of chooseEvents(events, now)) {
    const body = {
      metadata: { name: event.name, namespace },
      involvedObject: uid === null ? involvedObject : { ...involvedObject, uid },
      type: event.type,
      reason: event.reason,
      message: event.message.slice(0, MESSAGE_CHARACTERS_MAX),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component: "afk" },
    };
    try {
      await client.core.createNamespacedEvent({ namespace, body });
      said += 1;
    } catch (error) {
      // No cause: the package's error carries every header of the answer.
      if (statusOf(error) !== 409)
        throw new Error(`an Event was refused: ${explainKubernetes(error)}`);
      known += 1;
    }
  }
  return { said, known };
}

/** All, or so many that none is left out for ever: verdicts are told once, holds by every tick again. */
function chooseEvents(events: readonly ClusterEvent[], now: Date): readonly ClusterEvent[] {
  if (events.length <= EVENTS_MAX) return events;
  const verdicts = events.filter(({ reason }) => reason === "Verdict").slice(0, EVENTS_MAX);
  const others = events.filter(({ reason }) => reason !== "Verdict");
  const room = EVENTS_MAX - verdicts.length;
  const from = (Math.floor(now.getTime() / TICK_MS) * room) % Math.max(1, others.length);
  return [...verdicts, ...[...others.slice(from), ...others.slice(0, from)].slice(0, room)];
}

/** `kubectl describe` finds an event by its object's uid; without one it still stands in the list of events. */
async function uidOf(
  client: KubernetesClient,
  at: { readonly namespace: string; readonly cronJob: string },
): Promise<string | null> {
  try {
    const { namespace, cronJob: name } = at;
    const { metadata } = await client.batch.readNamespacedCronJob({ namespace, name });
    return metadata?.uid ?? null;
  } catch {
    return null;
  }
}
