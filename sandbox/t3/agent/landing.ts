import { featureOf, renameTestedExport, writeFeature, writeFeatureTest } from "./feature-files.ts";
import type { Hands } from "./script.ts";
import type { CommitText, Workspace } from "./workspace.ts";

/** How a script bends the way from issue to push; the plain `lands` bends nothing. */
export type Landing = {
  /** Leave `AFK-Run` and `AFK-Phase` off every commit. */
  readonly omitsTrailers?: true;
  /** Say `Closes #N` where `Refs owner/name#N` belongs. */
  readonly closesByKeyword?: true;
  /** Break another test of the repo and run the own one only. */
  readonly breaksNeighbour?: true;
  /** Extra running time, in ms. */
  readonly thinksMs?: number;
};

/** A turn should be seen running by a tick, and a demo has seconds, not minutes: 0.5 to 2 s in all. */
const STEP_PAUSE_MS = 150;

/**
 * Test first, then code, then push, then the outcome line. Steps that an earlier turn of this run has
 * already committed are not done twice.
 */
export async function land(hands: Hands, landing: Landing = {}): Promise<void> {
  const { facts } = hands;
  const { slug } = featureOf(facts);
  hands.say(`I will work test-first on ${facts.issue} in a git worktree of my own.`);
  const workspace = await hands.openWorkspace();
  await hands.pause(STEP_PAUSE_MS);
  if (!(await workspace.hasRunCommit("AFK-Phase: tests-red"))) {
    await commitRedTest(hands, workspace, landing);
    hands.say(`The test for ${slug} is committed and fails, as it must.`);
  }
  await hands.pause(STEP_PAUSE_MS + (landing.thinksMs ?? 0));
  if (!(await workspace.hasRunCommit("AFK-Phase: green"))) {
    await commitGreen(hands, workspace, landing);
    hands.say("The tests pass; pushing.");
  }
  await hands.pause(STEP_PAUSE_MS);
  sayPushed(hands, await workspace.push());
}

/** Ends the turn's transcript with the outcome line of a push. */
export function sayPushed(hands: Hands, sha: string): void {
  hands.say(`Pushed to ${hands.facts.defaultBranch}.\n\nAFK-Outcome: pushed ${sha}`);
}

/** The text of a commit of this run that reaches a phase. */
export function commitText(hands: Hands, subject: string, phase: "tests-red" | "green") {
  const { issue, runId } = hands.facts;
  const trailers = [`AFK-Run: ${runId}`, `AFK-Phase: ${phase}`];
  return { subject, body: `Refs ${issue}`, trailers };
}

async function commitRedTest(hands: Hands, workspace: Workspace, landing: Landing): Promise<void> {
  const { slug, testFile } = featureOf(hands.facts);
  await writeFeatureTest(workspace.path, hands.facts);
  if (await workspace.runTests([testFile])) {
    throw new Error(`${testFile} passes before ${slug} exists`);
  }
  const text = commitText(hands, `Test ${slug} before it exists`, "tests-red");
  await workspace.commitAll(bend(hands, text, landing));
}

async function commitGreen(hands: Hands, workspace: Workspace, landing: Landing): Promise<void> {
  const { slug, testFile } = featureOf(hands.facts);
  await writeFeature(workspace.path, hands.facts);
  if (landing.breaksNeighbour) await renameTestedExport(workspace.path);
  if (!(await workspace.runTests(landing.breaksNeighbour ? [testFile] : []))) {
    throw new Error(`the tests are red with ${slug} in place`);
  }
  await workspace.commitAll(bend(hands, commitText(hands, `Add ${slug}`, "green"), landing));
}

function bend(hands: Hands, text: CommitText, landing: Landing): CommitText {
  return {
    subject: text.subject,
    body: landing.closesByKeyword ? `Closes #${hands.facts.issueNumber}` : text.body,
    trailers: landing.omitsTrailers ? [] : text.trailers,
  };
}
