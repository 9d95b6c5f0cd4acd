import { findReadyEvent } from "./approval.ts";
import type { PollDecision, PollPolicy } from "./dispatch-policy.ts";
import type { IssueSeen, RepoSeen } from "./issue.ts";
import type { HoldReason } from "./notices.ts";
import { decideTrust } from "./trust.ts";

/** A hold that only a person can clear, to be said once per approval and reason. */
export type HoldNotice = {
  readonly approvalEventId: string;
  readonly reason: HoldReason;
  readonly detail: string;
};

/**
 * Whether a hold is worth a comment: only one that waits for a person to do something, and never in answer
 * to a label that nobody trusted put on, or strangers could make afk write.
 */
export function decideHoldNotice(input: {
  readonly issue: IssueSeen;
  readonly repo: Extract<RepoSeen, { kind: "readable" }>;
  readonly decision: PollDecision;
  readonly policy: PollPolicy;
}): HoldNotice | null {
  const { issue, decision, policy } = input;
  if (decision.kind !== "hold") return null;
  const reason = reasonOf(issue, decision);
  const ready = findReadyEvent(issue, policy.labels.ready);
  if (reason === null || ready === null || issue.ownComments.kind === "truncated") return null;
  const actorId = ready.actor.kind === "account" ? ready.actor.id : "";
  const trust = decideTrust({
    event: ready,
    permission: input.repo.permissions.get(actorId) ?? "unreadable",
    policy: policy.trust,
    ownAccount: policy.own,
  });
  if (trust.kind === "untrusted") return null;
  return { approvalEventId: ready.id, reason, detail: decision.detail };
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
