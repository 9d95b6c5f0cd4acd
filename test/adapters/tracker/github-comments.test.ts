import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { IssueSeenAlone } from "../../../src/pure/ports/tracker.ts";
import { badGateway, FakeGithub, issueRef, optionsFor, Refusal, repo } from "./fake-github.ts";
import {
  collaborator,
  history,
  idPage,
  MAINTAINER,
  OURSELVES,
  ROBOT,
  type WireActor,
  wireComment,
  wireIssue,
  wireRepo,
} from "./github-answers.ts";

const AT = "2026-01-03T00:00:00Z";
const PAGES_MAX = 20;

/** Page `page` of `pages`, the newest being the first: one comment of ours and one of a stranger. */
function commentPage(page: number, pages: number) {
  return {
    pageInfo: { hasPreviousPage: page < pages, startCursor: String(page) },
    nodes: [wireComment(`9${page}`, MAINTAINER), wireComment(String(page), OURSELVES)],
  };
}

/** Issue N of any repo has as many pages of comments as `pagesOf` says. */
function servePages(pagesOf: Readonly<Record<number, number>>): FakeGithub {
  const github = new FakeGithub();
  github.aliases.set("IssuesAlone", ({ name, number }) => ({
    issue: wireIssue(String(name), Number(number), {
      comments: commentPage(1, pagesOf[Number(number)] ?? 1),
    }),
  }));
  github.aliases.set("CommentsMore", ({ number, before }) => ({
    issue: { comments: commentPage(Number(before) + 1, pagesOf[Number(number)] ?? 1) },
  }));
  github.aliases.set("Permissions", () => collaborator("WRITE"));
  return github;
}

async function read(github: FakeGithub, ...numbers: readonly number[]) {
  const tracker = createGithubTracker(optionsFor(github));
  return await tracker.readIssues(numbers.map((number) => issueRef("app", number)));
}

function commentsOf(seen: IssueSeenAlone | undefined) {
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  const { kind, comments } = seen.issue.ownComments;
  return { kind, ids: comments.map(({ id }) => id) };
}

/** Our comments' ids on so many pages, oldest first. */
function idsOf(pages: number): string[] {
  return Array.from({ length: pages }, (_, index) => String(pages - index));
}

it(`comments are read back to the first, up to ${PAGES_MAX} pages, and cut past that`, async () => {
  const github = servePages({ 1: PAGES_MAX, 2: PAGES_MAX + 1 });
  const [whole, cut] = await read(github, 1, 2);
  expect(commentsOf(whole)).toEqual({ kind: "complete", ids: idsOf(PAGES_MAX) });
  expect(commentsOf(cut)).toEqual({ kind: "truncated", ids: idsOf(PAGES_MAX) });
  const more = github.operations().filter((each) => each === "CommentsMore");
  expect(more).toHaveLength(PAGES_MAX - 1);
});

it("only issues that go on are asked again, all of them in one request", async () => {
  const github = servePages({ 1: 3, 2: 1, 3: 2 });
  const seen = await read(github, 1, 2, 3);
  expect(seen.map(commentsOf)).toEqual(
    [3, 1, 2].map((pages) => ({ kind: "complete", ids: idsOf(pages) })),
  );
  const asked = github.sent.flatMap(({ body }) => {
    const variables = (body["variables"] ?? {}) as Record<string, unknown>;
    const isMore = String(body["query"]).startsWith("query CommentsMore");
    return isMore ? [[variables["number0"], variables["number1"]]] : [];
  });
  expect(asked).toEqual([
    [1, 3],
    [1, undefined],
  ]);
});

it("an issue of one page of comments costs no further request", async () => {
  const github = servePages({});
  await read(github, 1);
  expect(github.operations()).toEqual(["IssuesAlone", "Permissions"]);
});

