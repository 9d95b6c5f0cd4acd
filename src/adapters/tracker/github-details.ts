import * as z from "zod";
import type { IssueSeen, IssueUnreadable, RepoRef } from "../../pure/issue.ts";
import { chunk, errorText, mapBounded, type Part } from "./github-ask.ts";
import type { GithubClient, GraphqlAnswer } from "./github-client.ts";
import { type IssueReader, readOlderComments } from "./github-comments.ts";
import { DETAILS_QUERY, ISSUES_PER_QUERY_MAX } from "./github-queries.ts";
import { type IssueRead, toIssueRead } from "./github-wire.ts";

/** An issue as the list shows it. `mayHoldLock`: it has the in-progress label. */
export type ListedIssue = {
  readonly id: string;
  readonly number: number;
  /** ISO 8601. */
  readonly updatedAt: string;
  readonly mayHoldLock: boolean;
};

/** The issues of one repo to be read in detail. */
export type WantedIssues = { readonly repo: RepoRef; readonly issues: readonly ListedIssue[] };

/** The issues of one repo: those that were read, and candidates that could not be. */
export type DetailedIssues = {
  readonly issues: readonly IssueSeen[];
  readonly unreadable: readonly IssueUnreadable[];
};

type WantedIssue = { readonly repo: RepoRef; readonly listed: ListedIssue };

/**
 * What was read of one issue. `isAlone`: what went wrong is about this issue and no other, so that
 * the rest of its repo may go on.
 */
type Detail<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly why: string; readonly isAlone: boolean };

type Batch = readonly (readonly [WantedIssue, Detail<IssueRead>])[];

/**
 * Reads the issues of many repos together; one answer per repo, in the order asked. A repo is
 * unreadable when an issue cannot be read that may hold its lock, or when nobody knows which of
 * several it was.
 */
export async function readDetails(
  reader: IssueReader,
  wanted: readonly WantedIssues[],
): Promise<readonly Part<DetailedIssues>[]> {
  const flat = wanted.map(({ repo, issues }) => issues.map((listed) => ({ repo, listed })));
  const read = new Map<WantedIssue, Detail<IssueRead>>();
  await mapBounded(chunk(flat.flat(), ISSUES_PER_QUERY_MAX), async (batch) => {
    for (const [wish, part] of await readBatch(reader, batch)) read.set(wish, part);
  });
  const reads = [...read.values()].flatMap((part) => (part.kind === "read" ? [part.value] : []));
  const whole = await readOlderComments(reader, reads);
  return flat.map((wishes) =>
    collect(
      wishes.map((wish): readonly [WantedIssue, Detail<IssueSeen>] => {
        const detail = read.get(wish) ?? { kind: "unreadable", why: "no answer", isAlone: false };
        if (detail.kind === "unreadable") return [wish, detail];
        const part = whole.get(detail.value);
        if (part?.kind === "read") return [wish, part];
        return [wish, { kind: "unreadable", why: part?.why ?? "no answer", isAlone: true }];
      }),
    ),
  );
}

/**
 * A batch that fails as a whole is asked once more, repo by repo, and a repo that fails beside
 * others issue by issue: comments that anybody may write can make an answer too large or too slow,
 * and must not blind the tick to the other issues.
 */
async function readBatch(reader: IssueReader, batch: readonly WantedIssue[]): Promise<Batch> {
  const answer = await askDetails(reader.client, batch);
  if (!isWorthAsking(answer, batch)) return toParts(reader, batch, answer);
  const groups = [...Map.groupBy(batch, (wish) => wish.repo).values()];
  if (groups.length === 1) return await readOneByOne(reader, batch);
  const answers = await mapBounded(groups, (group) => askDetails(reader.client, group));
  const isUp = answers.some(({ kind }) => kind === "answered");
  const parts: Batch[] = [];
  for (const [index, group] of groups.entries()) {
    const own = answers[index] ?? answer;
    const isSplit = isUp && isWorthAsking(own, group);
    parts.push(isSplit ? await readOneByOne(reader, group) : toParts(reader, group, own));
  }
  return parts.flat();
}

function isWorthAsking(answer: GraphqlAnswer, batch: readonly WantedIssue[]): boolean {
  return answer.kind === "failed" && !answer.isRateLimited && batch.length > 1;
}

async function readOneByOne(reader: IssueReader, batch: readonly WantedIssue[]): Promise<Batch> {
  const parts = await mapBounded(batch, async (wish) =>
    toParts(reader, [wish], await askDetails(reader.client, [wish])),
  );
  return parts.flat();
}

function askDetails(client: GithubClient, batch: readonly WantedIssue[]): Promise<GraphqlAnswer> {
  return client.query(DETAILS_QUERY, { ids: batch.map((wish) => wish.listed.id) });
}

function toParts(reader: IssueReader, batch: readonly WantedIssue[], answer: GraphqlAnswer): Batch {
  return batch.map((wish, index) => {
    const part = toPart(reader, wish, { answer, index });
    if (part.kind === "read") return [wish, part];
    const isLimited = answer.kind === "failed" && answer.isRateLimited;
    const isAlone = answer.kind === "answered" || (batch.length === 1 && !isLimited);
    return [wish, { ...part, isAlone }];
  });
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

function collect(
  parts: readonly (readonly [WantedIssue, Detail<IssueSeen>])[],
): Part<DetailedIssues> {
  const issues: IssueSeen[] = [];
  const unreadable: IssueUnreadable[] = [];
  for (const [{ repo, listed }, part] of parts) {
    if (part.kind === "read") {
      issues.push(part.value);
      continue;
    }
    if (listed.mayHoldLock || !part.isAlone) {
      return { kind: "unreadable", why: `an issue could not be read: ${part.why}` };
    }
    const { number, updatedAt } = listed;
    unreadable.push({ ref: { repo, number }, updatedAt, why: part.why });
  }
  return { kind: "read", value: { issues, unreadable } };
}
