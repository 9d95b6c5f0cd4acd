import { parentPort } from "node:worker_threads";
import { type CrashReport, crashEverywhere } from "./exhaustive.ts";
import { scheduleOf } from "./schedules.ts";
import { simulate } from "./simulation.ts";
import { addCounts, noTotals, type Totals } from "./totals.ts";

/** What a worker is asked for. Seeds are `from`, `from + step` and so on, up to and with `to`. */
export type WorkerTask =
  | { readonly kind: "crashes"; readonly part: number; readonly parts: number }
  | {
      readonly kind: "seeds";
      readonly from: number;
      readonly to: number;
      readonly step: number;
      /** Epoch ms after which no further schedule begins. */
      readonly until: number;
      /** Stops at the first failure. */
      readonly failuresMax: number;
    };

// One thread does one task after the other: what was compiled for the first is there for the next.
parentPort?.on("message", (task: WorkerTask) => {
  void perform(task).then((answer) => parentPort?.postMessage(answer));
});

async function perform(task: WorkerTask): Promise<CrashReport | Totals> {
  if (task.kind === "crashes") return crashEverywhere(task.part, task.parts);
  const totals = noTotals();
  for (let seed = task.from; seed <= task.to && Date.now() < task.until; seed += task.step) {
    const { broken, counts } = await simulate(scheduleOf(seed));
    totals.schedules += 1;
    addCounts(totals.counts, counts);
    if (broken.length > 0) totals.failures.push({ seed, broken });
    if (totals.failures.length >= task.failuresMax) break;
  }
  return totals;
}
