/** GitHub's own markers; any of them anywhere in a message keeps push workflows from running. */
const MARKER = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]/i;
const TRAILER = /^skip-checks:[ \t]*true[ \t]*$/i;

/**
 * Whether a commit message asks CI not to run: by one of GitHub's five markers anywhere in it, or by the
 * trailer `skip-checks: true` in its last paragraph; in any case.
 */
export function skipsCi(message: string): boolean {
  if (MARKER.test(message)) return true;
  const lines = message.trim().split(/\r\n|\r|\n/);
  const blankAt = lines.findLastIndex((line) => line.trim() === "");
  return lines.slice(blankAt + 1).some((line) => TRAILER.test(line));
}
