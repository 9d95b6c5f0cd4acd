import { setTimeout as sleep } from "node:timers/promises";
import type { AgentTurn, AgentTurnStart } from "../../../sandbox/t3/agent/agent-turn.ts";
import type { AgentEnd, AgentVoice } from "../../../sandbox/t3/agent/script.ts";

/** A recorded second of slow work takes this long here. */
const SECOND_MS = 100;

const QUESTION = {
  header: "DB",
  question: "Which database?",
  options: [
    { label: "Postgres", description: "pg" },
    { label: "SQLite", description: "file" },
  ],
};

/** The agent of the recordings: it does what `FAKE:<behaviour>` in its newest prompt says. */
export function startFakeClaude({ prompts, voice }: AgentTurnStart): AgentTurn {
  const controller = new AbortController();
  const { signal } = controller;
  const [, name = "", value = ""] = /FAKE:(\w+)(?:=(\S+))?/.exec(prompts.at(-1) ?? "") ?? [];
  const end = play({ name, value, voice, signal }).catch((error: unknown): AgentEnd => {
    if (signal.aborted) return { kind: "aborted" };
    return { kind: "failed", error: String(error) };
  });
  const abort = () => controller.abort();
  return { done: Promise.race([end, aborted(signal)]), interrupt: abort, kill: abort };
}

type Play = {
  readonly name: string;
  readonly value: string;
  readonly voice: AgentVoice;
  readonly signal: AbortSignal;
};

async function play({ name, value, voice, signal }: Play): Promise<AgentEnd> {
  const done: AgentEnd = { kind: "completed" };
  switch (name) {
    case "slow":
      voice.say("Starting: first commentary.");
      await sleep(Number(value) * SECOND_MS, undefined, { signal });
      voice.say("Final answer after slow work.");
      return done;
    case "error":
      voice.say("About to fail.");
      return { kind: "failed", error: "Fake failure: something broke" };
    case "crash":
      voice.say("About to crash.");
      return { kind: "crashed" };
    case "limit":
      voice.say("You've hit your session limit · resets 3am (UTC)");
      return done;
    case "ask":
      voice.say("I have a question.");
      voice.say(`You said ${await voice.ask(QUESTION)}.`);
      return done;
    case "approve":
      voice.say("I need a permission.");
      voice.say(`Allowed: ${await voice.requestApproval("Bash: rm -rf build")}.`);
      return done;
    case "write": {
      voice.say(`Wrote ${value}.`);
      // In the recorded main folder the file was there already, just like that.
      const changed = { path: value, kind: "modified", additions: 1, deletions: 0 } as const;
      return value === "a.txt" ? done : { kind: "completed", files: [changed] };
    }
    default:
      voice.say("Hello from fake claude.");
      return done;
  }
}

function aborted(signal: AbortSignal): Promise<AgentEnd> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "aborted" }), { once: true });
  });
}
