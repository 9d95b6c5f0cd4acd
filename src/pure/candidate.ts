import {
  approvalOf,
  findReadyEvent,
  hasLabel,
  isEditedSince,
  type LabeledEvent,
  newestLabelEvent,
  orderOf,
} from "./approval.ts";
import { isTurnAskedFor } from "./dispatch-plan.ts";
import type { HoldBecause, PollDecision } from "./dispatch-policy.ts";
import { deriveRunId, type Sha256Hex, threadIdOf } from "./identity.ts";
import { type Blocker, issueKey, type IssueSeen } from "./issue.ts";
import type { Lock } from "./locks.ts";
import { once } from "./once.ts";
import type { RepoView } from "./poll-views.ts";
import { lastTurn, type RunRecord } from "./run-record.ts";
import { recordCommentsOf, type RecordComment, runIdOf } from "./run-record-codec.ts";
import { isLive } from "./thread-state.ts";
import { decideTrust } from "./trust.ts";

/** A candidate answered by itself, or one that competes for its repo's slot and the capacity. */
export type Candidate =
  | { readonly kind: "answered"; readonly issue: IssueSeen; readonly decision: PollDecision }
  | ({ readonly kind: "eligible" } & ApprovedIssue);

/** An approval with all that the ids of its run are made from, which only a few are asked for. */
export type ApprovedIssue = {
  readonly issue: IssueSeen;
  readonly repoId: string;
  readonly approvalEventId: string;
};

type RunIds = { readonly runId: string; readonly threadId: string };

type Context = RepoView & {
  readonly issue: IssueSeen;
  readonly ready: LabeledEvent | null;
  /** Empty without an approval. */
  readonly approvalEventId: string;
  /** A hash that few answers depend on. */
  readonly run: () => RunIds;
  /** The progress comment of this approval's run. */
  readonly own: RecordComment | undefined;
};

/** A candidate whose approval was read. */
type Approved = Context & { readonly ready: LabeledEvent };

type Hold = Extract<PollDecision, { kind: "hold" }>;

/** The ids of the run that an approval begins; every other id follows from them. */
export function runOf(sha256: Sha256Hex, of: ApprovedIssue): RunIds {
  const { ref } = of.issue;
  const runId = deriveRunId(sha256, { ...of, ref });
  return { runId, threadId: threadIdOf({ runId, issueNumber: ref.number, restart: 0 }) };
}

/** Answers one candidate by itself: the first reason wins. */
export function decideCandidate(here: RepoView, issue: IssueSeen): Candidate {
  const context = contextOf(here, issue);
  const decision =
    adoption(context) ??
    stateHold(context) ??
    approvalHold(context) ??
    blockerHold(context) ??
    roomHold(context);
  if (decision !== null) return { kind: "answered", issue, decision };
  return {
    kind: "eligible",
    issue,
    repoId: here.repo.facts.id,
    approvalEventId: context.approvalEventId,
  };
}

function contextOf(here: RepoView, issue: IssueSeen): Context {
  const ready = findReadyEvent(issue, here.policy.labels.ready);
  const repoId = here.repo.facts.id;
  const approvalEventId = ready?.id ?? "";
  const run = once(() => runOf(here.policy.sha256, { issue, repoId, approvalEventId }));
  const comments = ready === null ? [] : recordCommentsOf(issue);
  const own = comments.find((each) => isOwnWord(each) && runIdOf(each) === run().runId);
  return { ...here, issue, ready, approvalEventId, run, own };
}

/** What somebody else wrote into a comment of ours uses no approval: then the agent server tells of its run. */
function isOwnWord(comment: RecordComment): boolean {
  return comment.kind !== "tampered";
}

function hold(because: HoldBecause, detail: string): Hold {
  return { kind: "hold", because, detail };
}

/** Our own run of this approval that began, has no verdict and never carried the in-progress label. */
function adoption(context: Context): PollDecision | null {
  const { own, ready, issue, policy } = context;
  if (ready === null || own?.kind !== "record") return null;
  const { record } = own;
  if (record.verdict !== null || hasBeenLocked(issue, ready, policy.labels.inProgress)) return null;
  // A person took it meanwhile: the run waits, and is finished or handed over once that label is off.
  const held = humanHold(context);
  if (held !== null) return held;
  const { runId, threadId } = context.run();
  const giveUp = whyHandOver({ ...context, ready }, record);
  if (giveUp !== null) return { kind: "adopt", step: "hand-over", runId, threadId, detail: giveUp };
  const others = foreignLocks(context);
  const blocked = agentHold(context) ?? lockHold(others) ?? steeredHold(context);
  return (
    blocked ?? {
      kind: "adopt",
      step: "finish",
      runId,
      threadId,
      detail: "its dispatch was cut short",
    }
  );
}

/** Somebody set the agent to work in the run's thread before its first turn was asked for: none is asked beside it. */
function steeredHold({ seen, run, issue }: Context): Hold | null {
  const read = seen.threadReads.get(run().threadId);
  if (read?.kind !== "read" || !isLive(read.detail) || isTurnAskedFor(read)) return null;
  return hold("repo-locked", `${issueKey(issue.ref)} (somebody else's turn)`);
}

/** Whether the issue carries the in-progress label, or carried it since it was approved. */
function hasBeenLocked(issue: IssueSeen, ready: LabeledEvent, inProgress: string): boolean {
  if (hasLabel(issue, inProgress)) return true;
  const newest = newestLabelEvent(issue, inProgress);
  return newest !== null && orderOf(issue, newest.id) > orderOf(issue, ready.id);
}

