/** What a terminal shows without folding a line; more is unreadable beside other windows. */
export const LINE_WIDTH_MAX = 100;

const GAP = "  ";
/** A title says by its beginning what an issue is about. */
const CUT_WIDTH_MAX = 24;
/** Less of a title says nothing any more. */
const CUT_WIDTH_MIN = 8;
/** Narrower, sentences become columns of single words. */
const WRAP_WIDTH_MIN = 30;
/** A reason is read in a few lines; a longer one is evidence and stands elsewhere in full. */
const WRAP_LINES_MAX = 4;

const NO_WIDTH = /^[\p{Mn}\p{Me}]$/u;
// The ranges of `wcwidth`, since scripts alone leave out marks such as ー.
const WIDE_LETTER =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\u{20000}-\u{3fffd}]$/u;
const WIDE_SIGN = /^[\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]$/u;

/** `whole` shows every cell in full, `cut` shortens it, `wrap` folds it; a table has one that wraps. */
export type Column<Key extends string> = {
  readonly key: Key;
  readonly heading: string;
  readonly fit: "whole" | "cut" | "wrap";
};

type Sized<Key extends string> = Column<Key> & { readonly width: number };

/**
 * The rows as aligned lines under their headings, within `LINE_WIDTH_MAX` columns unless the cells that must
 * be whole leave no room. Cells are single lines without control characters.
 */
export function renderTable<Key extends string>(
  columns: readonly Column<Key>[],
  rows: readonly Readonly<Record<Key, string>>[],
): readonly string[] {
  const sized = sizeColumns(columns, rows);
  const headings = joinCells(sized.map(({ heading, width }) => pad(heading, width)));
  const rule = joinCells(sized.map(({ width }) => "-".repeat(width)));
  return [headings, rule, ...rows.flatMap((row) => renderRow(sized, row))];
}

function sizeColumns<Key extends string>(
  columns: readonly Column<Key>[],
  rows: readonly Readonly<Record<Key, string>>[],
): readonly Sized<Key>[] {
  const natural = columns.map((column) => ({
    ...column,
    width: Math.max(...[column.heading, ...rows.map((row) => row[column.key])].map(widthOf)),
  }));
  const room = LINE_WIDTH_MAX - GAP.length * (columns.length - 1) - totalWidth(natural, "whole");
  const cutMax = Math.min(CUT_WIDTH_MAX, Math.max(CUT_WIDTH_MIN, room - WRAP_WIDTH_MIN));
  const cut = narrow(natural, "cut", cutMax);
  return narrow(cut, "wrap", Math.max(WRAP_WIDTH_MIN, room - totalWidth(cut, "cut")));
}

function totalWidth(
  columns: readonly { readonly fit: string; readonly width: number }[],
  fit: Column<string>["fit"],
): number {
  let total = 0;
  for (const column of columns) if (column.fit === fit) total += column.width;
  return total;
}

function narrow<Key extends string>(
  columns: readonly Sized<Key>[],
  fit: Column<string>["fit"],
  widthMax: number,
): readonly Sized<Key>[] {
  return columns.map((column) =>
    column.fit === fit ? { ...column, width: Math.min(column.width, widthMax) } : column,
  );
}

function renderRow<Key extends string>(
  columns: readonly Sized<Key>[],
  row: Readonly<Record<Key, string>>,
): readonly string[] {
  const cells = columns.map(({ key, fit, width }) => ({
    width,
    lines: fit === "wrap" ? wrapText(row[key], width) : [cutText(row[key], width)],
  }));
  const height = Math.max(...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    joinCells(cells.map(({ width, lines }) => pad(lines[at] ?? "", width))),
  );
}

/** The text in lines of at most `width` columns, folded between words where it can be. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => breakWord(each, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  lines.push(line);
  if (lines.length <= WRAP_LINES_MAX) return lines;
  const rest = lines.slice(WRAP_LINES_MAX - 1).join(" ");
  return [...lines.slice(0, WRAP_LINES_MAX - 1), cutText(rest, width)];
}

/** An address or a list of shas may be longer than a line. */
function breakWord(word: string, width: number): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const char of word) {
    if (widthOf(piece + char) > width) {
      pieces.push(piece);
      piece = "";
    }
    piece += char;
  }
  return [...pieces, piece];
}

function cutText(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  for (const char of text) {
    if (widthOf(kept + char) > width - 1) break;
    kept += char;
  }
  return `${kept.trimEnd()}…`;
}

/** How many columns a terminal gives the text: accents none of their own, ideographs and emoji two. */
function widthOf(text: string): number {
  let width = 0;
  for (const char of text) {
    if (NO_WIDTH.test(char)) continue;
    width += WIDE_LETTER.test(char) || WIDE_SIGN.test(char) ? 2 : 1;
  }
  return width;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(width - widthOf(text));
}

function joinCells(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}
