import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, type SmallWorld, startSmallWorld } from "./small-world.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await startSmallWorld({ checks: {} });
});
afterAll(() => world.close());

const WHO = "actor { __typename login ... on User { databaseId } ... on Bot { databaseId } }";

function newIssue(): { readonly repo: string; readonly number: number } {
  const { forge, repo } = world;
  const number = forge.createIssue({ repo, title: "One more", body: "Text", by: "ada" });
  return { repo, number };
}

async function readIssue(number: number, selection: string): Promise<any> {
  const { data, errors } = await ask(
    world,
    `query One($n: Int!) { repository(owner: "acme", name: "sum") { issue(number: $n) { ...Read } } }
    fragment Read on Issue { ${selection} }`,
    { variables: { n: number } },
  );
  expect(errors).toBeUndefined();
  return data?.["repository"].issue;
}

describe("repositories in GraphQL", () => {
  it("answer what is known of them", async () => {
    const { data, errors } = await ask(
      world,
      `{ repository(owner: "ACME", name: "Sum", followRenames: false) {
        id databaseId nameWithOwner url isArchived hasIssuesEnabled viewerPermission
        defaultBranchRef { name target { __typename oid ... on Commit {
          messageHeadline history(first: 5) { totalCount pageInfo { hasNextPage endCursor } nodes { oid parents(first: 1) { nodes { oid } } } }
        } } }
      } rateLimit { cost limit remaining used nodeCount resetAt } }`,
    );
    expect(errors).toBeUndefined();
    const repo = data?.["repository"];
    expect(repo).toMatchObject({
      nameWithOwner: "acme/sum",
      isArchived: false,
      hasIssuesEnabled: true,
      viewerPermission: "ADMIN",
      defaultBranchRef: {
        name: "main",
        target: { __typename: "Commit", messageHeadline: "Begin", history: { totalCount: 1 } },
      },
    });
    expect(`${repo.url}.git`).toBe(world.cloneUrl);
    expect(repo.url).toMatch(/^file:\/\/.*\/repos\/acme\/sum$/);
    expect(repo.databaseId).toBeTypeOf("number");
    expect(data?.["rateLimit"]).toMatchObject({ cost: 1, limit: 5000 });
    expect(data?.["rateLimit"].resetAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("that are missing leave a null alias, a NOT_FOUND error, and the rest of the data", async () => {
    const { data, errors } = await ask(
      world,
      `{ r0: repository(owner: "acme", name: "sum") { nameWithOwner }
         r1: repository(owner: "acme", name: "gone") { nameWithOwner } }`,
    );
    expect(data).toEqual({ r0: { nameWithOwner: "acme/sum" }, r1: null });
    expect(errors).toEqual([
      {
        type: "NOT_FOUND",
        path: ["r1"],
        message: "Could not resolve to a Repository with the name 'acme/gone'.",
      },
    ]);
  });

  it("that are private do not exist for those without permission", async () => {
    const { forge, stranger } = world;
    const permissions = { ada: "read" } as const;
    await forge.createRepo({
      owner: "acme",
      name: "secret",
      files: {},
      permissions,
      isPrivate: true,
    });
    const query = '{ repository(owner: "acme", name: "secret") { viewerPermission } }';
    expect((await ask(world, query)).data?.["repository"]).toEqual({ viewerPermission: "READ" });
    const hidden = await ask(world, query, { token: stranger.token });
    expect(hidden.errors?.[0]?.type).toBe("NOT_FOUND");
  });

  it("tell collaborators to those who may push, and only users", async () => {
    const query = `query C($login: String) { repository(owner: "acme", name: "sum") {
      collaborators(first: 10, login: $login) { totalCount edges { permission node { login databaseId } } }
    } }`;
    const all = await ask(world, query);
    expect(all.data?.["repository"].collaborators).toEqual({
      totalCount: 1,
      edges: [{ permission: "ADMIN", node: { login: "ada", databaseId: world.ada.id } }],
    });
    const nobody = await ask(world, query, { variables: { login: "stranger" } });
    expect(nobody.data?.["repository"].collaborators.edges).toEqual([]);
    const refused = await ask(world, query, { token: world.stranger.token });
    expect(refused.data?.["repository"].collaborators).toBeNull();
    expect(refused.errors?.[0]).toMatchObject({
      type: "FORBIDDEN",
      path: ["repository", "collaborators"],
    });
  });

  it("list issues by state and label, oldest first", async () => {
    const { forge } = world;
    const [open, closed] = [newIssue(), newIssue()];
    forge.addLabel(open, "listed", "ada");
    forge.addLabel(closed, "listed", "ada");
    forge.closeIssue(closed, "ada");
    const list = async (states: string) => {
      const { data } = await ask(
        world,
        `{ repository(owner: "acme", name: "sum") { issues(first: 20, states: ${states},
          labels: ["Listed"], orderBy: { field: CREATED_AT, direction: ASC }) { totalCount nodes { number } } } }`,
      );
      return data?.["repository"].issues.nodes.map((one: { number: number }) => one.number);
    };
    expect(await list("OPEN")).toEqual([open.number]);
    expect(await list("[OPEN, CLOSED]")).toEqual([open.number, closed.number]);
    expect(await list("[CLOSED]")).toEqual([closed.number]);
  });
});

describe("the timeline of an issue", () => {
  it("keeps the order of events of one second, with actors and what they did", async () => {
    const { forge, ada, loop } = world;
    const issue = newIssue();
    forge.addLabel(issue, "ready", "ada");
    forge.removeLabel(issue, "ready", "loop");
    forge.addLabelByIntent(issue, "ready", { by: "loop", rationale: "why", confidence: "HIGH" });
    forge.editIssue(issue, { title: "Renamed", by: "stranger" });
    forge.closeIssue(issue, "ada", { reason: "not_planned" });
    forge.reopenIssue(issue, "ada");
    forge.closeIssue(issue, "ada", { pullRequest: 9 });
    forge.markTransferred(issue, "acme/sum", "ada");
    const { timelineItems } = await readIssue(
      issue.number,
      `timelineItems(last: 50) { totalCount nodes {
        __typename
        ... on LabeledEvent { label { name } ${WHO} intent { confidence rationale } }
        ... on UnlabeledEvent { label { name } ${WHO} }
        ... on ClosedEvent { stateReason closer { __typename ... on PullRequest { number } } }
        ... on RenamedTitleEvent { previousTitle currentTitle }
        ... on TransferredEvent { fromRepository { nameWithOwner } }
      } }`,
    );
    const byAda = { __typename: "User", login: "ada", databaseId: ada.id };
    const byLoop = { __typename: "Bot", login: "loop", databaseId: loop.id };
    const label = { name: "ready" };
    const intent = { confidence: "HIGH", rationale: "why" };
    expect(timelineItems.nodes).toEqual([
      { __typename: "LabeledEvent", label, actor: byAda, intent: null },
      { __typename: "UnlabeledEvent", label, actor: byLoop },
      { __typename: "LabeledEvent", label, actor: byLoop, intent },
      { __typename: "RenamedTitleEvent", previousTitle: "One more", currentTitle: "Renamed" },
      { __typename: "ClosedEvent", stateReason: "NOT_PLANNED", closer: null },
      { __typename: "ReopenedEvent" },
      {
        __typename: "ClosedEvent",
        stateReason: "COMPLETED",
        closer: { __typename: "PullRequest", number: 9 },
      },
      { __typename: "TransferredEvent", fromRepository: { nameWithOwner: "acme/sum" } },
    ]);
  });

  it("is filtered by type before it is paged, and pages backward", async () => {
    const { forge } = world;
    const issue = newIssue();
    for (const label of ["a", "b", "c"]) {
      forge.addLabel(issue, label, "ada");
      forge.comment(issue, label, "ada");
    }
    const labels = async (before: string) =>
      (
        await readIssue(
          issue.number,
          `timelineItems(last: 2, ${before} itemTypes: [LABELED_EVENT]) {
            totalCount pageInfo { hasPreviousPage startCursor }
            nodes { ... on LabeledEvent { label { name } } }
          }`,
        )
      ).timelineItems;
    const newest = await labels("");
    expect(newest.totalCount).toBe(3);
    expect(newest.pageInfo.hasPreviousPage).toBe(true);
    expect(newest.nodes).toEqual([{ label: { name: "b" } }, { label: { name: "c" } }]);
    const older = await labels(`before: "${newest.pageInfo.startCursor}",`);
    expect(older.nodes).toEqual([{ label: { name: "a" } }]);
    expect(older.pageInfo.hasPreviousPage).toBe(false);
  });

  it("has no event for a label that is there already, in whatever case", async () => {
    const { forge } = world;
    const issue = newIssue();
    forge.addLabel(issue, "Fresh", "ada");
    forge.addLabel(issue, "fresh", "loop");
    expect(forge.issue(issue).labels).toEqual(["Fresh"]);
    expect(forge.issue(issue).events).toHaveLength(1);
  });
});

describe("an issue in GraphQL", () => {
  it("tells an edited body from a renamed title", async () => {
    const { forge } = world;
    const issue = newIssue();
    const selection = "title body lastEditedAt editor { login } updatedAt createdAt";
    forge.editIssue(issue, { title: "New title", by: "ada" });
    expect(await readIssue(issue.number, selection)).toMatchObject({
      title: "New title",
      lastEditedAt: null,
      editor: null,
    });
    forge.editIssue(issue, { body: "New body", by: "stranger" });
    const edited = await readIssue(issue.number, selection);
    expect(edited).toMatchObject({ body: "New body", editor: { login: "stranger" } });
    expect(edited.lastEditedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("names its blockers, and counts the open ones apart from all", async () => {
    const { forge } = world;
    const [issue, open, closed] = [newIssue(), newIssue(), newIssue()];
    forge.addBlocker(issue, open);
    forge.addBlocker(issue, closed);
    forge.closeIssue(closed, "ada");
    const read = await readIssue(
      issue.number,
      `blockedBy(first: 50) { totalCount nodes { number state repository { nameWithOwner } } }
       issueDependenciesSummary { blockedBy totalBlockedBy }`,
    );
    expect(read.issueDependenciesSummary).toEqual({ blockedBy: 1, totalBlockedBy: 2 });
    const repository = { nameWithOwner: "acme/sum" };
    expect(read.blockedBy.nodes).toEqual([
      { number: closed.number, state: "CLOSED", repository },
      { number: open.number, state: "OPEN", repository },
    ]);
  });

  it("counts a blocker that the viewer cannot see, without showing it", async () => {
    const { forge } = world;
    const permissions = { stranger: "write" } as const;
    await forge.createRepo({ owner: "acme", name: "far", files: {}, permissions, isPrivate: true });
    const number = forge.createIssue({ repo: "acme/far", title: "Far", body: "", by: "stranger" });
    const issue = newIssue();
    forge.addBlocker(issue, { repo: "acme/far", number });
    const { blockedBy } = await readIssue(
      issue.number,
      "blockedBy(first: 50) { totalCount nodes { number } }",
    );
    expect(blockedBy).toEqual({ totalCount: 1, nodes: [null] });
  });

  it("shows its comments oldest first and forgets deleted ones", async () => {
    const { forge, repo } = world;
    const issue = newIssue();
    const [one, two] = [forge.comment(issue, "one", "ada"), forge.comment(issue, "two", "loop")];
    const selection = `comments(last: 100) { totalCount nodes {
      databaseId fullDatabaseId body author { login ... on Bot { databaseId } } lastEditedAt } }`;
    const { comments } = await readIssue(issue.number, selection);
    expect(comments.nodes).toMatchObject([
      { databaseId: one, fullDatabaseId: String(one), body: "one", author: { login: "ada" } },
      { databaseId: two, body: "two", author: { login: "loop", databaseId: world.loop.id } },
    ]);
    forge.deleteComment(repo, one, "ada");
    expect((await readIssue(issue.number, selection)).comments.totalCount).toBe(1);
  });
});

describe("a comment in GraphQL", () => {
  it("names who edited it last, and nobody once that account is deleted", async () => {
    const { forge, repo } = world;
    const issue = newIssue();
    forge.addAccount({ login: "leaver", kind: "User" });
    const id = forge.comment(issue, "one", "ada");
    const selection =
      "comments(last: 1) { nodes { body lastEditedAt author { login } editor { login } } }";
    const read = async () => (await readIssue(issue.number, selection)).comments.nodes[0];
    const author = { login: "ada" };
    expect(await read()).toEqual({ body: "one", lastEditedAt: null, author, editor: null });
    forge.editComment(repo, id, { body: "two", by: "leaver" });
    const lastEditedAt = expect.stringMatching(/Z$/);
    const edited = { body: "two", lastEditedAt, author };
    expect(await read()).toEqual({ ...edited, editor: { login: "leaver" } });
    forge.deleteAccount("leaver");
    expect(await read()).toEqual({ ...edited, editor: null });
  });

  it("of a page before another is reached by the cursor of that page's start", async () => {
    const { forge } = world;
    const issue = newIssue();
    for (const body of ["one", "two", "three"]) forge.comment(issue, body, "ada");
    const page = async (before: string) => {
      const selection = `comments(last: 2${before}) {
        pageInfo { hasPreviousPage startCursor } nodes { body } }`;
      return (await readIssue(issue.number, selection)).comments;
    };
    const newest = await page("");
    expect(newest.nodes).toEqual([{ body: "two" }, { body: "three" }]);
    expect(newest.pageInfo.hasPreviousPage).toBe(true);
    const older = await page(`, before: "${newest.pageInfo.startCursor}"`);
    expect(older.nodes).toEqual([{ body: "one" }]);
    expect(older.pageInfo.hasPreviousPage).toBe(false);
  });
});

describe("nodes by id", () => {
  it("answer those that exist, and null with an error for the others", async () => {
    const issue = newIssue();
    const { id } = await readIssue(issue.number, "id");
    const { data, errors } = await ask(
      world,
      "query N($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Issue { number } } }",
      { variables: { ids: [id, "I_nothing"] } },
    );
    expect(data?.["nodes"]).toEqual([{ __typename: "Issue", number: issue.number }, null]);
    expect(errors).toMatchObject([{ type: "NOT_FOUND", path: ["nodes", 1] }]);
  });
});

describe("a query that GitHub refuses", () => {
  it("fails whole when it names an unknown field", async () => {
    const { data, errors } = await ask(world, "{ viewer { login shoeSize } }");
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toContain("shoeSize");
  });

  it("fails whole when it is not GraphQL", async () => {
    expect((await ask(world, "{ viewer {")).errors).toHaveLength(1);
  });

  it("has no page when it gives no bounds", async () => {
    const { data, errors } = await ask(
      world,
      '{ repository(owner: "acme", name: "sum") { issues { totalCount } } }',
    );
    expect(data).toEqual({ repository: null });
    expect(errors?.[0]?.type).toBe("MISSING_PAGINATION_BOUNDARIES");
  });

  it("misses an issue of no such number", async () => {
    const { data, errors } = await ask(
      world,
      '{ repository(owner: "acme", name: "sum") { issue(number: 9999) { id } } }',
    );
    expect(data).toEqual({ repository: { issue: null } });
    expect(errors).toMatchObject([{ type: "NOT_FOUND", path: ["repository", "issue"] }]);
  });
});

describe("the viewer", () => {
  it("is a user, and an App carries its suffix", async () => {
    const query = "{ viewer { __typename login databaseId } }";
    const { ada, loop } = world;
    expect((await ask(world, query)).data).toEqual({
      viewer: { __typename: "User", login: "ada", databaseId: ada.id },
    });
    expect((await ask(world, query, { token: loop.token })).data?.["viewer"]).toEqual({
      __typename: "User",
      login: "loop[bot]",
      databaseId: loop.id,
    });
  });
});
