import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rest, type SmallWorld, startSmallWorld } from "./small-world.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await startSmallWorld({ checks: {} });
});
afterAll(() => world.close());

function newIssue(): { readonly repo: string; readonly number: number } {
  const { forge, repo } = world;
  const number = forge.createIssue({ repo, title: "One more", body: "Text", by: "ada" });
  return { repo, number };
}

describe("who asks", () => {
  it("is told by the token, under either scheme", async () => {
    const { ada, loop, forge } = world;
    const me = await rest(world, "GET /user");
    expect(me.body).toMatchObject({ login: "ada", id: ada.id, type: "User" });
    const bot = await rest(world, "GET /user", { token: loop.token });
    expect(bot.body).toMatchObject({ login: "loop[bot]", id: loop.id, type: "Bot" });
    const bearer = { headers: { authorization: `Bearer ${ada.token}` } };
    expect((await fetch(new URL("user", forge.apiUrl), bearer)).status).toBe(200);
  });

  it("is refused with 401 when the token is unknown or missing", async () => {
    const bad = await rest(world, "GET /user", { token: "ghp_nobody" });
    expect(bad.status).toBe(401);
    expect(bad.body).toEqual({
      message: "Bad credentials",
      documentation_url: "https://docs.github.com/rest",
      status: "401",
    });
    const none = await fetch(new URL("user", world.forge.apiUrl));
    expect(none.status).toBe(401);
    const graphql = await fetch(new URL("graphql", world.forge.apiUrl), {
      method: "POST",
      headers: { authorization: "bearer ghp_nobody" },
      body: '{"query":"{ viewer { login } }"}',
    });
    expect(graphql.status).toBe(401);
  });

  it("is refused with 403 when it does not say what it is", async () => {
    const { ada, forge } = world;
    const headers = { authorization: `token ${ada.token}` };
    // `fetch` always says what it is.
    const answer = await new Promise<IncomingMessage>((resolve) => {
      get(new URL("user", forge.apiUrl), { headers }, resolve);
    });
    expect(answer.statusCode).toBe(403);
    expect(await text(answer)).toContain("User-Agent");
  });
});

describe("labels over REST", () => {
  it("are added once, and adding again makes no event", async () => {
    const issue = newIssue();
    const path = `issues/${issue.number}/labels`;
    const first = await rest(world, `POST ${path}`, { body: { labels: ["ready", "later"] } });
    expect(first.status).toBe(200);
    expect(first.body.map((label: { name: string }) => label.name)).toEqual(["ready", "later"]);
    await rest(world, `POST ${path}`, { body: { labels: ["ready"] } });
    const { events, labels } = world.forge.issue(issue);
    expect(labels).toEqual(["ready", "later"]);
    expect(events.map(({ kind, label, actor }) => [kind, label, actor])).toEqual([
      ["labeled", "ready", "ada"],
      ["labeled", "later", "ada"],
    ]);
  });

  it("are removed by their encoded name, and 404 when they are not there", async () => {
    const issue = newIssue();
    world.forge.addLabel(issue, "kind/a b", "ada");
    const path = `issues/${issue.number}/labels/${encodeURIComponent("kind/a b")}`;
    expect(await rest(world, `DELETE ${path}`)).toMatchObject({ status: 200, body: [] });
    const again = await rest(world, `DELETE ${path}`);
    expect(again.status).toBe(404);
    expect(again.body.message).toBe("Label does not exist");
    expect(world.forge.issue(issue).events).toHaveLength(2);
  });

  it("are not for those who may only read", async () => {
    const issue = newIssue();
    const path = `issues/${issue.number}/labels`;
    const refused = await rest(world, `POST ${path}`, {
      token: world.stranger.token,
      body: { labels: ["ready"] },
    });
    expect(refused.status).toBe(403);
    expect(world.forge.issue(issue).labels).toEqual([]);
  });

  it("that are only suggested are not put on", async () => {
    const issue = newIssue();
    const labels = [
      { name: "maybe", suggest: true },
      { name: "surely", rationale: "it says so" },
    ];
    await rest(world, `POST issues/${issue.number}/labels`, { body: { labels } });
    expect(world.forge.issue(issue).labels).toEqual(["surely"]);
  });
});

