import {
  type AgentStep,
  type DispatchPlan,
  type DispatchStep,
  countRefusal,
} from "../pure/dispatch-plan.ts";
import { issueKey, type IssueRef } from "../pure/issue.ts";
import type { CommandAck } from "../pure/ports/agent.ts";
import { type LinkPolicy, renderProgress } from "../pure/progress-comment.ts";
import type { TickDeps } from "./deps.ts";

/**
 * Performs a dispatch plan, one remote request a step. A refused command counts its attempt in the record
 * and ends the dispatch: the next tick goes on with new command ids.
 */
export async function performDispatch(
  deps: TickDeps,
  at: { readonly issue: IssueRef; readonly links: LinkPolicy },
  plan: DispatchPlan,
): Promise<void> {
  let { commentId } = plan;
  for (const step of plan.steps) {
    deps.log.info({ issue: issueKey(at.issue), effect: step.kind }, "performing");
    if (step.kind === "create-comment") {
      commentId = await deps.tracker.writer.createComment(at.issue, step.body);
      continue;
    }
    const ack = await performStep(deps, at.issue, step);
    if (ack.kind === "accepted") continue;
    const refused = renderProgress(countRefusal(plan.record, deps.now()), at.links);
    if (commentId !== null) await deps.tracker.writer.editComment(at.issue, commentId, refused);
    throw new Error(`${issueKey(at.issue)}: ${step.kind} was refused: ${ack.why}`);
  }
}

const ACCEPTED: CommandAck = { kind: "accepted" };

async function performStep(
  deps: TickDeps,
  issue: IssueRef,
  step: Exclude<DispatchStep, { kind: "create-comment" }>,
): Promise<CommandAck> {
  switch (step.kind) {
    case "edit-comment":
      await deps.tracker.writer.editComment(issue, step.commentId, step.body);
      return ACCEPTED;
    case "create-project":
    case "create-thread":
    case "start-turn":
      return sendAgentStep(deps, step);
    case "remove-label":
      await deps.tracker.writer.removeLabel(issue, step.label);
      return ACCEPTED;
    case "add-label":
      await deps.tracker.writer.addLabel(issue, step.label);
      return ACCEPTED;
  }
}

/** Sends one step of asking for a turn: the same for the poller's first turn and the watcher's later ones. */
export function sendAgentStep(deps: TickDeps, step: AgentStep): Promise<CommandAck> {
  switch (step.kind) {
    case "create-project":
      return deps.agent.writer.createProject(step);
    case "create-thread":
      return deps.agent.writer.createThread(step);
    case "start-turn":
      return deps.agent.writer.startTurn(step);
  }
}
