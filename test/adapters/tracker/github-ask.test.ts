import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import { FakeGithub, json, optionsFor, repo, type Sent } from "./fake-github.ts";
import { wireRepo } from "./github-answers.ts";

const NAMES = Array.from({ length: 25 }, (_, at) => `r${at}`);

/** The names of the repos that a request asks about. */
function namesIn(sent: Sent): readonly string[] {
  const variables = Object.entries(sent.body["variables"] ?? {});
  return variables.filter(([name]) => /^name\d+$/.test(name)).map(([, value]) => String(value));
}

/** A server that gives up every request in which one of these repos is asked about. */
function serve(heavy: readonly string[], refuse: () => Response): FakeGithub {
  const github = new FakeGithub();
  github.aliases.set("ListRepos", ({ name }) => wireRepo(String(name)));
  github.breakdown = (operation, sent) =>
    operation === "ListRepos" && namesIn(sent).some((name) => heavy.includes(name))
      ? refuse()
      : undefined;
  return github;
}

async function unreadable(github: FakeGithub): Promise<readonly string[]> {
  const tracker = createGithubTracker(optionsFor(github));
  const seen = await tracker.listRepos(NAMES.map(repo), "candidates");
  return seen.flatMap((each) => (each.kind === "unreadable" ? [each.ref.name] : []));
}

const tooSlow = () => json({ message: "We couldn't respond to your request in time." }, 502);

it("one repo that GitHub cannot answer for in time blinds nobody to the others", async () => {
  const github = serve(["r7"], tooSlow);
  expect(await unreadable(github)).toEqual(["r7"]);
  // All of them, then five times five, then five alone.
  expect(github.operations()).toHaveLength(1 + 5 + 5);
});

it("a query beyond GitHub's resource limits is asked in smaller pieces", async () => {
  const message = "Resource limits for this query exceeded.";
  const github = serve(["r7"], () => json({ data: null, errors: [{ message }] }));
  expect(await unreadable(github)).toEqual(["r7"]);
});

it("a service that answers no piece is asked no further", async () => {
  const github = serve(NAMES, tooSlow);
  expect(await unreadable(github)).toEqual(NAMES);
  expect(github.operations()).toHaveLength(1 + 5);
});

const refusals: ReadonlyArray<readonly [name: string, refuse: () => Response]> = [
  ["a token that is not good", () => json({ message: "Bad credentials" }, 401)],
  [
    "a token that may not ask this",
    () => json({ data: null, errors: [{ type: "FORBIDDEN", message: "Resource not accessible" }] }),
  ],
  [
    "a spent budget",
    () => json({ data: null, errors: [{ type: "RATE_LIMITED", message: "limit exceeded" }] }),
  ],
];
it.each(refusals)("%s is not answered with more requests", async (_name, refuse) => {
  const github = serve(["r7"], refuse);
  expect(await unreadable(github)).toEqual(NAMES);
  expect(github.operations()).toHaveLength(1);
});
