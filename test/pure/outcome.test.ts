import { describe, expect, it } from "vitest";

import { OUTCOME_LINES_MAX, OUTCOME_WORDS_MAX, readOutcome } from "../../src/pure/outcome.ts";
import type { Outcome } from "../../src/pure/verdict.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const pushed = (sha: string): Outcome => ({ kind: "pushed", sha });
const blocked = (words: string): Outcome => ({ kind: "blocked", words });

type Row = readonly [name: string, text: string, want: Outcome | null];

const rows: readonly Row[] = [
  ["no words are no outcome", "", null],
  ["other words are no outcome", "All done, have fun.", null],
  ["pushed with a full sha", `AFK-Outcome: pushed ${SHA}`, pushed(SHA)],
  ["pushed with 7 digits", "AFK-Outcome: pushed 0123456", pushed("0123456")],
  ["6 digits are no sha", "AFK-Outcome: pushed 012345", null],
  ["41 digits are no sha", `AFK-Outcome: pushed ${SHA}a`, null],
  ["capital digits are the same sha", "AFK-Outcome: pushed ABCDEF0", pushed("abcdef0")],
  ["a branch is no sha", "AFK-Outcome: pushed main", null],
  ["pushed without a sha is nothing", "AFK-Outcome: pushed", null],
  ["pushed with more than a sha is nothing", "AFK-Outcome: pushed 0123456 and more", null],
  ["the template itself is nothing", "AFK-Outcome: pushed <sha>", null],
  [
    "blocked with a sentence",
    "AFK-Outcome: blocked The key is missing.",
    blocked("The key is missing."),
  ],
  ["blocked without a sentence", "AFK-Outcome: blocked", blocked("")],
  ["already done", "AFK-Outcome: already-done in abc", { kind: "already-done", words: "in abc" }],
  [
    "not reproducible",
    "AFK-Outcome: not-reproducible tried twice",
    { kind: "not-reproducible", words: "tried twice" },
  ],
  ["a word nobody knows is nothing", "AFK-Outcome: finished", null],
  ["a prototype's word is nothing", "AFK-Outcome: constructor x", null],
  ["no word at all is nothing", "AFK-Outcome:", null],
  ["no blank after the colon is nothing", "AFK-Outcome:blocked x", null],
  ["another spelling of the key is nothing", "afk-outcome: blocked x", null],
  ["words before the key are nothing", "So: AFK-Outcome: blocked x", null],
  ["a quote is nothing", "> AFK-Outcome: blocked x", null],
  ["blanks around the line", `  \tAFK-Outcome:   pushed   0123456 \t`, pushed("0123456")],
  ["a line end of Windows", "Done.\r\nAFK-Outcome: pushed 0123456\r\n", pushed("0123456")],
  ["backticks around the line", "`AFK-Outcome: pushed 0123456`", pushed("0123456")],
  ["bold around the line", "**AFK-Outcome: pushed 0123456**", pushed("0123456")],
  ["bold and backticks", "**`AFK-Outcome: pushed 0123456`**", pushed("0123456")],
  ["a bold key", "**AFK-Outcome:** pushed 0123456", pushed("0123456")],
  ["a sha in backticks", "AFK-Outcome: pushed `0123456`", pushed("0123456")],
  ["a word in backticks", "AFK-Outcome: `blocked` x", blocked("x")],
  ["nothing but decoration in its place", "AFK-Outcome: ** **", null],
  ["inside a code fence", "```text\nAFK-Outcome: pushed 0123456\n```", pushed("0123456")],
  [
    "characters that nobody sees inside",
    "AFK\u200b-Outcome: pushed 012\u20603456",
    pushed("0123456"),
  ],
  [
    "an open comment above hides nothing",
    "I removed the stray `<!--`.\nAFK-Outcome: pushed 0123456",
    pushed("0123456"),
  ],
  ["the last of two counts", "AFK-Outcome: pushed 0123456\nAFK-Outcome: blocked x", blocked("x")],
  [
    "one that cannot be read leaves the one before",
    "AFK-Outcome: pushed 0123456\nAFK-Outcome: whatever",
    pushed("0123456"),
  ],
  ["empty lines after it do not count", "AFK-Outcome: blocked x\n\n \n\t\n\n", blocked("x")],
  ["two lines after it are tolerated", "AFK-Outcome: blocked x\nBye.\n\nBye bye.", blocked("x")],
  ["three lines after it are too many", "AFK-Outcome: blocked x\na\nb\nc", null],
];

describe("the outcome in an agent's last words", () => {
  it.each(rows)("%s", (_name, text, want) => {
    expect(readOutcome(text)).toEqual(want);
  });
});

it("is looked for in as many lines as the limit says", () => {
  const after = (lines: number): string => `AFK-Outcome: blocked x${"\nword".repeat(lines)}`;
  expect(readOutcome(after(OUTCOME_LINES_MAX - 1))).toEqual(blocked("x"));
  expect(readOutcome(after(OUTCOME_LINES_MAX))).toBeNull();
});

it("keeps words up to the limit and cuts what is longer", () => {
  const words = "w".repeat(OUTCOME_WORDS_MAX);
  expect(readOutcome(`AFK-Outcome: blocked ${words}`)).toEqual(blocked(words));
  expect(readOutcome(`AFK-Outcome: blocked ${words}w`)).toEqual(blocked(`${words.slice(1)}…`));
});

it("is read in time that grows with the text, not with its square", () => {
  const started = performance.now();
  const filler = " `*".repeat(200_000);
  expect(readOutcome(`${filler}x${filler}\nAFK-Outcome:${" ".repeat(200_000)}blocked x`)).toEqual(
    blocked("x"),
  );
  expect(performance.now() - started).toBeLessThan(5000);
});
