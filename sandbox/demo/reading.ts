import type { Expected } from "./story.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { decodeComment } from "../../src/pure/run-record-codec.ts";
import type { OpenStory, World } from "./world.ts";

/** How a story stands on the forge: what any person could see there. */
export type StoryReading = {
  readonly story: OpenStory;
  readonly labels: readonly string[];
  readonly state: "open" | "closed";
  /** Every progress comment of a run of this issue, oldest first. */
  readonly progress: readonly {
    readonly record: RunRecord;
    readonly body: string;
    readonly isEdited: boolean;
  }[];
  /** The ids of afk's comments on the issue. */
  readonly commentIds: readonly number[];
  /** How many comments of afk tell a verdict, and how many a hold. */
  readonly notices: number;
  readonly holdNotices: number;
};

/** `owner/name#N`. */
export function keyOf(story: OpenStory): string {
  return `${story.repo}#${story.number}`;
}

/** Reads a story's issue as it stands. */
export function readStory(world: World, story: OpenStory): StoryReading {
  const issue = world.forge.issue({ repo: story.repo, number: story.number });
  const own = issue.comments.filter((comment) => comment.author === world.afkLogin);
  const progress = own.flatMap((comment) => {
    const decoded = decodeComment({ id: String(comment.id), body: comment.body }, keyOf(story));
    if (decoded.kind !== "record") return [];
    return [
      { record: decoded.record, body: comment.body, isEdited: comment.lastEditedAt !== null },
    ];
  });
  const count = (marker: string) => own.filter((comment) => comment.body.startsWith(marker)).length;
  const notices = count("<!-- afk:notice ");
  const holdNotices = count("<!-- afk:hold ");
  const commentIds = own.map((comment) => comment.id);
  return {
    story,
    labels: issue.labels,
    state: issue.state,
    progress,
    commentIds,
    notices,
    holdNotices,
  };
}

/** Whether a story's newest run is over: its verdict stands and the in-progress label is gone. */
export function isReleased(reading: StoryReading): boolean {
  const newest = reading.progress.at(-1);
  if (newest === undefined || newest.record.verdict === null) return false;
  return !reading.labels.includes("agent-in-progress");
}

/** How a story ended so far, in the words of `expectedText`. */
export function endText(reading: StoryReading, heldBecause: string | null): string {
  const verdict = reading.progress.at(-1)?.record.verdict ?? null;
  if (verdict !== null) return `${verdict.kind} (${verdict.because})`;
  if (reading.progress.length > 0) return "under way";
  return heldBecause === null ? "waiting" : `held (${heldBecause})`;
}

/** How a story must end. */
export function expectedText(expected: Expected): string {
  if ("held" in expected) return `held (${expected.held})`;
  return `${expected.verdict} (${expected.because})`;
}

/** How many runs a story must have. */
export function runsOf(expected: Expected): number {
  return "held" in expected ? 0 : (expected.runs ?? 1);
}

/** How many doorbells all runs of a story must ring together. */
export function bellsOf(expected: Expected): number {
  if ("held" in expected) return 0;
  if (expected.bells !== undefined) return expected.bells;
  return expected.verdict === "cancelled" ? 0 : runsOf(expected);
}

/** How often afk has written to the world so far. */
export function countWrites(world: World): number {
  const toForge = world.forge.requests.filter(
    (request) => request.isWrite && request.account === world.afkLogin,
  );
  const toT3 = world.t3.requests.filter((request) => request.method !== "GET");
  return toForge.length + toT3.length + world.ntfy.requests.length;
}
