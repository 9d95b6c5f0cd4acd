import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Page, startPage } from "../page/page-server.ts";
import { viewStories } from "../page/story-view.ts";
import { type Chaos, KILLS_MIN } from "./chaos.ts";
import { checkQuiet, checkTicks, checkWorld, type Finding, isAsExpected } from "./checks.ts";
import { createProgress, followTick, followWorld, type Say } from "./progress.ts";
import { countWrites, isReleased, keyOf } from "./reading.ts";
import { createStage } from "./stage.ts";
import type { Stage, Story } from "./story.ts";
import { renderTable } from "./table.ts";
import { type LogLine, runTick, type TickRun } from "./ticks.ts";
import { startWorld, type World } from "./world.ts";

/** Between two rounds, as the minute between two ticks in a cluster; agents and CI work meanwhile. */
const ROUND_PAUSE_MS = 150;
/** All stories end within half of this on two cores; past it something hangs. */
const DEMO_MS_MAX = 240_000;
/** After the end nothing may be written any more. */
const QUIET_TICKS = 10;

/** A demo under way. */
type Demo = {
  readonly world: World;
  readonly page: Page;
  readonly say: Say;
  readonly beganAt: number;
  readonly stages: Stage[];
  readonly lines: LogLine[];
  readonly ticks: TickRun[];
  /** What those who act in the stories waited for in vain. */
  readonly broken: string[];
  /** Ticks that are running. */
  readonly children: Set<ChildProcess>;
  /** Aborted by Ctrl-C: everybody stops, and the world is taken down. */
  readonly interruption: AbortSignal;
  /** Kills ticks; null lets them live. Taken away for the quiet ticks at the end. */
  chaos: Chaos | null;
  /** How many seconds a story's runs took, from the first dispatch to the last release. */
  readonly seconds: Map<string, number>;
};

/** How a demo ended. */
export type DemoEnd = "as-promised" | "not-as-promised" | "interrupted";

/**
 * Plays the stories in a world of their own and prints how they went. `keep` leaves world and page up until the
 * process is interrupted. An interruption before the end takes down the world with all its processes.
 */
export async function playDemo(
  stories: readonly Story[],
  options: { readonly chaos: Chaos | null; readonly keep: boolean },
): Promise<DemoEnd> {
  const beganAt = Date.now();
  const children = new Set<ChildProcess>();
  const interruption = listenForInterruption(children);
  const world = await startWorld(stories);
  const stages: Stage[] = [];
  let isOver = false;
  const page = await startPage({ world, stories: () => viewStories({ stories, stages, isOver }) });
  try {
    const { say } = createProgress(beganAt);
    const demo: Demo = {
      chaos: options.chaos,
      world,
      page,
      say,
      beganAt,
      stages,
      lines: [],
      ticks: [],
      broken: [],
      seconds: new Map(),
      children,
      interruption,
    };
    followWorld(world, say);
    say("demo", `forge ${world.forge.apiUrl.href}  t3 ${world.t3.url}  ntfy ${world.ntfy.url}`);
    say("demo", `page ${page.url}`);
    for (const scene of [1, 2]) {
      await playScene(
        demo,
        stories.filter((story) => (story.scene ?? 1) === scene),
      );
    }
    if (isInterrupted(demo)) return "interrupted";
    const kills = await endChaos(demo);
    const findings = [...(await conclude(demo, options.chaos !== null)), ...kills];
    if (isInterrupted(demo)) return "interrupted";
    isOver = true;
    for (const finding of findings) report(finding);
    if (options.keep) {
      say("demo", `the page stays at ${page.url} until Ctrl-C`);
      say("demo", `in another terminal: . ${world.envFile} && npx node dist/afk.cjs plan`);
      if (!isInterrupted(demo)) await once(interruption, "abort");
    }
    const isGood = findings.every((finding) => finding.against.length === 0);
    return isGood ? "as-promised" : "not-as-promised";
  } finally {
    await page.stop();
    await world.close();
  }
}

/** Told when the process is asked to end; the ticks that run then are ended at once. */
function listenForInterruption(children: ReadonlySet<ChildProcess>): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    controller.abort();
    for (const child of children) child.kill();
  };
  // Not once: a terminal and npm both tell, and the second telling must not cut the cleaning short.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  return controller.signal;
}

function isInterrupted(demo: Demo): boolean {
  return demo.interruption.aborted;
}

