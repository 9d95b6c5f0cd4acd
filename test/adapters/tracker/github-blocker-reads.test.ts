import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import { FakeGithub, issueRef, optionsFor, Refusal, repo } from "./fake-github.ts";
import { collaborator, idPage, wireIssue, wireRepo } from "./github-answers.ts";

/** Requests for blockers in one tick, of twenty-five each. */
const READS_MAX = 250;

/** A repo of ready issues, each with so many blockers of its own, numbered from 1000. */
function serve(named: readonly number[]): FakeGithub {
  const github = new FakeGithub();
  let next = 1000;
  const ids = named.map((count, at) => {
    const numbers = Array.from({ length: count }, () => `#${next++}`);
    const id = `I_app_${at + 1}`;
    github.nodes.set(id, wireIssue("app", at + 1, { body: `Blocked by ${numbers.join(", ")}` }));
    return id;
  });
  github.aliases.set("ListRepos", () => wireRepo("app", { ready: idPage(ids) }));
  github.aliases.set("Permissions", () => collaborator("WRITE"));
  github.aliases.set("Blockers", ({ number }) => ({ issueOrPullRequest: wireBlocker(number) }));
  return github;
}

function wireBlocker(number: unknown, changes: object = {}) {
  return {
    __typename: "Issue",
    number,
    url: `https://github.test/o/app/issues/${String(number)}`,
    body: "",
    issueState: "OPEN",
    repository: { nameWithOwner: "o/app" },
    blockedBy: { nodes: [] as unknown[] },
    ...changes,
  };
}

/** The numbers of the issues that were read and of those that were not. */
async function list(github: FakeGithub) {
  const tracker = createGithubTracker(optionsFor(github));
  const [seen] = await tracker.listRepos([repo("app")], "candidates");
  if (seen?.kind !== "readable") throw new Error(seen?.why);
  const unreadable = seen.issuesUnreadable ?? [];
  return {
    read: seen.issues.map(({ ref }) => ref.number),
    unreadable: unreadable.map(({ ref, why }) => `${ref.number}: ${why}`),
    requests: github.operations().filter((each) => each === "Blockers").length,
  };
}

it(`${READS_MAX} blockers are read in one tick, and whose is one more waits for another`, async () => {
  const twelve = Array.from({ length: 12 }, () => 20);
  const all = Array.from({ length: 13 }, (_, at) => at + 1);
  expect(await list(serve([...twelve, 10]))).toEqual({ read: all, unreadable: [], requests: 10 });
  expect(await list(serve([...twelve, 11]))).toEqual({
    read: all.slice(0, 12),
    unreadable: [expect.stringMatching(/^13: .*more than 250 blockers/)],
    requests: 10,
  });
});

const refused = (type: string | undefined, path: string[] = []) =>
  new Refusal(path.length === 0 ? null : { issueOrPullRequest: null }, {
    ...(type === undefined ? {} : { type }),
    message: "no answer for you",
    path,
  });
const NODE = ["issueOrPullRequest"];

const told: ReadonlyArray<readonly [name: string, answer: unknown, want: string]> = [
  ["one that is not there is unreadable", refused("NOT_FOUND", NODE), "unreadable"],
  ["one in a repo that is not there is unreadable", refused("NOT_FOUND"), "unreadable"],
  ["one that is forbidden is unreadable", refused("FORBIDDEN", NODE), "unreadable"],
  [
    "one answered under another number is unreadable",
    { issueOrPullRequest: wireBlocker(7) },
    "unreadable",
  ],
  [
    "one answered in another repo is unreadable",
    { issueOrPullRequest: wireBlocker(1000, { repository: { nameWithOwner: "o/other" } }) },
    "unreadable",
  ],
  [
    "one whose own blockers are hidden is open",
    new Refusal(
      { issueOrPullRequest: wireBlocker(1000, { blockedBy: { nodes: [null] } }) },
      { type: "FORBIDDEN", message: "no", path: [...NODE, "blockedBy", "nodes"] },
    ),
    "open",
  ],
];
it.each(told)("a blocker: %s", async (_name, answer, want) => {
  const github = serve([1]);
  github.aliases.set("Blockers", () => answer);
  const tracker = createGithubTracker(optionsFor(github));
  github.aliases.set("IssuesAlone", () => ({ issue: github.nodes.get("I_app_1") }));
  const [seen] = await tracker.readIssues([issueRef("app", 1)]);
  expect(seen?.kind === "read" && seen.issue.blockers).toEqual({
    kind: "listed",
    blockers: [{ key: "o/app#1000", state: want }],
  });
});

const lost: ReadonlyArray<readonly [name: string, answer: unknown]> = [
  ["an error of no known kind", refused(undefined)],
  ["an error at the node of no known kind", refused("SERVICE_UNAVAILABLE", NODE)],
  ["null without an error", { issueOrPullRequest: null }],
  [
    "a state this version does not know",
    {
      issueOrPullRequest: wireBlocker(1000, { issueState: "LIMBO" }),
    },
  ],
];
it.each(lost)("a candidate waits for another tick on %s", async (_name, answer) => {
  const github = serve([1, 0]);
  github.aliases.set("Blockers", () => answer);
  expect(await list(github)).toMatchObject({
    read: [2],
    unreadable: [expect.stringContaining("1: its blocker o/app#1000: ")],
  });
});
