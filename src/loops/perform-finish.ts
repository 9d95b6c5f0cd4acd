import { areBellsSettled } from "../pure/bells.ts";
import { renderVerdictBell } from "../pure/doorbells.ts";
import { issueKey } from "../pure/issue.ts";
import { renderNotice } from "../pure/notices.ts";
import { threadLinkOf } from "../pure/progress-comment.ts";
import type { FinishPlan, FinishStep } from "../pure/run-observation.ts";
import type { RunRecord } from "../pure/run-record.ts";
import { endsTick } from "./guard.ts";
import { putLabel } from "./put-label.ts";
import { ringBells } from "./ring-bells.ts";
import { labelPlace, type RunInHand, type WatchContext } from "./run-in-hand.ts";

/**
 * Performs the missing steps of a verdict, the lock label last: while it is on, the next tick looks again. A
 * step that fails keeps neither the others nor the doorbells from being tried. Answers how many steps and
 * doorbells failed.
 */
export async function performFinish(
  context: WatchContext,
  run: RunInHand,
  what: { readonly plan: FinishPlan; readonly record: RunRecord },
): Promise<number> {
  const { deps, settings } = context;
  const { plan, record } = what;
  const stepsFailed = await performSteps(context, run, what);
  const rung = await ringBells(
    deps,
    { ...run, record },
    {
      bell: verdictBell(context, run, record),
      names: plan.bells,
      read: (of) => of.verdict?.bells ?? {},
      write: (of, bells) => ({
        ...of,
        verdict: of.verdict === null ? null : { ...of.verdict, bells },
      }),
    },
  );
  const clock = { now: deps.now(), notifyMsMax: settings.limits.notifyMsMax };
  const isSettled = areBellsSettled(rung.record.verdict?.bells ?? {}, plan.bells, clock);
  if (plan.isLabelled && isSettled && stepsFailed === 0) {
    deps.log.info({ issue: record.issue, runId: record.runId, effect: "release" }, "performing");
    await deps.tracker.writer.removeLabel(run.observed.issue.ref, settings.labels.inProgress);
  }
  return stepsFailed + rung.failed;
}

async function performSteps(
  context: WatchContext,
  run: RunInHand,
  what: { readonly plan: FinishPlan; readonly record: RunRecord },
): Promise<number> {
  const { log } = context.deps;
  const { plan, record } = what;
  let failed = 0;
  for (const step of plan.steps) {
    const about = { issue: record.issue, runId: record.runId, effect: step.kind };
    try {
      log.info(about, "performing");
      await performStep(context, run, { step, record });
    } catch (error) {
      if (endsTick(error)) throw error;
      log.error({ ...about, step, err: error }, "step failed, next tick tries again");
      failed += 1;
    }
  }
  return failed;
}

async function performStep(
  context: WatchContext,
  run: RunInHand,
  what: { readonly step: FinishStep; readonly record: RunRecord },
): Promise<void> {
  const { step, record } = what;
  const { writer } = context.deps.tracker;
  const { ref } = run.observed.issue;
  switch (step.kind) {
    case "post-notice":
      await writer.createComment(ref, notice(context, run, { record, step }));
      return;
    case "close-issue":
      await writer.closeIssue(ref, "completed");
      return;
    case "reopen-issue":
      await writer.reopenIssue(ref);
      return;
    case "add-label":
      await putLabel(context.deps, labelPlace(context, run), step.label);
      return;
    case "remove-label":
      await writer.removeLabel(ref, step.label);
      return;
  }
}

function notice(
  context: WatchContext,
  run: RunInHand,
  what: {
    readonly record: RunRecord;
    readonly step: Extract<FinishStep, { kind: "post-notice" }>;
  },
): string {
  const { record, step } = what;
  const { kind: _, ...told } = step;
  return renderNotice({
    runId: record.runId,
    issueKey: issueKey(run.observed.issue.ref),
    verdict: verdictOf(record),
    threadLink: threadLinkOf(record, context.settings.links),
    commits: record.commits.map((commit) => commit.sha),
    ...told,
  });
}

function verdictBell(context: WatchContext, run: RunInHand, record: RunRecord) {
  const { issue } = run.observed;
  return renderVerdictBell({
    runId: record.runId,
    issueKey: issueKey(issue.ref),
    title: issue.title,
    verdict: verdictOf(record),
    link: threadLinkOf(record, context.settings.links),
  });
}

function verdictOf(record: RunRecord): NonNullable<RunRecord["verdict"]> {
  if (record.verdict === null)
    throw new Error(`${record.issue}: run ${record.runId} has no verdict`);
  return record.verdict;
}
