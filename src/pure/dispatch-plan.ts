import { approvalOf, findReadyEvent, hasLabel } from "./approval.ts";
import type { PollPolicy } from "./dispatch-policy.ts";
import {
  commandIdOf,
  hashText,
  messageIdOf,
  parseMessageId,
  projectIdOf,
  workspaceRootOf,
} from "./identity.ts";
import { type IssueSeen, issueKey, type RepoFacts } from "./issue.ts";
import type { ProjectCreation, ThreadCreation, TurnStart } from "./ports/agent.ts";
import { type LinkPolicy, renderProgress } from "./progress-comment.ts";
import { renderFirstPrompt } from "./prompts.ts";
import {
  beginRecord,
  lastTurn,
  type RunRecord,
  type TurnRecord,
  withLastTurn,
} from "./run-record.ts";
import { recordCommentsOf } from "./run-record-codec.ts";
import type { AgentSeen, ThreadRead } from "./thread.ts";
import { startClock } from "./run-clock.ts";
import { plainLine } from "./untrusted-text.ts";

/** One remote request of a dispatch, complete: nothing is left to choose while it is performed. */
export type DispatchStep =
  | { readonly kind: "create-comment"; readonly body: string }
  | { readonly kind: "edit-comment"; readonly commentId: string; readonly body: string }
  | ({ readonly kind: "create-project" } & ProjectCreation)
  | ({ readonly kind: "create-thread" } & ThreadCreation)
  | ({ readonly kind: "start-turn" } & TurnStart)
  | { readonly kind: "remove-label"; readonly label: string }
  | { readonly kind: "add-label"; readonly label: string };

/** What a dispatch or the finishing of one is planned from: one fresh reading. */
export type DispatchInput = {
  readonly now: number;
  readonly runId: string;
  readonly issue: IssueSeen;
  readonly facts: RepoFacts;
  readonly agent: Pick<Extract<AgentSeen, { kind: "readable" }>, "environmentId" | "projects">;
  /** The run's first thread in detail; absent when the server has none. */
  readonly threadRead: ThreadRead | undefined;
  readonly policy: Pick<PollPolicy, "labels" | "sha256" | "workspacesRoot">;
  readonly links: LinkPolicy;
};

/** The missing effects of a dispatch, in order, and the record they start from. */
export type DispatchPlan = {
  readonly record: RunRecord;
  /** The progress comment, when it exists already. */
  readonly commentId: string | null;
  readonly steps: readonly DispatchStep[];
};

/** T3 shows titles in a narrow column; the issue key comes first and must stay whole. */
const TITLE_CHARACTERS_MAX = 120;

/**
 * Plans a dispatch: record, project, thread, turn, then the lock label. What a reading shows as done is left
 * out, so the same function finishes a dispatch that was cut short. Throws when the approval is not in the
 * reading: the policy answers first and never lets such an issue through.
 */
export function planDispatch(input: DispatchInput): DispatchPlan {
  const own = recordCommentsOf(input.issue).find(
    (each) => each.kind === "record" && each.record.runId === input.runId,
  );
  const isAskedFor = isTurnAskedFor(input.threadRead);
  const record =
    own?.kind === "record" ? renewed(own.record, input, isAskedFor) : firstRecord(input);
  const turn = lastTurn(record);
  if (turn === null)
    throw new Error(`${issueKey(input.issue.ref)}: a dispatching record holds no turn`);
  const body = renderProgress(record, input.links);
  const steps: DispatchStep[] = [];
  if (own === undefined) steps.push({ kind: "create-comment", body });
  if (!isAskedFor) {
    const isNewThread = input.threadRead?.kind !== "read";
    if (own !== undefined) steps.push({ kind: "edit-comment", commentId: own.commentId, body });
    steps.push(...planTurn({ ...input, turn, isNewThread, text: firstPromptOf(input) }));
  }
  steps.push(...labelSteps(input));
  return { record, commentId: own?.commentId ?? null, steps };
}

/** A turn about to be asked for is asked for now: its grace, and the lock of the repo, count from here. */
function renewed(record: RunRecord, input: DispatchInput, isAskedFor: boolean): RunRecord {
  if (isAskedFor) return record;
  return withLastTurn(record, { asked: startClock(record.clocks, input.now) });
}

