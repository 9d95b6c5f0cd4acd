import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import { badGateway, FakeGithub, json, optionsFor, repo } from "./fake-github.ts";

const ROUTE = "GET /repos/o/app/activity";
const START = Date.UTC(2026, 2, 1);
const SECOND = 1000;

/** Push number `n` was so many seconds after the start. */
function push(n: number, more: object = {}) {
  return {
    id: n,
    before: `c${n - 1}`,
    after: `c${n}`,
    timestamp: new Date(START + n * SECOND).toISOString().replace(".000Z", "Z"),
    activity_type: "push",
    actor: { login: "robot" },
    ...more,
  };
}

/** A log of so many pushes, in pages that only the `Link` header leads through. */
function serve(count: number): FakeGithub {
  const github = new FakeGithub();
  const all = Array.from({ length: count }, (_, at) => push(count - at));
  github.rest.set(ROUTE, ({ url }) => {
    const size = Number(url.searchParams.get("per_page"));
    const after = url.searchParams.get("after");
    const from = after === null ? 0 : all.findIndex(({ id }) => `after=${id}` === after) + 1;
    const page = all.slice(from, from + size);
    const cursor = encodeURIComponent(`after=${page.at(-1)?.id}`);
    const prev = `<${url.origin}${url.pathname}?before=x>; rel="prev"`;
    const next = `<${url.origin}${url.pathname}?per_page=${size}&after=${cursor}>; rel="next"`;
    return json(page, 200, { link: from + size < all.length ? `${prev}, ${next}` : prev });
  });
  return github;
}

async function read(github: FakeGithub, sinceMs = 0) {
  const tracker = createGithubTracker(optionsFor(github));
  const [seen] = await tracker.readPushes([{ repo: repo("app"), branch: "main", sinceMs }]);
  return seen;
}

async function heads(github: FakeGithub, sinceMs = 0) {
  const seen = await read(github, sinceMs);
  return seen?.kind === "readable" ? seen.pushes.map(({ after }) => after) : seen;
}

it("a push carries its heads, its kind, who and when", async () => {
  const github = new FakeGithub();
  const forced = push(2, { activity_type: "force_push", actor: null });
  github.rest.set(ROUTE, () => json([forced, push(1, { activity_type: "pr_merge" })]));
  expect(await read(github)).toEqual({
    kind: "readable",
    pushes: [
      { before: "c1", after: "c2", isForced: true, by: null, at: "2026-03-01T00:00:02Z" },
      { before: "c0", after: "c1", isForced: false, by: "robot", at: "2026-03-01T00:00:01Z" },
    ],
  });
});

it("one branch is asked for, in the largest pages, one request a page", async () => {
  const github = serve(100);
  expect(await heads(github)).toHaveLength(100);
  expect(github.sent).toHaveLength(1);
  const { searchParams } = github.sent[0]?.url ?? new URL("http://none");
  expect(Object.fromEntries(searchParams)).toEqual({ ref: "refs/heads/main", per_page: "100" });
});

it("the log is read on by the cursor of its Link header, each push once", async () => {
  const github = serve(101);
  expect(await heads(github)).toEqual(Array.from({ length: 101 }, (_, at) => `c${101 - at}`));
  expect(github.sent).toHaveLength(2);
});

it("no page is read beyond the one with a push at or before the moment asked for", async () => {
  const within = serve(300);
  expect(await heads(within, START + 201 * SECOND)).toHaveLength(100);
  expect(within.sent).toHaveLength(1);
  const beyond = serve(300);
  expect(await heads(beyond, START + 200 * SECOND)).toHaveLength(200);
  expect(beyond.sent).toHaveLength(2);
});

it("a log of 500 pushes is read, a longer one is unreadable", async () => {
  expect(await heads(serve(500))).toHaveLength(500);
  const github = serve(501);
  expect(await read(github)).toEqual({
    kind: "unreadable",
    why: "the push log of o/app has more than 500 pushes since the run began",
  });
  expect(github.sent).toHaveLength(5);
});

it("a time that cannot be read stops no reading", async () => {
  const github = new FakeGithub();
  github.rest.set(ROUTE, () => json([push(1, { timestamp: "yesterday" })]));
  expect(await heads(github, START)).toEqual(["c1"]);
});

const failures: ReadonlyArray<readonly [name: string, answer: () => Response, why: RegExp]> = [
  ["not there", () => json({ message: "Not Found" }, 404), /HTTP 404/],
  ["down", badGateway, /HTTP 502/],
  ["moved", () => json({ message: "Moved" }, 301, { location: "/x" }), /not understood/],
  ["of another shape", () => json([{ id: 1 }]), /not understood/],
];
it.each(failures)("a log that is %s is unreadable", async (_name, answer, why) => {
  const github = new FakeGithub();
  github.rest.set(ROUTE, answer);
  expect(await read(github)).toEqual({ kind: "unreadable", why: expect.stringMatching(why) });
  expect(github.sent).toHaveLength(1);
});
