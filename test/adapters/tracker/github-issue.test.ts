import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { IssueEvent, IssueSeen } from "../../../src/pure/issue.ts";
import {
  badGateway,
  FakeGithub,
  issueRef,
  json,
  NOT_FOUND,
  optionsFor,
  Refusal,
} from "./fake-github.ts";
import {
  collaborator,
  history,
  labeled,
  MAINTAINER,
  OURSELVES,
  ROBOT,
  wireComment,
  wireIssue,
} from "./github-answers.ts";

const REF = issueRef("app", 5);
const AT = "2026-01-03T00:00:00Z";
const person = { kind: "account", id: "7", login: "maintainer", isBot: false } as const;

async function readAlone(wire: unknown, permission: unknown = collaborator("WRITE")) {
  const github = new FakeGithub();
  github.aliases.set("IssuesAlone", () => (wire instanceof Refusal ? wire : { issue: wire }));
  github.aliases.set("Permissions", () => permission);
  const [seen] = await createGithubTracker(optionsFor(github)).readIssues([REF]);
  if (seen === undefined) throw new Error("no answer");
  return seen;
}

async function readIssue(changes: Record<string, unknown>): Promise<IssueSeen> {
  const seen = await readAlone(wireIssue("app", 5, changes));
  if (seen.kind !== "read") throw new Error(JSON.stringify(seen));
  return seen.issue;
}

it("an issue is translated whole", async () => {
  const issue = await readIssue({
    state: "CLOSED",
    lastEditedAt: AT,
    labels: { nodes: [{ name: "a" }, { name: "b" }] },
  });
  expect(issue).toEqual({
    ref: REF,
    url: "https://github.test/o/app/issues/5",
    title: "Issue 5",
    body: "Please.",
    state: "closed",
    isPullRequest: false,
    createdAt: "2026-01-01T00:00:00Z",
    bodyEditedAt: AT,
    labels: ["a", "b"],
    history: {
      kind: "complete",
      events: [
        {
          kind: "labeled",
          id: "LE_1",
          at: "2026-01-02T00:00:00Z",
          label: "ready-for-agent",
          actor: person,
          isByIntent: false,
        },
      ],
    },
    blockers: { kind: "listed", blockers: [] },
    ownComments: { kind: "complete", comments: [] },
  } satisfies IssueSeen);
});

const moment = { id: "E", createdAt: AT };
const at = { id: "E", at: AT };
const events: ReadonlyArray<readonly [name: string, wire: unknown, want: IssueEvent]> = [
  [
    "a label with an intent is no person's word",
    { ...labeled("E", "x"), createdAt: AT, intent: { __typename: "IssueUpdateIntent" } },
    { kind: "labeled", ...at, label: "x", actor: person, isByIntent: true },
  ],
  [
    "a label taken off by a bot, known by its suffix as in REST",
    { __typename: "UnlabeledEvent", ...moment, label: { name: "x" }, actor: ROBOT },
    {
      kind: "unlabeled",
      ...at,
      label: "x",
      actor: { kind: "account", id: "8", login: "helper[bot]", isBot: true },
    },
  ],
  [
    "closed by a deleted account's hand",
    { __typename: "ClosedEvent", ...moment, closer: null, actor: null },
    { kind: "closed", ...at, closer: "hand", actor: { kind: "unknown" } },
  ],
  [
    "closed by a commit",
    { __typename: "ClosedEvent", ...moment, closer: { __typename: "Commit" }, actor: MAINTAINER },
    { kind: "closed", ...at, closer: "commit", actor: person },
  ],
  [
    "closed by a pull request",
    {
      __typename: "ClosedEvent",
      ...moment,
      closer: { __typename: "PullRequest" },
      actor: MAINTAINER,
    },
    { kind: "closed", ...at, closer: "pull-request", actor: person },
  ],
  [
    "closed from a project board is closed by hand",
    {
      __typename: "ClosedEvent",
      ...moment,
      closer: { __typename: "ProjectV2" },
      actor: MAINTAINER,
    },
    { kind: "closed", ...at, closer: "hand", actor: person },
  ],
  [
    "reopened by a mannequin, which is nobody",
    {
      __typename: "ReopenedEvent",
      ...moment,
      actor: { __typename: "Mannequin", login: "m", databaseId: 3 },
    },
    { kind: "reopened", ...at, actor: { kind: "unknown" } },
  ],
  [
    "renamed by a user whose id GitHub hides",
    {
      __typename: "RenamedTitleEvent",
      ...moment,
      actor: { __typename: "User", login: "u", databaseId: null },
    },
    { kind: "renamed", ...at, actor: { kind: "unknown" } },
  ],
  ["transferred", { __typename: "TransferredEvent", ...moment }, { kind: "transferred", ...at }],
];
it.each(events)("event: %s", async (_name, wire, want) => {
  const issue = await readIssue({ timelineItems: history([wire]) });
  expect(issue.history).toEqual({ kind: "complete", events: [want] });
});

