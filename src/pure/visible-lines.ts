/** One line of Markdown as a reader sees it, and how it takes part in the page. */
export type VisibleLine = {
  /** Without code, comments and the marks of its kind. */
  readonly text: string;
  readonly kind: "blank" | "heading" | "item" | "plain";
  /** Of a heading 1 to 6, of anything else 0. */
  readonly level: number;
};

/** Still to be seen while lines are read: an open fence, an open comment, a list that goes on. */
type Reading = {
  fence: { readonly mark: string; readonly length: number } | null;
  isInComment: boolean;
  isInList: boolean;
  isAfterBlank: boolean;
};

const FENCE = /^[ \t]*(?:[-*+][ \t]+)?(`{3,}|~{3,})(.*)$/;
const FENCE_END = /^[ \t]*(`{3,}|~{3,})[ \t]*$/;
const QUOTE = /^[ \t]*(?:[-*+][ \t]+)?>/;
const ITEM = /^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(.*))?$/;
const BOX = /^\[[ xX]\][ \t]+/;
const HEADING = /^ {0,3}(?:#{1,6})(?:[ \t]+(.*))?$/;
const INDENTED = /^(?: {4}| {0,3}\t)/;

/**
 * The lines of a Markdown text that speak for its author: no code blocks and spans, no quotes, no HTML comments.
 * Where Markdown leaves a doubt the line is kept. Takes time in proportion to the text, whatever it holds.
 */
export function visibleLines(markdown: string): readonly VisibleLine[] {
  const reading: Reading = { fence: null, isInComment: false, isInList: false, isAfterBlank: true };
  const shown: string[] = [];
  for (const line of markdown.split(/\r\n|\r|\n/)) {
    shown.push(readLine(reading, line));
    reading.isAfterBlank = shown.at(-1)?.trim() === "";
  }
  return withoutInlineCode(shown.join("\n")).split("\n").map(toLine);
}

/** What is left of the line once blocks are taken out. */
function readLine(reading: Reading, raw: string): string {
  const line = afterComment(reading, raw);
  if (line === null) return "";
  if (reading.fence !== null) {
    const { mark, length } = reading.fence;
    const [, end = ""] = FENCE_END.exec(line) ?? [];
    if (end.startsWith(mark.repeat(length))) reading.fence = null;
    return "";
  }
  // Outside of a list so far to the right is the text of a paragraph or code of its own.
  const mayOpen = reading.isInList || !INDENTED.test(line);
  const [, ticks = "", info = ""] = (mayOpen ? FENCE.exec(line) : null) ?? [];
  // Back-ticks with more of them behind on the same line are a code span.
  if (ticks !== "" && !(ticks.startsWith("`") && info.includes("`"))) {
    reading.fence = { mark: ticks.slice(0, 1), length: ticks.length };
    return "";
  }
  if (QUOTE.test(line)) return "";
  if (isIndentedCode(reading, line)) return "";
  if (line.trim() !== "" && !INDENTED.test(line)) reading.isInList = ITEM.test(line);
  return line;
}

/** The line, or what follows the end of a comment that began on an earlier one; null inside of it. */
function afterComment(reading: Reading, line: string): string | null {
  if (reading.fence !== null) return line;
  let rest = line;
  if (reading.isInComment) {
    const end = rest.indexOf("-->");
    if (end === -1) return null;
    reading.isInComment = false;
    rest = rest.slice(end + 3);
  }
  // Only a comment at the beginning of a line may span blank lines.
  while (/^[ \t]{0,3}<!--/.test(rest)) {
    const end = rest.indexOf("-->", rest.indexOf("<!--") + 2);
    if (end === -1) {
      reading.isInComment = true;
      return null;
    }
    rest = rest.slice(end + 3);
  }
  return rest;
}

function isIndentedCode(reading: Reading, line: string): boolean {
  return reading.isAfterBlank && !reading.isInList && INDENTED.test(line);
}

/**
 * The text without its code spans and inline comments, which end at the end of their paragraph at the latest.
 * A run of back-ticks opens a span only if a run of the same length closes it.
 */
function withoutInlineCode(text: string): string {
  const paragraphs = text.split(/(\n[ \t]*(?=\n))/);
  return paragraphs.map(stripInline).join("");
}

function stripInline(paragraph: string): string {
  if (!/[`<]/.test(paragraph)) return paragraph;
  const runs = runsByLength(paragraph);
  const kept: string[] = [];
  let from = 0;
  let at = 0;
  let hasCommentEnd = true;
  while (at < paragraph.length) {
    const char = paragraph[at];
    let end = -1;
    if (char === "\\") {
      at += 2;
      continue;
    }
    if (char === "`") {
      let length = 1;
      while (paragraph[at + length] === "`") length += 1;
      const close = nextRun(runs.get(length), at + length);
      if (close === null) {
        at += length;
        continue;
      }
      end = close + length;
    } else if (char === "<" && hasCommentEnd && paragraph.startsWith("<!--", at)) {
      // `<!-->` is a whole comment.
      const close = paragraph.indexOf("-->", at + 2);
      hasCommentEnd = close !== -1;
      end = close === -1 ? -1 : close + 3;
    }
    if (end === -1) {
      at += 1;
      continue;
    }
    kept.push(paragraph.slice(from, at), blanked(paragraph.slice(at, end)));
    from = end;
    at = end;
  }
  kept.push(paragraph.slice(from));
  return kept.join("");
}

/** Lines stay lines, so that what follows keeps its place. */
function blanked(hidden: string): string {
  return ` ${"\n".repeat(hidden.split("\n").length - 1)}`;
}

type Runs = { readonly starts: readonly number[]; next: number };

function runsByLength(paragraph: string): Map<number, Runs> {
  const starts = new Map<number, number[]>();
  for (const match of paragraph.matchAll(/`+/g)) {
    const found = starts.get(match[0].length);
    if (found === undefined) starts.set(match[0].length, [match.index]);
    else found.push(match.index);
  }
  return new Map([...starts].map(([length, all]) => [length, { starts: all, next: 0 }]));
}

/** Asked from left to right only, so that all questions together walk each list once. */
function nextRun(runs: Runs | undefined, from: number): number | null {
  if (runs === undefined) return null;
  let start = runs.starts[runs.next];
  while (start !== undefined && start < from) {
    runs.next += 1;
    start = runs.starts[runs.next];
  }
  return start ?? null;
}

function toLine(line: string): VisibleLine {
  const heading = HEADING.exec(line);
  if (heading !== null) {
    const level = line.trimStart().search(/[^#]|$/);
    return { text: (heading[1] ?? "").trim(), kind: "heading", level };
  }
  const item = ITEM.exec(line);
  if (item !== null) {
    return { text: (item[1] ?? "").replace(BOX, "").trim(), kind: "item", level: 0 };
  }
  return { text: line.trim(), kind: line.trim() === "" ? "blank" : "plain", level: 0 };
}
