import { describe, expect, it } from "vitest";
import type { Stage, Story } from "../../../sandbox/demo/story.ts";
import { type StoryView, viewStories } from "../../../sandbox/page/story-view.ts";

const story: Story = {
  name: "lands",
  tells: "lands first time",
  repo: "acme/shop",
  title: "Title",
  script: "lands",
  expected: { verdict: "done", because: "green" },
};

type Run = { readonly verdict: string | null; readonly waitingOn?: string };

/** A stage as far as a view looks at it. */
function stageWith(run: Run | null, more: { labels?: string[]; held?: string; of?: Story } = {}) {
  const of = more.of ?? story;
  const { verdict = null, waitingOn = null } = run ?? {};
  const record = { verdict: verdict && { kind: verdict, because: "green" }, waitingOn };
  const decision = { kind: "hold", because: more.held };
  const reading = { labels: more.labels ?? [], progress: run === null ? [] : [{ record }] };
  return {
    story: of,
    issue: { repo: of.repo, number: 1 },
    read: () => reading,
    log: () => (more.held === undefined ? [] : [{ msg: "decided", decision }]),
  } as unknown as Stage;
}

function view(stage: Stage | null, isOver = false): Pick<StoryView, "expected" | "got" | "end"> {
  const stories = [stage?.story ?? story];
  const [seen] = viewStories({ stories, stages: stage === null ? [] : [stage], isOver });
  if (seen === undefined) throw new Error("there is no view of the story");
  return { expected: seen.expected, got: seen.got, end: seen.end };
}

const expected = "done (green)";

describe("a story", () => {
  it("has not begun before its issue is open", () => {
    expect(view(null)).toEqual({ expected, got: "its issue is not open yet", end: "not-begun" });
  });

  it("is under way while its run is, and says what it waits on", () => {
    const waiting = stageWith({ verdict: null, waitingOn: "ci" });
    expect(view(waiting)).toEqual({ expected, got: "waiting on ci", end: "under-way" });
    expect(view(stageWith({ verdict: null })).got).toBe("under way");
  });

  it("is under way until the run with the expected verdict is released", () => {
    const labels = ["agent-in-progress"];
    expect(view(stageWith({ verdict: "done" }, { labels })).end).toBe("under-way");
    expect(view(stageWith({ verdict: "done" })).end).toBe("as-expected");
  });

  it("may come to another run while the demo goes on, and ended otherwise once it is over", () => {
    const frozen = stageWith({ verdict: "frozen" });
    expect(view(frozen)).toEqual({ expected, got: "frozen (green)", end: "under-way" });
    expect(view(frozen, true)).toEqual({ expected, got: "frozen (green)", end: "otherwise" });
  });

  it("that must be held is as expected while it is held for that reason", () => {
    const of: Story = { ...story, expected: { held: "blocked", notices: 0 } };
    expect(view(stageWith(null, { held: "blocked", of })).end).toBe("as-expected");
    expect(view(stageWith(null, { held: "paused", of })).end).toBe("under-way");
    expect(view(stageWith(null, { held: "paused", of }), true).end).toBe("otherwise");
  });
});
