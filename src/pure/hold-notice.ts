import { findReadyEvent, type LabeledEvent } from "./approval.ts";
import type { PollDecision, PollPolicy } from "./dispatch-policy.ts";
import { deriveRunId } from "./identity.ts";
import type { IssueSeen, RepoSeen } from "./issue.ts";
import type { HoldReason } from "./notices.ts";
import { recordCommentsOf, runIdOf } from "./run-record-codec.ts";
import { decideTrust } from "./trust.ts";

/** A hold that only a person can clear, to be said once per approval and reason. */
export type HoldNotice = {
  readonly approvalEventId: string;
  readonly reason: HoldReason;
  readonly detail: string;
};

type HoldInput = {
  readonly issue: IssueSeen;
  readonly repo: Extract<RepoSeen, { kind: "readable" }>;
  readonly decision: PollDecision;
  readonly policy: PollPolicy;
};

/**
 * Whether a hold is worth a comment: only one that waits for a person to do something; not of an approval
 * that a run has used, whose verdict says more; and never in answer to a label that nobody trusted put on,
 * or strangers could make afk write.
 */
export function decideHoldNotice(input: HoldInput): HoldNotice | null {
  const { issue, decision, policy } = input;
  if (decision.kind !== "hold") return null;
  const reason = reasonOf(issue, decision);
  const ready = findReadyEvent(issue, policy.labels.ready);
  if (reason === null || ready === null || issue.ownComments.kind === "truncated") return null;
  if (isApprovalUsed(input, ready)) return null;
  const actorId = ready.actor.kind === "account" ? ready.actor.id : "";
  const trust = decideTrust({
    event: ready,
    permission: input.repo.permissions.get(actorId) ?? "unreadable",
    policy: policy.trust,
    ownAccount: policy.own,
    // Asked only of what would start; whoever uses an App may still write here by themselves.
    app: null,
  });
  if (trust.kind === "untrusted") return null;
  return { approvalEventId: ready.id, reason, detail: decision.detail };
}

function isApprovalUsed({ issue, repo, policy }: HoldInput, ready: LabeledEvent): boolean {
  const of = { ref: issue.ref, repoId: repo.facts.id, approvalEventId: ready.id };
  const runId = deriveRunId(policy.sha256, of);
  return recordCommentsOf(issue).some((comment) => runIdOf(comment) === runId);
}

function reasonOf(
  issue: IssueSeen,
  decision: Extract<PollDecision, { kind: "hold" }>,
): HoldReason | null {
  if (decision.because === "edited-after-approval" || decision.because === "human-label") {
    return decision.because;
  }
  if (decision.because !== "blocked") return null;
  // An open blocker clears itself when it is closed; an unreadable or cyclic one never does.
  if (issue.blockers.kind === "unreadable") return "blocker-unreadable";
  const states = issue.blockers.blockers.map((blocker) => blocker.state);
  if (states.includes("cyclic")) return "blocker-cyclic";
  return states.includes("unreadable") ? "blocker-unreadable" : null;
}
