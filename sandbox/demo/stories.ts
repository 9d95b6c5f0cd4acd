import type { VerdictBecause, VerdictKind } from "../../src/pure/verdict.ts";

/** One issue of the demo, and how its run must end. */
export type Story = {
  readonly name: string;
  /** `owner/name`. */
  readonly repo: string;
  readonly title: string;
  /** Chooses what the scripted agent does; it reads this in its prompt, like any issue text. */
  readonly script: string;
  readonly expected: { readonly verdict: VerdictKind; readonly because: VerdictBecause };
};

/** Every story, in the order in which its issue is opened. */
export const STORIES: readonly Story[] = [
  {
    name: "lands",
    repo: "acme/shop",
    title: "Answer with the run that made it",
    script: "lands",
    expected: { verdict: "done", because: "green" },
  },
  {
    name: "blocked",
    repo: "acme/shop",
    title: "Charge the sandbox card at checkout",
    script: "blocked",
    expected: { verdict: "needs-human", because: "blocked" },
  },
  {
    name: "mended",
    repo: "acme/blog",
    title: "Show the author under every post",
    script: "red-then-mended",
    expected: { verdict: "done", because: "green" },
  },
  {
    // A red base holds every other issue of its repo, so this one has a repo of its own.
    name: "stays-red",
    repo: "acme/legacy",
    title: "Round prices half to even",
    script: "stays-red",
    expected: { verdict: "frozen", because: "fix-forward-exhausted" },
  },
];

/** The text of a story's issue. */
export function issueBody(story: Story): string {
  return [
    "The function must answer with the id of the run that made it, and a test must show it.",
    "",
    `Story: ${story.script}`,
  ].join("\n");
}
