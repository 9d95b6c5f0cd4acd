import { expect, it } from "vitest";
import { createGithubRunCounter } from "../../../src/adapters/tracker/github-run-counter.ts";
import type { RepoRef } from "../../../src/pure/issue.ts";
import { badGateway, FakeGithub, optionsFor, Refusal } from "./fake-github.ts";

const REPOS = Array.from(
  { length: 101 },
  (_, n): RepoRef => ({ tracker: "github", owner: "o", name: `r${n}` }),
);

function counterOf(github: FakeGithub) {
  return createGithubRunCounter({ ...optionsFor(github), inProgressLabel: "busy" });
}

function serve(): FakeGithub {
  const github = new FakeGithub();
  github.aliases.set("RunsElsewhere", ({ name }) => ({
    issues: { totalCount: name === "r7" ? 2 : 0 },
  }));
  return github;
}

it("a hundred repos are counted by label in one request", async () => {
  const github = serve();
  const counted = await counterOf(github).countRuns(REPOS.slice(0, 100));
  expect(counted).toHaveLength(100);
  expect(counted.slice(6, 9)).toEqual([0, 2, 0].map((issues) => ({ kind: "counted", issues })));
  expect(github.operations()).toEqual(["RunsElsewhere"]);
  expect(github.sent[0]?.body["variables"]).toMatchObject({ label: ["busy"] });
  await counterOf(github).countRuns(REPOS);
  expect(github.operations()).toHaveLength(3);
});

it("no repo is no request", async () => {
  const github = serve();
  expect(await counterOf(github).countRuns([])).toEqual([]);
  expect(github.sent).toEqual([]);
});

it("one repo that cannot be counted says why, and the others are counted", async () => {
  const github = serve();
  const refusal = new Refusal(null, { type: "NOT_FOUND", message: "no such repo", path: [] });
  github.aliases.set("RunsElsewhere", ({ name }) =>
    name === "r1" ? refusal : { issues: { totalCount: 3 } },
  );
  expect(await counterOf(github).countRuns(REPOS.slice(0, 3))).toEqual([
    { kind: "counted", issues: 3 },
    { kind: "unreadable", why: expect.stringContaining("no such repo") },
    { kind: "counted", issues: 3 },
  ]);
  github.breakdown = () => badGateway();
  const counted = await counterOf(github).countRuns(REPOS.slice(0, 3));
  expect(counted.map(({ kind }) => kind)).toEqual(["unreadable", "unreadable", "unreadable"]);
});
