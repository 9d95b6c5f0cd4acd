import * as z from "zod";
import type { BranchCommit, BranchSeen } from "../../pure/commits.ts";
import type { RepoRef } from "../../pure/issue.ts";
import type { BranchQuery } from "../../pure/ports/tracker.ts";
import { type AliasAnswer, askRepos, mapBounded, readWhole } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { PageInfo } from "./github-wire.ts";

/** Since a run began. Past that, somebody else's import landed and a person should look. */
const COMMITS_MAX = 500;
/**
 * Branches per request. One holds ten commits and nothing that anybody may make long but their messages, so that fifty
 * runs are one request; 80 aliases fail in the wild.
 */
const BRANCHES_PER_QUERY_MAX = 50;
/**
 * By page; 100 is GitHub's largest. GitHub counts the parents of every commit that a page may hold: a first page of
 * 100 costs a point of the hourly 5,000 for each repo, one of ten a tenth of it. Most branches move less than that
 * while a run is under way.
 */
const COMMIT_PAGES = [10, 90, 100, 100, 100, 100] as const;
/** Parents per commit: beyond ten an octopus merge is not something a coding agent makes. */
const PARENTS_MAX = 10;

const CommitWire = z.lazy(() =>
  z.object({
    oid: z.string(),
    message: z.string(),
    parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
  }),
);
const HistoryWire = z.lazy(() => z.object({ pageInfo: PageInfo, nodes: z.array(CommitWire) }));
const HeadWire = z.lazy(() =>
  z.object({
    defaultBranchRef: z
      .object({ target: z.object({ oid: z.string(), history: HistoryWire }) })
      .nullable(),
  }),
);
const MoreWire = z.lazy(() => z.object({ object: z.object({ history: HistoryWire }) }));

/** A branch while it is read. `seen` is null as long as more pages are needed. */
type Reading = {
  readonly repo: RepoRef;
  readonly baseSha: string | null;
  headSha: string;
  cursor: string;
  readonly commits: BranchCommit[];
  seen: BranchSeen | null;
};

/**
 * Reads each default branch back to its base, newest first; answers in the order asked. Never
 * throws.
 */
export async function readBranches(
  client: GithubClient,
  queries: readonly BranchQuery[],
): Promise<readonly BranchSeen[]> {
  const answers = await askRepos(client, queries, {
    operation: "Branches",
    batchMax: BRANCHES_PER_QUERY_MAX,
    select: () => ({
      selection: `defaultBranchRef { target { oid ... on Commit { ${history(COMMIT_PAGES[0])} } } }`,
    }),
  });
  const readings = queries.map((query, index) => toReading(query, answers[index]));
  for (const size of COMMIT_PAGES.slice(1)) {
    const open = readings.filter((reading) => reading.seen === null);
    if (open.length === 0) break;
    await readMore(client, open, size);
  }
  return mapBounded(readings, async (reading) => reading.seen ?? atPageLimit(client, reading));
}

/**
 * Without a base there is nothing to reach: what was read is the newest part, as was asked. With one, the history
 * is either that long or was rewritten without it; then all that could come after it is gone with it.
 */
async function atPageLimit(client: GithubClient, reading: Reading): Promise<BranchSeen> {
  const { baseSha, headSha, commits } = reading;
  if (baseSha === null) return { kind: "readable", headSha, isBaseFound: true, commits };
  const { owner, name } = reading.repo;
  if (await isBaseLost(client, { owner, repo: name, basehead: `${baseSha}...${headSha}` }))
    return { kind: "readable", headSha, isBaseFound: false, commits };
  return {
    kind: "truncated",
    why: `truncated: the base is further back than ${COMMITS_MAX} commits`,
  };
}

const CompareWire = z.lazy(() => z.object({ status: z.string() }));
const NotThere = z.lazy(() => z.object({ status: z.literal(404) }));

