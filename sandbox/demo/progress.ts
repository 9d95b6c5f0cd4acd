import { parseThreadId } from "../../src/pure/identity.ts";
import type { LogLine } from "./ticks.ts";
import type { World } from "./world.ts";

const SHA_CHARACTERS = 8;

/** Tells one thing: who did it, and what. */
export type Say = (who: string, what: string) => void;

/** Tells what happens as it happens, a line each, with the seconds since the start. */
export function createProgress(beganAt: number): { readonly say: Say } {
  return {
    say: (who, what) => {
      const seconds = ((Date.now() - beganAt) / 1000).toFixed(1).padStart(5);
      console.log(`${seconds}s  ${who.padEnd(9)} ${what}`);
    },
  };
}

/** What of a world is followed. */
type Watched = {
  readonly forge: Pick<World["forge"], "on">;
  readonly t3: Pick<World["t3"], "subscribe" | "threads">;
};

/** Shows what people, agents, CI and the doorbell do. */
export function followWorld(world: Watched, say: Say): void {
  const turns = new Map<string, number>();
  world.forge.on((event) => {
    if (event.kind === "push") {
      say(
        "git",
        `${event.repo} ${event.after.slice(0, SHA_CHARACTERS)} pushed by ${event.by ?? "nobody"}`,
      );
    }
    if (event.kind === "check" && event.conclusion !== null) {
      const sha = event.sha.slice(0, SHA_CHARACTERS);
      say("ci", `${event.repo} ${sha} ${event.name}: ${event.conclusion}`);
    }
    if (event.kind === "issue" && event.label === null && event.change !== "opened") {
      say("forge", `${event.repo}#${event.number} ${event.change} by ${event.by ?? "nobody"}`);
    }
  });
  world.t3.subscribe((event) => {
    if (event.kind !== "turn-started" && event.kind !== "asked") return;
    const name = parseThreadId(event.threadId);
    const run = name?.runId ?? event.threadId;
    const turn = (turns.get(run) ?? 0) + (event.kind === "turn-started" ? 1 : 0);
    turns.set(run, turn);
    const thread = world.t3.threads().find((each) => each.id === event.threadId);
    // The folder of a repo is `owner__name`, and no owner of the demo has underscores.
    const repo = thread?.workspaceRoot.split("/").at(-1)?.replace("__", "/");
    const who = name === null ? event.threadId : `${repo}#${name.issueNumber}`;
    say(
      "agent",
      `${who} turn ${turn} ${event.kind === "asked" ? `asks: ${event.text}` : "begins"}`,
    );
  });
}

/** Shows what a tick decided to do. Waits and holds are many and change nothing: they are not shown. */
export function followTick(line: LogLine, say: Say): void {
  const loop = textOf(line["loop"]);
  if (line["level"] === "error" || line["level"] === "fatal") {
    const error = line["err"] as { message?: string } | undefined;
    say(loop, `${line.msg}: ${textOf(line["issue"])} ${error?.message ?? textOf(line["why"])}`);
    return;
  }
  if (line.msg !== "decided") return;
  const decision = line["decision"] as Readonly<Record<string, unknown>>;
  const words = sentenceOf(decision);
  if (words !== null) say(loop, `${textOf(line["issue"])} ${words}`);
}

function sentenceOf(decision: Readonly<Record<string, unknown>>): string | null {
  switch (decision["kind"]) {
    case "dispatch":
      return `dispatched as run ${textOf(decision["runId"])}`;
    case "adopt":
      return `adopted (${textOf(decision["step"])})`;
    case "conclude":
      return `verdict: ${textOf(decision["verdict"])} (${textOf(decision["because"])})`;
    case "act": {
      const act = decision["act"] as Readonly<Record<string, unknown>>;
      const ask = act["ask"] as { prompt?: { kind?: string } } | undefined;
      return `${textOf(decision["row"])} ${textOf(act["kind"])} ${ask?.prompt?.kind ?? ""}`.trimEnd();
    }
    default:
      return null;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
