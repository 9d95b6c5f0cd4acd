import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Front, startFront, type Tape } from "../../scripts/bench/tape.ts";

describe("a front", () => {
  let upstream: Server;
  let upstreamUrl: URL;
  let front: Front;
  let answered = 0;
  const tape: Tape = new Map();
  const ask = async (path: string, body?: string): Promise<string> => {
    const how = body === undefined ? {} : { method: "POST", body };
    return await (await fetch(new URL(path, front.url), how)).text();
  };

  beforeAll(async () => {
    upstream = createServer((_request, response) => {
      answered += 1;
      response.setHeader("x-told", "yes");
      response.end(`answer ${answered}`);
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    upstreamUrl = new URL(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`);
    front = await startFront();
    front.record(upstreamUrl, tape);
    await ask("/user");
    await ask("/user");
    await ask("/graphql", "query A");
    await ask("/graphql", "query B");
    await ask("/comments", "at noon");
  });
  beforeEach(() => front.play(tape, 0));
  afterAll(async () => {
    await front.close();
    await new Promise<void>((resolve) => upstream.close(() => resolve()));
  });

  it("plays the answers to one question in the order they came, and asks nobody", async () => {
    expect([await ask("/user"), await ask("/user")]).toEqual(["answer 1", "answer 2"]);
    expect(answered).toBe(5);
  });

  it("tells queries apart by their text, in whatever order they come", async () => {
    expect([await ask("/graphql", "query B"), await ask("/graphql", "query A")]).toEqual([
      "answer 4",
      "answer 3",
    ]);
  });

  it("knows a write by its path, since its text holds the time", async () => {
    expect(await ask("/comments", "at one")).toBe("answer 5");
    expect(front.requests().map(({ isWrite }) => isWrite)).toEqual([true]);
  });

  it("plays headers as well", async () => {
    expect((await fetch(new URL("/user", front.url))).headers.get("x-told")).toBe("yes");
  });

  it("owns up to a question that is not on the tape, or once too often", async () => {
    await ask("/user");
    await ask("/user");
    expect(front.misses()).toEqual([]);
    await ask("/user");
    await ask("/elsewhere");
    expect(front.misses()).toEqual(["GET /user", "GET /elsewhere"]);
  });

  it("takes as long as it is told, and never less", async () => {
    front.play(tape, 30);
    await Promise.all([ask("/user"), ask("/user")]);
    for (const { from, to } of front.requests()) expect(to - from).toBeGreaterThanOrEqual(30);
  });
});
