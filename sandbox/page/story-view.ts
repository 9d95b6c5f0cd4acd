import { heldBecause } from "../demo/checks.ts";
import { endText, expectedText, isReleased } from "../demo/reading.ts";
import type { Stage, Story } from "../demo/story.ts";

/** How a story stands, at a glance. */
export type StoryView = {
  readonly name: string;
  /** What it shows, in one line. */
  readonly tells: string;
  readonly title: string;
  /** Null before its issue is opened. */
  readonly issue: { readonly repo: string; readonly number: number } | null;
  /** How it must end, and how it ended so far, in the same words. */
  readonly expected: string;
  readonly got: string;
  readonly end: "not-begun" | "under-way" | "as-expected" | "otherwise";
};

/**
 * How every story stands. Before the demo is over no end counts against a story: it may have another run
 * to come; and one whose run still has its label is under way.
 */
export function viewStories(demo: {
  readonly stories: readonly Story[];
  readonly stages: readonly Stage[];
  readonly isOver: boolean;
}): readonly StoryView[] {
  return demo.stories.map((story) => {
    const stage = demo.stages.find((each) => each.story.name === story.name);
    return stage === undefined ? unopened(story) : viewStage(stage, demo.isOver);
  });
}

function unopened(story: Story): StoryView {
  const { name, tells, title, expected } = story;
  return {
    name,
    tells,
    title,
    issue: null,
    expected: expectedText(expected),
    got: "its issue is not open yet",
    end: "not-begun",
  };
}

function viewStage(stage: Stage, isOver: boolean): StoryView {
  const { story, issue } = stage;
  const { name, tells, title } = story;
  const reading = stage.read();
  const expected = expectedText(story.expected);
  const got = endText(reading, heldBecause(stage));
  const isSettled = "held" in story.expected || isReleased(reading);
  const about = { name, tells, title, issue, expected };
  if (got === expected && isSettled) return { ...about, got, end: "as-expected" };
  if (isOver) return { ...about, got, end: "otherwise" };
  const waitingOn = reading.progress.at(-1)?.record.waitingOn ?? null;
  const now = got === "under way" && waitingOn !== null ? `waiting on ${waitingOn}` : got;
  return { ...about, got: now, end: "under-way" };
}
