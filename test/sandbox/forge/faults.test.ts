import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, rest, type SmallWorld, startSmallWorld } from "./small-world.ts";

let world: SmallWorld;
beforeEach(async () => {
  world = await startSmallWorld({ checks: {} });
});
afterEach(() => world.close());

function comments(): readonly string[] {
  return world.forge.issue(world.issue).comments.map((comment) => comment.body);
}

function post(body: string): ReturnType<typeof rest> {
  return rest(world, `POST issues/${world.issue.number}/comments`, { body: { body } });
}

describe("a fault", () => {
  it("500 before: the request has no effect, and the next one is fine", async () => {
    world.forge.failNext({ method: "POST", path: "/comments" }, "500-before");
    expect((await rest(world, "GET /user")).status).toBe(200);
    expect((await post("one")).status).toBe(500);
    expect(comments()).toEqual([]);
    expect((await post("two")).status).toBe(201);
    expect(comments()).toEqual(["two"]);
  });

  it("502 after: the request has its effect, and nobody hears of it", async () => {
    world.forge.failNext({ path: /comments$/ }, "502-after");
    const answer = await post("one");
    expect(answer.status).toBe(502);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(comments()).toEqual(["one"]);
  });

  it("hang: there is no answer until the asker gives up, and no effect", async () => {
    world.forge.failNext({ account: "ada", method: "POST" }, "hang");
    const { ada, forge, repo, issue } = world;
    const hanging = fetch(new URL(`repos/${repo}/issues/${issue.number}/comments`, forge.apiUrl), {
      method: "POST",
      headers: { authorization: `token ${ada.token}` },
      body: '{"body":"one"}',
      signal: AbortSignal.timeout(200),
    });
    await expect(hanging).rejects.toThrow(/timeout/i);
    expect(comments()).toEqual([]);
    expect(forge.requests.at(-1)).toMatchObject({ method: "POST", status: null });
  });

  it("301: points at the repo's number, where a follower's POST has become a GET", async () => {
    world.forge.failNext({ method: "POST" }, "301");
    const moved = await post("one");
    expect(moved.status).toBe(301);
    const location = moved.headers.get("location") ?? "";
    expect(location).toMatch(/\/repositories\/\d+\/issues\/1\/comments$/);
    expect(comments()).toEqual([]);
    const headers = { authorization: `token ${world.ada.token}` };
    expect(await (await fetch(location, { headers })).json()).toEqual([]);
  });

  it("strikes a GraphQL operation by its name, once", async () => {
    world.forge.failNext({ operation: "Struck" }, "500-before");
    expect((await ask(world, "query Spared { viewer { login } }")).data).toBeDefined();
    const struck = await ask(world, "query Struck { viewer { login } }");
    expect(struck.data).toBeUndefined();
    expect((await ask(world, "query Struck { viewer { login } }")).data).toBeDefined();
  });
});

describe("the list of requests", () => {
  it("says who asked for what, which were writes, what they cost, and how they were answered", async () => {
    await ask(world, "query Who { viewer { login } }", { token: world.loop.token });
    await rest(world, "GET issues/1/comments?per_page=5");
    await post("one");
    await rest(world, "GET /user", { token: "ghp_nobody" });
    const seen = world.forge.requests.map(({ at, ...request }) => {
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      return request;
    });
    const read = {
      operation: undefined,
      account: "ada",
      isWrite: false,
      points: 0,
      status: 200,
    };
    expect(seen).toEqual([
      {
        ...read,
        method: "POST",
        path: "/graphql",
        operation: "Who",
        account: "loop[bot]",
        points: 1,
      },
      { ...read, method: "GET", path: "/repos/acme/sum/issues/1/comments?per_page=5" },
      {
        ...read,
        method: "POST",
        path: "/repos/acme/sum/issues/1/comments",
        isWrite: true,
        status: 201,
      },
      { ...read, method: "GET", path: "/user", account: null, status: 401 },
    ]);
  });
});

describe("the forge", () => {
  it("listens on the loopback only", () => {
    expect(world.forge.apiUrl.hostname).toBe("127.0.0.1");
  });

  it("tells what happens while it happens, until one stops listening", async () => {
    const heard: string[] = [];
    const stop = world.forge.on((event) => void heard.push(event.kind));
    await post("one");
    world.forge.addLabel(world.issue, "ready", "ada");
    stop();
    await post("two");
    expect(heard).toEqual(["comment", "issue"]);
  });
});
