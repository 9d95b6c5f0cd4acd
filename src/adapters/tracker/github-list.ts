import * as z from "zod";
import { hasLabel } from "../../pure/approval.ts";
import {
  type IssueSeen,
  type RepoFacts,
  type RepoRef,
  type RepoSeen,
  repoKey,
} from "../../pure/issue.ts";
import type { LabelNames, ListScope } from "../../pure/ports/tracker.ts";
import { type AliasAnswer, askRepos, type Part, readWhole } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { readBlockers } from "./github-blockers.ts";
import { type DetailedIssues, type ListedIssue, readDetails } from "./github-details.ts";
import { readPermissions } from "./github-permissions.ts";
import { issuePage, repoSelection, REPOS_PER_QUERY_MAX } from "./github-queries.ts";
import { IssuePage, RepoWire, toRepoFacts } from "./github-wire.ts";

/**
 * 200 issues of one label in one repo: more than a repo's one run at a time works off in a week.
 */
const LIST_PAGES_MAX = 4;

const STATES = { ready: ["OPEN"], progress: ["OPEN", "CLOSED"] } as const;
type ListName = keyof typeof STATES;

/** What the first stage knows of a repo, filled page by page. */
type Listing = {
  readonly repo: RepoRef;
  facts: Part<RepoFacts>;
  readonly issues: Map<string, ListedIssue>;
  /** The lists that go on, with the cursor to go on from. */
  readonly open: Map<ListName, string>;
};

type NextPage = {
  readonly repo: RepoRef;
  readonly listing: Listing;
  readonly list: ListName;
  readonly after: string;
};

/**
 * What the tracker's reads need. `ownId` is our own account's id; rejects when GitHub does not
 * say.
 */
export type TrackerContext = {
  readonly client: GithubClient;
  readonly labels: LabelNames;
  ownId(): Promise<string>;
};

/**
 * Reads every repo's facts and its issues of the scope in detail; for candidates also who made them
 * ready and what blocks them. Answers in order.
 */
export async function listRepos(
  context: TrackerContext,
  repos: readonly RepoRef[],
  scope: ListScope,
): Promise<readonly RepoSeen[]> {
  const listings = await listIds(context, repos, scope);
  const details = await readListed(context, listings);
  const issues = details.flatMap((part) => (part.kind === "read" ? part.value.issues : []));
  const candidates = scope === "candidates" ? issues : [];
  const [permissions, whole] = await Promise.all([
    readPermissions(context.client, candidates, context.labels.ready),
    readBlockers(context.client, candidates.filter(isWaiting(context.labels))),
  ]);
  return listings.map(({ repo, facts }, index): RepoSeen => {
    const detail = details[index];
    if (facts.kind === "unreadable") return { kind: "unreadable", ref: repo, why: facts.why };
    if (detail?.kind !== "read") {
      return { kind: "unreadable", ref: repo, why: detail?.why ?? "its issues were not read" };
    }
    return {
      kind: "readable",
      facts: facts.value,
      ...withBlockers(detail.value, whole, listings[index]),
      permissions: permissions.get(repoKey(repo)) ?? new Map(),
    };
  });
}

/** Candidates that may start; what is blocked besides, nobody asks of the others. */
export function isWaiting(labels: LabelNames): (issue: IssueSeen) => boolean {
  return (issue) =>
    issue.state === "open" && hasLabel(issue, labels.ready) && !hasLabel(issue, labels.inProgress);
}

/**
 * By number; a candidate whose blockers could not be asked about joins those that could not be
 * read.
 */
function withBlockers(
  detail: DetailedIssues,
  whole: ReadonlyMap<IssueSeen, Part<IssueSeen>>,
  listing: Listing | undefined,
): Pick<Extract<RepoSeen, { kind: "readable" }>, "issues" | "issuesUnreadable"> {
  const issues: IssueSeen[] = [];
  const unreadable = [...detail.unreadable];
  const updated = new Map(
    [...(listing?.issues.values() ?? [])].map(({ number, updatedAt }) => [number, updatedAt]),
  );
  for (const issue of detail.issues) {
    const part = whole.get(issue) ?? { kind: "read", value: issue };
    if (part.kind === "read") issues.push(part.value);
    else {
      const { ref } = issue;
      unreadable.push({ ref, updatedAt: updated.get(ref.number) ?? "", why: part.why });
    }
  }
  const sorted = issues.toSorted((one, other) => one.ref.number - other.ref.number);
  return unreadable.length === 0
    ? { issues: sorted }
    : { issues: sorted, issuesUnreadable: unreadable };
}

