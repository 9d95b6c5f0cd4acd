import { describeCommands } from "./agent-commands.ts";
import { describeBrakes, describeTurns } from "./agent-turns.ts";
import type { OpenAgent } from "./agent-world.ts";
import { openFakeAgent } from "./fake-agent-world.ts";
import { openT3Agent } from "./t3-agent-world.ts";

const SUBJECTS: ReadonlyArray<readonly [name: string, openWorld: OpenAgent]> = [
  ["the fake agent server", () => openFakeAgent()],
  ["the fake agent server that hides inactive threads", () => openFakeAgent(true)],
  ["T3 0.0.33", () => openT3Agent("0.0.33")],
  ["T3 0.0.30", () => openT3Agent("0.0.30")],
  ["T3 0.0.27", () => openT3Agent("0.0.27")],
];

for (const [name, openWorld] of SUBJECTS) {
  describeCommands(name, openWorld);
  describeTurns(name, openWorld);
  describeBrakes(name, openWorld);
}
