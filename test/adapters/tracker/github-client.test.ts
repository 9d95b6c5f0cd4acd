import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import type { BoundedFetch } from "../../../src/adapters/http.ts";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { GithubFetch } from "../../../src/adapters/tracker/github-client.ts";
import { FakeGithub, issueRef, json, optionsFor, repo, TOKEN } from "./fake-github.ts";
import { collaborator, history, idPage, wireIssue, wireRepo } from "./github-answers.ts";

/** Lets the adapters send every query they have, further pages included. */
async function askEverything(github: FakeGithub, apiUrl?: string): Promise<void> {
  const options = optionsFor(github, apiUrl);
  const more = { hasNextPage: true, endCursor: "more" };
  github.aliases.set("ListRepos", ({ name }) =>
    wireRepo(String(name), { ready: idPage(["I_1"], "next"), progress: idPage([], "next") }),
  );
  github.aliases.set("ListMore", () => ({ issues: idPage([]) }));
  github.nodes.set("I_1", wireIssue("app", 1));
  github.aliases.set("Permissions", () => collaborator("WRITE"));
  const comments = history([], true);
  github.aliases.set("IssuesAlone", () => ({ issue: wireIssue("app", 1, { comments }) }));
  github.aliases.set("CommentsMore", () => ({ issue: { comments: history([]) } }));
  github.aliases.set("Branches", () => ({
    defaultBranchRef: { target: { oid: "a", history: { ...history([]), pageInfo: more } } },
  }));
  github.aliases.set("Checks", () => ({
    object: { statusCheckRollup: { contexts: { pageInfo: more, nodes: [] } } },
  }));
  const tracker = createGithubTracker(options);
  await tracker.listRepos([repo("app"), repo("other")], "candidates");
  await tracker.readIssues([issueRef("app", 1), issueRef("app", 2)]);
  await tracker.readBranches([{ repo: repo("app"), baseSha: "b" }]);
  const ci = createGithubCi(options);
  await ci.readChecks([{ repo: repo("app"), sha: "a", requiredOn: "trunk" }]);
  await ci.readDeployments([{ repo: repo("app"), environment: "production" }]);
}

const OPERATIONS = [
  "Branches",
  "BranchesMore",
  "Checks",
  "CommentsMore",
  "Deployments",
  "IssueDetails",
  "IssuesAlone",
  "ListMore",
  "ListRepos",
  "Permissions",
  "RequiredChecks",
];

describe("with GitHub's schema at hand", () => {
  const sdl = readIfPresent(new URL("../../../../shared/schemas/github.graphql", import.meta.url));

  it.skipIf(sdl === null)("every query is valid against it", async () => {
    // GitHub's schema breaks rules about deprecations, which are no matter of ours.
    const schema = buildSchema(sdl ?? "", { assumeValid: true });
    const github = new FakeGithub();
    await askEverything(github);
    expect([...new Set(github.operations())].sort()).toEqual(OPERATIONS);
    for (const { body } of github.sent) {
      if (typeof body["query"] !== "string") continue;
      expect(validate(schema, parse(body["query"])).map(String)).toEqual([]);
    }
  });
});

function readIfPresent(url: URL): string | null {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return null;
  }
}

const urls: ReadonlyArray<readonly [apiUrl: string, graphql: string, user: string]> = [
  ["https://api.github.test", "https://api.github.test/graphql", "https://api.github.test/user"],
  ["http://127.0.0.1:1/", "http://127.0.0.1:1/graphql", "http://127.0.0.1:1/user"],
  ["https://ghe.test/api/v3", "https://ghe.test/api/graphql", "https://ghe.test/api/v3/user"],
  ["https://ghe.test/api/v3/", "https://ghe.test/api/graphql", "https://ghe.test/api/v3/user"],
];
it.each(urls)("the API at %s is asked at %s", async (apiUrl, graphql, user) => {
  const github = new FakeGithub();
  await askEverything(github, apiUrl);
  expect(new Set(github.sent.map(({ url }) => url.href))).toEqual(new Set([graphql, user]));
});

it("every request carries token, user agent and API version, and follows no redirect", async () => {
  const github = new FakeGithub();
  const options = { ...optionsFor(github), userAgent: "afk/1.2.3" };
  const tracker = createGithubTracker(options);
  await tracker.whoAmI();
  await tracker.listRepos([repo("app")], "candidates");
  expect(github.sent).toHaveLength(2);
  for (const { headers, redirect } of github.sent) {
    expect(headers).toMatchObject({
      authorization: `token ${TOKEN}`,
      "user-agent": expect.stringContaining("afk/1.2.3"),
      "x-github-api-version": "2022-11-28",
    });
    expect(redirect).toBe("manual");
  }
});

const strange: ReadonlyArray<readonly [name: string, answer: () => Response, why: RegExp]> = [
  ["moved", () => json({}, 301, { location: "https://elsewhere.test" }), /redirect \(HTTP 301\)/],
  ["no GraphQL", () => json({ hello: 1 }), /not GraphQL/],
  [
    "no JSON",
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    /GraphQL/,
  ],
  [
    "errors and no data",
    () => json({ errors: [{ message: "Something went wrong" }], data: null }),
    /Something went wrong/,
  ],
  [
    "data beside an error that names no alias",
    () => json({ errors: [{ message: "resource limits" }], data: { r0: wireRepo("app") } }),
    /resource limits/,
  ],
  ["an endless page", () => new Response("x".repeat(9000), { status: 502 }), /^HTTP 502: x{290}$/],
];
it.each(strange)("an answer that is %s is an unreadable repo", async (_name, answer, why) => {
  const github = new FakeGithub();
  github.breakdown = answer;
  const [seen] = await createGithubTracker(optionsFor(github)).listRepos(
    [repo("app")],
    "candidates",
  );
  expect(seen).toMatchObject({ kind: "unreadable", why: expect.stringMatching(why) });
});

it("no query follows a repo's rename", async () => {
  const github = new FakeGithub();
  await askEverything(github);
  const texts = github.sent.map(({ body }) => String(body["query"])).join("\n");
  const repositories = texts.match(/repository\(owner: [^)]*\)/g) ?? [];
  expect(repositories.length).toBeGreaterThan(OPERATIONS.length);
  expect(repositories.filter((each) => !each.endsWith("followRenames: false)"))).toEqual([]);
});

it("a failure writes nothing to the console: what is said is the caller's to say", async () => {
  // In a process of its own: octokit takes hold of the console as it is loaded.
  const module = new URL("../../../src/adapters/tracker/github.ts", import.meta.url);
  const script = `
    const { createGithubTracker } = await import(${JSON.stringify(module.href)});
    const fetch = async () => new Response("", { status: 502 });
    const apiUrl = new URL("https://api.github.test");
    const tracker = createGithubTracker({ fetch, token: "t", apiUrl, labels: {} });
    await tracker.whoAmI().catch((error) => process.stdout.write(error.message));`;
  const args = ["--input-type=module", "--eval", script];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("HTTP 502");
  expect(stderr).toBe("");
});

it("the bounded fetch fits", () => {
  const fits = (fetch: BoundedFetch): GithubFetch => fetch;
  expect(fits).toBeTypeOf("function");
});
