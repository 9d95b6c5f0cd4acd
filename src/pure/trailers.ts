/** The phases a commit may claim in its `AFK-Phase` trailer. */
export type TrailerPhase = "tests-red" | "green";

/** What a commit message says in its trailers. `runId` is null when absent, malformed or ambiguous. */
export type AfkTrailers = {
  readonly runId: string | null;
  readonly phases: readonly TrailerPhase[];
};

type Trailer = { readonly key: string; readonly value: string };

const TRAILER_LINE = /^([A-Za-z0-9-]+)[ \t]*:(.*)$/;
// The lines git writes itself; beside one of them git allows other lines in the trailer block.
const GIT_OWN_LINE = /^(?:Signed-off-by: |\(cherry picked from commit )/;

/**
 * Reads `AFK-Run` and `AFK-Phase` from a commit message by git's own rules (`git interpret-trailers`): only
 * the last paragraph counts, never the subject, and only when it is a trailer block. Keys in any case.
 */
export function readTrailers(message: string): AfkTrailers {
  const runIds = new Set<string>();
  const phases = new Set<TrailerPhase>();
  for (const { key, value } of trailersOf(lastParagraph(message))) {
    if (key === "afk-run") runIds.add(value);
    if (key === "afk-phase" && (value === "tests-red" || value === "green")) phases.add(value);
  }
  const [runId] = runIds;
  // A commit that names two runs would be evidence for both: it is evidence for neither.
  const isOneRun = runId !== undefined && runIds.size === 1 && /^[0-9a-f]{12}$/.test(runId);
  return { runId: isOneRun ? runId : null, phases: [...phases] };
}

/** The lines of the last paragraph, or none when the message has only its subject's paragraph. */
function lastParagraph(message: string): readonly string[] {
  const lines = message.trim().split(/\r\n|\r|\n/);
  const blankAt = lines.findLastIndex((line) => line.trim() === "");
  return blankAt === -1 ? [] : lines.slice(blankAt + 1);
}

/** The trailers of a paragraph, or none when git would not take it for a trailer block. */
function trailersOf(lines: readonly string[]): readonly Trailer[] {
  const trailers: Trailer[] = [];
  let trailerLines = 0;
  let otherLines = 0;
  let hasGitOwnLine = false;
  let folds: "into-trailer" | "into-git-line" | "nowhere" = "nowhere";
  for (const line of lines) {
    // git reads over comment lines wherever they stand.
    if (line.startsWith("#")) {
      folds = "nowhere";
      continue;
    }
    // A line that begins with a blank continues the value of the trailer before it.
    if (folds !== "nowhere" && /^[ \t]/.test(line)) {
      const last = folds === "into-trailer" ? trailers.pop() : undefined;
      if (last !== undefined) trailers.push({ ...last, value: `${last.value} ${line.trim()}` });
      continue;
    }
    const match = TRAILER_LINE.exec(line);
    const isGitOwn = GIT_OWN_LINE.test(line);
    hasGitOwnLine ||= isGitOwn;
    if (match !== null || isGitOwn) trailerLines += 1;
    else otherLines += 1;
    folds = match !== null ? "into-trailer" : isGitOwn ? "into-git-line" : "nowhere";
    if (match !== null) trailers.push(toTrailer(match));
  }
  const isTrailerBlock = otherLines === 0 || (hasGitOwnLine && trailerLines * 3 >= otherLines);
  return isTrailerBlock ? trailers : [];
}

function toTrailer(match: RegExpExecArray): Trailer {
  const [, key = "", value = ""] = match;
  return { key: key.toLowerCase(), value: value.trim() };
}
