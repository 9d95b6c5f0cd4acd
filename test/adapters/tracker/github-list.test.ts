import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { RepoSeen } from "../../../src/pure/issue.ts";
import { badGateway, FakeGithub, json, LABELS, optionsFor, Refusal, repo } from "./fake-github.ts";
import { collaborator, idPage, UPDATED_AT, wireIssue, wireRepo } from "./github-answers.ts";

/** A server with these repos; each list answer names node ids, each id is an issue of its repo. */
function serve(repos: Readonly<Record<string, unknown>>): FakeGithub {
  const github = new FakeGithub();
  github.aliases.set("ListRepos", ({ name }) => repos[String(name)]);
  github.aliases.set("Permissions", () => collaborator("WRITE"));
  return github;
}

function addIssue(github: FakeGithub, name: string, number: number): string {
  const id = `I_${name}_${number}`;
  github.nodes.set(id, wireIssue(name, number));
  return id;
}

async function list(github: FakeGithub, names: readonly string[]): Promise<readonly RepoSeen[]> {
  return await createGithubTracker(optionsFor(github)).listRepos(names.map(repo), "candidates");
}

function summary(seen: readonly RepoSeen[]) {
  return seen.map((each) =>
    each.kind === "readable" ? each.issues.map(({ ref }) => ref.number) : each.why,
  );
}

it("a repo's facts are translated, and a repo without issues costs one request", async () => {
  const github = serve({ app: wireRepo("app", { nameWithOwner: "O/App" }) });
  expect(await list(github, ["app"])).toEqual([
    {
      kind: "readable",
      facts: {
        ref: repo("app"),
        id: "100",
        defaultBranch: "trunk",
        headSha: "a".repeat(40),
        cloneUrl: "https://github.test/o/app.git",
        webUrl: "https://github.test/o/app",
        labelsMissing: [],
      },
      issues: [],
      permissions: new Map(),
    },
  ]);
  expect(github.operations()).toEqual(["ListRepos"]);
});

it("an empty repo has no head", async () => {
  const [seen] = await list(serve({ app: wireRepo("app", { defaultBranchRef: null }) }), ["app"]);
  expect(seen?.kind === "readable" && seen.facts.headSha).toBeNull();
});

const unreadable: ReadonlyArray<readonly [name: string, wire: unknown, why: RegExp]> = [
  ["archived", wireRepo("app", { isArchived: true }), /archived/],
  ["issues disabled", wireRepo("app", { hasIssuesEnabled: false }), /issues disabled/],
  ["answered under another name", wireRepo("renamed"), /o\/renamed/],
  ["not found", undefined, /Could not resolve/],
  ["not understood", wireRepo("app", { databaseId: null }), /databaseId/],
];
it.each(unreadable)("a repo that is %s is unreadable, the others are used", async (...row) => {
  const [, wire, why] = row;
  const github = serve({ app: wire, fine: wireRepo("fine") });
  const [seen, fine] = await list(github, ["app", "fine"]);
  expect(seen).toEqual({
    kind: "unreadable",
    ref: repo("app"),
    why: expect.stringMatching(why),
  });
  expect(fine?.kind).toBe("readable");
});

it("both lists are merged, each issue once, with its labeler's permission", async () => {
  const github = serve({});
  const [one, two] = [addIssue(github, "app", 1), addIssue(github, "app", 2)];
  github.aliases.set("ListRepos", ({ ready, progress }) => {
    expect([ready, progress]).toEqual([[LABELS.ready], [LABELS.inProgress]]);
    return wireRepo("app", { ready: idPage([one, two]), progress: idPage([two]) });
  });
  const [seen] = await list(github, ["app"]);
  expect(seen?.kind === "readable" && seen.issues.map(({ ref }) => ref.number)).toEqual([1, 2]);
  expect(seen?.kind === "readable" && [...seen.permissions]).toEqual([["7", "write"]]);
  expect(github.operations()).toEqual(["ListRepos", "IssueDetails", "Permissions"]);
});

it.each([
  ["both", null, null, ["agent-in-progress", "ready-for-human"]],
  ["in progress", null, { name: "Ready-For-Human" }, ["agent-in-progress"]],
  ["for a human", { name: "Agent-In-Progress" }, null, ["ready-for-human"]],
])("a repo without the label for %s says so", async (...row) => {
  const [, inProgressLabel, humanLabel, missing] = row;
  const github = serve({ app: wireRepo("app", { inProgressLabel, humanLabel }) });
  const [seen] = await list(github, ["app"]);
  expect(seen?.kind === "readable" && seen.facts.labelsMissing).toEqual(missing);
});

