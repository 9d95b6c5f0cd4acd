import { type DispatchInput, firstPromptOf } from "./dispatch-plan.ts";
import { issueKey } from "./issue.ts";
import type { CheckEvidence } from "./ports/ci.ts";
import {
  PROMPT_CHARACTERS_MAX,
  renderCorrectivePrompt,
  renderNudgePrompt,
  renderRestartPrompt,
} from "./prompts.ts";
import type { TurnAsk } from "./run-observation.ts";
import { cut } from "./untrusted-text.ts";

/**
 * The text of a turn. In a new thread the agent knows nothing of the run, so the first prompt follows the
 * one that says what happened; together they stay below T3's limit, the issue's text giving way.
 */
export function renderTurnPrompt(
  ask: TurnAsk,
  input: Pick<DispatchInput, "issue" | "facts" | "policy" | "runId"> & {
    readonly attemptsMax: number;
    readonly evidence: readonly CheckEvidence[];
  },
): string {
  const names = { runId: input.runId, issueKey: issueKey(input.issue.ref) };
  const { prompt } = ask;
  if (prompt.kind === "first") return firstPromptOf(input);
  const text = followUp(prompt, { ...input, names });
  if (!ask.isNewThread) return text;
  return cut(`${text}\n\n---\n\n${firstPromptOf(input)}`, PROMPT_CHARACTERS_MAX);
}

function followUp(
  prompt: Exclude<TurnAsk["prompt"], { kind: "first" }>,
  input: {
    readonly names: { readonly runId: string; readonly issueKey: string };
    readonly attemptsMax: number;
    readonly evidence: readonly CheckEvidence[];
  },
): string {
  switch (prompt.kind) {
    case "corrective":
      return renderCorrectivePrompt({
        ...input.names,
        sha: prompt.sha,
        attempt: prompt.attempt,
        attemptsMax: input.attemptsMax,
        evidence: input.evidence,
      });
    case "nudge":
      return renderNudgePrompt({ ...input.names, missing: prompt.missing });
    case "restart":
      return renderRestartPrompt({ ...input.names, because: prompt.because });
  }
}
