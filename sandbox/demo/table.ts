import { heldBecause } from "./checks.ts";
import { keyOf, type StoryReading } from "./reading.ts";
import type { Stage } from "./story.ts";
import type { World } from "./world.ts";

const HEAD = ["issue", "story", "verdict", "because", "turns", "commits", "requests", "seconds"];

const LEGEND = [
  "held is no verdict: the issue was never started.",
  "requests: those that name the issue or its thread.",
  "seconds: from the first dispatch to the last release.",
  "second-run shows its second run.",
].join(" ");

/** The final table with its legend, a row an issue. `seconds` is from the first sight of the run to its release. */
export function renderTable(
  world: World,
  stages: readonly Stage[],
  seconds: ReadonlyMap<string, number>,
): string {
  const rows = stages.map((stage) => {
    const reading = stage.read();
    const { story } = reading;
    const record = reading.progress.at(-1)?.record;
    return [
      keyOf(story),
      story.name,
      record?.verdict?.kind ?? (record === undefined ? "held" : "none"),
      record?.verdict?.because ?? heldBecause(stage) ?? "",
      String(record?.turns.length ?? 0),
      String(record?.commits.length ?? 0),
      String(countRequests(world, reading)),
      (seconds.get(keyOf(story)) ?? 0).toFixed(1),
    ];
  });
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, at) => Math.max(...table.map((row) => (row[at] ?? "").length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [lines[0], rule, ...lines.slice(1), "", LEGEND].join("\n");
}

/** Requests that name the issue or its thread; reads that serve all issues at once are in no row. */
function countRequests(world: World, reading: StoryReading): number {
  const { story } = reading;
  const path = `/repos/${story.repo}/issues/${story.number}/`;
  const runId = reading.progress.at(-1)?.record.runId ?? "no run";
  const toForge = world.forge.requests.filter((request) => `${request.path}/`.includes(path));
  const edits = world.forge.requests.filter((request) => isEditOf(reading, request.path));
  const toT3 = world.t3.requests.filter(
    (request) => request.path.includes(runId) || request.commandId?.includes(runId) === true,
  );
  return toForge.length + edits.length + toT3.length;
}

/** Comments are edited by their own number, which says nothing of the issue. */
function isEditOf(reading: StoryReading, path: string): boolean {
  return reading.commentIds.some((id) =>
    path.endsWith(`/repos/${reading.story.repo}/issues/comments/${id}`),
  );
}