it("for runs only the label in progress is asked for, and nobody's permission", async () => {
  const github = serve({});
  const id = addIssue(github, "app", 2);
  github.aliases.set("ListRepos", (variables) => {
    expect(variables).not.toHaveProperty("ready");
    return { ...wireRepo("app", { progress: idPage([id]) }), ready: undefined };
  });
  const tracker = createGithubTracker(optionsFor(github));
  const [seen] = await tracker.listRepos([repo("app")], "runs");
  expect(seen).toMatchObject({ issues: [{ ref: { number: 2 } }], permissions: new Map() });
  expect(github.operations()).toEqual(["ListRepos", "IssueDetails"]);
  expect(String(github.sent[0]?.body["query"])).not.toContain("ready:");
});

it("repos go out twenty-five to a request and come back in the order asked", async () => {
  const names = Array.from({ length: 51 }, (_, index) => `r${index}`);
  const github = serve(Object.fromEntries(names.map((name) => [name, wireRepo(name)])));
  const seen = await list(github, names);
  expect(seen.map((each) => each.kind === "readable" && each.facts.ref.name)).toEqual(names);
  const sizes = github.sent.map(({ body }) => {
    const names = Object.keys(body["variables"] as object);
    return names.filter((key) => key.startsWith("owner")).length;
  });
  expect(sizes).toEqual([25, 25, 1]);
});

it.each([
  [25, 1],
  [26, 2],
])("details of %i issues go out in requests: %i", async (issues, requests) => {
  const github = serve({});
  const ids = Array.from({ length: issues }, (_, index) => addIssue(github, "app", index + 1));
  github.aliases.set("ListRepos", () => wireRepo("app", { ready: idPage(ids) }));
  expect(summary(await list(github, ["app"]))[0]).toHaveLength(issues);
  expect(github.operations().filter((each) => each === "IssueDetails")).toHaveLength(requests);
});

/** A list that goes on for `pages` pages of one issue each. */
function servePages(pages: number): FakeGithub {
  const github = serve({});
  const page = (number: number) =>
    idPage([addIssue(github, "app", number)], number < pages ? `after ${number}` : null);
  github.aliases.set("ListRepos", () => wireRepo("app", { progress: page(1) }));
  github.aliases.set("ListMore", ({ labels, states, after }) => {
    expect([labels, states]).toEqual([[LABELS.inProgress], ["OPEN", "CLOSED"]]);
    return { issues: page(Number(String(after).split(" ")[1]) + 1) };
  });
  return github;
}

it("further pages of a list are read up to the limit", async () => {
  expect(summary(await list(servePages(4), ["app"]))).toEqual([[1, 2, 3, 4]]);
});

it("a list past the page limit makes the repo unreadable, naming the label", async () => {
  const [why] = summary(await list(servePages(5), ["app"]));
  expect(why).toMatch(/truncated.*agent-in-progress/);
});

it("a further page that fails makes the repo unreadable", async () => {
  const github = servePages(3);
  github.aliases.set("ListMore", () => new Refusal(null, { message: "no more", path: [] }));
  expect(summary(await list(github, ["app"]))).toEqual(["no more"]);
});

const GONE = { type: "NOT_FOUND", message: "Could not resolve to a node", path: [] };

it("an issue in progress without details makes its repo unreadable: it may hold the lock", async () => {
  for (const ready of [idPage([]), idPage(["I_app_1"])]) {
    const github = serve({
      app: wireRepo("app", { progress: idPage(["I_app_1"]), ready }),
      fine: wireRepo("fine", { progress: idPage(["I_fine_1"]) }),
    });
    addIssue(github, "fine", 1);
    github.nodes.set("I_app_1", new Refusal(null, GONE));
    expect(summary(await list(github, ["app", "fine"]))).toEqual([
      expect.stringContaining("Could not resolve to a node"),
      [1],
    ]);
  }
});

it("an issue in progress stays one when a further page lists it among the candidates", async () => {
  const progress = idPage(["I_app_1"]);
  const github = serve({ app: wireRepo("app", { ready: idPage([], "more"), progress }) });
  github.aliases.set("ListMore", () => ({ issues: idPage(["I_app_1"]) }));
  github.nodes.set("I_app_1", new Refusal(null, GONE));
  expect(summary(await list(github, ["app"]))).toEqual([
    expect.stringContaining("Could not resolve to a node"),
  ]);
});

it("a candidate without details is named by itself, and the rest of its repo is read", async () => {
  const github = serve({
    app: wireRepo("app", { ready: idPage(["I_app_1", "I_app_2"]), progress: idPage(["I_app_3"]) }),
  });
  for (const number of [2, 3]) addIssue(github, "app", number);
  github.nodes.set("I_app_1", new Refusal(null, GONE));
  const [seen] = await list(github, ["app"]);
  expect(summary(seen === undefined ? [] : [seen])).toEqual([[2, 3]]);
  expect(seen?.kind === "readable" && seen.issuesUnreadable).toEqual([
    {
      ref: { repo: repo("app"), number: 1 },
      updatedAt: UPDATED_AT,
      why: expect.stringContaining("Could not resolve to a node"),
    },
  ]);
});

