import type { Story } from "./story.ts";

const DONE = { verdict: "done", because: "green" } as const;

/** The stories nobody interferes with. */
export const calmStories: readonly Story[] = [
  {
    name: "lands",
    tells: "lands first time",
    repo: "acme/shop",
    title: "Answer with the run that made it",
    script: "lands",
    expected: { ...DONE, turns: ["first"] },
  },
  {
    name: "blocked",
    tells: "declares itself blocked; one at a time with the other issue of its repo",
    repo: "acme/shop",
    title: "Charge the sandbox card at checkout",
    script: "blocked",
    with: ["lands"],
    expected: { verdict: "needs-human", because: "blocked", turns: ["first"] },
    against: ({ log }) => {
      const held = log().filter((line) => isHeldBecause(line, ["slot-taken", "repo-locked"]));
      return held.length > 0 ? [] : ["it was never held for the other issue of its repo"];
    },
  },
  {
    name: "mended",
    tells: "red, then mended by a corrective turn",
    repo: "acme/blog",
    title: "Show the author under every post",
    script: "red-then-mended",
    expected: { ...DONE, turns: ["first", "corrective"] },
  },
  {
    // A red base holds every other issue of its repo, so this one has a repo of its own.
    name: "stays-red",
    tells: "stays red until the budget is spent",
    repo: "acme/legacy",
    title: "Round prices half to even",
    script: "stays-red",
    expected: {
      verdict: "frozen",
      because: "fix-forward-exhausted",
      turns: ["first", "corrective", "corrective"],
    },
  },
  {
    name: "stalls",
    tells: "ends without a word that counts, is nudged once, then needs a human",
    repo: "acme/docs",
    title: "Explain the discount rules",
    script: "stalls",
    expected: { verdict: "needs-human", because: "stalled", turns: ["first", "nudge"] },
  },
  {
    name: "no-trailer",
    tells: "pushes without its trailer, is nudged and mends it",
    repo: "acme/mail",
    title: "Send the receipt as plain text",
    script: "no-trailer",
    expected: { ...DONE, turns: ["first", "nudge"] },
  },
  {
    name: "keyword",
    tells: "closed early by a commit keyword, and watched on until CI is green",
    repo: "acme/search",
    title: "Find umlauts by their plain letters",
    script: "closes-by-keyword",
    expected: { ...DONE, turns: ["first"] },
  },
];

/** Whether a log line is a hold for one of these reasons. */
export function isHeldBecause(
  line: Readonly<Record<string, unknown>>,
  because: readonly string[],
): boolean {
  const decision = line["decision"] as { kind?: string; because?: string } | undefined;
  return decision?.kind === "hold" && because.includes(decision.because ?? "");
}
