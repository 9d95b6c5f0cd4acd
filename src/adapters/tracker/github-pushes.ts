import * as z from "zod";
import type { BranchPush, PushesSeen } from "../../pure/commits.ts";
import { repoKey } from "../../pure/issue.ts";
import type { PushesQuery } from "../../pure/ports/tracker.ts";
import { parseIso } from "../../pure/time.ts";
import { mapBounded } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";

/** GitHub's own largest page. */
const PUSHES_PAGE_SIZE = 100;
/** 500 pushes since a run began: past that the oldest that brought a commit is not worth its requests. */
const PUSH_PAGES_MAX = 5;

const ActivityWire = z.lazy(() =>
  z.object({
    before: z.string(),
    after: z.string(),
    timestamp: z.string(),
    activity_type: z.string(),
    actor: z.object({ login: z.string() }).nullable(),
  }),
);
const PageWire = z.array(ActivityWire);

type Page = { readonly pushes: readonly BranchPush[]; readonly next: string | null };

/**
 * Reads the push log of each branch over REST, newest first: GraphQL has none. Answers in the order asked; a log
 * that goes on further than is read is unreadable, for its oldest push is the one that is looked for. Never throws.
 */
export function readPushes(
  client: GithubClient,
  queries: readonly PushesQuery[],
): Promise<readonly PushesSeen[]> {
  return mapBounded(queries, (query) => readLog(client, query));
}

async function readLog(client: GithubClient, query: PushesQuery): Promise<PushesSeen> {
  const pushes: BranchPush[] = [];
  let after: string | null = null;
  try {
    for (let page = 0; page < PUSH_PAGES_MAX; page += 1) {
      const { pushes: read, next }: Page = await readPage(client, query, after);
      pushes.push(...read);
      if (next === null || read.some((push) => isBefore(push, query.sinceMs))) {
        return { kind: "readable", pushes };
      }
      after = next;
    }
  } catch (error) {
    return { kind: "unreadable", why: client.explain(error) };
  }
  const pushesMax = PUSH_PAGES_MAX * PUSHES_PAGE_SIZE;
  const why = `the push log of ${repoKey(query.repo)} has more than ${pushesMax} pushes since the run began`;
  return { kind: "unreadable", why };
}

async function readPage(
  client: GithubClient,
  query: PushesQuery,
  after: string | null,
): Promise<Page> {
  const { data, headers } = await client.rest.repos.listActivities({
    owner: query.repo.owner,
    repo: query.repo.name,
    ref: `refs/heads/${query.branch}`,
    per_page: PUSHES_PAGE_SIZE,
    ...(after === null ? {} : { after }),
  });
  return { pushes: PageWire.parse(data).map(toPush), next: nextCursor(headers.link) };
}

function toPush(wire: z.infer<typeof ActivityWire>): BranchPush {
  const { before, after, timestamp, activity_type: kind, actor } = wire;
  return {
    before,
    after,
    isForced: kind === "force_push",
    by: actor?.login ?? null,
    at: timestamp,
  };
}

/** A time that cannot be read is no reason to stop early. */
function isBefore(push: BranchPush, sinceMs: number): boolean {
  const at = parseIso(push.at);
  return at !== null && at <= sinceMs;
}

/** GitHub pages this list by a cursor that only its `Link` header tells, never by number. */
function nextCursor(link: string | undefined): string | null {
  const next = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  return next === undefined || !URL.canParse(next) ? null : new URL(next).searchParams.get("after");
}