/** The record after the server refused a command: its id is used up, so the next attempt is counted. */
export function countRefusal(record: RunRecord, now: number): RunRecord {
  const attempt = (lastTurn(record)?.attempt ?? 0) + 1;
  return withLastTurn(record, { attempt, asked: startClock(record.clocks, now) });
}

function firstRecord(input: DispatchInput): RunRecord {
  const ready = findReadyEvent(input.issue, input.policy.labels.ready);
  if (ready === null)
    throw new Error(`${issueKey(input.issue.ref)}: dispatched without an approval`);
  return beginRecord({
    issue: issueKey(input.issue.ref),
    runId: input.runId,
    issueNumber: input.issue.ref.number,
    approval: approvalOf(input.policy.sha256, input.issue, ready),
    baseSha: input.facts.headSha,
    environmentId: input.agent.environmentId,
    now: input.now,
  });
}

/** Whether a user message of ours is in the thread: then no turn is sent, whatever became of the first one. */
export function isTurnAskedFor(read: ThreadRead | undefined): boolean {
  if (read?.kind !== "read") return false;
  return read.detail.messages.some((message) => parseMessageId(message.id) !== null);
}

/** What asking for a turn takes at the agent server: the project and the thread where missing, the turn. */
export type AgentStep = Extract<
  DispatchStep,
  { kind: "create-project" | "create-thread" | "start-turn" }
>;

/** Plans the asking of a turn, from what the server shows. */
export function planTurn(
  input: Pick<DispatchInput, "agent" | "issue" | "policy"> & {
    readonly turn: TurnRecord;
    readonly isNewThread: boolean;
    readonly text: string;
  },
): readonly AgentStep[] {
  const { agent, policy, issue, turn, text } = input;
  const root = workspaceRootOf(policy.workspacesRoot, issue.ref.repo);
  const project = agent.projects.find(
    (each) => each.workspaceRoot.toLowerCase() === root.toLowerCase(),
  );
  const projectId = project?.id ?? projectIdOf(policy.sha256, turn);
  const steps: AgentStep[] = [];
  if (project === undefined) {
    const title = `${issue.ref.repo.owner}/${issue.ref.repo.name}`;
    const commandId = commandIdOf(turn, "project");
    steps.push({ kind: "create-project", commandId, projectId, title, workspaceRoot: root });
  }
  if (input.isNewThread) {
    const title = plainLine(`${issueKey(issue.ref)}: ${issue.title}`, TITLE_CHARACTERS_MAX);
    const commandId = commandIdOf(turn, "thread");
    steps.push({ kind: "create-thread", commandId, threadId: turn.threadId, projectId, title });
  }
  const commandId = commandIdOf(turn, "start");
  const messageId = messageIdOf(turn);
  steps.push({ kind: "start-turn", commandId, threadId: turn.threadId, messageId, text });
  return steps;
}

/** The first prompt of a run, from one fresh reading of the approved text. */
export function firstPromptOf(
  input: Pick<DispatchInput, "issue" | "facts" | "policy" | "runId">,
): string {
  const { issue, facts, policy, runId } = input;
  return renderFirstPrompt({
    facts: {
      issueKey: issueKey(issue.ref),
      issueUrl: issue.url,
      cloneUrl: facts.cloneUrl,
      defaultBranch: facts.defaultBranch,
      runId,
      approvalTextHash: hashText(policy.sha256, issue),
      workspaceRoot: workspaceRootOf(policy.workspacesRoot, issue.ref.repo),
    },
    issue: { title: issue.title, body: issue.body },
  });
}

/**
 * The human label goes first: with it on the issue, the in-progress label would lock nothing. It is older than
 * the approval: the policy lets no issue through where it is not.
 */
function labelSteps(input: DispatchInput): readonly DispatchStep[] {
  const { human, inProgress } = input.policy.labels;
  const steps: DispatchStep[] = [];
  if (hasLabel(input.issue, human)) steps.push({ kind: "remove-label", label: human });
  steps.push({ kind: "add-label", label: inProgress });
  return steps;
}
