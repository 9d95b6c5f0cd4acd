import { inspect } from "node:util";
import { expect, it } from "vitest";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import type { TrackerWriter } from "../../../src/pure/ports/tracker.ts";
import { badGateway, FakeGithub, issueRef, json, optionsFor, TOKEN } from "./fake-github.ts";

const REF = issueRef("app", 5);
const ISSUE = "/repos/o/app/issues/5";

type Write = {
  readonly name: string;
  readonly route: string;
  readonly act: (tracker: TrackerWriter) => Promise<unknown>;
  readonly body: unknown;
  readonly good: () => Response;
};

const writes: readonly Write[] = [
  {
    name: "createComment",
    route: `POST ${ISSUE}/comments`,
    act: (tracker) => tracker.createComment(REF, "hello"),
    body: { body: "hello" },
    good: () => json({ id: 3_000_000_001 }, 201),
  },
  {
    name: "editComment",
    route: "PATCH /repos/o/app/issues/comments/3000000001",
    act: (tracker) => tracker.editComment(REF, "3000000001", "changed"),
    body: { body: "changed" },
    good: () => json({ id: 3_000_000_001 }),
  },
  {
    name: "addLabel",
    route: `POST ${ISSUE}/labels`,
    act: (tracker) => tracker.addLabel(REF, "Priority: 1/2"),
    body: { labels: ["Priority: 1/2"] },
    good: () => json([{ name: "bug" }, { name: "priority: 1/2" }]),
  },
  {
    name: "removeLabel",
    route: `DELETE ${ISSUE}/labels/Priority: 1/2`,
    act: (tracker) => tracker.removeLabel(REF, "Priority: 1/2"),
    body: {},
    good: () => json([]),
  },
  {
    name: "closeIssue",
    route: `PATCH ${ISSUE}`,
    act: (tracker) => tracker.closeIssue(REF, "not-planned"),
    body: { state: "closed", state_reason: "not_planned" },
    good: () => json({ state: "closed" }),
  },
  {
    name: "reopenIssue",
    route: `PATCH ${ISSUE}`,
    act: (tracker) => tracker.reopenIssue(REF),
    body: { state: "open", state_reason: "reopened" },
    good: () => json({ state: "open" }),
  },
];

async function failureOf(write: Write, answer: () => Response | Promise<Response>) {
  const github = new FakeGithub();
  github.rest.set(write.route, answer);
  const error = await write.act(createGithubTracker(optionsFor(github))).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { error, sent: github.sent };
}

it.each(writes)("$name is one request", async (write) => {
  const { error, sent } = await failureOf(write, write.good);
  expect(error).toBeNull();
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).toEqual(write.body);
});

it.each(writes)(
  "$name names issue and cause when GitHub is down, and is not retried",
  async (write) => {
    const { error, sent } = await failureOf(write, badGateway);
    expect(sent).toHaveLength(1);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/^Cannot .* o\/app#5: HTTP 502/);
    expect((error as Error).cause).toBeInstanceOf(Error);
  },
);

it.each(writes)("$name is not followed to where the issue has moved", async (write) => {
  for (const status of [301, 302, 307, 308]) {
    const location = "https://api.github.test/repositories/1/issues/9";
    const { error, sent } = await failureOf(write, () => json({}, status, { location }));
    expect(sent.map(({ redirect }) => redirect)).toEqual(["manual"]);
    expect((error as Error).message).toMatch(new RegExp(`o/app#5.*moved.*${status}`));
  }
});

it.each(writes)("$name never tells the token, whoever says it", async (write) => {
  const echo = await failureOf(write, () => json({ message: `bad token ${TOKEN}` }, 401));
  expect(echo.sent[0]?.headers["authorization"]).toContain(TOKEN);
  const network = await failureOf(write, () =>
    Promise.reject(new Error("refused", { cause: new Error(`header token ${TOKEN}`) })),
  );
  for (const { error } of [echo, network]) {
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(TOKEN);
  }
});

it("the id of a new comment is its decimal id", async () => {
  const github = new FakeGithub();
  github.rest.set(`POST ${ISSUE}/comments`, () => json({ id: 3_000_000_001 }, 201));
  const tracker = createGithubTracker(optionsFor(github));
  expect(await tracker.createComment(REF, "hello")).toBe("3000000001");
});

it("closing as completed says so", async () => {
  const github = new FakeGithub();
  github.rest.set(`PATCH ${ISSUE}`, () => json({ state: "closed" }));
  await createGithubTracker(optionsFor(github)).closeIssue(REF, "completed");
  expect(github.sent[0]?.body).toEqual({ state: "closed", state_reason: "completed" });
});

const [createComment, , addLabel, removeLabel, closeIssue] = writes as [
  Write,
  Write,
  Write,
  Write,
  Write,
];

it("removing a label that is not on the issue is a success, from no issue it throws", async () => {
  const absent = await failureOf(removeLabel, () => json({ message: "Label does not exist" }, 404));
  expect(absent.error).toBeNull();
  const gone = await failureOf(removeLabel, () => json({ message: "Not Found" }, 404));
  expect((gone.error as Error).message).toContain("HTTP 404");
});

const LABEL = { name: "agent-in-progress", color: "1d76db", description: "An agent works." };

