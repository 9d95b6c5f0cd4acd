import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Column, LINE_WIDTH_MAX, renderTable, wrapText } from "../../src/pure/text-table.ts";

const COLUMNS: readonly Column<"name" | "title" | "why">[] = [
  { key: "name", heading: "name", fit: "whole" },
  { key: "title", heading: "title", fit: "cut" },
  { key: "why", heading: "why", fit: "wrap" },
];

/** What a terminal gives each of these; every other character here is as wide as a letter. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ["a", 1],
  [" ", 1],
  ["…", 1],
  ["é", 1],
  ["\u0301", 0],
  ["題", 2],
  ["ー", 2],
  ["한", 2],
  ["！", 2],
  ["🎉", 2],
  ["𠀀", 2],
]);

type Cells = { readonly name: string; readonly title: string; readonly why: string };

function rowOf(cells: Partial<Cells>): Cells {
  return { name: "a", title: "t", why: "w", ...cells };
}

/** The widths of the columns, as the rule under the headings shows them. */
function widthsOf(...rows: readonly Cells[]): readonly number[] {
  const [, rule = ""] = renderTable(COLUMNS, rows);
  return rule.split("  ").map((dashes) => dashes.length);
}

describe("a table", () => {
  it("is as wide as it needs to be, never narrower than its headings", () => {
    expect(renderTable(COLUMNS, [rowOf({})])).toEqual([
      "name  title  why",
      "----  -----  ---",
      "a     t      w",
    ]);
  });

  it("leaves out blanks at the end of a line", () => {
    const lines = renderTable(COLUMNS, [rowOf({ why: "" })]);
    expect(lines.at(-1)).toBe("a     t");
  });

  it.each([
    ["a title of 24 columns is whole", "x".repeat(24), "x".repeat(24)],
    ["one of 25 is cut", "x".repeat(25), `${"x".repeat(23)}…`],
    ["no blank stands before the cut", `${"x".repeat(22)} ${"y".repeat(9)}`, `${"x".repeat(22)}…`],
    ["ideographs are two columns wide: twelve fit", "題".repeat(12), "題".repeat(12)],
    ["thirteen do not, and no half of one is shown", "題".repeat(13), `${"題".repeat(11)}…`],
    ["accents need no column", `e\u0301${"x".repeat(23)}`, `e\u0301${"x".repeat(23)}`],
    ["emoji are two columns wide", "🎉".repeat(13), `${"🎉".repeat(11)}…`],
  ])("%s", (_name, title, shown) => {
    const lines = renderTable(COLUMNS, [rowOf({ title })]);
    expect(lines.at(-1)).toBe(`a     ${shown}${" ".repeat(24 - terminalWidth(shown))}  w`);
  });

  it("gives what is left of a line to the column that wraps", () => {
    expect(widthsOf(rowOf({ why: "x".repeat(200) }))).toEqual([4, 5, 87]);
    expect(widthsOf(rowOf({ name: "n".repeat(40), why: "x".repeat(200) }))).toEqual([40, 5, 51]);
  });

  it.each([
    ["a whole column of 42 leaves a title its 24", 42, [42, 24, 30]],
    ["with 43 the title gives way", 43, [43, 23, 30]],
    ["with 58 it is at its narrowest", 58, [58, 8, 30]],
    ["with 59 the line is longer than it may be", 59, [59, 8, 30]],
  ])("%s", (_name, width, widths) => {
    const wide = { name: "n".repeat(width), title: "t".repeat(50), why: "w".repeat(200) };
    expect(widthsOf(wide)).toEqual(widths);
  });

  it("keeps the lines of one row under their columns", () => {
    const why = "one two three ".repeat(10).trim();
    const lines = renderTable(COLUMNS, [rowOf({ why }), rowOf({})]);
    expect(lines.slice(2)).toEqual([
      `a     t      ${"one two three ".repeat(6)}one`,
      `             ${"two three one ".repeat(3)}two three`,
      "a     t      w",
    ]);
  });

  it("stays within a line, whatever its cells say", () => {
    const cell = fc
      .array(fc.constantFrom(...WIDTHS.keys()), { maxLength: 300 })
      .map((all) => all.join(""));
    const name = fc.stringMatching(/^[a-z/#]{1,40}$/);
    const row = fc.record({ name, title: cell, why: cell });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const wide = renderTable(COLUMNS, rows).filter(
          (line) => terminalWidth(line) > LINE_WIDTH_MAX,
        );
        expect(wide).toEqual([]);
      }),
    );
  });
});

describe("wrapped text", () => {
  const rows: ReadonlyArray<readonly [name: string, text: string, lines: readonly string[]]> = [
    ["nothing is one empty line", "", [""]],
    ["what fits is one line", "one two", ["one two"]],
    ["what does not is folded between words", "one two three", ["one two", "three"]],
    ["a word as wide as a line stands alone", "a 12345678 b", ["a", "12345678", "b"]],
    ["a wider one is broken", "a 123456789 b", ["a", "12345678", "9 b"]],
    ["four lines are shown", "1234567 1234567 1234567 1234567", Array(4).fill("1234567")],
    [
      "of a fifth it is said that there is more",
      "1234567 1234567 1234567 1234567 5",
      ["1234567", "1234567", "1234567", "1234567…"],
    ],
  ];
  it.each(rows)("%s", (_name, text, lines) => {
    expect(wrapText(text, 8)).toEqual(lines);
  });
});

function terminalWidth(text: string): number {
  let width = 0;
  for (const char of text) width += WIDTHS.get(char) ?? 1;
  return width;
}