describe("comments over REST", () => {
  it("are created, edited, listed in pages and deleted", async () => {
    const issue = newIssue();
    const path = `issues/${issue.number}/comments`;
    const made = await rest(world, `POST ${path}`, { body: { body: "one" } });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ body: "one", user: { login: "ada" } });
    world.forge.comment(issue, "two", "stranger");
    world.forge.comment(issue, "three", "ada");
    const edit = await rest(world, `PATCH issues/comments/${made.body.id}`, {
      body: { body: "one, edited" },
    });
    expect(edit.status).toBe(200);
    const page = await rest(world, `GET ${path}?per_page=2`);
    expect(page.body.map((one: { body: string }) => one.body)).toEqual(["one, edited", "two"]);
    expect(page.headers.get("link")).toMatch(/page=2>; rel="next".*page=2>; rel="last"/);
    const rest2 = await rest(world, `GET ${path}?per_page=2&page=2`);
    expect(rest2.body).toHaveLength(1);
    expect(rest2.headers.get("link")).toMatch(/page=1>; rel="prev"/);
    expect((await rest(world, `DELETE issues/comments/${made.body.id}`)).status).toBe(204);
    expect((await rest(world, `GET issues/comments/${made.body.id}`)).status).toBe(404);
    expect(world.forge.issue(issue).comments).toHaveLength(2);
  });

  it("of others are edited only by those who may write", async () => {
    const issue = newIssue();
    const id = world.forge.comment(issue, "mine", "ada");
    const refused = await rest(world, `PATCH issues/comments/${id}`, {
      token: world.stranger.token,
      body: { body: "yours" },
    });
    expect(refused.status).toBe(403);
    expect(world.forge.issue(issue).comments[0]?.body).toBe("mine");
  });

  it("have a limit of 65,536 characters and may not be blank", async () => {
    const issue = newIssue();
    const post = (body: string) =>
      rest(world, `POST issues/${issue.number}/comments`, { body: { body } });
    expect((await post("x".repeat(65_536))).status).toBe(201);
    const long = await post("x".repeat(65_537));
    expect(long.status).toBe(422);
    expect(long.body.errors[0].message).toContain("maximum is 65536 characters");
    expect((await post(" ")).status).toBe(422);
    expect(world.forge.issue(issue).comments).toHaveLength(1);
  });
});

describe("an issue over REST", () => {
  it("is closed and opened again, with a reason only when its state changes", async () => {
    const issue = newIssue();
    const path = `issues/${issue.number}`;
    const close = (state_reason: string) =>
      rest(world, `PATCH ${path}`, { body: { state: "closed", state_reason } });
    expect((await close("not_planned")).body).toMatchObject({
      state: "closed",
      state_reason: "not_planned",
      closed_by: { login: "ada" },
    });
    expect((await close("completed")).body.state_reason).toBe("not_planned");
    const opened = await rest(world, `PATCH ${path}`, { body: { state: "open" } });
    expect(opened.body).toMatchObject({ state: "open", state_reason: "reopened", closed_at: null });
    expect(world.forge.issue(issue).events.map(({ kind }) => kind)).toEqual(["closed", "reopened"]);
  });

  it("can be closed by its author, and by no other who may only read", async () => {
    const { forge, repo, stranger } = world;
    const own = forge.createIssue({ repo, title: "Mine", body: "", by: "stranger" });
    const body = { state: "closed" };
    const { token } = stranger;
    expect((await rest(world, `PATCH issues/${own}`, { token, body })).status).toBe(200);
    const { number } = newIssue();
    expect((await rest(world, `PATCH issues/${number}`, { token, body })).status).toBe(403);
    expect(forge.issue({ repo, number }).state).toBe("open");
  });

  it("is 404 when there is none", async () => {
    expect((await rest(world, "GET issues/9999")).status).toBe(404);
    expect((await rest(world, "GET /repos/acme/gone/issues/1")).body).toEqual({
      message: "Not Found",
      documentation_url: "https://docs.github.com/rest",
      status: "404",
    });
  });

  it("is told what was wrong with a bad request", async () => {
    const { number } = newIssue();
    const bad = await rest(world, `PATCH issues/${number}`, { body: { state: "ajar" } });
    expect(bad.status).toBe(422);
    const { ada, forge, repo } = world;
    const malformed = await fetch(new URL(`repos/${repo}/issues/${number}`, forge.apiUrl), {
      method: "PATCH",
      headers: { authorization: `token ${ada.token}` },
      body: "{",
    });
    expect(malformed.status).toBe(400);
  });
});

describe("permissions over REST", () => {
  it("are told to those who may push", async () => {
    const read = (login: string, token?: string) =>
      rest(world, `GET collaborators/${login}/permission`, token === undefined ? {} : { token });
    expect((await read("ada")).body).toMatchObject({ permission: "admin", role_name: "admin" });
    expect((await read("stranger")).body.permission).toBe("read");
    expect((await read("nobody")).status).toBe(404);
    const bot = await read("loop[bot]");
    expect(bot.status).toBe(404);
    expect(bot.body.message).toBe("loop[bot] is not a user");
    const refused = await read("ada", world.stranger.token);
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe("Must have push access to view collaborator permission.");
  });
});

describe("an archived repo", () => {
  it("can be read and not written", async () => {
    const { forge } = world;
    const permissions = { ada: "admin" } as const;
    await forge.createRepo({
      owner: "acme",
      name: "old",
      files: {},
      permissions,
      isArchived: true,
    });
    const number = forge.createIssue({ repo: "acme/old", title: "Old", body: "", by: "ada" });
    const path = `/repos/acme/old/issues/${number}`;
    expect((await rest(world, `GET ${path}`)).status).toBe(200);
    const written = await rest(world, `POST ${path}/comments`, { body: { body: "hi" } });
    expect(written.status).toBe(403);
    expect(written.body.message).toContain("archived");
  });
});
