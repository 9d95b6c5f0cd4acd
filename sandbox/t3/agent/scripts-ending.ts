import type { AgentEnd, Hands, Script } from "./script.ts";

/** The stories about turns that end badly, or do not end. */
export const endingScripts: Readonly<Record<string, Script>> = {
  "never-stops": { ignoresInterrupt: true, run: neverStop },
  crashes: { run: crash },
};

/** Far past every limit a demo sets, and still an end, should nobody stop the session. */
const NEVER_MS = 3_600_000;
const BEFORE_CRASH_MS = 400;

async function neverStop(hands: Hands): Promise<void> {
  hands.say("This will take a while.");
  await hands.pause(NEVER_MS);
}

async function crash(hands: Hands): Promise<AgentEnd> {
  hands.say("Starting.");
  await hands.pause(BEFORE_CRASH_MS);
  return { kind: "crashed" };
}
