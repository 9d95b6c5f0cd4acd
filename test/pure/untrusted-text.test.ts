import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BACKTICK_RUN_MAX,
  cleanUntrusted,
  cut,
  cutKeepingEnd,
  fence,
  inlineCode,
  plainLine,
  stripInvisible,
} from "../../src/pure/untrusted-text.ts";

const tag = String.fromCodePoint(0xe0041);

describe("cleaning", () => {
  const rows: ReadonlyArray<readonly [name: string, text: string, want: string]> = [
    ["leaves plain text alone", "a\n\tb ü 漢 🎉 <b>", "a\n\tb ü 漢 🎉 <b>"],
    ["drops a comment", "a<!-- x -->b", "a b"],
    ["drops a comment over lines", "a<!-- x\ny -->b", "a b"],
    ["drops two comments and keeps what is between", "<!--x-->a<!--y-->", " a "],
    ["drops all after an open comment", "a<!-- x\ny", "a "],
    ["takes a lone end for text", "a --> b", "a --> b"],
    ["does not let two halves join", "<!<!-- x -->-- y -->", "<! -- y -->"],
    ["does not let an invisible character hide a comment", "a<!\u200b-- x -->b", "a b"],
    ["does not stop at a comment's strange end", "a<!-- x --!> y --> b", "a  b"],
    ["drops zero-width characters", "a\u200b\u200c\u200d\u2060\ufeffb", "ab"],
    [
      "drops characters that turn the direction",
      "\u202aa\u202e\u2066b\u2069\u200e\u200f\u061c",
      "ab",
    ],
    ["drops tag characters", `a${tag}b`, "ab"],
    ["drops variation selectors", "a\ufe0fb\u{e0100}", "ab"],
    ["drops soft hyphens and fillers", "a\u00ad\u034f\u115f\u3164\u180eb", "ab"],
    ["drops annotation marks", "a\ufff9\ufffa\ufffbb", "ab"],
    ["drops control characters", "a\u0000\u0007\u001b[31m\u007f\u009bb", "a[31mb"],
    ["keeps line ends and tabs", "a\n\tb", "a\n\tb"],
    ["turns every line end into one kind", "a\r\nb\rc\u2028d\u2029e\u0085f", "a\nb\nc\nd\ne\nf"],
    ["replaces half a character", "a\ud800b", "a\ufffdb"],
  ];
  it.each(rows)("%s", (_name, text, want) => {
    expect(cleanUntrusted(text)).toBe(want);
  });

  it("without comments in mind leaves them in", () => {
    expect(stripInvisible("a<!-- \u200bx")).toBe("a<!-- x");
  });

  const hostile = fc.string({
    unit: fc.constantFrom(
      "<",
      "!",
      "-",
      ">",
      "<!--",
      "-->",
      "\u200b",
      "\n",
      "a",
      "`",
      "\u0000",
      "\r",
      "\ud800",
    ),
    maxLength: 40,
  });

  it("once cleaned is clean", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const clean = cleanUntrusted(text);
        expect(cleanUntrusted(clean)).toBe(clean);
        expect(clean).not.toContain("<!--");
        expect(clean).not.toMatch(/[\p{Default_Ignorable_Code_Point}]|(?![\n\t])\p{Cc}/u);
        expect(clean.isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("fencing", () => {
  it.each([
    ["plain text takes three", "a", "```text\na\n```"],
    ["two inside take three", "``", "```text\n``\n```"],
    ["three inside take four", "```\na\n```", "````text\n```\na\n```\n````"],
    ["the longest run counts", "` ````` ``", "``````text\n` ````` ``\n``````"],
    ["nothing is fenced too", "", "```text\n\n```"],
  ])("%s", (_name, text, want) => {
    expect(fence(text)).toBe(want);
  });

  it("leaves a run at the limit alone and shortens a longer one", () => {
    const atLimit = "`".repeat(BACKTICK_RUN_MAX);
    const ticks = `${atLimit}\``;
    expect(fence(atLimit)).toBe(`${ticks}text\n${atLimit}\n${ticks}`);
    expect(fence(`${atLimit}\`\`\``)).toBe(fence(atLimit));
  });

  it("nothing inside can end it", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "a", "\n", " ", "~") }), (text) => {
        const lines = fence(text).split("\n");
        const ticks = lines.at(-1) ?? "";
        expect(ticks).toMatch(/^`{3,}$/);
        expect(lines.slice(1, -1).join("\n")).not.toContain(ticks);
      }),
    );
  });
});

describe("cutting", () => {
  it.each([
    ["at the limit nothing is cut", "abc", 3, "abc", "abc"],
    ["one above it is", "abcd", 3, "ab…", "…cd"],
    ["to one character only the sign is left", "abcd", 1, "…", "…"],
    ["to nothing nothing is left", "abcd", 0, "", ""],
    ["nothing cut to nothing is nothing", "", 0, "", ""],
    ["no character is cut in half", "a🎉b🎉", 3, "a…", "…🎉"],
    ["nor at the other end", "🎉a🎉b", 3, "🎉…", "…b"],
  ])("%s", (_name, text, max, first, last) => {
    expect(cut(text, max)).toBe(first);
    expect(cutKeepingEnd(text, max)).toBe(last);
  });

  it("never exceeds its limit and never breaks a character", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "漢", "🎉") }),
        fc.nat({ max: 20 }),
        (text, max) => {
          for (const each of [cut(text, max), cutKeepingEnd(text, max)]) {
            expect(each.length).toBeLessThanOrEqual(max);
            expect(each.isWellFormed()).toBe(true);
          }
        },
      ),
    );
  });
});

describe("one line", () => {
  it.each([
    ["folds blanks and line ends", "  a \n\t b\u2028c ", "a b c"],
    ["drops comments", "a <!-- x --> b", "a b"],
    ["is cut at its limit", "abcdefghijk", "abcdefghi…"],
  ])("%s", (_name, text, want) => {
    expect(plainLine(text, 10)).toBe(want);
  });

  it("as code has no backticks of its own and is never empty", () => {
    expect(inlineCode("a `b` @c", 20)).toBe("`a 'b' @c`");
    expect(inlineCode(" \u200b ", 20)).toBe("(empty)");
    expect(inlineCode("abcd", 3)).toBe("`ab…`");
  });
});
