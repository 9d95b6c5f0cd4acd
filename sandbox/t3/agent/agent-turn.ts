import { setTimeout as sleep } from "node:timers/promises";
import { namesFailingCheck, type PromptFacts, parsePromptFacts } from "./prompt-facts.ts";
import type { AgentEnd, AgentVoice, Hands, Script } from "./script.ts";
import { endingScripts } from "./scripts-ending.ts";
import { landingScripts } from "./scripts-landing.ts";
import { redScripts } from "./scripts-red.ts";
import { talkingScripts } from "./scripts-talking.ts";
import { openWorkspace } from "./workspace.ts";

/** All that the agent learns of the world: what was dispatched to its thread, and its folder. */
export type AgentTurnStart = {
  /** Every prompt of the thread that reached the agent, oldest first; the last one starts this turn. */
  readonly prompts: readonly string[];
  readonly workspaceRoot: string;
  /** The name that git puts on the agent's commits and pushes. */
  readonly gitName: string;
  readonly voice: AgentVoice;
};

/** A turn under way. `done` never rejects. */
export type AgentTurn = {
  readonly done: Promise<AgentEnd>;
  /** Asks the turn to end; some scripts do not listen. */
  interrupt(): void;
  /** Ends the turn and its child processes. */
  kill(): void;
};

const scripts: ReadonlyMap<string, Script> = new Map(
  Object.entries({ ...landingScripts, ...redScripts, ...talkingScripts, ...endingScripts }),
);

/** Starts the script that the thread's first prompt names. */
export function startAgentTurn(start: AgentTurnStart): AgentTurn {
  const controller = new AbortController();
  const facts = firstFacts(start.prompts);
  const script = facts === null ? null : scripts.get(facts.story);
  return {
    done: facts === null ? askForTask(start) : perform({ start, facts, script, controller }),
    interrupt: () => {
      if (script?.ignoresInterrupt !== true) controller.abort();
    },
    kill: () => controller.abort(),
  };
}

function firstFacts(prompts: readonly string[]): PromptFacts | null {
  for (const prompt of prompts) {
    const facts = parsePromptFacts(prompt);
    if (facts !== null) return facts;
  }
  return null;
}

async function askForTask({ voice }: AgentTurnStart): Promise<AgentEnd> {
  voice.say(
    "I have no task: no prompt of this thread names a clone URL, branch, run id and issue.",
  );
  return { kind: "completed" };
}

type Performance = {
  readonly start: AgentTurnStart;
  readonly facts: PromptFacts;
  readonly script: Script | null | undefined;
  readonly controller: AbortController;
};

async function perform({ start, facts, script, controller }: Performance): Promise<AgentEnd> {
  const { signal } = controller;
  try {
    if (!script)
      throw new Error(`no script is named "${facts.story}"; mend the issue's Story line`);
    return (await script.run(createHands(start, facts, signal))) ?? { kind: "completed" };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    return { kind: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

function createHands(start: AgentTurnStart, facts: PromptFacts, signal: AbortSignal): Hands {
  const { prompts, workspaceRoot, gitName, voice } = start;
  const untilAborted = rejectOnAbort(signal);
  return {
    facts,
    prompts,
    isCorrective: prompts.length > 1 && namesFailingCheck(prompts.at(-1) ?? ""),
    say: (text) => {
      if (!signal.aborted) voice.say(text);
    },
    ask: (question) => Promise.race([voice.ask(question), untilAborted]),
    requestApproval: (detail) => Promise.race([voice.requestApproval(detail), untilAborted]),
    openWorkspace: () => openWorkspace({ root: workspaceRoot, facts, gitName, signal }),
    pause: (ms) => sleep(ms, undefined, { signal }),
  };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
  // Nobody may be waiting when the abort comes.
  aborted.catch(() => {});
  return aborted;
}