/** Whether GitHub says that the base is no ancestor of the head, or that it has no such commit any more. */
async function isBaseLost(
  client: GithubClient,
  between: { readonly owner: string; readonly repo: string; readonly basehead: string },
): Promise<boolean> {
  try {
    const { data } = await client.rest.repos.compareCommitsWithBasehead({
      ...between,
      per_page: 1,
    });
    const status = CompareWire.safeParse(data).data?.status;
    return status === "diverged" || status === "behind";
  } catch (error) {
    return NotThere.safeParse(error).success;
  }
}

function history(first: number, args = ""): string {
  return `history(first: ${first}${args}) {
    pageInfo { hasNextPage endCursor }
    nodes { oid message parents(first: ${PARENTS_MAX}) { nodes { oid } } }
  }`;
}

function toReading(query: BranchQuery, answer: AliasAnswer | undefined): Reading {
  const { repo, baseSha } = query;
  const reading: Reading = { repo, baseSha, headSha: "", cursor: "", commits: [], seen: null };
  const part = readWhole(answer ?? { kind: "failed", why: "no answer" }, HeadWire);
  if (part.kind === "unreadable") {
    reading.seen = part;
  } else if (part.value.defaultBranchRef === null) {
    reading.seen = { kind: "unreadable", why: "the repo has no commits" };
  } else {
    reading.headSha = part.value.defaultBranchRef.target.oid;
    addPage(reading, part.value.defaultBranchRef.target.history);
  }
  return reading;
}

/** Further pages start from the head already read: the branch may have moved since. */
async function readMore(
  client: GithubClient,
  open: readonly Reading[],
  size: number,
): Promise<void> {
  const answers = await askRepos(client, open, {
    operation: "BranchesMore",
    batchMax: BRANCHES_PER_QUERY_MAX,
    select: ({ headSha, cursor }, n) => ({
      selection: `object(oid: $head${n}) { ... on Commit { ${history(size, `, after: $after${n}`)} } }`,
      variables: {
        [`head${n}`]: { type: "GitObjectID!", value: headSha },
        [`after${n}`]: { type: "String!", value: cursor },
      },
    }),
  });
  for (const [index, reading] of open.entries()) {
    const part = readWhole(answers[index] ?? { kind: "failed", why: "no answer" }, MoreWire);
    if (part.kind === "unreadable") reading.seen = part;
    else addPage(reading, part.value.object.history);
  }
}

function addPage(reading: Reading, page: z.infer<typeof HistoryWire>): void {
  for (const { oid, message, parents } of page.nodes) {
    reading.commits.push({ sha: oid, message, parents: parents.nodes.map((each) => each.oid) });
  }
  reading.cursor = page.pageInfo.endCursor ?? "";
  reading.seen = cutAtBase(reading, !page.pageInfo.hasNextPage);
}

/**
 * Every listed commit that the head reaches and the base does not; null while a parent that may
 * be such a commit is not listed yet. GitHub lists by date, so a commit comes before its parents.
 */
function cutAtBase(reading: Reading, isWholeHistory: boolean): BranchSeen | null {
  const { headSha, baseSha, commits } = reading;
  const bySha = new Map(commits.map((commit) => [commit.sha, commit]));
  const old = baseSha === null ? new Set<string>() : reach(baseSha, bySha, new Set());
  const recent = reach(headSha, bySha, old);
  if (!isWholeHistory && [...recent].some((sha) => !bySha.has(sha))) return null;
  return {
    kind: "readable",
    headSha,
    isBaseFound:
      baseSha === null ||
      headSha === baseSha ||
      bySha.has(baseSha) ||
      commits.some((commit) => recent.has(commit.sha) && commit.parents.includes(baseSha)),
    commits: commits.filter((commit) => recent.has(commit.sha)),
  };
}

/** All commits reached from one, itself included, along listed parents and not through `except`. */
function reach(
  from: string,
  bySha: ReadonlyMap<string, BranchCommit>,
  except: ReadonlySet<string>,
): Set<string> {
  const reached = new Set<string>();
  const open = [from];
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    if (reached.has(sha) || except.has(sha)) continue;
    reached.add(sha);
    open.push(...(bySha.get(sha)?.parents ?? []));
  }
  return reached;
}
