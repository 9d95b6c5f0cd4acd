import { setTimeout as sleep } from "node:timers/promises";
import { checkQuiet, checkWorld, type Finding } from "./demo/checks.ts";
import { createProgress, followTick, followWorld, type Say } from "./demo/progress.ts";
import { countWrites, isOver, keyOf, readStory } from "./demo/reading.ts";
import { STORIES } from "./demo/stories.ts";
import { renderTable } from "./demo/table.ts";
import { runTick, type TickRun } from "./demo/ticks.ts";
import { startWorld, type World } from "./demo/world.ts";

/** Between two rounds, as the minute between two ticks in a cluster; agents and CI work meanwhile. */
const ROUND_PAUSE_MS = 150;
/** All stories end within half of this on two cores; past it something hangs. */
const DEMO_MS_MAX = 120_000;
/** After the end nothing may be written any more. */
const QUIET_TICKS = 10;

const beganAt = Date.now();
const { say } = createProgress(beganAt);
const world = await startWorld(STORIES);
process.exitCode = 1;
try {
  followWorld(world, say);
  say("demo", `forge ${world.forge.apiUrl.href}  t3 ${world.t3.url}  ntfy ${world.ntfy.url}`);
  const played = await playOut(world, say);
  const readings = world.stories.map((story) => readStory(world, story));
  const before = countWrites(world);
  say("demo", `every issue has its verdict; ${QUIET_TICKS} more ticks of each loop`);
  for (let tick = 0; tick < QUIET_TICKS; tick += 1)
    played.ticks.push(...(await runRound(world, say)));
  const findings = [
    ...(await checkWorld(world, readings)),
    checkQuiet(world, before, QUIET_TICKS),
    checkTicks(played.ticks),
  ];
  console.log(`\n${renderTable(world, readings, played.seconds)}\n`);
  console.log(totals(world, played.ticks));
  for (const finding of findings) report(finding);
  if (findings.every((finding) => finding.against.length === 0)) process.exitCode = 0;
} finally {
  await world.close();
}

/** Runs both ticks over and over until every story's run is over, or time is. */
async function playOut(
  on: World,
  tell: Say,
): Promise<{ readonly ticks: TickRun[]; readonly seconds: ReadonlyMap<string, number> }> {
  const ticks: TickRun[] = [];
  const begun = new Map<string, number>();
  const seconds = new Map<string, number>();
  while (Date.now() - beganAt < DEMO_MS_MAX) {
    ticks.push(...(await runRound(on, tell)));
    for (const reading of on.stories.map((story) => readStory(on, story))) {
      const key = keyOf(reading.story);
      if (reading.progress.length > 0 && !begun.has(key)) begun.set(key, Date.now());
      if (!isOver(reading) || seconds.has(key)) continue;
      seconds.set(key, (Date.now() - (begun.get(key) ?? beganAt)) / 1000);
    }
    if (seconds.size === on.stories.length) break;
    await sleep(ROUND_PAUSE_MS);
  }
  return { ticks, seconds };
}

/** Both loops at once, as two CronJobs start them. */
async function runRound(on: World, tell: Say): Promise<readonly TickRun[]> {
  const follow = (line: Parameters<typeof followTick>[0]) => followTick(line, tell);
  return Promise.all([runTick("poll", on.env, follow), runTick("watch", on.env, follow)]);
}

function checkTicks(ticks: readonly TickRun[]): Finding {
  const failed = ticks.filter((tick) => tick.code !== 0);
  const against = failed.map((tick) => `${tick.command} exited ${tick.code} ${tick.stderr}`.trim());
  return { what: "every tick exited 0", against };
}

function totals(on: World, ticks: readonly TickRun[]): string {
  const seconds = ((Date.now() - beganAt) / 1000).toFixed(1);
  return [
    `${ticks.length} ticks as processes of their own in ${seconds} s; requests:`,
    `forge ${on.forge.requests.length}, t3 ${on.t3.requests.length}, ntfy ${on.ntfy.requests.length};`,
    `writes of afk: ${countWrites(on)}`,
  ].join(" ");
}

function report(finding: Finding): void {
  const isGood = finding.against.length === 0;
  console.log(`${isGood ? "ok  " : "FAIL"} ${finding.what}`);
  for (const line of finding.against) console.log(`     ${line}`);
}
