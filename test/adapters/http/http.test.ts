import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type BoundedFetch,
  createBoundedFetch,
  type RequestNote,
  RequestTimeout,
} from "../../../src/adapters/http.ts";
import { json, listen } from "./loopback.ts";

// Long enough that a busy machine does not fail the tests that are not about it.
const TIMEOUT_MS = 10_000;
const SHORT_TIMEOUT_MS = 300;
const BODY_BYTES_MAX = 1_000;

let notes: RequestNote[] = [];
let client: { fetch: BoundedFetch; close(): Promise<void> };

function createClient(timeoutMs: number): typeof client {
  return createBoundedFetch({
    timeoutMs,
    bodyBytesMax: BODY_BYTES_MAX,
    connectionsMax: 2,
    onRequest: (note) => notes.push(note),
  });
}

beforeEach(() => {
  notes = [];
  client = createClient(TIMEOUT_MS);
});

afterEach(() => client.close());

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const failure: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error("expected a failure");
  return failure;
}

/** Everything a logger would print of an error. */
function printed(error: Error): string {
  const cause = error.cause instanceof Error ? printed(error.cause) : String(error.cause);
  return `${error.message} ${error.stack} ${JSON.stringify(error)} ${cause}`;
}

describe("an answer", () => {
  it("keeps status, headers, address and body", async () => {
    await using server = await listen(() => ({
      status: 418,
      headers: { "content-type": "text/plain", "x-request-id": "r1", link: "<next>" },
      body: "short and stout",
    }));
    const response = await client.fetch(new URL("/pot?a=b", server.url));
    expect(response.status).toBe(418);
    expect(response.headers.get("x-request-id")).toBe("r1");
    expect(response.headers.get("link")).toBe("<next>");
    expect(response.url).toBe(`${server.url.href}pot?a=b`);
    expect(await response.text()).toBe("short and stout");
  });

  it.each([204, 205, 304])("of status %i has no body", async (status) => {
    const headers = { etag: '"1"', "content-encoding": "gzip" };
    await using server = await listen(() => ({ status, headers }));
    const response = await client.fetch(server.url);
    expect(response.status).toBe(status);
    expect(response.headers.get("etag")).toBe('"1"');
    expect(await response.text()).toBe("");
  });

  it("that cannot be decoded gives its connection up", async () => {
    await using server = await listen((_request, index) =>
      index < 4 ? { status: 200, headers: { "content-encoding": "br" }, body: "x" } : json({}),
    );
    for (let round = 0; round < 4; round += 1) await failureOf(client.fetch(server.url));
    expect(await (await client.fetch(server.url)).json()).toEqual({});
  });

  it("is decoded", async () => {
    await using server = await listen(() => ({
      status: 200,
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync('{"a":1}'),
    }));
    expect(await (await client.fetch(server.url)).json()).toEqual({ a: 1 });
  });

  it.each<readonly [string, Record<string, string>, string | Buffer, RegExp]>([
    ["encoded as was not asked for", { "content-encoding": "br" }, "x", /: .*encoded as br/],
    ["cut off", { "content-encoding": "gzip" }, gzipSync("x").subarray(0, 12), /: Z_BUF_ERROR/],
    ["no gzip at all", { "content-encoding": "gzip" }, "plain", /: Z_DATA_ERROR/],
  ])("%s is a failure", async (_name, headers, body, why) => {
    await using server = await listen(() => ({ status: 200, headers, body }));
    expect((await failureOf(client.fetch(server.url))).message).toMatch(why);
  });

  it("has its headers by name and in a row, and its text without a byte order mark", async () => {
    await using server = await listen(() => ({
      status: 200,
      headers: { "x-one": "1", "set-cookie": ["a=1", "b=2"] },
      body: Buffer.from("\uFEFF{}"),
    }));
    const { headers, ...answer } = await client.fetch(server.url);
    expect(Object.fromEntries(headers)).toMatchObject({ "x-one": "1", "set-cookie": "a=1, b=2" });
    expect([headers.get("X-One"), headers.get("x-two")]).toEqual(["1", null]);
    expect(await answer.json()).toEqual({});
    expect(Buffer.from(await answer.arrayBuffer()).toString()).toBe("\uFEFF{}");
  });

  it("of exactly the limit passes, of one byte more does not", async () => {
    await using server = await listen((_request, index) => ({
      status: 200,
      body: "x".repeat(BODY_BYTES_MAX + index),
    }));
    expect(await (await client.fetch(server.url)).text()).toHaveLength(BODY_BYTES_MAX);
    const failure = await failureOf(client.fetch(server.url));
    expect(failure.message).toBe(
      `GET ${server.url.host}/: the answer is larger than the limit of 1000 bytes`,
    );
  });

  it("is measured after it was decoded", async () => {
    const bomb = gzipSync("x".repeat(BODY_BYTES_MAX + 1));
    expect(bomb.length).toBeLessThan(BODY_BYTES_MAX);
    await using server = await listen(() => ({
      status: 200,
      headers: { "content-encoding": "gzip" },
      body: bomb,
    }));
    expect((await failureOf(client.fetch(server.url))).message).toMatch(/larger than the limit/);
  });

  it("that comes late, but in time, is whole", async () => {
    await using server = await listen(() => (response) => {
      setTimeout(() => response.end("late"), 50);
    });
    expect(await (await client.fetch(server.url)).text()).toBe("late");
  });

  it("without end is given up at the limit", async () => {
    await using server = await listen(() => (response) => {
      const timer = setInterval(() => response.write("x".repeat(200)), 1);
      response.on("close", () => clearInterval(timer));
    });
    expect((await failureOf(client.fetch(server.url))).message).toMatch(/larger than the limit/);
  });
});

