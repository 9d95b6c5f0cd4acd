import type { Account, Issue, Repo } from "./model.ts";
import { mayWrite, type World } from "./world.ts";

/** What a request is answered with. A string body is plain text, anything else is JSON. */
export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a query takes of the hourly GraphQL budget. */
  readonly points?: number;
};

/** A REST request on its way to a handler, by somebody whose token is known. */
export type RestCall = {
  readonly world: World;
  readonly viewer: Account;
  /** The forge's own address without a slash at the end. */
  readonly apiUrl: string;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** A request refused, with GitHub's message. The server turns it into GitHub's error body. */
export class RestRefusal extends Error {
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** GitHub's body of an error. */
export function errorAnswer(
  status: number,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): Answer {
  const documentation = "https://docs.github.com/rest";
  const body = { message, ...details, documentation_url: documentation };
  // Described of every error but this one.
  return { status, body: status === 422 ? body : { ...body, status: String(status) } };
}

/** The issue that a path names; refused with 404 when there is none, with 301 when it was moved away. */
export function issueOf(call: RestCall, repo: Repo): Issue {
  const number = Number(call.params["number"]);
  const moved = repo.moved.get(number);
  if (moved !== undefined) {
    const url = `${call.apiUrl}/repos/${moved.repo.key}/issues/${moved.number}`;
    throw new RestRefusal(301, "Moved Permanently", { url });
  }
  const issue = repo.issues.get(number);
  if (issue === undefined) throw new RestRefusal(404, "Not Found");
  return issue;
}

/** Lets only those through who may change the repo. */
export function needPush(call: RestCall, repo: Repo, message: string): void {
  needUnarchived(repo);
  if (!mayWrite(repo, call.viewer)) throw new RestRefusal(403, message);
}

/** Nothing changes in an archived repo. */
export function needUnarchived(repo: Repo): void {
  if (repo.isArchived) throw new RestRefusal(403, "Repository was archived so is read-only.");
}

// GitHub's page sizes.
const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;

/** One page of a list with GitHub's `Link` header; `wrap` puts it into its body. */
export function pageAnswer<T>(
  call: RestCall,
  items: readonly T[],
  wrap: (page: readonly T[]) => unknown,
): Answer {
  const size = pageSizeOf(call);
  const page = Math.max(1, Number(call.url.searchParams.get("page") ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const links: string[] = [];
  const link = (number: number, rel: string) => {
    const target = new URL(call.url);
    target.searchParams.set("page", String(number));
    links.push(`<${target.href}>; rel="${rel}"`);
  };
  if (page > 1) link(page - 1, "prev");
  if (page < last) link(page + 1, "next");
  if (page < last) link(last, "last");
  if (page > 1) link(1, "first");
  const body = wrap(items.slice((page - 1) * size, page * size));
  return { status: 200, body, headers: links.length === 0 ? {} : { link: links.join(", ") } };
}

function pageSizeOf(call: RestCall): number {
  const wanted = Number(call.url.searchParams.get("per_page") ?? PER_PAGE_DEFAULT);
  return Math.min(PER_PAGE_MAX, wanted > 0 ? wanted : PER_PAGE_DEFAULT);
}

/**
 * One page of a list that GitHub pages by cursor: `after` and `before` are in its `Link` header only, and a page
 * number is not heeded.
 */
export function cursorAnswer<T extends { readonly id: number }>(
  call: RestCall,
  items: readonly T[],
  shape: (item: T) => unknown,
): Answer {
  const query = call.url.searchParams;
  const size = pageSizeOf(call);
  const [after, before] = [placeOf(items, query.get("after")), placeOf(items, query.get("before"))];
  const from = after !== null ? after + 1 : before !== null ? Math.max(0, before - size) : 0;
  const page = items.slice(from, before === null ? from + size : Math.min(before, from + size));
  const links: string[] = [];
  const link = (name: "after" | "before", item: T | undefined, rel: string) => {
    if (item === undefined) return;
    const target = new URL(call.url);
    target.searchParams.delete("after");
    target.searchParams.delete("before");
    target.searchParams.set(name, cursorOf(item));
    links.push(`<${target.href}>; rel="${rel}"`);
  };
  if (from > 0) link("before", page[0], "prev");
  if (from + page.length < items.length) link("after", page.at(-1), "next");
  return {
    status: 200,
    body: page.map(shape),
    headers: links.length === 0 ? {} : { link: links.join(", ") },
  };
}

function placeOf(items: readonly { readonly id: number }[], cursor: string | null): number | null {
  if (cursor === null) return null;
  const at = items.findIndex((item) => cursorOf(item) === cursor);
  if (at === -1) throw new RestRefusal(422, "Validation Failed");
  return at;
}

function cursorOf(item: { readonly id: number }): string {
  return Buffer.from(`cursor:${item.id}`).toString("base64");
}