async function listIds(
  context: TrackerContext,
  repos: readonly RepoRef[],
  scope: ListScope,
): Promise<readonly Listing[]> {
  const { labels } = context;
  const items = repos.map((repo) => ({ repo }));
  const answers = await askRepos(context.client, items, {
    operation: "ListRepos",
    batchMax: REPOS_PER_QUERY_MAX,
    shared: {
      ...(scope === "candidates" ? { ready: { type: "[String!]", value: [labels.ready] } } : {}),
      progress: { type: "[String!]", value: [labels.inProgress] },
      inProgress: { type: "String!", value: labels.inProgress },
      human: { type: "String!", value: labels.human },
    },
    select: () => ({ selection: repoSelection(scope) }),
  });
  const listings = repos.map((repo, index) => toListing(repo, answers[index], labels));
  for (let page = 1; page < LIST_PAGES_MAX; page += 1) {
    const next = listings.flatMap(nextPages);
    if (next.length === 0) break;
    await readNextPages(context, next);
  }
  for (const listing of listings) {
    if (listing.facts.kind === "unreadable" || listing.open.size === 0) continue;
    const names = [...listing.open.keys()].map((list) => labelOf(context, list)).join(", ");
    const why = `truncated: too many issues labelled ${names}; take the label off some`;
    listing.facts = { kind: "unreadable", why };
  }
  return listings;
}

function toListing(repo: RepoRef, answer: AliasAnswer | undefined, labels: LabelNames): Listing {
  const listing: Listing = {
    repo,
    facts: { kind: "unreadable", why: "no answer" },
    issues: new Map(),
    open: new Map(),
  };
  if (answer === undefined) return listing;
  const part = readWhole(answer, RepoWire);
  listing.facts = part.kind === "read" ? toRepoFacts(repo, part.value, labels) : part;
  if (part.kind !== "read" || listing.facts.kind !== "read") return listing;
  if (part.value.ready !== undefined) addPage(listing, "ready", part.value.ready);
  addPage(listing, "progress", part.value.progress);
  return listing;
}

function addPage(listing: Listing, list: ListName, page: z.infer<typeof IssuePage>): void {
  for (const node of page.nodes) {
    const mayHoldLock = list === "progress" || listing.issues.get(node.id)?.mayHoldLock === true;
    listing.issues.set(node.id, { ...node, mayHoldLock });
  }
  listing.open.delete(list);
  if (page.pageInfo.hasNextPage) listing.open.set(list, page.pageInfo.endCursor ?? "");
}

function nextPages(listing: Listing): readonly NextPage[] {
  if (listing.facts.kind === "unreadable") return [];
  const { repo } = listing;
  return [...listing.open].map(([list, after]) => ({ repo, listing, list, after }));
}

async function readNextPages(context: TrackerContext, next: readonly NextPage[]): Promise<void> {
  const answers = await askRepos(context.client, next, {
    operation: "ListMore",
    batchMax: REPOS_PER_QUERY_MAX,
    select: ({ list, after }, n) => ({
      selection: issuePage(`states: $states${n}, labels: $labels${n}, after: $after${n}`),
      variables: {
        [`states${n}`]: { type: "[IssueState!]", value: STATES[list] },
        [`labels${n}`]: { type: "[String!]", value: [labelOf(context, list)] },
        [`after${n}`]: { type: "String!", value: after },
      },
    }),
  });
  for (const [index, { listing, list }] of next.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    const part = readWhole(answer, z.object({ issues: IssuePage }));
    if (part.kind === "read") addPage(listing, list, part.value.issues);
    else listing.facts = part;
  }
}

function labelOf(context: TrackerContext, list: ListName): string {
  return list === "ready" ? context.labels.ready : context.labels.inProgress;
}

async function readListed(
  context: TrackerContext,
  listings: readonly Listing[],
): Promise<readonly Part<DetailedIssues>[]> {
  const nothing: Part<DetailedIssues> = { kind: "read", value: { issues: [], unreadable: [] } };
  const wanted = listings.map(({ repo, facts, issues }) => ({
    repo,
    issues: facts.kind === "read" ? [...issues.values()] : [],
  }));
  if (wanted.every(({ issues }) => issues.length === 0)) return wanted.map(() => nothing);
  try {
    const ownId = await context.ownId();
    return await readDetails({ client: context.client, ownId }, wanted);
  } catch (error) {
    const why = `our own account could not be read: ${context.client.explain(error)}`;
    return wanted.map(({ issues }) =>
      issues.length === 0 ? nothing : { kind: "unreadable", why },
    );
  }
}
