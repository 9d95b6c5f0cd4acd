import type { ClosedBy, OwnComment } from "./issue.ts";
import { cleanUntrusted, cut, fence, inlineCode } from "./untrusted-text.ts";
import type { Verdict, VerdictBecause } from "./verdict.ts";

/** GitHub refuses a comment above 65,536 characters; what is left is for how it counts them. */
export const COMMENT_CHARACTERS_MAX = 60_000;

/** The evidence of a verdict: more than a tired person reads, less than a comment holds. */
export const DETAIL_CHARACTERS_MAX = 20_000;

/** A run with more commits or failing checks than this is looked at elsewhere. */
export const NOTICE_LIST_MAX = 30;

const NAME_CHARACTERS_MAX = 200;
const URL_CHARACTERS_MAX = 500;

/** A check as a notice shows it. */
export type NoticeCheck = { readonly name: string; readonly url: string | null };

/** The first line of a run's one notice, by which it is found again. */
export function noticeMarker(runId: string): string {
  return `<!-- afk:notice run=${runId} -->`;
}

/** The notice of a run among afk's own comments; null when there is none yet. */
export function findNotice(comments: readonly OwnComment[], runId: string): OwnComment | null {
  return findByFirstLine(comments, noticeMarker(runId));
}

/** Only the first line counts: a marker further down is somebody's text that a comment of ours repeats. */
function findByFirstLine(comments: readonly OwnComment[], marker: string): OwnComment | null {
  return comments.find((comment) => comment.body.split(/\r?\n/, 1)[0] === marker) ?? null;
}

/** The one comment that tells a verdict: what happened, the evidence as fenced data, what to do next. */
export function renderNotice(input: {
  readonly runId: string;
  readonly issueKey: string;
  readonly verdict: Verdict;
  readonly threadLink: string | null;
  readonly commits: readonly string[];
  readonly checks?: readonly NoticeCheck[];
  /** An agent may still be working although the run is over. */
  readonly mayStillRun?: boolean;
  /** What had closed the issue, which is reopened now. */
  readonly reopenedAfter?: ClosedBy;
}): string {
  const { verdict, threadLink } = input;
  const { what, next } = STORIES[verdict.because];
  const detail = cut(cleanUntrusted(verdict.detail).trim(), DETAIL_CHARACTERS_MAX);
  const link = threadLink === null ? null : safeUrl(threadLink);
  return [
    noticeMarker(input.runId),
    `**${HEADLINES[verdict.kind]}** ${what}`,
    ...(detail === "" ? [] : ["", fence(detail)]),
    ...listLines("Checks:", (input.checks ?? []).map(checkItem)),
    ...listLines("Commits of this run:", input.commits.map(commitItem)),
    ...(input.mayStillRun === true ? ["", MAY_STILL_RUN] : []),
    ...(input.reopenedAfter === undefined ? [] : ["", REOPENED[input.reopenedAfter]]),
    "",
    `**Next:** ${next}`,
    ...(link === null ? [] : ["", `[Open the agent's thread](${link})`]),
    "",
    `<sub>Run ${inlineCode(input.runId, NAME_CHARACTERS_MAX)} of ${inlineCode(input.issueKey, NAME_CHARACTERS_MAX)}</sub>`,
  ].join("\n");
}

const HEADLINES: { readonly [Kind in Verdict["kind"]]: string } = {
  done: "Done.",
  "needs-human": "This needs you.",
  frozen: "Frozen.",
  cancelled: "Cancelled.",
};

const MAY_STILL_RUN =
  "**Careful:** an agent may still be working on this. Open its thread and stop it before you start anything here.";

const REOPENED: { readonly [By in ClosedBy]: string } = {
  hand: "An account that agents use had closed this issue, so it is open again.",
  commit: "A commit had closed this issue by a keyword in its message, so it is open again.",
  "pull-request": "A pull request had closed this issue, so it is open again.",
};

function listLines(title: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, NOTICE_LIST_MAX).map((item) => `- ${item}`);
  const more = items.length - shown.length;
  return ["", title, "", ...shown, ...(more > 0 ? [`- and ${more} more`] : [])];
}

function checkItem(check: NoticeCheck): string {
  const name = inlineCode(check.name, NAME_CHARACTERS_MAX);
  const url = check.url === null ? null : safeUrl(check.url);
  return url === null ? name : `${name} ([open](${url}))`;
}

/** A full sha is left bare, because forges link it to the commit; anything else is no sha and is quoted. */
function commitItem(sha: string): string {
  return /^[0-9a-f]{7,40}$/.test(sha) ? sha : inlineCode(sha, NAME_CHARACTERS_MAX);
}

