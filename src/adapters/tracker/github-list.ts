import * as z from "zod";
import {
  type IssueSeen,
  type RepoFacts,
  type RepoRef,
  type RepoSeen,
  repoKey,
} from "../../pure/issue.ts";
import type { LabelNames } from "../../pure/ports/tracker.ts";
import { type AliasAnswer, askRepos, type Part, readWhole } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { readDetails } from "./github-details.ts";
import { readPermissions } from "./github-permissions.ts";
import { issuePage, REPO_SELECTION, REPOS_PER_QUERY_MAX } from "./github-queries.ts";
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
  readonly ids: Set<string>;
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
 * Reads every repo's facts, its labelled issues in detail and who made them ready; answers in
 * order.
 */
export async function listRepos(
  context: TrackerContext,
  repos: readonly RepoRef[],
): Promise<readonly RepoSeen[]> {
  const listings = await listIds(context, repos);
  const details = await readListed(context, listings);
  const issues = details.flatMap((part) => (part.kind === "read" ? part.value : []));
  const permissions = await readPermissions(context.client, issues, context.labels.ready);
  return listings.map(({ repo, facts }, index): RepoSeen => {
    const detail = details[index];
    if (facts.kind === "unreadable") return { kind: "unreadable", ref: repo, why: facts.why };
    if (detail?.kind !== "read") {
      return { kind: "unreadable", ref: repo, why: detail?.why ?? "its issues were not read" };
    }
    return {
      kind: "readable",
      facts: facts.value,
      issues: detail.value.toSorted((one, other) => one.ref.number - other.ref.number),
      permissions: permissions.get(repoKey(repo)) ?? new Map(),
    };
  });
}

async function listIds(
  context: TrackerContext,
  repos: readonly RepoRef[],
): Promise<readonly Listing[]> {
  const items = repos.map((repo) => ({ repo }));
  const answers = await askRepos(context.client, items, {
    operation: "ListRepos",
    batchMax: REPOS_PER_QUERY_MAX,
    shared: {
      ready: { type: "[String!]", value: [context.labels.ready] },
      progress: { type: "[String!]", value: [context.labels.inProgress] },
    },
    select: () => ({ selection: REPO_SELECTION }),
  });
  const listings = repos.map((repo, index) => toListing(repo, answers[index]));
  for (let page = 1; page < LIST_PAGES_MAX; page += 1) {
    const next = listings.flatMap(nextPages);
    if (next.length === 0) break;
    await readNextPages(context, next);
  }
  for (const listing of listings) {
    if (listing.facts.kind === "unreadable" || listing.open.size === 0) continue;
    const labels = [...listing.open.keys()].map((list) => labelOf(context, list));
    const why = `truncated: too many issues labelled ${labels.join(", ")}; take the label off some`;
    listing.facts = { kind: "unreadable", why };
  }
  return listings;
}

function toListing(repo: RepoRef, answer: AliasAnswer | undefined): Listing {
  const listing: Listing = {
    repo,
    facts: { kind: "unreadable", why: "no answer" },
    ids: new Set(),
    open: new Map(),
  };
  if (answer === undefined) return listing;
  const part = readWhole(answer, RepoWire);
  listing.facts = part.kind === "read" ? toRepoFacts(repo, part.value) : part;
  if (part.kind !== "read" || listing.facts.kind !== "read") return listing;
  addPage(listing, "ready", part.value.ready);
  addPage(listing, "progress", part.value.progress);
  return listing;
}

function addPage(listing: Listing, list: ListName, page: z.infer<typeof IssuePage>): void {
  for (const { id } of page.nodes) listing.ids.add(id);
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
): Promise<readonly Part<readonly IssueSeen[]>[]> {
  const wanted = listings.map(({ repo, facts, ids }) => ({
    repo,
    ids: facts.kind === "read" ? [...ids] : [],
  }));
  if (wanted.every(({ ids }) => ids.length === 0)) {
    return wanted.map(() => ({ kind: "read", value: [] }));
  }
  try {
    const ownId = await context.ownId();
    return await readDetails({ client: context.client, ownId }, wanted);
  } catch (error) {
    const why = `our own account could not be read: ${context.client.explain(error)}`;
    return wanted.map(({ ids }) =>
      ids.length === 0 ? { kind: "read", value: [] } : { kind: "unreadable", why },
    );
  }
}
