import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { BranchSeen } from "../../../src/pure/commits.ts";
import { FakeGithub, json, optionsFor, Refusal, repo } from "./fake-github.ts";

/** `sha` or `sha parent parent`, newest first. */
type Line = string;

/** A server whose default branch has this log, in pages as large as asked for. */
function serve(log: readonly Line[]): FakeGithub {
  const github = new FakeGithub();
  const page = (start: number) => {
    const end = start + Number(firsts(github).at(-1));
    return {
      pageInfo: { hasNextPage: end < log.length, endCursor: `${end}` },
      nodes: log.slice(start, end).map(toCommit),
    };
  };
  const head = log[0]?.split(" ")[0];
  github.aliases.set("Branches", () => ({
    defaultBranchRef: { target: { oid: head, history: page(0) } },
  }));
  github.aliases.set("BranchesMore", (variables) => {
    expect(variables["head"]).toBe(head);
    return { object: { history: page(Number(variables["after"])) } };
  });
  return github;
}

/** The sizes of the pages that were asked for. */
function firsts(github: FakeGithub): readonly number[] {
  return github.sent.flatMap(({ body }) => {
    const [, first] = /history\(first: (\d+)/.exec(String(body["query"])) ?? [];
    return first === undefined ? [] : [Number(first)];
  });
}

function toCommit(line: Line) {
  const [oid, ...parents] = line.split(" ");
  return {
    oid,
    message: `message of ${oid}`,
    parents: { nodes: parents.map((p) => ({ oid: p })) },
  };
}

/** c1 … cN, each with the one before as its parent, newest first. */
function linear(count: number): Line[] {
  const lines = Array.from({ length: count }, (_, index) =>
    index === 0 ? "c1" : `c${index + 1} c${index}`,
  );
  return lines.reverse();
}

async function read(github: FakeGithub, baseSha: string | null): Promise<BranchSeen | undefined> {
  const tracker = createGithubTracker(optionsFor(github));
  const [seen] = await tracker.readBranches([{ repo: repo("app"), baseSha }]);
  return seen;
}

function shas(seen: BranchSeen | undefined): unknown {
  return seen?.kind === "readable" ? seen.commits.map(({ sha }) => sha) : seen;
}

it("commits carry their message and parents", async () => {
  expect(await read(serve(["b a", "a"]), "a")).toEqual({
    kind: "readable",
    headSha: "b",
    isBaseFound: true,
    commits: [{ sha: "b", message: "message of b", parents: ["a"] }],
  });
});

const ranges: ReadonlyArray<
  readonly [name: string, log: Line[], base: string | null, want: string[]]
> = [
  ["newest first, without the base", ["d c", "c b", "b a", "a"], "b", ["d", "c"]],
  ["nothing when the base is the head", ["b a", "a"], "b", []],
  ["everything without a base", ["b a", "a"], null, ["b", "a"]],
  [
    "the side of a merge that forked before the base, without what the base reaches",
    ["m d s", "s old", "d base", "base old", "old root", "root"],
    "base",
    ["m", "s", "d"],
  ],
];
it.each(ranges)("a branch shows %s", async (_name, log, base, want) => {
  const seen = await read(serve(log), base);
  expect(shas(seen)).toEqual(want);
  expect(seen).toMatchObject({ isBaseFound: true });
});

it("a base that is no ancestor any more is not found, and the whole history shows", async () => {
  const seen = await read(serve(["b a", "a"]), "rewritten");
  expect(seen).toMatchObject({ kind: "readable", isBaseFound: false });
  expect(shas(seen)).toEqual(["b", "a"]);
});

it("a base just beyond the page is recognised as a parent without another page", async () => {
  const github = serve(linear(150));
  expect(shas(await read(github, "c140"))).toHaveLength(10);
  expect(github.operations()).toEqual(["Branches"]);
});

it("the first page is a small one, since each commit that it may have costs", async () => {
  const github = serve(linear(600));
  await read(github, "c100");
  expect(firsts(github)).toEqual([10, 90, 100, 100, 100, 100]);
});

it("a parent that no page lists is no reason to wait once the history is whole", async () => {
  const github = serve(["b a", "a shallow"]);
  expect(shas(await read(github, "gone"))).toEqual(["b", "a"]);
  expect(github.operations()).toEqual(["Branches"]);
});

it("further pages are read from the head first seen", async () => {
  const github = serve(linear(150));
  expect(shas(await read(github, "c139"))).toHaveLength(11);
  expect(github.operations()).toEqual(["Branches", "BranchesMore"]);
});

/** A history past the page limit, and how GitHub compares its head with a base. */
function serveLong(base: string, compare: () => Response): FakeGithub {
  const github = serve(linear(600));
  github.rest.set(`GET /repos/o/app/compare/${base}...c600`, compare);
  return github;
}

it("500 commits are read in full, one commit more is truncated", async () => {
  const whole = serve(linear(600));
  expect(shas(await read(whole, "c100"))).toHaveLength(500);
  expect(whole.sent.map(({ method }) => method)).not.toContain("GET");
  const github = serveLong("c99", () => json({ status: "ahead" }));
  expect(await read(github, "c99")).toMatchObject({ kind: "truncated" });
  expect(github.sent.filter(({ method }) => method === "GET")).toHaveLength(1);
});

const compares: ReadonlyArray<readonly [name: string, isLost: boolean, answer: () => Response]> = [
  ["beside the head", true, () => json({ status: "diverged" })],
  ["above the head", true, () => json({ status: "behind" })],
  ["not there any more", true, () => json({ message: "Not Found" }, 404)],
  ["said in words we do not know", false, () => json({ status: "elsewhere" })],
  ["not told of, GitHub being down", false, () => json({ message: "Server Error" }, 502)],
  ["not told of, for a limit", false, () => json({ message: "secondary rate limit" }, 403)],
];
it.each(compares)(
  "a base past the page limit that is %s is lost: %s",
  async (_name, lost, answer) => {
    const seen = await read(serveLong("gone", answer), "gone");
    const rest = lost ? { kind: "readable", isBaseFound: false } : { kind: "truncated" };
    expect(seen).toMatchObject(rest);
  },
);

it("without a base, the newest part of a history past the page limit is read", async () => {
  const seen = await read(serve(linear(501)), null);
  expect(shas(seen)).toHaveLength(500);
  expect(seen).toMatchObject({ headSha: "c501", isBaseFound: true });
});

it("an empty repo and a refused one are unreadable, the others are used", async () => {
  const github = serve(["a"]);
  const good = github.aliases.get("Branches");
  github.aliases.set("Branches", (variables) => {
    if (variables["name"] === "empty") return { defaultBranchRef: null };
    if (variables["name"] === "app") return good?.(variables);
    return new Refusal({ defaultBranchRef: null }, { message: "no", path: ["defaultBranchRef"] });
  });
  const queries = ["empty", "app", "secret"].map((name) => ({ repo: repo(name), baseSha: "a" }));
  const seen = await createGithubTracker(optionsFor(github)).readBranches(queries);
  expect(seen).toEqual([
    { kind: "unreadable", why: "the repo has no commits" },
    { kind: "readable", headSha: "a", isBaseFound: true, commits: [] },
    { kind: "unreadable", why: "no" },
  ]);
});

it("a further page that fails makes the branch unreadable", async () => {
  const github = serve(linear(150));
  github.aliases.set("BranchesMore", () => ({ object: null }));
  expect(await read(github, "c1")).toMatchObject({ kind: "unreadable" });
});

it.each([
  [50, 1],
  [51, 2],
])("%i branches go out in requests: %i", async (count, requests) => {
  const github = serve(["a"]);
  const tracker = createGithubTracker(optionsFor(github));
  const queries = Array.from({ length: count }, (_, at) => ({
    repo: repo(`r${at}`),
    baseSha: "a",
  }));
  expect(await tracker.readBranches(queries)).toHaveLength(count);
  expect(github.operations()).toHaveLength(requests);
});
