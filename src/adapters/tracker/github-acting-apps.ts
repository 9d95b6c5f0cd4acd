import * as z from "zod";
import { type ActingApp, type IssueRef, issueKey } from "../../pure/issue.ts";
import type { ActingAppQuery } from "../../pure/ports/tracker.ts";
import { mapBounded } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { DatabaseId } from "./github-wire.ts";

/** GitHub's own largest page. */
const EVENTS_PAGE_SIZE = 100;
/**
 * The first page, which tells how many there are, and four from the end: the label event is among
 * the newest hundred of the kinds that matter here, and other kinds rarely outnumber them so.
 */
const EVENT_PAGES_MAX = 5;

const EventWire = z.lazy(() =>
  z.object({
    node_id: z.string(),
    event: z.string(),
    // Absent is not null: only a null says that no App was behind it.
    performed_via_github_app: z.object({ id: DatabaseId, slug: z.string().default("") }).nullable(),
  }),
);
const EventsPage = z.lazy(() => z.array(z.unknown()));
const NodeId = z.lazy(() => z.object({ node_id: z.string() }));

/**
 * Reads through which App each label was put on; only REST tells. Answers in the order asked.
 * Never throws.
 */
export async function readActingApps(
  client: GithubClient,
  queries: readonly ActingAppQuery[],
): Promise<readonly ActingApp[]> {
  return await mapBounded(queries, async (query) => {
    try {
      return await readOne(client, query);
    } catch (error) {
      const why = `the events of ${issueKey(query.ref)}: ${client.explain(error)}`;
      return { kind: "unreadable", why };
    }
  });
}

/** An issue's events come oldest first, so the search goes from the last page backwards. */
async function readOne(client: GithubClient, { ref, eventId }: ActingAppQuery): Promise<ActingApp> {
  const first = await readPage(client, ref, 1);
  const inFirst = findApp(first.events, eventId);
  // The first page is also the last of most issues.
  if (inFirst !== null || first.last === 1) return inFirst ?? notFound(eventId);
  const oldest = Math.max(2, first.last - EVENT_PAGES_MAX + 2);
  for (let page = first.last; page >= oldest; page -= 1) {
    const found = findApp((await readPage(client, ref, page)).events, eventId);
    if (found !== null) return found;
  }
  return notFound(eventId);
}

type Page = { readonly events: readonly unknown[]; readonly last: number };

async function readPage(client: GithubClient, ref: IssueRef, page: number): Promise<Page> {
  const { data, headers, status } = await client.rest.issues.listEvents({
    owner: ref.repo.owner,
    repo: ref.repo.name,
    issue_number: ref.number,
    per_page: EVENTS_PAGE_SIZE,
    page,
  });
  const code: number = status;
  // A redirect is an answer here: the issue or its repo has moved.
  if (code !== 200) throw new Error(`HTTP ${code}`);
  return { events: EventsPage.parse(data), last: lastPageOf(headers.link) ?? page };
}

/** The number of the last page by the `Link` header; null when this page is the last. */
function lastPageOf(link: string | undefined): number | null {
  const [, query = ""] = /<[^>?]*\?([^>]*)>;\s*rel="last"/.exec(link ?? "") ?? [];
  const page = Number(new URLSearchParams(query).get("page") ?? "0");
  return Number.isSafeInteger(page) && page > 0 ? page : null;
}

function findApp(events: readonly unknown[], eventId: string): ActingApp | null {
  const found = events.find((each) => NodeId.safeParse(each).data?.node_id === eventId);
  if (found === undefined) return null;
  const { event, performed_via_github_app: app } = EventWire.parse(found);
  if (event !== "labeled") return { kind: "unreadable", why: `event ${eventId} is no labelling` };
  return app === null ? { kind: "none" } : { kind: "app", id: app.id, slug: app.slug };
}

function notFound(eventId: string): ActingApp {
  return { kind: "unreadable", why: `event ${eventId} is not among the newest of its issue` };
}
