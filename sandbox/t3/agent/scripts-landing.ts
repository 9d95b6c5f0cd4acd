import { appendRemark } from "./feature-files.ts";
import { commitText, land, sayPushed } from "./landing.ts";
import type { Hands, Script } from "./script.ts";

/** Long enough for several ticks and for a person's brake to fall into it. */
const SLOW_MS = 8_000;

/** The stories that bring their code to the default branch by themselves, each in its own manner. */
export const landingScripts: Readonly<Record<string, Script>> = {
  lands: { run: (hands) => land(hands) },
  "closes-by-keyword": { run: (hands) => land(hands, { closesByKeyword: true }) },
  slow: { run: (hands) => land(hands, { thinksMs: SLOW_MS }) },
  "no-trailer": { run: landThenAddTrailer },
};

async function landThenAddTrailer(hands: Hands): Promise<void> {
  if (hands.prompts.length === 1) return land(hands, { omitsTrailers: true });
  const workspace = await hands.openWorkspace();
  await appendRemark(workspace.path, `Made by run ${hands.facts.runId}.`, hands.facts);
  await workspace.commitAll(commitText(hands, "Say which run made this", "green"));
  sayPushed(hands, await workspace.push());
}
