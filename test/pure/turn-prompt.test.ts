import { describe, expect, it } from "vitest";

import { firstPromptOf } from "../../src/pure/dispatch-plan.ts";
import type { CheckEvidence } from "../../src/pure/ports/ci.ts";
import {
  PROMPT_CHARACTERS_MAX,
  renderCorrectivePrompt,
  renderNudgePrompt,
  renderRestartPrompt,
} from "../../src/pure/prompts.ts";
import type { TurnAsk } from "../../src/pure/run-observation.ts";
import { renderTurnPrompt } from "../../src/pure/turn-prompt.ts";
import { anIssue, aPollPolicy, aSha, RUN_ID, someFacts, THREAD_ID } from "./builders.ts";

const evidence: readonly CheckEvidence[] = [{ name: "build", url: null, logTail: "it broke" }];
const input = {
  issue: anIssue(),
  facts: someFacts(),
  policy: aPollPolicy(),
  runId: RUN_ID,
  attemptsMax: 5,
  evidence,
};
const names = { runId: RUN_ID, issueKey: "acme/widgets#12" };

function ask(prompt: TurnAsk["prompt"], isNewThread = false): TurnAsk {
  return { threadId: THREAD_ID, isNewThread, prompt };
}

const corrective = {
  kind: "corrective",
  sha: aSha("red"),
  failing: [],
  attempt: 2,
} as const satisfies TurnAsk["prompt"];

const correctiveText = renderCorrectivePrompt({
  ...names,
  sha: aSha("red"),
  attempt: 2,
  attemptsMax: 5,
  evidence,
});

describe("the text of a turn in the thread of the run", () => {
  const rows: ReadonlyArray<readonly [kind: string, prompt: TurnAsk["prompt"], text: string]> = [
    ["first", { kind: "first" }, firstPromptOf(input)],
    ["corrective", corrective, correctiveText],
    [
      "nudge",
      { kind: "nudge", missing: "commit" },
      renderNudgePrompt({ ...names, missing: "commit" }),
    ],
    [
      "restart",
      { kind: "restart", because: "paused" },
      renderRestartPrompt({ ...names, because: "paused" }),
    ],
  ];
  it.each(rows)("is the %s prompt alone", (_kind, prompt, text) => {
    expect(renderTurnPrompt(ask(prompt), input)).toBe(text);
  });
});

describe("the text of a turn in a new thread", () => {
  it("is followed by the first prompt, for the agent there knows nothing of the run", () => {
    const text = renderTurnPrompt(ask(corrective, true), input);
    expect(text).toBe(`${correctiveText}\n\n---\n\n${firstPromptOf(input)}`);
  });

  it("is the first prompt once, when that is what is asked for", () => {
    expect(renderTurnPrompt(ask({ kind: "first" }, true), input)).toBe(firstPromptOf(input));
  });

  it("stays within the limit, and it is the issue's text that gives way", () => {
    const long = {
      ...input,
      issue: anIssue({ body: "b".repeat(200_000) }),
      evidence: Array.from({ length: 60 }, (_, at) => ({
        name: `check ${at} ${"n".repeat(300)}`,
        url: null,
        logTail: "l".repeat(50_000),
      })),
    };
    const text = renderTurnPrompt(ask(corrective, true), long);
    expect(text.length).toBeLessThanOrEqual(PROMPT_CHARACTERS_MAX);
    expect(text).toContain("AFK-Outcome: blocked <one sentence");
    expect(text).toContain("## The issue as it was approved");
    expect(text).toContain("Reject an empty name");
    expect(text).toMatch(/b+…$/);
  });
});
