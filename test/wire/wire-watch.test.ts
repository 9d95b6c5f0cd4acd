import { describe, expect, it } from "vitest";
import type { BoundedFetch, BoundedInit } from "../../src/adapters/http.ts";
import { type Published, publishedDescriptions, UNPUBLISHED, watchWire } from "./wire-watch.ts";

const apiUrl = new URL("http://127.0.0.1:9/api/v3");

function answering(status: number, body: unknown): BoundedFetch {
  const text = JSON.stringify(body);
  return async (url) => ({
    ok: status < 300,
    status,
    statusText: "",
    url: String(url),
    headers: new Headers(),
    text: async () => text,
    json: async () => JSON.parse(text),
    arrayBuffer: async () => new ArrayBuffer(0),
  });
}

/** What a watch finds in one exchange. */
async function departuresOf(
  published: Published,
  fetch: BoundedFetch,
  request: { readonly path: string } & BoundedInit,
): Promise<readonly string[]> {
  const watch = watchWire(fetch, { apiUrl, published });
  await watch.fetch(`${apiUrl.href}${request.path}`, request).catch(() => undefined);
  expect(watch.checked()).toBe(1);
  return watch.take();
}

describe("a watched wire", () => {
  it("passes everything on when there are no descriptions", async () => {
    const watch = watchWire(answering(200, { a: 1 }), { apiUrl, published: null });
    const answer = await watch.fetch(`${apiUrl.href}/nonsense`);
    expect(await answer.json()).toEqual({ a: 1 });
    expect([watch.checked(), watch.take()]).toEqual([0, []]);
  });

  const published = publishedDescriptions();
  describe.skipIf(published === null)(`by GitHub's descriptions (skipped: ${UNPUBLISHED})`, () => {
    if (published === null) return;

    it("does not look at what goes to another host or to the storage of logs", async () => {
      const watch = watchWire(answering(200, "a log"), { apiUrl, published });
      await watch.fetch("http://127.0.0.1:9/elsewhere");
      await watch.fetch(`${apiUrl.href}/_logs/abc`);
      expect(watch.checked()).toBe(0);
    });

    it("leaves the answer to be read, and forgets what it told", async () => {
      const watch = watchWire(answering(200, {}), { apiUrl, published });
      const answer = await watch.fetch(`${apiUrl.href}/user`);
      expect(await answer.json()).toEqual({});
      expect(watch.take().length).toBeGreaterThan(0);
      expect(watch.take()).toEqual([]);
    });

    it("looks at a request whose answer never came", async () => {
      const broken: BoundedFetch = () => Promise.reject(new Error("gone"));
      const request = { path: "/user?colour=red" };
      expect(await departuresOf(published, broken, request)).toEqual([
        "GET /user: parameter colour is not described",
      ]);
    });

    it("catches a wrong request", async () => {
      const request = {
        path: "/repos/acme/app/issues/1/comments",
        method: "POST",
        body: JSON.stringify({ text: "Hello" }),
      };
      expect(await departuresOf(published, answering(403, {}), request)).toEqual([
        "POST /repos/acme/app/issues/1/comments: request/body is missing",
        "POST /repos/acme/app/issues/1/comments: request/text is not described",
      ]);
    });

    it("catches a wrong answer", async () => {
      const label = { id: 1, node_id: "L", url: "http://x", name: "a", color: "f00", default: 0 };
      const request = { path: "/repos/acme/app/issues/1/labels/b", method: "DELETE" };
      expect(await departuresOf(published, answering(200, [label]), request)).toEqual([
        "DELETE /repos/acme/app/issues/1/labels/b: answer 200/0/description is missing",
        "DELETE /repos/acme/app/issues/1/labels/b: answer 200/0/default is number, not boolean",
      ]);
    });

    it("catches an invalid query", async () => {
      const body = JSON.stringify({ query: "query Mine { viewer { size } }" });
      const request = { path: "/graphql", method: "POST", body };
      expect(await departuresOf(published, answering(200, { data: {} }), request)).toEqual([
        'GraphQL Mine: Cannot query field "size" on type "User".',
      ]);
    });

    it("catches an answer that does not fit its query", async () => {
      const body = JSON.stringify({ query: "query Mine { viewer { login } }" });
      const request = { path: "/graphql", method: "POST", body };
      const answer = answering(200, { data: { viewer: { login: null } } });
      expect(await departuresOf(published, answer, request)).toEqual([
        "GraphQL Mine: data.viewer.login is null",
      ]);
    });
  });
});
