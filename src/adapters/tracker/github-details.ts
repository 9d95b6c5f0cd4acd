import * as z from "zod";
import type { IssueSeen, RepoRef } from "../../pure/issue.ts";
import { chunk, errorText, mapBounded, type Part } from "./github-ask.ts";
import type { GithubClient, GraphqlAnswer } from "./github-client.ts";
import { type IssueReader, readOlderComments } from "./github-comments.ts";
import { DETAILS_QUERY, ISSUES_PER_QUERY_MAX } from "./github-queries.ts";
import { type IssueRead, toIssueRead } from "./github-wire.ts";

/** The issues of one repo to be read in detail, by node id. */
export type WantedIssues = { readonly repo: RepoRef; readonly ids: readonly string[] };

type WantedIssue = { readonly repo: RepoRef; readonly id: string };

/**
 * Reads the issues of many repos together; one answer per repo, in the order asked. A repo of
 * which any issue cannot be read is unreadable: the one left out might be the one with the lock.
 */
export async function readDetails(
  reader: IssueReader,
  wanted: readonly WantedIssues[],
): Promise<readonly Part<readonly IssueSeen[]>[]> {
  const flat = wanted.flatMap(({ repo, ids }) => ids.map((id) => ({ repo, id })));
  const read = new Map<WantedIssue, Part<IssueRead>>();
  await mapBounded(chunk(flat, ISSUES_PER_QUERY_MAX), async (batch) => {
    for (const [wish, part] of await readBatch(reader, batch)) read.set(wish, part);
  });
  const reads = [...read.values()].flatMap((part) => (part.kind === "read" ? [part.value] : []));
  const whole = await readOlderComments(reader, reads);
  let start = 0;
  return wanted.map(({ ids }) => {
    const own = flat.slice(start, start + ids.length);
    start += ids.length;
    return allOrNone(
      own.map((wish) => {
        const part = read.get(wish);
        return part?.kind === "read" ? whole.get(part.value) : part;
      }),
    );
  });
}

/**
 * A batch that fails as a whole is asked once more, repo by repo: comments that anybody may write
 * can make an answer too large or too slow, and must not blind the tick to the other repos.
 */
async function readBatch(
  reader: IssueReader,
  batch: readonly WantedIssue[],
): Promise<readonly (readonly [WantedIssue, Part<IssueRead>])[]> {
  const answer = await askDetails(reader.client, batch);
  const groups = [...Map.groupBy(batch, (wish) => wish.repo).values()];
  if (answer.kind === "failed" && !answer.isRateLimited && groups.length > 1) {
    const answers = await mapBounded(groups, async (group) =>
      toParts(reader, group, await askDetails(reader.client, group)),
    );
    return answers.flat();
  }
  return toParts(reader, batch, answer);
}

function askDetails(client: GithubClient, batch: readonly WantedIssue[]): Promise<GraphqlAnswer> {
  return client.query(DETAILS_QUERY, { ids: batch.map((wish) => wish.id) });
}

function toParts(
  reader: IssueReader,
  batch: readonly WantedIssue[],
  answer: GraphqlAnswer,
): readonly (readonly [WantedIssue, Part<IssueRead>])[] {
  return batch.map((wish, index) => [wish, toPart(reader, wish, { answer, index })]);
}

function toPart(
  reader: IssueReader,
  wish: WantedIssue,
  at: { readonly answer: GraphqlAnswer; readonly index: number },
): Part<IssueRead> {
  const { answer, index } = at;
  if (answer.kind === "failed") return { kind: "unreadable", why: answer.why };
  const error = answer.errors.find(
    ({ path }) =>
      path === undefined ||
      path[0] !== "nodes" ||
      path.length === 1 ||
      (path[1] === index && !isHiddenBlocker(path.slice(2))),
  );
  if (error !== undefined) return { kind: "unreadable", why: errorText(error) };
  const nodes = z.array(z.unknown()).safeParse(answer.data["nodes"]).data ?? [];
  return toIssueRead(nodes[index], wish.repo, reader.ownId);
}

/**
 * Whether an error, by its path within an issue, is only about a blocker, which has a value for
 * that.
 */
export function isHiddenBlocker(path: readonly (string | number)[]): boolean {
  return path[0] === "blockedBy" && path[1] === "nodes";
}

function allOrNone(parts: readonly (Part<IssueSeen> | undefined)[]): Part<readonly IssueSeen[]> {
  const issues: IssueSeen[] = [];
  for (const part of parts) {
    if (part?.kind !== "read") {
      return { kind: "unreadable", why: `an issue could not be read: ${part?.why ?? "no answer"}` };
    }
    issues.push(part.value);
  }
  return { kind: "read", value: issues };
}