describe("a timeout", () => {
  beforeEach(async () => {
    await client.close();
    client = createClient(SHORT_TIMEOUT_MS);
  });

  it("ends a request that is never answered", async () => {
    await using server = await listen(() => "hang");
    const started = performance.now();
    const failure = await failureOf(client.fetch(new URL("/a/b?secret=1", server.url)));
    expect(failure).toBeInstanceOf(RequestTimeout);
    expect(failure.message).toBe(`GET ${server.url.host}/a/b: no full answer within 300 ms`);
    expect(failure.cause).toBeInstanceOf(Error);
    expect(performance.now() - started).toBeLessThan(TIMEOUT_MS);
  });

  it("ends a request that waits for a free connection", async () => {
    await using server = await listen(() => "hang");
    const hanging = [1, 2].map(() => failureOf(client.fetch(server.url, { timeoutMs: 2_000 })));
    const beganAt = performance.now();
    const failure = await failureOf(client.fetch(server.url, { timeoutMs: 100 }));
    expect(failure).toBeInstanceOf(RequestTimeout);
    expect(performance.now() - beganAt).toBeLessThan(1_500);
    await Promise.all(hanging);
  });

  it("ends a body that never ends", async () => {
    await using server = await listen(() => (response) => {
      response.writeHead(200);
      response.write("begun");
    });
    expect(await failureOf(client.fetch(server.url))).toBeInstanceOf(RequestTimeout);
  });
});

