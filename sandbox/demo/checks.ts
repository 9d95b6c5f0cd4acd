import { countWrites, keyOf, type StoryReading } from "./reading.ts";
import type { World } from "./world.ts";

/** One thing that must be true at the end of the demo, and what speaks against it. */
export type Finding = { readonly what: string; readonly against: readonly string[] };

/** Everything the demo promises, checked on the world as it stands. */
export async function checkWorld(
  world: World,
  readings: readonly StoryReading[],
): Promise<readonly Finding[]> {
  return [
    { what: "every verdict is the expected one", against: readings.flatMap(wrongVerdict) },
    { what: "no thread and no repo ever had two live turns", against: doubleTurns(world) },
    {
      what: "one progress comment a run, edited in place",
      against: readings.flatMap(wrongProgress),
    },
    { what: "one notice a run", against: readings.flatMap(wrongNotice) },
    {
      what: "each verdict rang exactly one doorbell, whose link opens the thread's page",
      against: (await Promise.all(readings.map((reading) => wrongBell(world, reading)))).flat(),
    },
  ];
}

/** That so many further ticks wrote nothing. */
export function checkQuiet(world: World, before: number, ticks: number): Finding {
  const writes = countWrites(world) - before;
  const against = writes === 0 ? [] : [`${writes} writes`];
  return { what: `${ticks} more ticks of each loop wrote nothing`, against };
}

function wrongVerdict(reading: StoryReading): readonly string[] {
  const { story } = reading;
  const verdict = reading.progress.at(-1)?.record.verdict ?? null;
  const got = verdict === null ? "none" : `${verdict.kind} (${verdict.because})`;
  const want = `${story.expected.verdict} (${story.expected.because})`;
  const isClosed = reading.state === "closed";
  const against = got === want ? [] : [`${keyOf(story)}: ${got} instead of ${want}`];
  const isDone = story.expected.verdict === "done";
  if (isClosed !== isDone) against.push(`${keyOf(story)}: the issue is ${reading.state}`);
  if (reading.labels.includes("ready-for-human") === isDone) {
    against.push(`${keyOf(story)}: labelled ${reading.labels.join(", ")}`);
  }
  return against;
}

function doubleTurns(world: World): readonly string[] {
  const { byThread, byWorkspaceRoot } = world.t3.liveTurnsMax;
  return [...byThread, ...byWorkspaceRoot]
    .filter(([, most]) => most > 1)
    .map(([where, most]) => `${where}: ${most} at once`);
}

function wrongProgress(reading: StoryReading): readonly string[] {
  const { story, progress } = reading;
  if (progress.length !== 1) return [`${keyOf(story)}: ${progress.length} progress comments`];
  return progress[0]?.isEdited === true ? [] : [`${keyOf(story)}: never edited`];
}

function wrongNotice(reading: StoryReading): readonly string[] {
  return reading.notices === 1 ? [] : [`${keyOf(reading.story)}: ${reading.notices} notices`];
}

async function wrongBell(world: World, reading: StoryReading): Promise<readonly string[]> {
  const key = keyOf(reading.story);
  const runId = reading.progress.at(-1)?.record.runId ?? "no run";
  const bells = world.ntfy.messages.filter((message) => message.click?.includes(runId) === true);
  const [bell] = bells;
  if (bells.length !== 1 || bell?.click === undefined) return [`${key}: ${bells.length} doorbells`];
  const page = await fetch(bell.click);
  const text = await page.text();
  const isThread = page.status === 200 && text.includes(reading.story.title);
  return isThread ? [] : [`${key}: ${bell.click} answers ${page.status} without the thread`];
}
