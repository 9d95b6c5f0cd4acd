import { hashText, type Sha256Hex } from "./identity.ts";
import type { Actor, IssueEvent, IssueSeen } from "./issue.ts";
import { parseIso } from "./time.ts";

/** The labelling event that made an issue ready, with the text as it stands at this reading. */
export type Approval = {
  readonly eventId: string;
  readonly actor: { readonly id: string; readonly login: string };
  /** ISO 8601. */
  readonly at: string;
  readonly textHash: string;
};

export type LabeledEvent = Extract<IssueEvent, { kind: "labeled" }>;
type LabelEvent = Extract<IssueEvent, { kind: "labeled" | "unlabeled" }>;

/** Label names are one label in any case, as on GitHub. */
export function isSameLabel(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether the issue carries the label now. */
export function hasLabel(issue: IssueSeen, label: string): boolean {
  const lower = label.toLowerCase();
  return issue.labels.some((name) => name === label || name.toLowerCase() === lower);
}

/** The newest putting on or taking off of a label; null when none is in the history. */
export function newestLabelEvent(issue: IssueSeen, label: string): LabelEvent | null {
  const found = issue.history.events.findLast(
    (event): event is LabelEvent =>
      (event.kind === "labeled" || event.kind === "unlabeled") && isSameLabel(event.label, label),
  );
  return found ?? null;
}

/** Place of an event in the issue's history; later is larger, and one second may hold several events. */
export function orderOf(issue: IssueSeen, eventId: string): number {
  return issue.history.events.findIndex((event) => event.id === eventId);
}

/**
 * The event that made the issue ready and still stands: the newest event of the ready label is a labelling,
 * and the issue was not transferred since (labels travel by name, approvals do not).
 */
export function findReadyEvent(issue: IssueSeen, readyLabel: string): LabeledEvent | null {
  const newest = newestLabelEvent(issue, readyLabel);
  if (newest === null || newest.kind !== "labeled") return null;
  // Hardly any issue was ever transferred: for the rest no place is looked up.
  if (!issue.history.events.some(isTransfer)) return newest;
  const later = issue.history.events.slice(orderOf(issue, newest.id));
  return later.some(isTransfer) ? null : newest;
}

function isTransfer(event: IssueEvent): boolean {
  return event.kind === "transferred";
}

/**
 * Whether title or body changed at or after the event. Trackers stamp whole seconds, so an edit in the same
 * second counts as after it.
 */
export function isEditedSince(issue: IssueSeen, event: LabeledEvent): boolean {
  if (issue.bodyEditedAt !== null && isSecondSince(issue.bodyEditedAt, event.at)) return true;
  return issue.history.events.some(
    (each) => each.kind === "renamed" && isSecondSince(each.at, event.at),
  );
}

/** Compared as times, not as text: fractions sort wrongly. A time that cannot be read may be any time. */
function isSecondSince(time: string, start: string): boolean {
  const [one, other] = [parseIso(time), parseIso(start)];
  if (one === null || other === null) return true;
  return Math.floor(one / 1000) >= Math.floor(other / 1000);
}

/** The approval an event stands for, of the text as read now. */
export function approvalOf(sha256: Sha256Hex, issue: IssueSeen, event: LabeledEvent): Approval {
  const actor = event.actor.kind === "account" ? event.actor : { id: "unknown", login: "unknown" };
  return {
    eventId: event.id,
    actor: { id: actor.id, login: actor.login },
    at: event.at,
    textHash: hashText(sha256, issue),
  };
}

/** Whose hands are not a person's: afk's own account and the accounts agents push and comment with. */
export type MachineAccounts = {
  readonly ownId: string;
  /** Ids or logins. */
  readonly agentActors: readonly string[];
};

/** A person is any account that is neither ours nor an agent's; somebody unknown is a person too. */
export function isPerson(actor: Actor, machines: MachineAccounts): boolean {
  if (actor.kind === "unknown") return true;
  if (actor.id === machines.ownId) return false;
  const login = actor.login.toLowerCase();
  return !machines.agentActors.some((entry) => entry === actor.id || entry.toLowerCase() === login);
}
