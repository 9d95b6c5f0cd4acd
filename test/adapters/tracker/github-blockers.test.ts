import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import { BLOCKER_WORDS_MAX } from "../../../src/pure/blocker-words.ts";
import { type IssueRef, issueKey, type RepoRef, repoKey } from "../../../src/pure/issue.ts";
import { type ForgeHouse, startForgeHouse } from "../../contract/forge-tracker-world.ts";
import { guardWire } from "../../wire/wire-watch.ts";
import { LABELS } from "./fake-github.ts";

let house: ForgeHouse;
/** A public repo to name blockers in, and one that our token may not see. */
let shared: RepoRef;
let hidden: RepoRef;
/** The repo of one test. */
let repo: RepoRef;
beforeAll(async () => {
  house = await startForgeHouse();
  shared = await house.addRepo();
  hidden = await house.addRepo({ isHidden: true });
});
beforeEach(async () => {
  repo = await house.addRepo();
});
afterAll(() => house.close());

const nameOf = ({ repo, number }: IssueRef) => ({ repo: repoKey(repo), number });

function open(body = "Please.", home = repo): IssueRef {
  const wish = { repo: repoKey(home), title: "t", body, by: "wendy" };
  return { repo: home, number: house.forge.createIssue(wish) };
}

/** A candidate: it has the ready label. */
function openReady(body?: string, home = repo): IssueRef {
  const ref = open(body, home);
  house.forge.addLabel(nameOf(ref), LABELS.ready, "wendy");
  return ref;
}

function newTracker() {
  const { forge, wire, ownToken: token } = house;
  return createGithubTracker({ fetch: wire.fetch, token, apiUrl: forge.apiUrl, labels: LABELS });
}

/** How often the blockers were asked for since, one entry a request. */
async function requestsOf(run: () => Promise<unknown>): Promise<number> {
  const from = house.forge.requests.length;
  await run();
  return house.forge.requests.slice(from).filter(({ operation }) => operation === "Blockers")
    .length;
}

/** The blockers of one issue in short, as it is read by itself: `o/a#3 open`, `a → b → a`. */
async function blockersOf(ref: IssueRef): Promise<readonly string[]> {
  const [seen] = await newTracker().readIssues([ref]);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  const { blockers } = seen.issue;
  if (blockers.kind === "unreadable") return [`unreadable: ${blockers.why}`];
  return blockers.blockers.map(({ key, state, cycle }) =>
    state === "cyclic" ? (cycle ?? []).join(" → ") : `${key} ${state}`,
  );
}

