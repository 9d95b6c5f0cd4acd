import { land } from "./landing.ts";
import type { AgentQuestion, Hands, Script } from "./script.ts";

/** The stories decided by words: an outcome that is none, an outcome that is not a push, a question. */
export const talkingScripts: Readonly<Record<string, Script>> = {
  blocked: { run: declareBlocked },
  stalls: { run: stall },
  asks: { run: askThenLand },
  "asks-permission": { run: requestApprovalThenLand },
};

/** How long reading the issue takes: a tick should be able to see it. */
const READING_MS = 500;

const DATABASE_QUESTION: AgentQuestion = {
  header: "DB",
  question: "Which database?",
  options: [
    { label: "Postgres", description: "A server of its own" },
    { label: "SQLite", description: "A file" },
  ],
};

async function declareBlocked(hands: Hands): Promise<void> {
  hands.say("Reading the issue.");
  await hands.pause(READING_MS);
  hands.say(
    "I cannot go on without it.\n\n" +
      "AFK-Outcome: blocked the API key for the payment sandbox is missing",
  );
}

async function stall(hands: Hands): Promise<void> {
  await hands.pause(READING_MS);
  hands.say("I had a look around the repository. There are several ways to go about this.");
}

async function askThenLand(hands: Hands): Promise<void> {
  hands.say("I have a question.");
  const answer = await hands.ask(DATABASE_QUESTION);
  hands.say(`Going on with: ${answer}`);
  await land(hands);
}

async function requestApprovalThenLand(hands: Hands): Promise<void> {
  hands.say("I need to run a command.");
  if (await hands.requestApproval("Bash: rm -rf build")) return land(hands);
  hands.say("AFK-Outcome: blocked the command it needs was declined");
}
