import { findReadyEvent, hasLabel, isPerson, newestLabelEvent } from "./approval.ts";
import { noteUndelivered, openBells } from "./bells.ts";
import type { ClosedBy, IssueSeen } from "./issue.ts";
import { findNotice } from "./notices.ts";
import { isReleased } from "./released.ts";
import { closedByPerson } from "./rows-brakes.ts";
import type {
  FinishStep,
  RunDecision,
  RunSeen,
  RunThreadSeen,
  ThreadVerb,
  WatchPolicy,
} from "./run-observation.ts";
import { lastTurn, type RunRecord } from "./run-record.ts";
import { parseIso } from "./time.ts";

type VerdictNote = NonNullable<RunRecord["verdict"]>;
/** A record that holds its verdict. */
export type ConcludedRecord = RunRecord & { readonly verdict: VerdictNote };

/**
 * T0: performs what is missing of a recorded verdict, and reads nothing else. A turn still live is stopped
 * first (interrupt, next tick session stop); one that will not stop delays nothing further. Of a released run
 * only a doorbell that was begun and not answered is still rung.
 */
export function decideFinish(
  record: ConcludedRecord,
  seen: RunSeen,
  policy: WatchPolicy,
): RunDecision {
  const noted: ConcludedRecord = { ...record, waitingOn: null };
  if (isOurRelease(noted, seen, policy)) return finishReleased(noted, seen, policy);
  return stopFirst(noted, seen, policy) ?? finish(noted, seen, policy);
}

/** While a newer run stands, the newest label event is that one's. */
function isOurRelease(record: ConcludedRecord, seen: RunSeen, policy: WatchPolicy): boolean {
  if (seen.isSuperseded) return false;
  return isReleased(seen.issue, {
    inProgress: policy.labels.inProgress,
    ownId: policy.machines.ownId,
    span: { from: record.begunAt, until: null },
  });
}

/** Whether a run has its verdict and nothing of it is missing: nobody has to hear of it any more. */
export function isOver(decision: RunDecision): boolean {
  if (decision.kind !== "finish") return false;
  const { steps, bells, isLabelled } = decision.plan;
  return steps.length === 0 && bells.length === 0 && !isLabelled;
}

/**
 * An interrupt, a session stop, and that once more: each is counted before it is asked for, and a tick that died in
 * between has asked for nothing.
 */
const STOP_ASKS_MAX = 3;

function stopFirst(
  record: ConcludedRecord,
  seen: RunSeen,
  policy: WatchPolicy,
): RunDecision | null {
  // The doorbell's link invites a person to talk to the agent: what runs after the notice is theirs.
  if (isTold(record, seen)) return null;
  const { verdict } = record;
  const turn = lastTurn(record);
  if (isUnseen(record, seen.thread)) {
    const isLong = seen.now - verdict.at > policy.limits.verdictMsMax;
    return isLong ? null : { row: "T0", record, kind: "wait", on: "agent-server" };
  }
  if (seen.thread.kind !== "seen" || !seen.thread.isLive || turn === null) return null;
  if (verdict.stopAsks >= STOP_ASKS_MAX) return null;
  const verbs = stopVerbs(seen.thread.isArchived, verdict.stopAsks);
  const counted = { ...record, verdict: { ...verdict, stopAsks: verdict.stopAsks + 1 } };
  return {
    row: "T0",
    record: counted,
    kind: "act",
    act: { kind: "command-thread", threadId: turn.threadId, verbs },
  };
}

/** An archived thread drops what its session says: out of the archive first, or it looks live for ever. */
function stopVerbs(isArchived: boolean, stopAsks: number): readonly ThreadVerb[] {
  if (isArchived) return ["unarchive", "stop-session"];
  return stopAsks === 0 ? ["interrupt"] : ["stop-session"];
}

function isTold(record: ConcludedRecord, seen: RunSeen): boolean {
  return findNotice(seen.issue.ownComments.comments, record.runId) !== null;
}

/** A doorbell configured since has nothing to ring for. */
function finishReleased(record: ConcludedRecord, seen: RunSeen, policy: WatchPolicy): RunDecision {
  const noted = noteBells(record, seen, policy);
  const begun = policy.notifiers.filter((name) => noted.verdict.bells[name]?.state === "trying");
  const plan = { steps: [], bells: begun, isLabelled: false };
  return { row: "T0", record: noted, kind: "finish", plan };
}

function noteBells(record: ConcludedRecord, seen: RunSeen, policy: WatchPolicy): ConcludedRecord {
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const bells = noteUndelivered(record.verdict.bells, clock);
  return { ...record, verdict: { ...record.verdict, bells } };
}

