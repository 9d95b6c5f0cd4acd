import { appendRemark, mendRenamedExport } from "./feature-files.ts";
import { commitText, land, sayPushed } from "./landing.ts";
import type { Hands, Script } from "./script.ts";

/** The stories whose push turns the base red although the agent claims green. */
export const redScripts: Readonly<Record<string, Script>> = {
  "red-then-mended": { run: (hands) => (hands.isCorrective ? mend(hands) : breakNeighbour(hands)) },
  "stays-red": {
    run: (hands) => (hands.isCorrective ? mendNothing(hands) : breakNeighbour(hands)),
  },
};

async function breakNeighbour(hands: Hands): Promise<void> {
  await land(hands, { breaksNeighbour: true });
}

async function mend(hands: Hands): Promise<void> {
  hands.say("A check fails that I did not run here. Running the whole suite now.");
  const workspace = await hands.openWorkspace();
  await mendRenamedExport(workspace.path);
  if (!(await workspace.runTests())) throw new Error("the suite is still red after the mend");
  await workspace.commitAll(commitText(hands, "Give the renamed function its name back", "green"));
  sayPushed(hands, await workspace.push());
}

async function mendNothing(hands: Hands): Promise<void> {
  const attempt = hands.prompts.length;
  hands.say("I think I see it. Running my own test only, as before.");
  const workspace = await hands.openWorkspace();
  await appendRemark(workspace.path, `Attempt ${attempt} at the failing check.`, hands.facts);
  await workspace.commitAll(commitText(hands, `Attempt ${attempt} at the failing check`, "green"));
  sayPushed(hands, await workspace.push());
}