describe("the issues that words name", () => {
  it("are open until they are closed", async () => {
    const blocker = open();
    const ref = openReady(`Blocked by #${blocker.number}`);
    expect(await blockersOf(ref)).toEqual([`${issueKey(blocker)} open`]);
    house.forge.closeIssue(nameOf(blocker), "ada");
    expect(await blockersOf(ref)).toEqual([`${issueKey(blocker)} closed`]);
  });

  it.each([
    ["open", "open"],
    ["closed", "closed"],
    ["merged", "closed"],
  ] as const)("may be a pull request, which is %s", async (state, want) => {
    house.forge.setPullRequest(repoKey(repo), 900, state);
    expect(await blockersOf(openReady("Depends on #900"))).toEqual([
      `${repoKey(repo)}#900 ${want}`,
    ]);
  });

  it("are unreadable when they are absent, hidden, in a repo that is not there, or moved away", async () => {
    const moved = open();
    house.forge.transferIssue(nameOf(moved), repoKey(shared), "ada");
    const secret = open("", hidden);
    const keys = [`${repoKey(repo)}#999`, issueKey(secret), "acme/nowhere#1", issueKey(moved)];
    const ref = openReady(`Blocked by ${keys.join(", ")}`);
    expect(await blockersOf(ref)).toEqual(keys.map((key) => `${key} unreadable`));
  });

  it("may be in another repo, by name or by address", async () => {
    const [one, other] = [open("", shared), open("", shared)];
    house.forge.closeIssue(nameOf(other), "ada");
    const { url } = await readOne(other);
    const ref = openReady(`## Blocked by\n- ${issueKey(one)}\n- [x] ${url}`);
    expect(await blockersOf(ref)).toEqual([`${issueKey(one)} open`, `${issueKey(other)} closed`]);
  });

  it("are each told once, whether a link, words or another spelling name them", async () => {
    const blocker = open();
    const shouted = `${issueKey(blocker).toUpperCase()}`;
    const ref = openReady(`Blocked by #${blocker.number} and ${shouted}`);
    house.forge.addBlocker(nameOf(ref), nameOf(blocker));
    expect(await blockersOf(ref)).toEqual([`${issueKey(blocker)} open`]);
  });

  it("are all of as many as are allowed, and with one more none can be told", async () => {
    const numbers = Array.from({ length: BLOCKER_WORDS_MAX }, () => open().number);
    const words = (count: number) => {
      const named = [...numbers, 9999].slice(0, count).map((number) => `#${number}`);
      return `Blocked by ${named.join(", ")}`;
    };
    const within = openReady(words(BLOCKER_WORDS_MAX));
    expect(await blockersOf(within)).toHaveLength(BLOCKER_WORDS_MAX);
    const beyond = openReady(words(BLOCKER_WORDS_MAX + 1));
    expect(await blockersOf(beyond)).toEqual([expect.stringContaining("unreadable: ")]);
  });

  it("are nobody's concern while the issue is no candidate", async () => {
    const blocker = open();
    const words = `Blocked by #${blocker.number}`;
    const [plain, running, closed] = [open(words), openReady(words), openReady(words)];
    house.forge.addLabel(nameOf(running), LABELS.inProgress, "wendy");
    house.forge.closeIssue(nameOf(closed), "ada");
    const count = await requestsOf(async () => {
      for (const ref of [plain, running, closed]) expect(await blockersOf(ref)).toEqual([]);
    });
    expect(count).toBe(0);
  });
});

async function readOne(ref: IssueRef) {
  const [seen] = await newTracker().readIssues([ref]);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  return seen.issue;
}

