import { hasLabel, isPerson, isSameLabel, newestLabelEvent, orderOf } from "./approval.ts";
import type { Actor, IssueEvent, IssueSeen } from "./issue.ts";
import {
  act,
  commandThread,
  conclude,
  type Context,
  isArchived,
  isThreadLive,
  wait,
} from "./rows-context.ts";
import type { RunDecision, ThreadVerb, WatchPolicy } from "./run-observation.ts";

/** T1: a person closed the issue, took off an in-progress label that this run had, or began anew. */
export function brakeRow(context: Context): RunDecision | null {
  const { seen, policy } = context;
  if (seen.isSuperseded) {
    const detail = "the issue was labelled again and a newer run took over";
    return conclude(context, "T1", { kind: "cancelled", because: "cancelled-by-person", detail });
  }
  const closed = closedByPerson(seen.issue, policy);
  if (closed !== null) {
    const detail = `${nameOf(closed)} closed the issue`;
    return conclude(context, "T1", { kind: "cancelled", because: "cancelled-by-person", detail });
  }
  const removedBy = unlockedByPerson(context);
  if (removedBy === null) return null;
  const detail = `${removedBy} removed the label ${policy.labels.inProgress}`;
  return conclude(context, "T1", { kind: "cancelled", because: "cancelled-by-person", detail });
}

type Closed = Extract<IssueEvent, { kind: "closed" }>;

/** The closing by a person's hand that stands; a closing keyword in a commit or pull request is no brake. */
export function closedByPerson(issue: IssueSeen, policy: WatchPolicy): Closed | null {
  if (issue.state !== "closed") return null;
  const newest = issue.history.events.findLast((event): event is Closed => event.kind === "closed");
  // Closed, and no event says by whom: the safe reading is that somebody wants it to stop.
  if (newest === undefined) {
    return { kind: "closed", id: "", at: "", actor: { kind: "unknown" }, closer: "hand" };
  }
  const isByHand = newest.closer === "hand" && isPerson(newest.actor, policy.machines);
  return isByHand ? newest : null;
}

/** Who took off an in-progress label that this run had; null when it is on, or a machine took it off. */
function unlockedByPerson(context: Context): string | null {
  const { seen, policy } = context;
  const { inProgress } = policy.labels;
  if (hasLabel(seen.issue, inProgress) || !hadLock(context)) return null;
  const newest = newestLabelEvent(seen.issue, inProgress);
  // It was on and is off, and no event says by whom: the safe reading is that somebody wants it to stop.
  if (newest === null || newest.kind === "labeled") return "somebody";
  return isPerson(newest.actor, policy.machines) ? nameOf(newest) : null;
}

/** The poller puts the label on: a person may have taken it off before a watcher ever saw it. */
function hadLock({ record, seen, policy }: Context): boolean {
  if (record.lockedAt !== null) return true;
  const approvedAt = orderOf(seen.issue, record.approval.eventId);
  return seen.issue.history.events
    .slice(approvedAt + 1)
    .some((each) => each.kind === "labeled" && isSameLabel(each.label, policy.labels.inProgress));
}

function nameOf(event: { readonly actor: Actor }): string {
  return event.actor.kind === "account" ? event.actor.login : "somebody";
}

/**
 * The missing end of a dispatch: the run has no in-progress label and no person took it off. The human label
 * of an earlier run goes first, else the new label would lock nothing.
 */
export function lockRow(context: Context): RunDecision | null {
  const { seen, policy, record } = context;
  const { human, inProgress } = policy.labels;
  if (hasLabel(seen.issue, inProgress)) return null;
  const taker = takenByPerson(context);
  if (taker !== null) {
    const detail = `${taker} put the label ${human} on before the run was locked`;
    const verdict = { kind: "cancelled", because: "cancelled-by-person", detail } as const;
    return conclude(context, "T1", verdict);
  }
  const remove = isOlderThanApproval(seen.issue, human, record.approval.eventId) ? [human] : [];
  return act(record, "T1", { kind: "lock", remove, add: inProgress });
}

/** Who put the human label on after the approval of a run that never carried the in-progress label. */
function takenByPerson(context: Context): string | null {
  const { seen, policy, record } = context;
  const newest = newestLabelEvent(seen.issue, policy.labels.human);
  if (!hasLabel(seen.issue, policy.labels.human) || newest?.kind !== "labeled") return null;
  if (record.lockedAt !== null || !isPerson(newest.actor, policy.machines)) return null;
  const isNewer = orderOf(seen.issue, newest.id) > orderOf(seen.issue, record.approval.eventId);
  return isNewer ? nameOf(newest) : null;
}

function isOlderThanApproval(issue: IssueSeen, label: string, approvalEventId: string): boolean {
  if (!hasLabel(issue, label)) return false;
  const newest = newestLabelEvent(issue, label);
  return newest !== null && orderOf(issue, newest.id) < orderOf(issue, approvalEventId);
}

/**
 * A tick may die between counting an interrupt and sending it: one more makes that good. Not every tick, or an
 * agent that does not obey would be written to for as long as the pause lasts.
 */
const PAUSE_INTERRUPTS_MAX = 2;

/** T2: paused. A live turn is interrupted; every clock but the wall's stands still. */
export function pauseRow(context: Context): RunDecision | null {
  const { seen, policy, turn } = context;
  if (!hasLabel(seen.issue, policy.labels.paused)) return null;
  const isAsked = turn.pauseInterrupts >= PAUSE_INTERRUPTS_MAX;
  if (turn.end !== null || isAsked || !isThreadLive(context)) {
    return wait(context, "T2", "paused");
  }
  // An archived thread drops what its session says: an interrupt there would never be seen to work.
  const verbs: readonly ThreadVerb[] = isArchived(context)
    ? ["unarchive", "stop-session"]
    : ["interrupt"];
  const change = { pauseInterrupts: turn.pauseInterrupts + 1 };
  return commandThread(context, "T2", { change, verbs });
}
