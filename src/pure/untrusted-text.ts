/**
 * The longest run of backticks that `fence` leaves alone. No code needs more, and without a bound a text of
 * nothing but backticks would come out three times its length.
 */
export const BACKTICK_RUN_MAX = 32;

const ELLIPSIS = "…";

// Zero-width and bidirectional characters, variation selectors, tag characters and fillers are all "default
// ignorable"; the interlinear annotation marks are not, and hide text as well.
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u{FFF9}-\u{FFFB}]/gu;

const CONTROL_BUT_NEWLINE_AND_TAB = /(?![\n\t])\p{Cc}/gu;

// An unterminated comment hides the rest of the page, so it takes the rest of the text.
const HTML_COMMENT = /<!--[\s\S]*?(?:-->|$)/g;

/**
 * The text as a human reader of the page would see it: without HTML comments, invisible and control
 * characters; line ends become `\n`. Cleaning twice changes nothing more.
 */
export function cleanUntrusted(text: string): string {
  // A space, not nothing: two halves around a removed comment must not join into a new one.
  return stripInvisible(text).replace(HTML_COMMENT, " ");
}

/** The text without invisible and control characters, comments left in; line ends become `\n`. */
export function stripInvisible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u{85}\u{2028}\u{2029}]/gu, "\n")
    .replace(INVISIBLE, "")
    .replace(CONTROL_BUT_NEWLINE_AND_TAB, "");
}

/**
 * The text as a fenced block that nothing inside can end: the fence is longer than any run of backticks in
 * it. Inside a fence neither mentions nor references are live. Runs above `BACKTICK_RUN_MAX` are shortened.
 */
export function fence(text: string): string {
  const bounded = text.replace(/`+/g, (run) => run.slice(0, BACKTICK_RUN_MAX));
  let longest = 2;
  for (const run of bounded.match(/`+/g) ?? []) longest = Math.max(longest, run.length);
  const ticks = "`".repeat(longest + 1);
  return `${ticks}text\n${bounded}\n${ticks}`;
}

/** The first `charactersMax` characters, the last of them `…` when something was cut off. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  if (charactersMax < 1) return "";
  return text.slice(0, charactersMax - 1).replace(/[\uD800-\uDBFF]$/, "") + ELLIPSIS;
}

/** The last `charactersMax` characters, the first of them `…` when something was cut off. */
export function cutKeepingEnd(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  if (charactersMax < 1) return "";
  const end = text.slice(text.length - charactersMax + 1).replace(/^[\uDC00-\uDFFF]/, "");
  return ELLIPSIS + end;
}

/** The text cleaned and folded into one line of at most `charactersMax` characters. */
export function plainLine(text: string, charactersMax: number): string {
  return cut(cleanUntrusted(text).replace(/\s+/g, " ").trim(), charactersMax);
}

/** One line as inline code, in which neither mentions nor references are live; for comments. */
export function inlineCode(text: string, charactersMax: number): string {
  const line = plainLine(text, charactersMax).replaceAll("`", "'");
  return line === "" ? "(empty)" : `\`${line}\``;
}
