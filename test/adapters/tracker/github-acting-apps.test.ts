import { afterAll, beforeAll, expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { ActingApp, IssueRef, RepoRef } from "../../../src/pure/issue.ts";
import { type ForgeHouse, startForgeHouse } from "../../contract/forge-tracker-world.ts";
import { guardWire } from "../../wire/wire-watch.ts";
import { badGateway, FakeGithub, issueRef, json, LABELS, optionsFor } from "./fake-github.ts";

const PAGE = 100;
const APP = { slug: "label-pal", id: 4711 };

let house: ForgeHouse;
let repo: RepoRef;
beforeAll(async () => {
  house = await startForgeHouse();
  repo = await house.addRepo();
});
afterAll(() => house.close());

const nameOf = (ref: IssueRef) => ({
  repo: `${ref.repo.owner}/${ref.repo.name}`,
  number: ref.number,
});

function openIssue(): IssueRef {
  const { owner, name } = repo;
  const number = house.forge.createIssue({
    repo: `${owner}/${name}`,
    title: "t",
    body: "b",
    by: "wendy",
  });
  return { repo, number };
}

function newTracker() {
  const { forge, wire, ownToken: token } = house;
  return createGithubTracker({ fetch: wire.fetch, token, apiUrl: forge.apiUrl, labels: LABELS });
}

/** The newest event's id, as the issue's history tells it. */
async function newestEvent(ref: IssueRef): Promise<string> {
  const [seen] = await newTracker().readIssues([ref]);
  return (seen?.kind === "read" ? seen.issue.history.events.at(-1)?.id : undefined) ?? "";
}

/** So many events that have nothing to do with the label. */
function makeNoise(ref: IssueRef, count: number): void {
  for (let done = 0; done < count; done += 1) {
    if (done % 2 === 0) house.forge.addLabel(nameOf(ref), "noise", "ada");
    else house.forge.removeLabel(nameOf(ref), "noise", "ada");
  }
}

/** An issue whose event number `at` of `of` is a ready label put on through the App. */
async function issueWithEvent(at: number, of: number) {
  const ref = openIssue();
  makeNoise(ref, at - 1);
  house.forge.addLabelThroughApp(nameOf(ref), LABELS.ready, { by: "wendy", app: APP });
  const eventId = await newestEvent(ref);
  makeNoise(ref, of - at);
  return { ref, eventId };
}

/** The answer, and the pages that were asked for. */
async function readOne(query: { readonly ref: IssueRef; readonly eventId: string }) {
  const from = house.forge.requests.length;
  const [app] = await newTracker().readActingApps([query]);
  const pages = house.forge.requests
    .slice(from)
    .map(({ path }) => Number(new URL(path, "http://x").searchParams.get("page")));
  return { app, pages };
}

it("a person's own label has no App behind it, one put on through an App names it", async () => {
  const byHand = openIssue();
  house.forge.addLabel(nameOf(byHand), LABELS.ready, "wendy");
  const through = openIssue();
  house.forge.addLabelThroughApp(nameOf(through), LABELS.ready, { by: "wendy", app: APP });
  const queries = [
    { ref: through, eventId: await newestEvent(through) },
    { ref: byHand, eventId: await newestEvent(byHand) },
  ];
  expect(await newTracker().readActingApps(queries)).toEqual([
    { kind: "app", id: "4711", slug: "label-pal" },
    { kind: "none" },
  ] satisfies ActingApp[]);
  expect(await newTracker().readActingApps([])).toEqual([]);
});

const places: ReadonlyArray<readonly [name: string, at: number, of: number, pages: number[]]> = [
  ["the first of few", 1, PAGE, [1]],
  ["the newest, just past a page", PAGE + 1, PAGE + 1, [1, 2]],
  ["the oldest of the second page", PAGE + 1, 2 * PAGE, [1, 2]],
  ["the first of many", 1, 3 * PAGE, [1]],
  ["on the newest page", 6 * PAGE, 6 * PAGE, [1, 6]],
  ["on the oldest page that is looked at", 2 * PAGE + 1, 6 * PAGE, [1, 6, 5, 4, 3]],
];
it.each(places)("an event is found that is %s", async (...row) => {
  const [, at, of, pages] = row;
  const seen = await readOne(await issueWithEvent(at, of));
  expect(seen).toEqual({ app: { kind: "app", id: "4711", slug: "label-pal" }, pages });
});

it("an event on a page too old is not looked for, and unreadable", async () => {
  const seen = await readOne(await issueWithEvent(2 * PAGE, 6 * PAGE));
  expect(seen).toEqual({
    app: { kind: "unreadable", why: expect.stringContaining("not among the newest") },
    pages: [1, 6, 5, 4, 3],
  });
});

it("an event that is no labelling, of another issue, or of an issue that moved is unreadable", async () => {
  const [one, other] = [await issueWithEvent(1, 1), await issueWithEvent(1, 1)];
  house.forge.closeIssue(nameOf(one.ref), "ada");
  const closed = { ref: one.ref, eventId: await newestEvent(one.ref) };
  const moved = await issueWithEvent(1, 1);
  const away = await house.addRepo();
  house.forge.transferIssue(nameOf(moved.ref), `${away.owner}/${away.name}`, "ada");
  const queries = [closed, { ...one, eventId: other.eventId }, moved];
  expect(await newTracker().readActingApps(queries)).toEqual([
    { kind: "unreadable", why: expect.stringContaining("no labelling") },
    { kind: "unreadable", why: expect.stringContaining("not among") },
    { kind: "unreadable", why: expect.stringContaining("HTTP 301") },
  ]);
});

it("a request that fails makes its own label unreadable and no other", async () => {
  const [one, other] = [await issueWithEvent(1, 1), await issueWithEvent(1, 1)];
  house.forge.failNext({ path: `/issues/${one.ref.number}/events` }, "500-before");
  expect(await newTracker().readActingApps([one, other])).toMatchObject([
    { kind: "unreadable", why: expect.stringContaining("500") },
    { kind: "app" },
  ]);
});

const REF = issueRef("app", 5);
const event = { node_id: "LE_1", event: "labeled", performed_via_github_app: null };
const shapes: ReadonlyArray<readonly [name: string, body: unknown, want: unknown]> = [
  ["null says that there was none", [event], { kind: "none" }],
  [
    "absent says nothing",
    [{ node_id: "LE_1", event: "labeled" }],
    { kind: "unreadable", why: expect.stringContaining("o/app#5") },
  ],
  [
    "an App without an id is none that could be listed",
    [{ ...event, performed_via_github_app: { slug: "x" } }],
    { kind: "unreadable", why: expect.stringContaining("o/app#5") },
  ],
  [
    "an App without a slug is known by its id",
    [{ ...event, performed_via_github_app: { id: 12 } }],
    { kind: "app", id: "12", slug: "" },
  ],
  ["an event of no known shape beside it is passed over", [null, {}, event], { kind: "none" }],
  [
    "an answer that is no list",
    { message: "busy" },
    { kind: "unreadable", why: expect.stringContaining("o/app#5") },
  ],
];
it.each(shapes)("the App of a label: %s", async (_name, body, want) => {
  const github = new FakeGithub();
  github.rest.set("GET /repos/o/app/issues/5/events", () => json(body));
  const tracker = createGithubTracker(optionsFor(github));
  expect(await tracker.readActingApps([{ ref: REF, eventId: "LE_1" }])).toEqual([want]);
});

it("an older page that fails makes the label unreadable", async () => {
  const github = new FakeGithub();
  const route = "/repos/o/app/issues/5/events";
  github.rest.set(`GET ${route}`, ({ url }) => {
    if (url.searchParams.get("page") !== "1") return badGateway();
    const last = `<https://api.github.test${route}?per_page=100&page=2>; rel="last"`;
    return json([{ ...event, node_id: "LE_0" }], 200, { link: last });
  });
  const tracker = createGithubTracker(optionsFor(github));
  const [seen] = await tracker.readActingApps([{ ref: REF, eventId: "LE_1" }]);
  expect(seen).toMatchObject({ kind: "unreadable", why: expect.stringContaining("502") });
});

guardWire(() => house.wire);