function finish(record: ConcludedRecord, seen: RunSeen, policy: WatchPolicy): RunDecision {
  const clock = { now: seen.now, notifyMsMax: policy.limits.notifyMsMax };
  const noted = noteBells(record, seen, policy);
  const ringing = record.verdict.kind === "cancelled" ? [] : policy.notifiers;
  // Without its label the run is released, or a newer run owns the issue: its state and labels are other
  // people's now, and what is left of this run is only told.
  const isLabelled = !seen.isSuperseded && hasLabel(seen.issue, policy.labels.inProgress);
  const states = isLabelled ? stateSteps(noted, seen.issue, policy) : [];
  const reopens = states.some((step) => step.kind === "reopen-issue");
  const closer = closerOf(seen.issue);
  const steps = [...noticeSteps(noted, seen, reopens ? closer : undefined), ...states];
  const plan = {
    steps: [...steps, ...readySteps(noted, seen.issue, policy)],
    bells: openBells(noted.verdict.bells, ringing, clock),
    isLabelled,
  };
  return { row: "T0", record: noted, kind: "finish", plan };
}

/** A newer approval is another run's: its label stays. */
function readySteps(
  record: ConcludedRecord,
  issue: IssueSeen,
  policy: WatchPolicy,
): readonly FinishStep[] {
  const approved = findReadyEvent(issue, policy.labels.ready);
  // The history may lag behind the labels, and a label deleted in the repo leaves no event.
  if (approved?.id !== record.approval.eventId || !hasLabel(issue, policy.labels.ready)) return [];
  return [{ kind: "remove-label", label: policy.labels.ready }];
}

/** A turn that was not seen to end, and a server that does not say what became of it. */
function isUnseen(record: ConcludedRecord, thread: RunThreadSeen): boolean {
  return thread.kind === "silent" && lastTurn(record)?.end === null;
}

function noticeSteps(
  record: ConcludedRecord,
  seen: RunSeen,
  reopenedAfter: ClosedBy | undefined,
): readonly FinishStep[] {
  if (isTold(record, seen)) return [];
  const mayStillRun =
    (seen.thread.kind === "seen" && seen.thread.isLive) || isUnseen(record, seen.thread);
  const notice = { kind: "post-notice", mayStillRun } as const;
  return [reopenedAfter === undefined ? notice : { ...notice, reopenedAfter }];
}

function closerOf(issue: IssueSeen): ClosedBy | undefined {
  return issue.history.events.findLast((event) => event.kind === "closed")?.closer;
}

function needsHuman(verdict: VerdictNote): boolean {
  return verdict.kind === "needs-human" || verdict.kind === "frozen";
}

/**
 * Closes what is done; hands over what is not, reopened where a keyword or an agent closed it too early.
 * A person's hand stands.
 */
function stateSteps(
  record: ConcludedRecord,
  issue: IssueSeen,
  policy: WatchPolicy,
): readonly FinishStep[] {
  const { verdict } = record;
  if (verdict.kind === "done") {
    return issue.state === "open" && !isReopened(record, issue, policy)
      ? [{ kind: "close-issue" }]
      : [];
  }
  if (!needsHuman(verdict)) return [];
  const isWronglyClosed = issue.state === "closed" && closedByPerson(issue, policy) === null;
  return [
    ...(isWronglyClosed ? [{ kind: "reopen-issue" as const }] : []),
    ...humanSteps(record, issue, policy),
  ];
}

function humanSteps(
  record: ConcludedRecord,
  issue: IssueSeen,
  policy: WatchPolicy,
): readonly FinishStep[] {
  const { human } = policy.labels;
  if (hasLabel(issue, human) || isTakenOff(record, issue, policy)) return [];
  return [{ kind: "add-label", label: human }];
}

/** A reopening by a person after the verdict is a veto: the issue is not closed a second time. */
function isReopened(record: ConcludedRecord, issue: IssueSeen, policy: WatchPolicy): boolean {
  return issue.history.events.some(
    (event) =>
      event.kind === "reopened" &&
      isPerson(event.actor, policy.machines) &&
      isSince(record.verdict, event.at),
  );
}

function isTakenOff(record: ConcludedRecord, issue: IssueSeen, policy: WatchPolicy): boolean {
  const newest = newestLabelEvent(issue, policy.labels.human);
  if (newest === null || newest.kind === "labeled") return false;
  return isPerson(newest.actor, policy.machines) && isSince(record.verdict, newest.at);
}

/** Trackers stamp whole seconds: what happened in the verdict's own second counts as after it. */
function isSince(verdict: VerdictNote, at: string): boolean {
  return (parseIso(at) ?? 0) >= Math.floor(verdict.at / 1000) * 1000;
}