/** Why the poller must not finish the dispatch itself: the watcher's table has the row for it. */
function whyHandOver(context: Approved, record: RunRecord): string | null {
  const { issue, policy, ready, seen } = context;
  const attempt = lastTurn(record)?.attempt ?? 0;
  if (issue.state === "closed") return "the issue was closed meanwhile";
  if (hasLabel(issue, policy.labels.paused)) return "the issue was paused meanwhile";
  if (attempt > policy.limits.redispatchAttemptsMax)
    return "the agent server refused every attempt";
  if (seen.now - record.begunAt > policy.limits.adoptGraceMs) return "the dispatch took too long";
  const approval = approvalOf(policy.sha256, issue, ready);
  if (approval.textHash !== record.approval.textHash) return "the text was edited meanwhile";
  const thread = threadOf(context);
  if (thread !== null && thread.presence !== "active") return `its thread was ${thread.presence}`;
  return null;
}

function threadOf(context: Context): { readonly presence: string } | null {
  const { agent } = context.seen;
  if (agent.kind === "unreadable") return null;
  const { threadId } = context.run();
  return agent.threads.find((thread) => thread.id === threadId) ?? null;
}

function stateHold(context: Context): Hold | null {
  const { issue, policy } = context;
  if (issue.state === "closed") return hold("not-open", "closed");
  if (issue.isPullRequest) return hold("is-pull-request", "only issues are dispatched");
  const held = humanHold(context);
  if (held !== null) return held;
  if (hasLabel(issue, policy.labels.paused)) return hold("paused", policy.labels.paused);
  return null;
}

/** A human label that is not older than the approval: nothing of ours may start beside it or take it off. */
function humanHold({ issue, ready, policy }: Context): Hold | null {
  const { human } = policy.labels;
  if (!hasLabel(issue, human)) return null;
  const newest = newestLabelEvent(issue, human);
  // Not in the history that was read: nothing shows that the approval is newer.
  const isOlder =
    newest !== null && ready !== null && orderOf(issue, newest.id) <= orderOf(issue, ready.id);
  return isOlder ? null : hold("human-label", `${human} is newer than the approval`);
}

function approvalHold(context: Context): Hold | null {
  const { issue, policy, ready, repo, own } = context;
  if (own !== undefined) return hold("approval-already-used", `by run ${context.run().runId}`);
  if (ready !== null && isRunInAgent(context)) {
    const { runId } = context.run();
    return hold("approval-already-used", `by run ${runId}, whose progress comment is gone`);
  }
  if (ready === null) return hold("approval-not-found", "no standing labelling event was read");
  if (issue.ownComments.kind === "truncated") {
    return hold("issue-unreadable", "too many comments to tell whether the approval was used");
  }
  const actorId = ready.actor.kind === "account" ? ready.actor.id : "";
  const trust = decideTrust({
    event: ready,
    permission: repo.permissions.get(actorId) ?? "unreadable",
    policy: policy.trust,
    ownAccount: policy.own,
    app: context.seen.actingApps.get(ready.id) ?? null,
  });
  if (trust.kind === "untrusted") return hold("untrusted-labeler", trust.because);
  if (isEditedSince(issue, ready)) {
    return hold("edited-after-approval", "label again to approve the text as it is now");
  }
  return null;
}

function isRunInAgent({ threadRunIds, run }: Context): boolean {
  return threadRunIds.size > 0 && threadRunIds.has(run().runId);
}

function blockerHold(context: Context): Hold | null {
  const seen = context.issue.blockers;
  if (seen.kind === "unreadable") return hold("blocked", `blockers unreadable: ${seen.why}`);
  const open = seen.blockers.filter((blocker) => blocker.state !== "closed");
  if (open.length === 0) return null;
  return hold("blocked", open.map(nameBlocker).join(", "));
}

function nameBlocker({ key, state, cycle }: Blocker): string {
  if (state === "open") return key;
  return cycle === undefined ? `${key} (${state})` : `${key} (${state}: ${cycle.join(" → ")})`;
}

/** Whether there is room for a run: the agent server answers, the repo is free and its base is good. */
function roomHold(context: Context): Hold | null {
  const { issue, policy } = context;
  const noRoom = agentHold(context) ?? lockHold(context.locks);
  if (noRoom !== null) return noRoom;
  if (hasLabel(issue, policy.labels.inProgress)) {
    return hold("repo-locked", "its earlier run is still being concluded");
  }
  if (policy.isDraining) return hold("draining", "AFK_DRAIN is true");
  return context.baseHold();
}

function agentHold(context: Context): Hold | null {
  const { agent, threadReads } = context.seen;
  if (agent.kind === "unreadable") return hold("agent-server", agent.why);
  if (threadReads.size === 0) return null;
  const read = threadReads.get(context.run().threadId);
  return read?.kind === "unreadable" ? hold("agent-server", read.why) : null;
}

function lockHold(locks: readonly Lock[]): Hold | null {
  const [first] = locks;
  return first === undefined ? null : hold("repo-locked", `${first.issue} (${first.kind})`);
}

function foreignLocks(context: Context): readonly Lock[] {
  const key = issueKey(context.issue.ref);
  const { runId } = context.run();
  return context.locks.filter((lock) => lock.issue !== key || lock.runId !== runId);
}