it("a candidate whose shape is not understood is named by itself", async () => {
  const github = serve({ app: wireRepo("app", { ready: idPage(["I_app_1", "I_app_2"]) }) });
  addIssue(github, "app", 2);
  github.nodes.set("I_app_1", { ...wireIssue("app", 1), state: "LIMBO" });
  const [seen] = await list(github, ["app"]);
  expect(seen).toMatchObject({
    issues: [{ ref: { number: 2 } }],
    issuesUnreadable: [{ ref: { number: 1 }, why: expect.stringContaining("state") }],
  });
});

it("one candidate too large to be answered does not hide the others of its repo", async () => {
  const github = serve({ app: wireRepo("app", { ready: idPage(["I_app_1", "I_app_2"]) }) });
  for (const number of [1, 2]) addIssue(github, "app", number);
  breakDetailsOf(github, "I_app_1");
  const [seen] = await list(github, ["app"]);
  expect(seen).toMatchObject({
    issues: [{ ref: { number: 2 } }],
    issuesUnreadable: [{ ref: { number: 1 }, why: expect.stringContaining("HTTP 502") }],
  });
  expect(github.operations().filter((each) => each === "IssueDetails")).toHaveLength(3);
});

it("while no details request is answered at all, the repos are unreadable and no more is asked", async () => {
  const github = twoRepos();
  github.breakdown = (operation) => (operation === "IssueDetails" ? badGateway() : undefined);
  const why = expect.stringContaining("HTTP 502");
  // Two issues of one repo each: neither request tells which of its issues it was.
  github.aliases.set("ListRepos", ({ name }) =>
    wireRepo(String(name), { ready: idPage([`I_${String(name)}_1`, `I_${String(name)}_2`]) }),
  );
  expect(summary(await list(github, ["app", "fine"]))).toEqual([why, why]);
  expect(github.operations().filter((each) => each === "IssueDetails")).toHaveLength(3);
});

/** Every details request fails that asks for this issue among others or alone. */
function breakDetailsOf(github: FakeGithub, id: string): void {
  github.breakdown = (operation, { body }) => {
    const ids = (body["variables"] as { ids?: string[] }).ids ?? [];
    return operation === "IssueDetails" && ids.includes(id) ? badGateway() : undefined;
  };
}

function twoRepos(): FakeGithub {
  const github = serve({
    app: wireRepo("app", { ready: idPage(["I_app_1"]) }),
    fine: wireRepo("fine", { ready: idPage(["I_fine_2"]) }),
  });
  addIssue(github, "app", 1);
  addIssue(github, "fine", 2);
  return github;
}

it("a details request that fails as a whole is asked again repo by repo", async () => {
  const github = twoRepos();
  github.aliases.set("ListRepos", ({ name }) =>
    wireRepo(String(name), {
      [name === "app" ? "progress" : "ready"]: idPage([name === "app" ? "I_app_1" : "I_fine_2"]),
    }),
  );
  breakDetailsOf(github, "I_app_1");
  expect(summary(await list(github, ["app", "fine"]))).toEqual([
    expect.stringContaining("HTTP 502"),
    [2],
  ]);
});

it("a rate limit is not answered with more requests, and says when to come back", async () => {
  const github = twoRepos();
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767225600" };
  github.breakdown = (operation) =>
    operation === "IssueDetails"
      ? json({ errors: [{ type: "RATE_LIMITED", message: "API rate limit" }] }, 200, headers)
      : undefined;
  const [why] = summary(await list(github, ["app", "fine"]));
  expect(why).toContain("rate limited, may resume at 2026-01-01T00:00:00.000Z");
  expect(github.operations()).toEqual(["ListRepos", "IssueDetails"]);
});

it("without our own account's id, only repos with issues are unreadable", async () => {
  const github = twoRepos();
  github.aliases.set("ListRepos", ({ name }) =>
    wireRepo(String(name), name === "app" ? { ready: idPage(["I_app_1"]) } : {}),
  );
  github.rest.set("GET /user", () => json({ message: "Bad credentials" }, 401));
  expect(summary(await list(github, ["app", "fine"]))).toEqual([
    expect.stringContaining("Bad credentials"),
    [],
  ]);
});

it("a tracker that cannot be reached makes every repo unreadable", async () => {
  const options = optionsFor(new FakeGithub());
  const fetch = () => Promise.reject(new Error("POST api.github.test/graphql: ECONNREFUSED"));
  const seen = await createGithubTracker({ ...options, fetch }).listRepos(
    [repo("a"), repo("b")],
    "candidates",
  );
  expect(summary(seen)).toEqual([
    "GitHub cannot be reached at GITHUB_API_URL: POST api.github.test/graphql: ECONNREFUSED",
    "GitHub cannot be reached at GITHUB_API_URL: POST api.github.test/graphql: ECONNREFUSED",
  ]);
});