/** The address when it can stand in a markdown link as it is; null otherwise. */
function safeUrl(url: string): string | null {
  if (url.length > URL_CHARACTERS_MAX) return null;
  return /^https?:\/\/[^\s<>()[\]"'`\\\p{C}]+$/iu.test(url) ? url : null;
}

type Story = { readonly what: string; readonly next: string };

const AGAIN = "To try again, put the ready label on once more: that starts a new run.";

const STORIES: { readonly [Because in VerdictBecause]: Story } = {
  green: {
    what: "The work is on the default branch, and everything that judges it is green.",
    next: "Nothing. If it is not what you wanted, reopen the issue and say what is missing.",
  },
  "no-ci-declared": {
    what: "The work is on the default branch. This repo declares that it has no CI, so nothing judged it.",
    next: "Have a look at the commits when you find the time.",
  },
  "cancelled-by-person": {
    what: "A person stopped this run, so it was let go as it stood.",
    next: `Nothing. ${AGAIN}`,
  },
  budget: {
    what: "The run reached its budget and was stopped.",
    next: `Read what it did so far, and split the issue if it is too large. ${AGAIN}`,
  },
  unanswered: {
    what: "The agent asked something and got no answer in time.",
    next: `Write the answer into the issue. ${AGAIN}`,
  },
  "would-not-stop": {
    what: "The turn took too long, and the agent could not be stopped.",
    next: `Open the thread and stop it by hand. ${AGAIN}`,
  },
  "dispatch-failed": {
    what: "The agent server did not take the run, however often it was asked.",
    next: `Look at the agent server's log. ${AGAIN}`,
  },
  "edited-after-approval": {
    what: "The issue was edited after it was approved, and the approved text is needed once more.",
    next: "Read the text as it stands now, and put the ready label on again if you approve it.",
  },
  lost: {
    what: "The agent server lost the run and did not find it again.",
    next: `See whether the agent server is well. ${AGAIN}`,
  },
  "commit-vanished": {
    what: "A commit of this run was on the default branch and is gone: somebody rewrote its history.",
    next: `Find out whether that was meant. ${AGAIN}`,
  },
  "provider-limit": {
    what: "The model's provider let the agent do no more for now.",
    next: `Wait for the limit to be lifted, or raise it. ${AGAIN}`,
  },
  "turn-failed": {
    what: "The agent's turn failed, or was stopped from outside, with afk stop or in its thread.",
    next: `Its last words are above, and the thread has the rest. ${AGAIN}`,
  },
  blocked: {
    what: "The agent says that it cannot go on without you.",
    next: `Clear what it names. ${AGAIN}`,
  },
  "already-done": {
    what: "The agent says that this is done already.",
    next: "Close the issue if that is so. If not, say what is missing and put the ready label on once more.",
  },
  "not-reproducible": {
    what: "The agent could not reproduce this.",
    next: "Add the steps that show it, and put the ready label on once more.",
  },
  stalled: {
    what: "The agent stopped without finishing, also after it was reminded.",
    next: `Its thread shows how far it came. ${AGAIN}`,
  },
  "no-new-commit": {
    what: "CI is red, and the agent tried to mend it without pushing anything new.",
    next: `The default branch is red: mend or revert it. ${AGAIN}`,
  },
  "base-red": {
    what: "The default branch was red before this run, and nobody has mended it in time.",
    next: "Mend the default branch; the checks named here were red without this run.",
  },
  "fix-forward-exhausted": {
    what: "CI is still red after every attempt the agent was allowed.",
    next: `The default branch is red: mend or revert it. ${AGAIN}`,
  },
  "no-verdict": {
    what: "CI did not come to a verdict in time, or waits for a person.",
    next: "See what the named check is waiting for.",
  },
  "no-ci": {
    what: "The work is on the default branch, but no check ever looked at it.",
    next: "Find out why CI did not start. If this repo has none, declare `ci: none` for it.",
  },
  orphan: {
    what: "The issue was marked as in progress, but nothing is left that says by which run.",
    next: `Make sure that no agent is still working on it. ${AGAIN}`,
  },
  "not-understood": {
    what: "The run came into a state that cannot be told for sure, so nothing more was done.",
    next: `The evidence is above. ${AGAIN}`,
  },
};

/** What happened to a run, in one sentence of our own words. */
export function tellVerdict(because: VerdictBecause): string {
  return STORIES[because].what;
}

/** A hold that only a person can clear, and of which the person is therefore told. */
export type HoldReason =
  | "edited-after-approval"
  | "human-label"
  | "blocker-unreadable"
  | "blocker-cyclic";

/** One hold of one approval: it is said once. */
export type HoldName = { readonly approvalEventId: string; readonly reason: HoldReason };

/** The first line of the comment about a hold, by which it is found again. */
export function holdMarker(approvalEventId: string, reason: HoldReason): string {
  // Trackers choose the id; encoded, it cannot end the comment it stands in.
  const id = encodeURIComponent(approvalEventId.toWellFormed());
  return `<!-- afk:hold approval=${id} reason=${reason} -->`;
}

/** The comment about a hold among afk's own comments; null when it was not said yet. */
export function findHoldNotice(comments: readonly OwnComment[], hold: HoldName): OwnComment | null {
  return findByFirstLine(comments, holdMarker(hold.approvalEventId, hold.reason));
}

/** Tells a person why an approved issue is not started and what would start it. `detail` is data. */
export function renderHoldNotice(input: HoldName & { readonly detail: string }): string {
  const { what, next } = HOLD_STORIES[input.reason];
  const detail = cut(cleanUntrusted(input.detail).trim(), DETAIL_CHARACTERS_MAX);
  return [
    holdMarker(input.approvalEventId, input.reason),
    `**On hold.** ${what}`,
    ...(detail === "" ? [] : ["", fence(detail)]),
    "",
    `**Next:** ${next}`,
  ].join("\n");
}

const HOLD_STORIES: { readonly [Reason in HoldReason]: Story } = {
  "edited-after-approval": {
    what: "Title or body were changed after this issue was approved, so no agent was started.",
    next: "Read the text as it stands now. If you approve it, take the ready label off and put it on again.",
  },
  "human-label": {
    what: "The label for humans was put on after this issue was approved, so no agent was started.",
    next: "When an agent may have it, take the ready label off and put it on again.",
  },
  "blocker-unreadable": {
    what: "Something that this issue depends on cannot be read, so it counts as still open.",
    next: "Give afk's account access to it, or remove the dependency.",
  },
  "blocker-cyclic": {
    what: "This issue and what it depends on wait for each other, so none of them can ever start.",
    next: "Remove one of the dependencies.",
  },
};
