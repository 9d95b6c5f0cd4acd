import { hasLabel, newestLabelEvent } from "./approval.ts";
import type { IssueSeen } from "./issue.ts";
import { parseIso } from "./time.ts";

/** The time of one run of an issue, in epoch ms. */
export type RunSpan = {
  /** When it began, or its thread was created. */
  readonly from: number;
  /** When what followed it began; null when it is the newest. */
  readonly until: number | null;
};

/**
 * Whether a run was released: our own account took the in-progress label off within the run's span, and
 * nobody touched the label after that. It is the last step of a verdict, so a released run is over, whatever
 * became of its comments. A label that a person took off releases nothing: the verdict is still to be told.
 */
export function isReleased(
  issue: IssueSeen,
  of: { readonly inProgress: string; readonly ownId: string; readonly span: RunSpan },
): boolean {
  const { inProgress, span } = of;
  // The labels and the history are read at one moment, and may still lag behind each other.
  if (span.until === null && hasLabel(issue, inProgress)) return false;
  const events = issue.history.events.filter(({ at }) => isBefore(at, span.until));
  const newest = newestLabelEvent({ ...issue, history: { ...issue.history, events } }, inProgress);
  if (newest?.kind !== "unlabeled" || newest.actor.kind !== "account") return false;
  return newest.actor.id === of.ownId && secondOf(newest.at) >= toSecond(span.from);
}

function isBefore(at: string, until: number | null): boolean {
  return until === null || secondOf(at) < toSecond(until);
}

/** A time that cannot be read is taken for long ago: nothing is over because of it. */
function secondOf(at: string): number {
  return toSecond(parseIso(at) ?? 0);
}

/** Trackers stamp whole seconds, and an orphan begins and is released within one. */
function toSecond(ms: number): number {
  return Math.floor(ms / 1000);
}