async function createLabel(answer: () => Response) {
  const github = new FakeGithub();
  github.rest.set("POST /repos/o/app/labels", answer);
  const error = await createGithubTracker(optionsFor(github))
    .createLabel(REF.repo, LABEL)
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  return { error: error as Error | null, sent: github.sent };
}

function invalid(...errors: readonly object[]): () => Response {
  return () => json({ message: "Validation Failed", errors }, 422);
}

it("creating a label is one request with its look", async () => {
  const { error, sent } = await createLabel(() => json({ id: 1, ...LABEL }, 201));
  expect(error).toBeNull();
  expect(sent.map(({ body }) => body)).toEqual([LABEL]);
});

it("creating a label that is there already is a success", async () => {
  const taken = { resource: "Label", code: "already_exists", field: "name" };
  const { error, sent } = await createLabel(invalid(taken));
  expect(error).toBeNull();
  expect(sent).toHaveLength(1);
});

const refusedLabels: ReadonlyArray<readonly [name: string, answer: () => Response, says: RegExp]> =
  [
    ["an unfit color", invalid({ resource: "Label", code: "invalid", field: "color" }), /HTTP 422/],
    ["nothing named", invalid(), /HTTP 422/],
    [
      "more than the name",
      invalid({ code: "already_exists", field: "name" }, { code: "invalid", field: "color" }),
      /HTTP 422/,
    ],
    ["no right to", () => json({ message: "Forbidden" }, 403), /HTTP 403: Forbidden/],
    ["a repo that is gone", () => json({ message: "Gone" }, 410), /HTTP 410: Gone/],
    ["a repo that has moved", () => json({}, 301, { location: "/x" }), /moved.*301/],
  ];
it.each(refusedLabels)(
  "creating a label throws with what is wrong: %s",
  async (_name, answer, says) => {
    const { error, sent } = await createLabel(answer);
    expect(error?.message).toMatch(/^Cannot create label "agent-in-progress" in o\/app: /);
    expect(error?.message).toMatch(says);
    expect(sent).toHaveLength(1);
  },
);

it.each(writes)("$name throws for an issue that was deleted", async (write) => {
  const { error, sent } = await failureOf(write, () =>
    json({ message: "This issue was deleted" }, 410),
  );
  expect((error as Error).message).toMatch(
    /^Cannot .* o\/app#5: HTTP 410: This issue was deleted$/,
  );
  expect(sent).toHaveLength(1);
});

const noEffect: ReadonlyArray<readonly [name: string, write: Write, answer: () => Response]> = [
  ["a comment without an id", createComment, () => json({}, 201)],
  ["a label that was silently dropped", addLabel, () => json([{ name: "bug" }])],
  ["an issue that stayed open", closeIssue, () => json({ state: "open" })],
];
it.each(noEffect)("an answer that shows no effect throws: %s", async (_name, write, answer) => {
  const { error } = await failureOf(write, answer);
  expect((error as Error).message).toMatch(/^Cannot .* o\/app#5: /);
});

it("a comment at the length limit is sent, one character more throws unsent", async () => {
  const github = new FakeGithub();
  github.rest.set(`POST ${ISSUE}/comments`, () => json({ id: 1 }, 201));
  github.rest.set("PATCH /repos/o/app/issues/comments/1", () => json({ id: 1 }));
  const tracker = createGithubTracker(optionsFor(github));
  await tracker.createComment(REF, "x".repeat(60_000));
  await tracker.editComment(REF, "1", "x".repeat(60_000));
  expect(github.sent).toHaveLength(2);
  await expect(tracker.createComment(REF, "x".repeat(60_001))).rejects.toThrow(/o\/app#5.*60001/);
  await expect(tracker.editComment(REF, "1", "x".repeat(60_001))).rejects.toThrow(/60001/);
  expect(github.sent).toHaveLength(2);
});

it("a comment id that is no number throws unsent", async () => {
  const github = new FakeGithub();
  const tracker = createGithubTracker(optionsFor(github));
  await expect(tracker.editComment(REF, "IC_abc", "x")).rejects.toThrow("o/app#5");
  expect(github.sent).toHaveLength(0);
});

const limits: ReadonlyArray<readonly [name: string, answer: () => Response, says: RegExp]> = [
  [
    "Retry-After",
    () => json({ message: "secondary rate limit" }, 403, { "retry-after": "60" }),
    /rate limited, may resume in 60 s; HTTP 403: secondary/,
  ],
  [
    "a spent budget",
    () =>
      json({ message: "API rate limit exceeded" }, 429, {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1767225600",
      }),
    /may resume at 2026-01-01T00:00:00.000Z/,
  ],
  [
    "a spent budget without a time",
    () => json({ message: "API rate limit exceeded" }, 403, { "x-ratelimit-remaining": "0" }),
    /does not say until when/,
  ],
  [
    "a refusal with budget left",
    () => json({ message: "Forbidden" }, 403, { "x-ratelimit-remaining": "1" }),
    /#5: HTTP 403: Forbidden$/,
  ],
  [
    "another failure that happens to spend the budget",
    () => json({ message: "Gone" }, 410, { "x-ratelimit-remaining": "0" }),
    /#5: HTTP 410: Gone$/,
  ],
];
it.each(limits)("the error says when to come back: %s", async (_name, answer, says) => {
  const { error } = await failureOf(createComment, answer);
  const { message } = error as Error;
  expect(message).toMatch(says);
});
