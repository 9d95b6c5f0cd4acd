import { isSameLabel } from "../pure/approval.ts";
import { type IssueRef, issueKey, type RepoFacts } from "../pure/issue.ts";
import { labelLook } from "../pure/label-looks.ts";
import type { LabelNames } from "../pure/ports/tracker.ts";
import type { TickDeps } from "./deps.ts";
import { endsTick } from "./guard.ts";

/** Where a label is put on, and what is known of the labels there. */
export type LabelPlace = {
  readonly ref: IssueRef;
  readonly facts: RepoFacts;
  readonly labels: LabelNames;
};

/**
 * Puts a label on an issue. One that the repo does not have is created first, as an effect of its own, so that it
 * tells people what it means. Where that fails the label is put on all the same: adding it creates it bare.
 */
export async function putLabel(deps: TickDeps, at: LabelPlace, label: string): Promise<void> {
  await createIfMissing(deps, at, label);
  await deps.tracker.writer.addLabel(at.ref, label);
}

async function createIfMissing(deps: TickDeps, at: LabelPlace, label: string): Promise<void> {
  const isMissing = at.facts.labelsMissing.some((missing) => isSameLabel(missing, label));
  const look = isMissing ? labelLook(label, at.labels) : null;
  if (look === null) return;
  const about = { issue: issueKey(at.ref), effect: "create-label", label };
  try {
    deps.log.info(about, "performing");
    await deps.tracker.writer.createLabel(at.facts.ref, look);
  } catch (error) {
    if (endsTick(error)) throw error;
    deps.log.warn({ ...about, err: error }, "label not created, it is put on without its look");
  }
}
