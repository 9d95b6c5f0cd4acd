import { type Approval, approvalOf, isEditedSince, newestLabelEvent } from "./approval.ts";
import { deriveRunId, parseMessageId, type Sha256Hex, threadIdOf } from "./identity.ts";
import { issueKey, type IssueSeen } from "./issue.ts";
import type { LabelNames } from "./ports/tracker.ts";
import { FRESH_CLOCKS, startClock } from "./run-clock.ts";
import { beginRecord, newTurn, type RunRecord, type TurnRecord } from "./run-record.ts";
import type { ThreadRead } from "./thread.ts";

type RebuildInput = {
  readonly issue: IssueSeen;
  readonly repoId: string;
  readonly runId: string;
  /** The run's newest thread in detail. */
  readonly thread: ThreadRead;
  readonly environmentId: string;
  readonly labels: LabelNames;
  readonly sha256: Sha256Hex;
  /** Epoch ms. */
  readonly now: number;
};

/** An approval nobody can prove: it equals no event, so no label is ever removed in its name. */
const UNKNOWN_APPROVAL: Approval = {
  eventId: "unknown",
  actor: { id: "unknown", login: "unknown" },
  at: "",
  textHash: "",
};

/**
 * A record for a run whose progress comment was lost. What was spent is not known, so all of it counts as
 * spent; the approval is the labelling event whose run id is this one, if the history still shows it.
 */
export function rebuildRecord(input: RebuildInput): RunRecord {
  const { issue, runId, now } = input;
  const begun = beginRecord({
    issue: issueKey(issue.ref),
    runId,
    issueNumber: issue.ref.number,
    approval: findApproval(input),
    baseSha: null,
    environmentId: input.environmentId,
    now,
  });
  return { ...begun, state: "watching", isRebuilt: true, turns: [turnOf(input)] };
}

function findApproval(input: RebuildInput): Approval {
  const { issue, runId, repoId, sha256 } = input;
  for (const event of issue.history.events) {
    if (event.kind !== "labeled") continue;
    const derived = deriveRunId(sha256, { ref: issue.ref, repoId, approvalEventId: event.id });
    if (derived !== runId) continue;
    const approval = approvalOf(sha256, issue, event);
    // What is read now is not the text that was approved, and no text may pass for it any more.
    return isEditedSince(issue, event) ? { ...approval, textHash: "" } : approval;
  }
  return UNKNOWN_APPROVAL;
}

/** The newest turn the thread shows to have been asked for. */
function turnOf(input: RebuildInput): TurnRecord {
  const { thread, runId, issue, now } = input;
  const asked = startClock(FRESH_CLOCKS, now);
  const first = threadIdOf({ runId, issueNumber: issue.ref.number, restart: 0 });
  const detail = thread.kind === "read" ? thread.detail : { id: first, messages: [] };
  const names = detail.messages.flatMap((message) => parseMessageId(message.id) ?? []);
  const newest = names.at(-1);
  if (newest !== undefined) return newTurn({ ...newest, asked });
  return newTurn({ ordinal: 0, kind: "first", attempt: 0, threadId: detail.id, asked });
}

const ORPHAN_EVENT = "orphan:";

/** Whether a record stands for no run: it handed over a label of which nothing was known. */
export function isOrphan(record: RunRecord): boolean {
  return record.approval.eventId.startsWith(ORPHAN_EVENT);
}

/**
 * A record that hands an orphan over: the in-progress label stands on the issue with neither record nor
 * thread. Its run id derives from that label's event, so the same orphan is handed over once.
 */
export function orphanRecord(input: Omit<RebuildInput, "thread" | "runId">): RunRecord {
  const { issue, repoId, sha256, now } = input;
  const event = newestLabelEvent(issue, input.labels.inProgress);
  const approvalEventId = `${ORPHAN_EVENT}${event?.id ?? "unknown"}`;
  const runId = deriveRunId(sha256, { ref: issue.ref, repoId, approvalEventId });
  const begun = beginRecord({
    issue: issueKey(issue.ref),
    runId,
    issueNumber: issue.ref.number,
    approval: { ...UNKNOWN_APPROVAL, eventId: approvalEventId },
    baseSha: null,
    environmentId: input.environmentId,
    now,
  });
  const detail =
    `the label ${input.labels.inProgress} is on, and no record and no thread of a run was found; ` +
    "an agent may still be working on it";
  const verdict = {
    kind: "needs-human" as const,
    because: "orphan" as const,
    detail,
    at: now,
    stopAsks: 0,
    bells: {},
  };
  return { ...begun, state: "watching", isRebuilt: true, turns: [], verdict };
}