it("a listed issue's comments are read back as well, in one request for all repos", async () => {
  const github = servePages({ 1: 2, 2: 2 });
  for (const [name, number] of [["app", 1] as const, ["lib", 2] as const]) {
    const comments = commentPage(1, 2);
    github.nodes.set(`I_${name}_${number}`, wireIssue(name, number, { comments }));
  }
  github.aliases.set("ListRepos", ({ name }) =>
    wireRepo(String(name), { ready: idPage([name === "app" ? "I_app_1" : "I_lib_2"]) }),
  );
  const seen = await createGithubTracker(optionsFor(github)).listRepos(
    [repo("app"), repo("lib")],
    "candidates",
  );
  const comments = seen.map((each) => each.kind === "readable" && each.issues[0]?.ownComments);
  expect(comments).toMatchObject([
    { kind: "complete", comments: [{ id: "2" }, { id: "1" }] },
    { kind: "complete", comments: [{ id: "2" }, { id: "1" }] },
  ]);
  const operations = ["ListRepos", "IssueDetails", "CommentsMore", "Permissions"];
  expect(github.operations()).toEqual(operations);
});

it("a further page that cannot be read makes that issue unreadable, and no other", async () => {
  const github = servePages({ 1: 2, 2: 2 });
  const serve = github.aliases.get("CommentsMore");
  github.aliases.set("CommentsMore", (variables) =>
    variables["number"] === 1
      ? new Refusal(null, { message: "no more", path: [] })
      : serve?.(variables),
  );
  const [one, two] = await read(github, 1, 2);
  expect(one).toEqual({ kind: "unreadable", why: expect.stringContaining("no more") });
  expect(commentsOf(two).kind).toBe("complete");
});

it("further pages too large for one answer are asked for issue by issue", async () => {
  const github = servePages({ 1: 2, 2: 2 });
  github.breakdown = (operation, { body }) =>
    operation === "CommentsMore" && "number1" in (body["variables"] as object)
      ? badGateway()
      : undefined;
  expect((await read(github, 1, 2)).map((each) => commentsOf(each).kind)).toEqual([
    "complete",
    "complete",
  ]);
});

it("a hidden comment on an older page is a gap", async () => {
  const github = servePages({ 1: 2 });
  github.aliases.set("CommentsMore", () => ({ issue: { comments: history([null]) } }));
  const [seen] = await read(github, 1);
  expect(commentsOf(seen)).toEqual({ kind: "truncated", ids: ["1"] });
});

type Edit = { readonly lastEditedAt: string | null; readonly editor: WireActor };
const impostor: WireActor = { __typename: "User", login: "afk-bot", databaseId: 9002 };
const edits: ReadonlyArray<readonly [name: string, isOurs: boolean, edit: Edit]> = [
  ["never edited", true, { lastEditedAt: null, editor: null }],
  ["edited by ourselves", true, { lastEditedAt: AT, editor: OURSELVES }],
  ["edited by a maintainer", false, { lastEditedAt: AT, editor: MAINTAINER }],
  ["edited by a bot", false, { lastEditedAt: AT, editor: ROBOT }],
  ["edited by somebody of our name", false, { lastEditedAt: AT, editor: impostor }],
  ["edited by a deleted account", false, { lastEditedAt: AT, editor: null }],
  ["said to have a foreign editor and no edit", false, { lastEditedAt: null, editor: MAINTAINER }],
];
it.each(edits)(
  "a comment of ours that is %s: what it says is ours is %s",
  async (_name, isOurs, edit) => {
    const github = new FakeGithub();
    const comments = history([{ ...wireComment("1", OURSELVES), ...edit }]);
    github.aliases.set("IssuesAlone", () => ({ issue: wireIssue("app", 1, { comments }) }));
    github.aliases.set("Permissions", () => collaborator("WRITE"));
    const [seen] = await read(github, 1);
    const own = seen?.kind === "read" ? seen.issue.ownComments : null;
    expect(own).toMatchObject({ kind: "complete", comments: [{ id: "1" }] });
    expect(own?.comments.map((comment) => comment.isTampered)).toEqual([isOurs ? undefined : true]);
  },
);
