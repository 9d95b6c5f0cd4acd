/** What the agent takes from the first prompt: the generated fact lines, and the story its issue text asks for. */
export type PromptFacts = {
  readonly cloneUrl: string;
  readonly defaultBranch: string;
  readonly runId: string;
  /** `owner/name#N`. */
  readonly issue: string;
  readonly issueNumber: number;
  readonly story: string;
};

const DEFAULT_STORY = "lands";

/** Reads the fact lines of a prompt; null when one is missing, as in every prompt but the first. */
export function parsePromptFacts(prompt: string): PromptFacts | null {
  // The facts stand before the issue text, so the first match cannot be one that the issue forged.
  const cloneUrl = firstMatch(prompt, /^\s*- Clone URL: (\S+)\s*$/m);
  const defaultBranch = firstMatch(prompt, /^\s*- Default branch: (\S+)\s*$/m);
  const runId = firstMatch(prompt, /^\s*- Run id: ([0-9a-f]{12})\s*$/m);
  const issue = firstMatch(prompt, /^\s*- Issue: (\S+\/\S+#\d+)\s*$/m);
  if (cloneUrl === null || defaultBranch === null || runId === null || issue === null) return null;
  const story = firstMatch(prompt, /^[\s>|]*Story: ([a-z-]+)\s*$/m) ?? DEFAULT_STORY;
  const issueNumber = Number(issue.slice(issue.indexOf("#") + 1));
  return { cloneUrl, defaultBranch, runId, issue, issueNumber, story };
}

/** Whether a later prompt hands over a failing check, which makes its turn a corrective one. */
export function namesFailingCheck(prompt: string): boolean {
  return /\bchecks?\b/i.test(prompt) && /\b(fail(s|ed|ing|ure)?|red)\b/i.test(prompt);
}

function firstMatch(text: string, pattern: RegExp): string | null {
  return pattern.exec(text)?.[1] ?? null;
}
