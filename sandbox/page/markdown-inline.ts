import { escapeHtml, webLink } from "./html.ts";

/** What begins in a line ends soon; a search for the end that ran over the whole text could take minutes. */
const SPAN_CHARACTERS_MAX = 2_000;
/** The length up to which browsers agree on addresses. */
const URL_CHARACTERS_MAX = 2_000;
/** Bold in a link in bold is the deepest that anybody writes. */
const DEPTH_MAX = 4;

/** A piece of markup, and where the text after it begins. */
type Piece = { readonly markup: string; readonly end: number };

type Reader = (text: string, at: number, depth: number) => Piece | null;

/** What begins with which character. A character with no reader, or whose reader declines, is shown. */
const READERS: Readonly<Record<string, Reader>> = {
  "\\": readEscape,
  "`": readCode,
  "*": readBold,
  "[": readLink,
  "<": readTag,
};

/** The text of one paragraph, cell or item as markup: code, links, bold, `<sub>`; all else is escaped. */
export function renderInline(text: string, depth = 0): string {
  let markup = "";
  let shown = 0;
  for (const { index } of text.matchAll(/\\|`+|\*\*|\[|<(?=!--|sub>)/g)) {
    if (index < shown) continue;
    const read = READERS[text[index] ?? ""];
    const piece = depth < DEPTH_MAX && read !== undefined ? read(text, index, depth) : null;
    if (piece === null) continue;
    markup += escapeHtml(text.slice(shown, index)) + piece.markup;
    shown = piece.end;
  }
  return markup + escapeHtml(text.slice(shown));
}

function readEscape(text: string, at: number): Piece | null {
  const next = text[at + 1] ?? "";
  if (!/[!-/:-@[-`{-~]/.test(next)) return null;
  return { markup: escapeHtml(next), end: at + 2 };
}

/** Code ends at a run of exactly as many backticks as it began with; without one they are text. */
function readCode(text: string, at: number): Piece | null {
  const ticks = /^`+/.exec(text.slice(at, at + SPAN_CHARACTERS_MAX))?.[0].length ?? 0;
  const window = text.slice(at + ticks, at + ticks + SPAN_CHARACTERS_MAX);
  for (const { 0: run, index } of window.matchAll(/`+/g)) {
    if (run.length !== ticks) continue;
    return {
      markup: `<code>${escapeHtml(unpadded(window.slice(0, index)))}</code>`,
      end: at + ticks + index + ticks,
    };
  }
  return { markup: "`".repeat(ticks), end: at + ticks };
}

/** One space at either end makes room for a backtick and is not part of the code. */
function unpadded(code: string): string {
  const isPadded = code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "";
  return isPadded ? code.slice(1, -1) : code;
}

function readBold(text: string, at: number, depth: number): Piece | null {
  const inner = between(text, at + 2, "**");
  if (inner === null || inner.trim() !== inner || inner === "") return null;
  return {
    markup: `<strong>${renderInline(inner, depth + 1)}</strong>`,
    end: at + inner.length + 4,
  };
}

function readLink(text: string, at: number, depth: number): Piece | null {
  const label = between(text, at + 1, "](");
  if (label === null || label.includes("[")) return null;
  const from = at + 1 + label.length + 2;
  const address = /^([^\s()<>]+)\)/.exec(text.slice(from, from + URL_CHARACTERS_MAX))?.[1];
  const href = address === undefined ? null : webLink(address);
  if (address === undefined || href === null) return null;
  const shown = renderInline(label, depth + 1);
  return {
    markup: `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer">${shown}</a>`,
    end: from + address.length + 1,
  };
}

/** HTML is text here, save for a comment, which is hidden, and small print. */
function readTag(text: string, at: number, depth: number): Piece | null {
  if (text.startsWith("<!--", at)) {
    const hidden = between(text, at + 4, "-->");
    return hidden === null ? null : { markup: "", end: at + 4 + hidden.length + 3 };
  }
  const inner = between(text, at + "<sub>".length, "</sub>");
  if (inner === null) return null;
  return {
    markup: `<small>${renderInline(inner, depth + 1)}</small>`,
    end: at + "<sub>".length + inner.length + "</sub>".length,
  };
}

function between(text: string, from: number, close: string): string | null {
  const window = text.slice(from, from + SPAN_CHARACTERS_MAX);
  const end = window.indexOf(close);
  return end === -1 ? null : window.slice(0, end);
}
