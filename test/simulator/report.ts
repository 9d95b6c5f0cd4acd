import { readLimits } from "../../src/pure/config-env.ts";
import { runBoundMs } from "./ending.ts";
import type { CrashReport } from "./exhaustive.ts";
import { findSites, sourceOf } from "./effect-sites.ts";
import { HOUR } from "../loops/world.ts";
import type { Totals } from "./totals.ts";

/** The laws that are checked on every schedule, beside bounded reads and writes and reasons. */
const LAWS_CHECKED = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** The longest source line a table shows. */
const SOURCE_CHARACTERS_MAX = 70;

/** The whole report of a run: counts, effect sites and what was broken. */
export function renderReport(run: {
  readonly crashes: CrashReport;
  readonly totals: Totals;
  readonly ms: number;
  readonly from: number;
}): string {
  const { crashes, totals } = run;
  const { counts, failures } = totals;
  const untouched = untouchedSites(crashes);
  return [
    "Crashes before and after every effect of every story:",
    ...siteLines(crashes),
    `plays ${crashes.plays}, broken ${crashes.broken.length}`,
    ...crashes.broken.slice(0, 10).map((what) => `  ${what}`),
    ...untouched.map((site) => `NO CRASH at ${site}`),
    "",
    `Schedules ${totals.schedules} from seed ${run.from}, ticks ${counts.ticks}, effects ${counts.effects}, crashes ${counts.crashes}`,
    `laws checked: ${LAWS_CHECKED.join(", ")}; bounded writes and requests, no verdict from silence, a reason for every hold and wait`,
    `law 4: with the default limits a run ends within ${(runBoundMs(readLimits({ env: {}, problems: [] })) / HOUR).toFixed(1)} h of the world's answering`,
    `faults and acts: ${listed(counts.faults)}`,
    `verdicts: ${listed(counts.verdicts)}`,
    `holds: ${listed(counts.holds)}`,
    `${failures.length === 0 ? "every law was kept" : `${failures.length} schedules broke a law: ${failures.map(({ seed }) => seed).join(", ")}`} (${(run.ms / 1000).toFixed(1)} s)`,
  ].join("\n");
}

/** Effect sites of the loops at which no tick died. */
export function untouchedSites(crashes: CrashReport): readonly string[] {
  return findSites().filter((site) => {
    const { before = 0, after = 0 } = crashes.bySite[site] ?? {};
    return before === 0 || after === 0;
  });
}

function siteLines(crashes: CrashReport): readonly string[] {
  return findSites().map((site) => {
    const { before = 0, after = 0 } = crashes.bySite[site] ?? {};
    const source = sourceOf(site).slice(0, SOURCE_CHARACTERS_MAX);
    return `  ${site.padEnd(26)} before ${String(before).padStart(4)}  after ${String(after).padStart(4)}  ${source}`;
  });
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, times]) => `${name} ${times}`)
    .join(", ");
}
