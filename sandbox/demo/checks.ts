import { bellsOf, countWrites, endText, expectedText, keyOf, runsOf } from "./reading.ts";
import type { Stage } from "./story.ts";
import type { TickRun } from "./ticks.ts";
import type { World } from "./world.ts";

/** One thing that must be true at the end of the demo, and what speaks against it. */
export type Finding = { readonly what: string; readonly against: readonly string[] };

/** Everything the demo promises, checked on the world as it stands. */
export async function checkWorld(
  world: World,
  stages: readonly Stage[],
  isChaos: boolean,
): Promise<readonly Finding[]> {
  const once = isChaos
    ? "each verdict rang its doorbell, again only where a tick died between ring and record"
    : "each verdict rang exactly one doorbell, whose link opens the thread's page";
  return [
    { what: "every story ended as expected", against: stages.flatMap(wrongEnd) },
    {
      what: "every story was told whole",
      // Under chaos a turn may be over before a tick lives long enough to see it run.
      against: isChaos ? [] : stages.flatMap(wrongTelling),
    },
    { what: "no thread and no repo ever had two live turns", against: doubleTurns(world) },
    { what: "one progress comment a run, edited in place", against: stages.flatMap(wrongProgress) },
    {
      what: "one notice a run, and one a hold that waits for a person",
      against: stages.flatMap(wrongNotices),
    },
    {
      what: once,
      against: (await Promise.all(stages.map((stage) => wrongBells(stage, isChaos)))).flat(),
    },
  ];
}

/** That so many further ticks wrote nothing. */
export function checkQuiet(world: World, before: number, ticks: number): Finding {
  const writes = countWrites(world) - before;
  const against = writes === 0 ? [] : [`${writes} writes`];
  return { what: `${ticks} more ticks of each loop wrote nothing`, against };
}

/** That no tick failed but for a service that was broken on purpose. */
export function checkTicks(ticks: readonly TickRun[], isTrouble: boolean): Finding {
  const ended = ticks.filter((tick) => tick.code !== null);
  const failed = ended.filter((tick) => tick.code !== 0 && !(isTrouble && tick.code === 1));
  const against = failed.map((tick) => `${tick.command} exited ${tick.code} ${tick.stderr}`.trim());
  const what = isTrouble
    ? "every tick exited 0, or 1 while a service was down"
    : "every tick exited 0";
  return { what, against };
}

/** Why a story's issue is held, by the newest answer to it; null when it is not. */
export function heldBecause(stage: Stage): string | null {
  const decisions = stage
    .log()
    .flatMap((line) => (line.msg === "decided" ? [line["decision"]] : []));
  const newest = decisions.at(-1) as { kind?: string; because?: string } | undefined;
  return newest?.kind === "hold" ? (newest.because ?? null) : null;
}

/** Whether a story ended as it must. */
export function isAsExpected(stage: Stage): boolean {
  return endText(stage.read(), heldBecause(stage)) === expectedText(stage.story.expected);
}

function wrongEnd(stage: Stage): readonly string[] {
  const { story } = stage;
  const reading = stage.read();
  const key = keyOf(reading.story);
  const got = endText(reading, heldBecause(stage));
  const want = expectedText(story.expected);
  if (got !== want) return [`${key}: ${got} instead of ${want}`];
  if ("held" in story.expected) return [];
  const { verdict } = story.expected;
  const against: string[] = [];
  const isClosed = verdict === "done" || verdict === "cancelled";
  if ((reading.state === "closed") !== isClosed)
    against.push(`${key}: the issue is ${reading.state}`);
  const needsHuman = verdict === "needs-human" || verdict === "frozen";
  if (reading.labels.includes("ready-for-human") !== needsHuman) {
    against.push(`${key}: labelled ${reading.labels.join(", ")}`);
  }
  return against;
}

function wrongTelling(stage: Stage): readonly string[] {
  const { expected } = stage.story;
  const key = keyOf(stage.read().story);
  const against = (stage.story.against?.(stage) ?? []).map((sentence) => `${key}: ${sentence}`);
  if ("held" in expected || expected.turns === undefined) return against;
  const turns = (stage.record()?.turns ?? []).map((turn) => turn.kind).join(", ");
  const wanted = expected.turns.join(", ");
  return turns === wanted ? against : [...against, `${key}: turns ${turns} instead of ${wanted}`];
}

function doubleTurns(world: World): readonly string[] {
  const { byThread, byWorkspaceRoot } = world.t3.liveTurnsMax;
  return [...byThread, ...byWorkspaceRoot]
    .filter(([, most]) => most > 1)
    .map(([where, most]) => `${where}: ${most} at once`);
}

function wrongProgress(stage: Stage): readonly string[] {
  const { story, progress } = stage.read();
  const runs = new Set(progress.map(({ record }) => record.runId)).size;
  const wanted = runsOf(story.expected);
  if (progress.length !== wanted || runs !== wanted) {
    return [`${keyOf(story)}: ${progress.length} progress comments of ${runs} runs`];
  }
  return progress.every((comment) => comment.isEdited) ? [] : [`${keyOf(story)}: never edited`];
}

function wrongNotices(stage: Stage): readonly string[] {
  const { story, notices, holdNotices } = stage.read();
  const { expected } = story;
  const held = "held" in expected ? expected.notices : 0;
  if (notices === runsOf(expected) && holdNotices === held) return [];
  return [`${keyOf(story)}: ${notices} notices, ${holdNotices} about holds`];
}

async function wrongBells(stage: Stage, isChaos: boolean): Promise<readonly string[]> {
  const { story, progress } = stage.read();
  const key = keyOf(story);
  const runs = progress.map(({ record }) => record.runId);
  const mine = stage.world.ntfy.messages.flatMap(({ click, sequence_id }) =>
    click !== undefined && runs.some((runId) => click.includes(runId))
      ? [{ click, sequence_id }]
      : [],
  );
  // A repeated ring has the same sequence id, by which ntfy replaces the first one.
  const rung = isChaos ? new Set(mine.map((message) => message.sequence_id)).size : mine.length;
  const wanted = bellsOf(story.expected);
  if (rung !== wanted) return [`${key}: ${rung} doorbells instead of ${wanted}`];
  const links = mine.map((message) => message.click);
  const pages = await Promise.all(links.map((link) => fetch(link)));
  const texts = await Promise.all(pages.map((page) => page.text()));
  const dead = links.filter(
    (_, at) => pages[at]?.status !== 200 || !texts[at]?.includes(story.title),
  );
  return dead.map((link) => `${key}: ${link} does not open its thread`);
}
