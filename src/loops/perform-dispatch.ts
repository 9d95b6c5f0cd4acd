import {
  type AgentStep,
  type DispatchPlan,
  type DispatchStep,
  countRefusal,
} from "../pure/dispatch-plan.ts";
import { issueKey } from "../pure/issue.ts";
import type { CommandAck } from "../pure/ports/agent.ts";
import { type LinkPolicy, renderProgress } from "../pure/progress-comment.ts";
import type { TickDeps } from "./deps.ts";
import { type LabelPlace, putLabel } from "./put-label.ts";

/**
 * Performs a dispatch plan, one remote request a step. A refused command counts its attempt in the record
 * and ends the dispatch: the next tick goes on with new command ids.
 */
export async function performDispatch(
  deps: TickDeps,
  at: LabelPlace & { readonly links: LinkPolicy },
  plan: DispatchPlan,
): Promise<void> {
  let { commentId } = plan;
  for (const step of plan.steps) {
    const { runId, metering } = plan.record;
    // A run begins with this one step: whether its budget is enforced is said once.
    const begun = step.kind === "create-comment" ? { runId, metering } : {};
    deps.log.info({ issue: issueKey(at.ref), effect: step.kind, ...begun }, "performing");
    if (step.kind === "create-comment") {
      commentId = await deps.tracker.writer.createComment(at.ref, step.body);
      continue;
    }
    const ack = await performStep(deps, at, step);
    if (ack.kind === "accepted") continue;
    const refused = renderProgress(countRefusal(plan.record, deps.now()), at.links);
    if (commentId !== null) await deps.tracker.writer.editComment(at.ref, commentId, refused);
    throw new Error(`${issueKey(at.ref)}: ${step.kind} was refused: ${ack.why}`);
  }
}

const ACCEPTED: CommandAck = { kind: "accepted" };

async function performStep(
  deps: TickDeps,
  at: LabelPlace,
  step: Exclude<DispatchStep, { kind: "create-comment" }>,
): Promise<CommandAck> {
  switch (step.kind) {
    case "edit-comment":
      await deps.tracker.writer.editComment(at.ref, step.commentId, step.body);
      return ACCEPTED;
    case "create-project":
    case "create-thread":
    case "start-turn":
      return sendAgentStep(deps, step);
    case "remove-label":
      await deps.tracker.writer.removeLabel(at.ref, step.label);
      return ACCEPTED;
    case "add-label":
      await putLabel(deps, at, step.label);
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