/** Opens the stories of a scene and runs both ticks over and over until each has ended, or time is over. */
async function playScene(demo: Demo, stories: readonly Story[]): Promise<void> {
  const { world, lines, beganAt } = demo;
  if (isInterrupted(demo)) return;
  // Nobody waits for anything any longer once the demo is interrupted.
  const deadline = () => (isInterrupted(demo) ? 0 : beganAt + DEMO_MS_MAX);
  const stages = stories.map((story) => createStage(world, world.open(story), { lines, deadline }));
  for (const stage of stages) stage.story.open?.(stage);
  demo.stages.push(...stages);
  let playing = stages.length;
  const plays = stages.map(async (stage) => {
    try {
      await stage.story.play?.(stage);
    } catch (error) {
      demo.broken.push(error instanceof Error ? error.message : String(error));
    }
    playing -= 1;
  });
  const ticking = async () => {
    while (Date.now() < deadline()) {
      await runRound(demo);
      for (const stage of stages) note(demo, stage);
      if (playing === 0 && stages.every(isOver)) return;
      await sleep(ROUND_PAUSE_MS);
    }
  };
  await Promise.all([...plays, ticking()]);
}

function isOver(stage: Stage): boolean {
  return isAsExpected(stage) && ("held" in stage.story.expected || isReleased(stage.read()));
}

function note(demo: Demo, stage: Stage): void {
  const reading = stage.read();
  const key = keyOf(reading.story);
  const first = reading.progress[0];
  if (first === undefined || (isOver(stage) && demo.seconds.has(key))) return;
  demo.seconds.set(key, (Date.now() - first.record.begunAt) / 1000);
}

/** Both loops at once, as two CronJobs start them; under chaos some twice, and many killed. */
async function runRound(demo: Demo): Promise<void> {
  const { world, say, lines, ticks } = demo;
  if (isInterrupted(demo)) return;
  const onStart = (child: ChildProcess) => {
    demo.children.add(child);
    child.on("close", () => demo.children.delete(child));
    const fate = demo.chaos?.follow(child);
    return (line: LogLine) => {
      lines.push(line);
      demo.page.tell(line);
      followTick(line, say);
      fate?.(line);
    };
  };
  const commands = demo.chaos?.round() ?? (["poll", "watch"] as const);
  ticks.push(
    ...(await Promise.all(commands.map((command) => runTick(command, world.env, onStart)))),
  );
}

/** Keeps killing until it was enough, then lets the ticks live and finish what was cut short. */
async function endChaos(demo: Demo): Promise<readonly Finding[]> {
  const { chaos } = demo;
  if (chaos === null) return [];
  const isLate = () => isInterrupted(demo) || Date.now() >= demo.beganAt + DEMO_MS_MAX;
  while (chaos.kills() < KILLS_MIN && !isLate()) await runRound(demo);
  demo.chaos = null;
  await runRound(demo);
  const enough = chaos.kills() >= KILLS_MIN;
  const what = `chaos of seed ${chaos.seed} killed ${chaos.kills()} of ${demo.ticks.length} ticks`;
  return [{ what, against: enough ? [] : [`fewer than ${KILLS_MIN}`] }];
}

async function conclude(demo: Demo, isChaos: boolean): Promise<readonly Finding[]> {
  const { world, stages, ticks, say } = demo;
  const before = countWrites(world);
  say("demo", `every story has its end; ${QUIET_TICKS} more ticks of each loop`);
  for (let tick = 0; tick < QUIET_TICKS; tick += 1) await runRound(demo);
  if (isInterrupted(demo)) return [];
  const isTrouble = stages.some((stage) => stage.story.scene === 2);
  const findings: readonly Finding[] = [
    { what: "everyone in the stories could do their part", against: demo.broken },
    ...(await checkWorld(world, stages, isChaos)),
    checkQuiet(world, before, QUIET_TICKS),
    checkTicks(ticks, isTrouble),
  ];
  console.log(`\n${renderTable(world, stages, demo.seconds)}\n`);
  console.log(totals(demo));
  return findings;
}

function totals({ world, ticks, beganAt }: Demo): string {
  const seconds = ((Date.now() - beganAt) / 1000).toFixed(1);
  return [
    `${ticks.length} ticks as processes of their own in ${seconds} s; requests:`,
    `forge ${world.forge.requests.length}, t3 ${world.t3.requests.length},`,
    `ntfy ${world.ntfy.requests.length}; writes of afk: ${countWrites(world)}`,
  ].join(" ");
}

function report(finding: Finding): void {
  const isGood = finding.against.length === 0;
  console.log(`${isGood ? "ok  " : "FAIL"} ${finding.what}`);
  for (const line of finding.against) console.log(`     ${line}`);
}