it("a history with older events is truncated", async () => {
  const { history: seen } = await readIssue({ timelineItems: history([labeled("E", "x")], true) });
  expect([seen.kind, seen.events.length]).toEqual(["truncated", 1]);
});

const unknownEvent = { __typename: "UnlabeledEvent", id: "E2", createdAt: AT, actor: null };
const holes: ReadonlyArray<readonly [name: string, event: unknown]> = [
  ["hidden", null],
  ["not understood", unknownEvent],
];
it.each(holes)("an event that is %s makes its issue unreadable", async (_name, event) => {
  for (const nodes of [
    [labeled("E1", "x"), event],
    [labeled("E1", "x"), event, labeled("E3", "x")],
  ]) {
    const seen = await readAlone(wireIssue("app", 5, { timelineItems: history(nodes) }));
    expect(seen).toMatchObject({ kind: "unreadable", why: expect.stringContaining("event") });
  }
});

it.each(holes)("an event that is %s and older than all others is a missing one", async (...row) => {
  const [, event] = row;
  const nodes = [event, event, labeled("E3", "x")];
  const { history: seen } = await readIssue({ timelineItems: history(nodes) });
  expect([seen.kind, seen.events.map(({ id }) => id)]).toEqual(["truncated", ["E3"]]);
  expect((await readIssue({ timelineItems: history([event]) })).history).toEqual({
    kind: "truncated",
    events: [],
  });
});

it("only comments by our own account id count, oldest first, under their REST id", async () => {
  const impostor = { __typename: "User", login: "afk-bot", databaseId: 9002 };
  const issue = await readIssue({
    comments: history([
      wireComment("3000000001", OURSELVES, "first"),
      wireComment("3000000002", impostor),
      wireComment("3000000003", null),
      wireComment("3000000004", OURSELVES, "second"),
    ]),
  });
  expect(issue.ownComments).toEqual({
    kind: "complete",
    comments: [
      { id: "3000000001", body: "first" },
      { id: "3000000004", body: "second" },
    ],
  });
});

const commentGaps: ReadonlyArray<readonly [name: string, comments: unknown]> = [
  ["a comment is unreadable", history([null])],
  ["a comment of ours has no id", history([wireComment(null, OURSELVES)])],
];
it.each(commentGaps)("own comments are truncated when %s", async (_name, comments) => {
  const issue = await readIssue({ comments });
  expect(issue.ownComments).toEqual({ kind: "truncated", comments: [] });
});

function blocker(state: string, name: string) {
  return { number: 2, state, repository: { nameWithOwner: name } };
}

const counts: ReadonlyArray<
  readonly [name: string, nodes: readonly unknown[], open: number, total: number, hidden: boolean]
> = [
  ["as many as are listed", [blocker("OPEN", "o/app")], 1, 1, false],
  ["one more that is open", [blocker("CLOSED", "o/app")], 1, 2, true],
  ["one more that is closed", [blocker("OPEN", "o/app")], 1, 2, false],
  // The count of the open ones may follow a closing late.
  ["a closed one as open still", [blocker("CLOSED", "o/app")], 1, 1, false],
  ["one that is listed as hidden", [null], 1, 1, true],
];
it.each(counts)("of blockers counted: %s", async (_name, nodes, open, total, hidden) => {
  const issue = await readIssue({
    blockedBy: { pageInfo: { hasNextPage: false }, nodes },
    issueDependenciesSummary: { blockedBy: open, totalBlockedBy: total },
  });
  const states = issue.blockers.kind === "listed" ? issue.blockers.blockers : [];
  expect(states.filter(({ state }) => state === "unreadable")).toHaveLength(hidden ? 1 : 0);
});

it("blockers carry their repo and state, a hidden one is unreadable", async () => {
  const seen = await readAlone(
    new Refusal(
      {
        issue: wireIssue("app", 5, {
          blockedBy: {
            pageInfo: { hasNextPage: false },
            nodes: [blocker("OPEN", "o/app"), blocker("CLOSED", "o/lib"), null],
          },
        }),
      },
      { type: "FORBIDDEN", message: "no", path: ["issue", "blockedBy", "nodes", 2] },
    ),
  );
  expect(seen.kind === "read" && seen.issue.blockers).toEqual({
    kind: "listed",
    blockers: [
      { key: "o/app#2", state: "open" },
      { key: "o/lib#2", state: "closed" },
      { key: "an issue hidden from this token", state: "unreadable" },
    ],
  });
});

it("more blockers than one page are unreadable", async () => {
  const issue = await readIssue({
    blockedBy: { pageInfo: { hasNextPage: true }, nodes: [blocker("CLOSED", "o/app")] },
  });
  expect(issue.blockers).toMatchObject({ kind: "unreadable" });
});

it("an issue that is not found is absent, a repo that is not found is unreadable", async () => {
  const gone = { type: "NOT_FOUND", message: "Could not resolve to an Issue", path: ["issue"] };
  expect(await readAlone(new Refusal({ issue: null }, gone))).toEqual({ kind: "absent" });
  expect(await readAlone(NOT_FOUND)).toMatchObject({ kind: "unreadable" });
});

