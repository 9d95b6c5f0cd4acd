import { escapeHtml, type Html, trustedHtml } from "./html.ts";
import { renderInline } from "./markdown-inline.ts";

/** A forge takes no longer comment; what is longer is cut so that no text can hold up the page. */
export const MARKDOWN_CHARACTERS_MAX = 65_536;

/** Headings of a comment stand below the page's own, which end at this level. */
const HEADING_LEVEL_BASE = 4;
const HEADING_LEVEL_MAX = 6;

/** A block as markup, and the line after it. */
type Block = { readonly markup: string; readonly next: number };

type BlockReader = (lines: readonly string[], at: number) => Block | null;

/** In the order in which they are tried. A line that begins none of them belongs to a paragraph. */
const READERS: readonly BlockReader[] = [
  readBlank,
  readComment,
  readFence,
  readHeading,
  readTable,
  readList,
];

/**
 * The part of Markdown that afk writes, as markup: headings, lists, task lists, tables, code, links, bold.
 * HTML comments are hidden; all other HTML is shown as the text it is. Any text is taken, none is trusted.
 */
export function renderMarkdown(text: string): Html {
  const isCut = text.length > MARKDOWN_CHARACTERS_MAX;
  const bounded = isCut ? `${text.slice(0, MARKDOWN_CHARACTERS_MAX)}…` : text;
  const lines = bounded.split(/\r\n?|\n/);
  const blocks: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const block = readBlock(lines, at) ?? readParagraph(lines, at);
    blocks.push(block.markup);
    at = block.next;
  }
  return trustedHtml(blocks.filter((block) => block !== "").join("\n"));
}

function readBlock(lines: readonly string[], at: number): Block | null {
  for (const read of READERS) {
    const block = read(lines, at);
    if (block !== null) return block;
  }
  return null;
}

function readBlank(lines: readonly string[], at: number): Block | null {
  return lineAt(lines, at).trim() === "" ? { markup: "", next: at + 1 } : null;
}

/** As forges do: a comment that begins a line hides everything to its end, or to the end of the text. */
function readComment(lines: readonly string[], at: number): Block | null {
  if (!/^ {0,3}<!--/.test(lineAt(lines, at))) return null;
  let last = at;
  while (last < lines.length && !lineAt(lines, last).includes("-->")) last += 1;
  const rest = lineAt(lines, last).split("-->").slice(1).join("-->");
  const markup = rest.trim() === "" ? "" : `<p>${renderInline(rest.trim())}</p>`;
  return { markup, next: last + 1 };
}

/** A fence ends at one of its own kind that is as long or longer, or at the end of the text. */
function readFence(lines: readonly string[], at: number): Block | null {
  const opening = /^ {0,3}(`{3,}|~{3,})([^`]*)$/.exec(lineAt(lines, at))?.[1];
  if (opening === undefined) return null;
  const isClosing = (line: string) => {
    const run = line.trim();
    return run.length >= opening.length && run === (opening[0] ?? "").repeat(run.length);
  };
  let last = at + 1;
  while (last < lines.length && !isClosing(lineAt(lines, last))) last += 1;
  const code = lines.slice(at + 1, last).join("\n");
  return {
    markup: `<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>`,
    next: last + 1,
  };
}

function readHeading(lines: readonly string[], at: number): Block | null {
  const heading = /^ {0,3}(#{1,6}) +(\S.*)$/.exec(lineAt(lines, at));
  if (heading === null) return null;
  const [, marks = "", text = ""] = heading;
  const level = Math.min(HEADING_LEVEL_MAX, HEADING_LEVEL_BASE + marks.length);
  return { markup: `<h${level}>${renderInline(text.trim())}</h${level}>`, next: at + 1 };
}

function readTable(lines: readonly string[], at: number): Block | null {
  const rule = lineAt(lines, at + 1).trim();
  if (!rule.includes("|") || !/^[\s|:-]+$/.test(rule) || !rule.includes("-")) return null;
  const head = cellsOf(lineAt(lines, at));
  if (head === null || head.length !== cellsOf(rule)?.length) return null;
  const rows: string[] = [];
  let next = at + 2;
  for (; next < lines.length; next += 1) {
    const cells = cellsOf(lineAt(lines, next));
    if (cells === null) break;
    rows.push(`<tr>${head.map((_, column) => cell("td", cells[column] ?? "")).join("")}</tr>`);
  }
  const top = `<thead><tr>${head.map((text) => cell("th", text)).join("")}</tr></thead>`;
  const body = `<tbody>${rows.join("")}</tbody>`;
  return { markup: `<div class="wide" tabindex="0"><table>${top}${body}</table></div>`, next };
}

function cell(kind: "th" | "td", text: string): string {
  const scope = kind === "th" ? ' scope="col"' : "";
  return `<${kind}${scope}>${renderInline(text)}</${kind}>`;
}

/** The cells of a table's line; null when it has no bar that stands for itself. */
function cellsOf(line: string): readonly string[] | null {
  const bars = line.trim().replaceAll("\\|", "\u0000");
  if (!bars.includes("|")) return null;
  const inner = bars.replace(/^\|/, "").replace(/\|$/, "");
  return inner.split("|").map((text) => text.replaceAll("\u0000", "|").trim());
}

function readList(lines: readonly string[], at: number): Block | null {
  const items: string[] = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const item = /^ {0,3}[-*] +(\S.*)$/.exec(lineAt(lines, next))?.[1];
    if (item === undefined) break;
    items.push(listItem(item));
  }
  if (items.length === 0) return null;
  return { markup: `<ul>${items.join("")}</ul>`, next };
}

/** A box that is ticked or not says so in words too: a colour or a sign alone reaches not everybody. */
function listItem(text: string): string {
  const task = /^\[([ xX])\] +(.*)$/.exec(text);
  if (task === null) return `<li>${renderInline(text)}</li>`;
  const isDone = task[1] !== " ";
  const word = `<span class="unseen">${isDone ? "done: " : "open: "}</span>`;
  return `<li class="task ${isDone ? "ticked" : "unticked"}">${word}${renderInline(task[2] ?? "")}</li>`;
}

function readParagraph(lines: readonly string[], at: number): Block {
  let next = at + 1;
  while (next < lines.length && readBlock(lines, next) === null) next += 1;
  const text = lines.slice(at, next).map((line) => line.trim());
  return { markup: `<p>${renderInline(text.join("\n"))}</p>`, next };
}

function lineAt(lines: readonly string[], at: number): string {
  return lines[at] ?? "";
}