describe("a request", () => {
  it("sends method, headers and body, and is counted without its query", async () => {
    await using server = await listen(() => json({}));
    await client.fetch(new URL("/x?token=abc", server.url), {
      method: "post",
      headers: { "x-a": "b" },
      body: "hello",
    });
    expect(server.arrived).toMatchObject([{ method: "POST", url: "/x?token=abc", body: "hello" }]);
    expect(server.arrived[0]?.headers["x-a"]).toBe("b");
    expect(notes).toEqual([{ method: "POST", host: server.url.host, path: "/x" }]);
  });

  it("says how long its body is, whatever the method", async () => {
    await using server = await listen(() => json({}));
    await client.fetch(server.url, { method: "DELETE", body: "gone" });
    expect(server.arrived).toMatchObject([{ method: "DELETE", body: "gone" }]);
  });

  it("follows no redirect", async () => {
    await using server = await listen(() => ({ status: 301, headers: { location: "/new" } }));
    const stopped = await client.fetch(new URL("/old", server.url));
    expect([stopped.status, stopped.ok, stopped.headers.get("Location")]).toEqual([
      301,
      false,
      "/new",
    ]);
    expect(server.arrived).toHaveLength(1);
  });

  it("asks for what it can decode, and says who asks, unless told otherwise", async () => {
    await using server = await listen(() => json({}));
    await client.fetch(server.url);
    await client.fetch(server.url, { headers: { "User-Agent": "octokit", Accept: "text/plain" } });
    expect(server.arrived.map(({ headers }) => headers)).toMatchObject([
      { "user-agent": "afk", "accept-encoding": "gzip", accept: "*/*" },
      { "user-agent": "octokit", "accept-encoding": "gzip", accept: "text/plain" },
    ]);
  });

  it("ends with its caller's signal, which is not a timeout", async () => {
    await using server = await listen(() => "hang");
    const caller = new AbortController();
    const pending = failureOf(client.fetch(server.url, { signal: caller.signal }));
    setTimeout(() => caller.abort(), 20);
    const failure = await pending;
    expect(failure).not.toBeInstanceOf(RequestTimeout);
    expect(failure.message).toContain(server.url.host);
    const late = await failureOf(client.fetch(server.url, { signal: caller.signal }));
    expect(late).not.toBeInstanceOf(RequestTimeout);
    expect(server.arrived).toHaveLength(1);
  });

  it("shares a bounded number of connections and keeps them", async () => {
    await using server = await listen(() => (response) => {
      setTimeout(() => response.end("ok"), 10);
    });
    await Promise.all(Array.from({ length: 8 }, () => client.fetch(server.url)));
    await client.fetch(server.url);
    expect(server.arrived).toHaveLength(9);
    expect(server.connections()).toBe(2);
  });

  it("is not sent into a connection that the other side closed meanwhile", async () => {
    await using server = await listen(() => (response) => {
      const { socket } = response;
      response.end("ok", () => socket?.destroy());
    });
    for (let round = 0; round < 20; round += 1) {
      expect(await (await client.fetch(server.url, { method: "POST" })).text()).toBe("ok");
    }
    expect(server.connections()).toBeGreaterThan(1);
  });
});

describe("a failure", () => {
  it("names method, host, path and reason, and keeps its cause", async () => {
    const server = await listen(() => json({}));
    await server[Symbol.asyncDispose]();
    const failure = await failureOf(
      client.fetch(new URL("/a?q=secret", server.url), { method: "PUT" }),
    );
    expect(failure.message).toBe(`PUT ${server.url.host}/a: ECONNREFUSED`);
    expect(failure.cause).toBeInstanceOf(Error);
    expect(printed(failure)).not.toContain("secret");
  });

  it("of a bad header does not quote it", async () => {
    const failure = await failureOf(
      client.fetch("http://127.0.0.1:9/", { headers: { authorization: "Bearer tell\nnobody" } }),
    );
    expect(failure.message).toMatch(/^GET 127.0.0.1:9\/: a header is not valid/);
    expect(printed(failure)).not.toMatch(/tell|nobody/);
  });

  it("of a URL with a password, or of no URL, does not quote it", async () => {
    const withPassword = await failureOf(client.fetch("http://user:pa55@127.0.0.1:9/"));
    expect(withPassword.message).toContain("127.0.0.1:9");
    expect(printed(withPassword)).not.toContain("pa55");
    expect(printed(await failureOf(client.fetch("pa55 word")))).not.toContain("pa55");
  });

  it("does not tell the path of a webhook", async () => {
    await using server = await listen(() => (response) => response.socket?.destroy());
    const failure = await failureOf(client.fetch(new URL("/services/T0/B0/s3cret", server.url)));
    expect(failure.message).toContain("/services/…");
    expect(printed(failure) + JSON.stringify(notes)).not.toContain("s3cret");
  });
});
