import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxNtfy, startNtfy } from "../../../sandbox/ntfy/ntfy-server.ts";

let ntfy: SandboxNtfy;

beforeEach(async () => {
  ntfy = await startNtfy();
});

afterEach(() => ntfy.stop());

async function publish(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${ntfy.url}/`, { method: "POST", body: text, headers });
  const answer = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, body: isJson ? JSON.parse(answer) : answer };
}

const bell = {
  topic: "afk",
  title: "Needs a human",
  message: "owner/sample#7 is frozen",
  priority: 5,
  tags: ["rotating_light"],
  click: "http://127.0.0.1/env/thread",
  sequence_id: "0123456789ab-frozen",
};

describe("a publish", () => {
  it("is kept and answered with its id, time and sequence id", async () => {
    const { status, body } = await publish(bell);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...bell,
      event: "message",
      id: expect.stringMatching(/^\w{12}$/),
    });
    expect(Math.abs(body.time - Date.now() / 1_000)).toBeLessThan(5);
    expect(ntfy.messages).toEqual([body]);
    expect(ntfy.requests).toMatchObject([{ method: "POST", path: "/", status: 200 }]);
  });

  it("needs a topic only", async () => {
    expect((await publish({ topic: "afk" })).body).toMatchObject({ message: "triggered" });
  });

  it.each([
    ["no topic", { message: "x" }, 400, 40009],
    ["a topic of 65 characters", { topic: "a".repeat(65) }, 400, 40009],
    ["a topic with a slash", { topic: "a/b" }, 400, 40009],
    ["priority 6", { topic: "afk", priority: 6 }, 400, 40007],
    ["no JSON", "hello", 400, 40024],
    ["tags that are no list", { topic: "afk", tags: "a,b" }, 400, 40024],
    ["a message of 4097 bytes", { topic: "afk", message: "x".repeat(4_097) }, 400, 40014],
    [
      "a message of 2049 two-byte characters",
      { topic: "afk", message: "é".repeat(2_049) },
      400,
      40014,
    ],
    ["a body of 8193 bytes", { topic: "afk", message: "x".repeat(8_193 - 28) }, 413, 41303],
  ])("with %s is refused and not kept", async (_name, body, status, code) => {
    const reply = await publish(body);
    expect(reply).toEqual({
      status,
      body: { code, http: status, error: expect.any(String), link: expect.any(String) },
    });
    expect(ntfy.messages).toEqual([]);
  });

  it.each([
    ["a topic of 64 characters", { topic: "a".repeat(64) }],
    ["priority 5", { topic: "afk", priority: 5 }],
    ["a message of 4096 bytes", { topic: "afk", message: "é".repeat(2_048) }],
  ])("with %s is kept", async (_name, body) => {
    expect((await publish(body)).status).toBe(200);
  });

  it("of 8192 bytes is not too large as a body", async () => {
    const body = JSON.stringify({ topic: "afk", title: "x".repeat(8_192 - 26) });
    expect(Buffer.byteLength(body)).toBe(8_192);
    expect((await publish(body)).status).toBe(200);
  });
});

describe("the server", () => {
  it("answers 503 while it is down, keeps nothing, and comes back", async () => {
    ntfy.setDown(true);
    expect((await publish(bell)).status).toBe(503);
    expect(ntfy.messages).toEqual([]);
    ntfy.setDown(false);
    expect((await publish(bell)).status).toBe(200);
  });

  it("may break every connection instead", async () => {
    ntfy.setDown(true, "broken");
    await expect(publish(bell)).rejects.toThrow("fetch failed");
    expect(ntfy.requests.map(({ status }) => status)).toEqual([0]);
  });

  it("has no other page", async () => {
    const response = await fetch(`${ntfy.url}/afk/json`);
    expect([response.status, await response.json()]).toMatchObject([404, { code: 40401 }]);
  });

  it("wants its token where it has one", async () => {
    await ntfy.stop();
    ntfy = await startNtfy({ token: "tk_sandbox" });
    expect((await publish(bell)).body).toMatchObject({ code: 40301 });
    expect((await publish(bell, { authorization: "Bearer other" })).body).toMatchObject({
      code: 40101,
    });
    expect((await publish(bell, { authorization: "Bearer tk_sandbox" })).status).toBe(200);
  });
});
