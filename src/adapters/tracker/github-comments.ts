import * as z from "zod";
import type { IssueSeen, OwnCommentsSeen, RepoRef } from "../../pure/issue.ts";
import { type AliasAnswer, askRepos, type Part, readWhole } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { commentPage, ISSUES_PER_QUERY_MAX, WHO } from "./github-queries.ts";
import { CommentsPage, type IssueRead, olderThan, toOwnComments } from "./github-wire.ts";

/**
 * 2,000 comments, the newest page included. Pages are read one after the other in every tick, and
 * an issue with more of them was flooded rather than talked about.
 */
const OWN_COMMENT_PAGES_MAX = 20;

const MoreWire = z.lazy(() => z.object({ issue: z.object({ comments: CommentsPage }) }));

/** Who reads issues: `ownId` is our own account's id. */
export type IssueReader = { readonly client: GithubClient; readonly ownId: string };

/** An issue whose comments are read page by page, newest first. */
type Reading = {
  readonly repo: RepoRef;
  readonly number: number;
  own: OwnCommentsSeen;
  /** Null when the first comment was read. */
  before: string | null;
  /** Why a page could not be read. */
  why: string | null;
};

/**
 * Completes issues with their older comments, all issues that have any in one request per page, so
 * that nobody pushes a record of ours out of sight by commenting. Past the page limit an issue's
 * comments are truncated; a page that cannot be read makes its issue unreadable. Never throws.
 */
export async function readOlderComments(
  reader: IssueReader,
  reads: readonly IssueRead[],
): Promise<ReadonlyMap<IssueRead, Part<IssueSeen>>> {
  const readings = new Map(reads.map((read) => [read, toReading(read)]));
  for (let page = 1; page < OWN_COMMENT_PAGES_MAX; page += 1) {
    const open = [...readings.values()].filter((each) => each.before !== null && each.why === null);
    if (open.length === 0) break;
    await readPage(reader, open);
  }
  const whole = new Map<IssueRead, Part<IssueSeen>>();
  for (const [read, reading] of readings) whole.set(read, complete(read.issue, reading));
  return whole;
}

function toReading({ issue, olderComments }: IssueRead): Reading {
  const { repo, number } = issue.ref;
  return { repo, number, own: issue.ownComments, before: olderComments, why: null };
}

async function readPage(reader: IssueReader, open: readonly Reading[]): Promise<void> {
  const answers = await askRepos(reader.client, open, {
    operation: "CommentsMore",
    batchMax: ISSUES_PER_QUERY_MAX,
    // A page holds up to six megabytes of other people's text; a few of them may be too much.
    onFailure: "each",
    fragments: WHO,
    select: ({ number, before }, n) => ({
      selection: `issue(number: $number${n}) { ${commentPage(`, before: $before${n}`)} }`,
      variables: {
        [`number${n}`]: { type: "Int!", value: number },
        [`before${n}`]: { type: "String!", value: before },
      },
    }),
  });
  for (const [index, reading] of open.entries()) addPage(reader, reading, answers[index]);
}

function addPage(reader: IssueReader, reading: Reading, answer: AliasAnswer | undefined): void {
  const part = readWhole(answer ?? { kind: "failed", why: "no answer" }, MoreWire);
  if (part.kind === "unreadable") {
    reading.why = part.why;
    return;
  }
  const page = part.value.issue.comments;
  const older = toOwnComments(page, reader.ownId);
  const isWhole = older.kind === "complete" && reading.own.kind === "complete";
  reading.own = {
    kind: isWhole ? "complete" : "truncated",
    comments: [...older.comments, ...reading.own.comments],
  };
  reading.before = olderThan(page);
}

function complete(issue: IssueSeen, { own, before, why }: Reading): Part<IssueSeen> {
  if (why !== null) return { kind: "unreadable", why: `its older comments: ${why}` };
  const ownComments: OwnCommentsSeen = before === null ? own : { ...own, kind: "truncated" };
  return { kind: "read", value: { ...issue, ownComments } };
}
