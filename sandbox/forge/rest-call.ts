import type { Account, Issue, Repo } from "./model.ts";
import { mayWrite, type World } from "./world.ts";

/** What a request is answered with. A string body is plain text, anything else is JSON. */
export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
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
  return {
    status,
    body: { message, ...details, documentation_url: documentation, status: String(status) },
  };
}

/** The issue that a path names; refused with 404 when there is none. */
export function issueOf(call: RestCall, repo: Repo): Issue {
  const issue = repo.issues.get(Number(call.params["number"]));
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
  const wanted = Number(call.url.searchParams.get("per_page") ?? PER_PAGE_DEFAULT);
  const size = Math.min(PER_PAGE_MAX, wanted > 0 ? wanted : PER_PAGE_DEFAULT);
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