describe("the requests for blockers", () => {
  it("are none where nothing is named and nothing open is linked", async () => {
    const done = open();
    const ref = openReady("Not blocked by #1");
    house.forge.addBlocker(nameOf(ref), nameOf(done));
    house.forge.closeIssue(nameOf(done), "ada");
    const count = await requestsOf(() => newTracker().listRepos([repo], "candidates"));
    expect(count).toBe(0);
  });

  it("are one for all candidates of all repos, and none for runs", async () => {
    const other = await house.addRepo();
    const blockers = [open(), open("", shared)];
    const words = `Blocked by ${blockers.map(issueKey).join(" and ")}`;
    for (const home of [repo, other]) for (let n = 0; n < 3; n += 1) openReady(words, home);
    const tracker = newTracker();
    const count = await requestsOf(async () => {
      const seen = await tracker.listRepos([repo, other], "candidates");
      const states = seen.flatMap((each) =>
        each.kind === "readable" ? each.issues.map(({ blockers }) => blockers) : [],
      );
      const want = blockers.map((each) => ({ key: issueKey(each), state: "open" }));
      expect(states).toEqual(Array.from({ length: 6 }, () => ({ kind: "listed", blockers: want })));
    });
    expect(count).toBe(1);
    expect(await requestsOf(() => tracker.listRepos([repo, other], "runs"))).toBe(0);
  });

  it("hold twenty-five issues each", async () => {
    const numbers = Array.from({ length: 26 }, () => open().number);
    for (const part of [numbers.slice(0, 13), numbers.slice(13, 25)]) {
      openReady(`Blocked by ${part.map((number) => `#${number}`).join(", ")}`);
    }
    const list = () => newTracker().listRepos([repo], "candidates");
    expect(await requestsOf(list)).toBe(1);
    openReady(`Blocked by #${numbers.at(-1)}`);
    expect(await requestsOf(list)).toBe(2);
  });

  it("that fail make a candidate unreadable by itself whose words they were for", async () => {
    const [blocker, linked, free] = [open(), open(), openReady()];
    const named = openReady(`Blocked by #${blocker.number}`);
    const bound = openReady();
    house.forge.addBlocker(nameOf(bound), nameOf(linked));
    // Both together, then each by itself.
    for (let request = 0; request < 3; request += 1) {
      house.forge.failNext({ operation: "Blockers" }, "500-before");
    }
    const [seen] = await newTracker().listRepos([repo], "candidates");
    expect(seen).toMatchObject({
      issues: [
        { ref: free, blockers: { blockers: [] } },
        // A link came with its state.
        { ref: bound, blockers: { blockers: [{ key: issueKey(linked), state: "open" }] } },
      ],
      issuesUnreadable: [
        { ref: named, why: expect.stringContaining("500"), updatedAt: expect.stringMatching(/Z$/) },
      ],
    });
    house.forge.failNext({ operation: "Blockers" }, "500-before");
    const alone = await newTracker().readIssues([named, free]);
    expect(alone.map(({ kind }) => kind)).toEqual(["unreadable", "read"]);
  });
});

/** So many issues, each of which waits for the next and the last for the first; the first is ready. */
function openCircle(count: number, link: (from: IssueRef, to: IssueRef) => void): IssueRef[] {
  const circle = Array.from({ length: count }, () => open());
  for (const [at, from] of circle.entries()) {
    const to = circle[(at + 1) % count];
    if (to !== undefined) link(from, to);
  }
  const [first] = circle;
  if (first !== undefined) house.forge.addLabel(nameOf(first), LABELS.ready, "wendy");
  return circle;
}

const ways = {
  words: (from: IssueRef, to: IssueRef) =>
    house.forge.editIssue(nameOf(from), { body: `Blocked by #${to.number}`, by: "wendy" }),
  links: (from: IssueRef, to: IssueRef) => house.forge.addBlocker(nameOf(from), nameOf(to)),
};

function wayRound(circle: readonly IssueRef[]): string {
  return [...circle, ...circle.slice(0, 1)].map(issueKey).join(" → ");
}

describe("a circle of blockers", () => {
  it.each([
    ["one by words", 1, ways.words],
    ["one by a link", 1, ways.links],
    ["two by words", 2, ways.words],
    ["two by links", 2, ways.links],
    [
      "three by turns",
      3,
      (from: IssueRef, to: IssueRef) => (from.number % 2 === 0 ? ways.words : ways.links)(from, to),
    ],
    ["as many as there are levels, and one", 5, ways.words],
  ] as const)("is named when it is of %s", async (_name, count, link) => {
    const circle = openCircle(count, link);
    const [first] = circle;
    if (first === undefined) throw new Error("no issue");
    const walked = await requestsOf(async () =>
      expect(await blockersOf(first)).toEqual([wayRound(circle)]),
    );
    expect(walked).toBe(count - 1);
  });

  it("past the last level is not looked for, and what is open blocks all the same", async () => {
    const [first, second] = openCircle(6, ways.words);
    if (first === undefined || second === undefined) throw new Error("no issue");
    const walked = await requestsOf(async () =>
      expect(await blockersOf(first)).toEqual([`${issueKey(second)} open`]),
    );
    expect(walked).toBe(4);
  });

  it("beside the issue is named for whoever waits for it", async () => {
    const [one, other] = openCircle(2, ways.links);
    if (one === undefined || other === undefined) throw new Error("no issue");
    const ref = openReady(`Depends on #${one.number}`);
    expect(await blockersOf(ref)).toEqual([wayRound([one, other])]);
  });

  it("over two repos is named with both", async () => {
    const there = open("", shared);
    const here = openReady(`Blocked by ${issueKey(there)}`);
    house.forge.editIssue(nameOf(there), { body: `Depends on ${issueKey(here)}`, by: "ada" });
    expect(await blockersOf(here)).toEqual([wayRound([here, there])]);
  });

  it("is none when one of it is closed", async () => {
    const circle = openCircle(3, ways.links);
    const [first, second, third] = circle;
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    house.forge.closeIssue(nameOf(third), "ada");
    expect(await blockersOf(first)).toEqual([`${issueKey(second)} open`]);
  });
});

guardWire(() => house.wire);
