import { describe, expect, it } from "vitest";
import { type BodyStream, createBoundedFetch } from "../../../src/adapters/http.ts";
import { json, listen, type Reply } from "./loopback.ts";

type Streamed = { readonly taken: string; readonly left: string };

/** One request whose answer is streamed below a limit of 20 bytes, by a client that buffers 10. */
async function streamed(reply: Reply, change: Partial<BodyStream> = {}): Promise<Streamed> {
  const client = createBoundedFetch({ timeoutMs: 5_000, bodyBytesMax: 10, connectionsMax: 1 });
  await using server = await listen(() => reply);
  let taken = "";
  const take = (chunk: Uint8Array): void => {
    taken += Buffer.from(chunk).toString();
  };
  try {
    const stream = { mediaType: "application/json", bytesMax: 20, take, ...change };
    const response = await client.fetch(server.url, { stream });
    return { taken, left: await response.text() };
  } finally {
    await client.close();
  }
}

describe("a streamed body", () => {
  it("is handed over piece by piece, past the client's own limit and up to its own", async () => {
    expect(await streamed(json("x".repeat(18)))).toEqual({
      taken: `"${"x".repeat(18)}"`,
      left: "",
    });
    await expect(streamed(json("x".repeat(19)))).rejects.toThrow(
      /larger than the limit of 20 bytes/,
    );
  });

  it.each<readonly [string, Reply]>([
    ["another media type", { status: 200, headers: { "content-type": "text/html" }, body: "<p>" }],
    ["another status", json("no", 500)],
    ["no media type", { status: 200, body: "bytes" }],
  ])("of %s is buffered as ever", async (_name, reply) => {
    const { taken, left } = await streamed(reply);
    expect([taken, left === ""]).toEqual(["", false]);
    const large = { ...(reply as object), body: "x".repeat(11) } as Reply;
    await expect(streamed(large)).rejects.toThrow(/larger than the limit of 10 bytes/);
  });

  it("ends the request with what its taker throws", async () => {
    const take = () => {
      throw new Error("enough");
    };
    await expect(streamed(json("x"), { take })).rejects.toThrow(/GET 127\.0\.0\.1:\d+\/: enough/);
  });
});

describe("a request's own timeout", () => {
  it("takes the place of the client's, shorter or longer", async () => {
    const client = createBoundedFetch({ timeoutMs: 500, bodyBytesMax: 10, connectionsMax: 2 });
    await using server = await listen(
      () => (response) => void setTimeout(() => response.end("late"), 1_000),
    );
    try {
      await expect(client.fetch(server.url)).rejects.toThrow("within 500 ms");
      await expect(client.fetch(server.url, { timeoutMs: 100 })).rejects.toThrow("within 100 ms");
      const late = await client.fetch(server.url, { timeoutMs: 10_000 });
      expect(await late.text()).toBe("late");
    } finally {
      await client.close();
    }
  });
});
