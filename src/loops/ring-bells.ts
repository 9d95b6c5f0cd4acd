import { noteReceipt, noteRung, noteTry, receiptOf } from "../pure/bells.ts";
import { issueKey } from "../pure/issue.ts";
import type { Doorbell } from "../pure/ports/notifier.ts";
import type { BellStates, RunRecord } from "../pure/run-record.ts";
import type { TickDeps } from "./deps.ts";
import { endsTick } from "./guard.ts";
import type { ObservedRun } from "./observe-runs.ts";
import type { ProgressComment } from "./progress.ts";

/** One occasion to ring, and where the record keeps how each doorbell stands. */
export type Occasion = {
  readonly bell: Doorbell;
  readonly names: readonly string[];
  readonly read: (record: RunRecord) => BellStates;
  readonly write: (record: RunRecord, bells: BellStates) => RunRecord;
};

/**
 * Rings each named doorbell: the first try is recorded, then the request, then that it rang. A doorbell that
 * is down stops no other one; it is tried again next tick. Answers the record and how many failed.
 */
export async function ringBells(
  deps: TickDeps,
  run: {
    readonly observed: ObservedRun;
    readonly progress: ProgressComment;
    readonly record: RunRecord;
  },
  occasion: Occasion,
): Promise<{ readonly record: RunRecord; readonly failed: number }> {
  let { record } = run;
  let failed = 0;
  for (const name of occasion.names) {
    const notifier = deps.notifiers.find((each) => each.name === name);
    if (notifier === undefined) continue;
    const about = { issue: issueKey(run.observed.issue.ref), runId: record.runId, doorbell: name };
    const isTriedBefore = occasion.read(record)[name] !== undefined;
    record = occasion.write(record, noteTry(occasion.read(record), name, deps.now()));
    // Whether an earlier try rang may be unknown: while that cannot be noted, it would ring in every tick.
    if (isTriedBefore) await run.progress.confirm(record);
    else await run.progress.save(record);
    let receipt: string | null;
    try {
      deps.log.info({ ...about, effect: "ring" }, "performing");
      receipt = await notifier.ring(occasion.bell, receiptOf(record, name));
    } catch (error) {
      if (endsTick(error)) throw error;
      deps.log.error({ ...about, err: error }, "doorbell failed, next tick tries again");
      failed += 1;
      continue;
    }
    record = noteReceipt(record, name, receipt);
    record = occasion.write(record, noteRung(occasion.read(record), name, deps.now()));
    await run.progress.save(record);
  }
  return { record, failed };
}