const gaps: ReadonlyArray<readonly [name: string, wire: unknown]> = [
  ["a shape this version does not know", { ...wireIssue("app", 5), state: "LIMBO" }],
  ["an issue that moved to another repo", wireIssue("other", 5)],
  [
    "an error inside the issue",
    new Refusal({ issue: wireIssue("app", 5) }, { message: "no", path: ["issue", "labels"] }),
  ],
  ["null without an error", null],
];
it.each(gaps)("%s is unreadable", async (_name, wire) => {
  expect(await readAlone(wire)).toMatchObject({ kind: "unreadable" });
});

it("an issue is unreadable while GitHub does not say who we are", async () => {
  const github = new FakeGithub();
  github.aliases.set("IssuesAlone", () => ({ issue: wireIssue("app", 5) }));
  github.rest.set("GET /user", badGateway);
  const [seen] = await createGithubTracker(optionsFor(github)).readIssues([REF]);
  expect(seen).toMatchObject({ kind: "unreadable", why: expect.stringContaining("502") });
});

const permissions: ReadonlyArray<readonly [name: string, wire: unknown, want: string]> = [
  ["ADMIN", collaborator("ADMIN"), "admin"],
  ["MAINTAIN", collaborator("MAINTAIN"), "write"],
  ["WRITE", collaborator("WRITE"), "write"],
  ["TRIAGE", collaborator("TRIAGE"), "read"],
  ["READ", collaborator("READ"), "read"],
  ["no such collaborator", { collaborators: { edges: [] } }, "none"],
  ["another account under that login", collaborator("ADMIN", 70), "none"],
  ["a word this version does not know", collaborator("OWNER"), "unreadable"],
  ["collaborators hidden", { collaborators: null }, "unreadable"],
  [
    "an error beside an answer",
    new Refusal(collaborator("ADMIN"), { message: "no", path: ["collaborators"] }),
    "unreadable",
  ],
];
it.each(permissions)("permission: %s", async (_name, wire, want) => {
  const seen = await readAlone(wireIssue("app", 5), wire);
  expect(seen.kind === "read" && [...seen.permissions]).toEqual([["7", want]]);
});

it("the permission asked for is that of the newest ready label's actor", async () => {
  const github = new FakeGithub();
  const logins: unknown[] = [];
  const newer = { __typename: "User", login: "newer", databaseId: 11 };
  const wire = wireIssue("app", 5, {
    timelineItems: history([
      labeled("E1", "ready-for-agent"),
      labeled("E2", "ready-for-agent", newer),
      labeled("E3", "agent-paused"),
    ]),
  });
  github.aliases.set("IssuesAlone", () => ({ issue: wire }));
  github.aliases.set("Permissions", ({ login }) => {
    logins.push(login);
    return collaborator("WRITE", 11);
  });
  const [seen] = await createGithubTracker(optionsFor(github)).readIssues([REF]);
  expect(logins).toEqual(["newer"]);
  expect(seen?.kind === "read" && [...seen.permissions]).toEqual([["11", "write"]]);
});

it("several issues share a request and come back in the order asked", async () => {
  const github = new FakeGithub();
  github.aliases.set("IssuesAlone", ({ name, number }) => ({
    issue: wireIssue(String(name), Number(number)),
  }));
  github.aliases.set("Permissions", () => collaborator("WRITE"));
  const refs = Array.from({ length: 26 }, (_, index) => issueRef(`r${index % 2}`, index + 1));
  const tracker = createGithubTracker(optionsFor(github));
  const seen = await tracker.readIssues(refs);
  expect(seen.map((each) => each.kind === "read" && each.issue.ref)).toEqual(refs);
  expect(github.operations()).toEqual(["IssuesAlone", "IssuesAlone", "Permissions"]);
  expect(await tracker.readIssues([])).toEqual([]);
});

it("a request that fails as a whole is asked again issue by issue", async () => {
  const github = new FakeGithub();
  github.aliases.set("IssuesAlone", ({ number }) => ({ issue: wireIssue("app", Number(number)) }));
  github.breakdown = (_operation, { body }) =>
    Object.values(body["variables"] as object).includes(666) ? badGateway() : undefined;
  const tracker = createGithubTracker(optionsFor(github));
  const seen = await tracker.readIssues([issueRef("app", 666), REF]);
  expect(seen.map(({ kind }) => kind)).toEqual(["unreadable", "read"]);
});

it("our own account is asked for once, and again only after a failure", async () => {
  const github = new FakeGithub();
  const tracker = createGithubTracker(optionsFor(github));
  github.rest.set("GET /user", () => json({ message: "Bad credentials" }, 401));
  await expect(tracker.whoAmI()).rejects.toThrow("GITHUB_TOKEN");
  github.rest.set("GET /user", () => json({ id: 1, login: "me" }));
  expect(await tracker.whoAmI()).toEqual({ id: "1", login: "me" });
  expect(await tracker.whoAmI()).toEqual({ id: "1", login: "me" });
  expect(github.sent).toHaveLength(2);
});
