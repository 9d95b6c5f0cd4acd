import { cut, stripInvisible } from "./untrusted-text.ts";
import type { Outcome } from "./verdict.ts";

/** The most characters kept of what an agent says beside its outcome: it was asked for one sentence. */
export const OUTCOME_WORDS_MAX = 500;

/** The outcome must stand among this many last lines that are not empty: a closing fence may follow it. */
export const OUTCOME_LINES_MAX = 3;

const OUTCOME_LINE = /^AFK-Outcome:[`*]*\s+(\S+)(?:\s+(.*))?$/;
const SHA = /^[0-9a-f]{7,40}$/i;

/**
 * Reads the outcome an agent declared at the end of its last words; null when there is none that can be
 * understood. Blanks, backticks and bold around the line are tolerated, other words in it are not.
 */
export function readOutcome(lastWords: string): Outcome | null {
  const lines = stripInvisible(lastWords)
    .split("\n")
    .filter((line) => line.trim() !== "");
  for (const line of lines.slice(-OUTCOME_LINES_MAX).reverse()) {
    const outcome = outcomeOf(withoutEdges(line));
    if (outcome !== null) return outcome;
  }
  return null;
}

/** Without blanks, backticks and asterisks at both ends; linear, whatever an agent writes. */
function withoutEdges(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isDecoration(text.charAt(from))) from += 1;
  while (to > from && isDecoration(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isDecoration(character: string): boolean {
  return character === "`" || character === "*" || character.trim() === "";
}

function outcomeOf(line: string): Outcome | null {
  const match = OUTCOME_LINE.exec(line);
  if (match === null) return null;
  const [word = "", rest = ""] = match.slice(1).map((part) => withoutEdges(part ?? ""));
  switch (word) {
    case "pushed":
      return SHA.test(rest) ? { kind: "pushed", sha: rest.toLowerCase() } : null;
    case "blocked":
    case "already-done":
    case "not-reproducible":
      return { kind: word, words: cut(rest, OUTCOME_WORDS_MAX) };
    default:
      return null;
  }
}
