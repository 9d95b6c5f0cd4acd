import { afterAll, describe, expect, it } from "vitest";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import { createNtfyNotifier } from "../../../src/adapters/notify/ntfy.ts";
import type { Doorbell, Notifier } from "../../../src/pure/ports/notifier.ts";
import { json, listen, type Reply } from "../http/loopback.ts";

const TOPIC = "hidden-topic-4711";
const TOKEN = "tk_s3cret";
const client = createBoundedFetch({ timeoutMs: 10_000, bodyBytesMax: 10_000, connectionsMax: 2 });
afterAll(() => client.close());

const BELL: Doorbell = {
  key: "0123456789ab/verdict/done",
  title: "o/r#7 is done ✅",
  body: "Landed.",
  urgency: "quiet",
  tags: ["white_check_mark"],
  link: "https://t3.example/env/thread",
};

function notifier(url: URL, readToken: null | (() => Promise<string>) = null): Notifier {
  return createNtfyNotifier({ fetch: client.fetch, url, topic: TOPIC, readToken });
}

/** Rings once at a server that takes everything, and answers what arrived. */
async function rung(
  bell: Partial<Doorbell>,
): Promise<{ raw: string; body: Record<string, unknown> }> {
  await using server = await listen(() => json({ id: "x" }));
  await notifier(server.url).ring({ ...BELL, ...bell }, null);
  const raw = server.arrived[0]?.body ?? "";
  return { raw, body: JSON.parse(raw) as Record<string, unknown> };
}

async function messageOf(body: string): Promise<string> {
  return String((await rung({ body })).body["message"]);
}

async function refusal(reply: Reply, readToken: null | (() => Promise<string>)): Promise<string> {
  await using server = await listen(() => reply);
  const ring = notifier(server.url, readToken).ring(BELL, null);
  const message = await ring.then(
    () => "accepted",
    (error: unknown) => (error as Error).message,
  );
  expect(server.arrived).toHaveLength(1);
  return message;
}

describe("a bell", () => {
  it("is one JSON post to the root", async () => {
    await using server = await listen(() => json({ id: "x" }));
    await notifier(new URL("/some/path?x=1", server.url)).ring(BELL, null);
    expect(server.arrived).toHaveLength(1);
    const [request] = server.arrived;
    expect([request?.method, request?.url]).toEqual(["POST", "/"]);
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(request?.headers.authorization).toBeUndefined();
    expect(JSON.parse(request?.body ?? "")).toEqual({
      topic: TOPIC,
      title: "o/r#7 is done ✅",
      message: "Landed.",
      priority: 2,
      tags: ["white_check_mark"],
      click: "https://t3.example/env/thread",
      sequence_id: expect.any(String),
    });
  });

  it("is loud when it waits for a person", async () => {
    expect((await rung({ urgency: "loud" })).body["priority"]).toBe(5);
  });

  it("has no link without a thread", async () => {
    expect((await rung({ link: null })).body).not.toHaveProperty("click");
  });

  it("has a sequence id that ntfy allows and that only the key decides", async () => {
    const [one, same, other] = await Promise.all([
      rung({}),
      rung({ body: "other words" }),
      rung({ key: "0123456789ab/verdict/frozen" }),
    ]);
    expect(one.body["sequence_id"]).toMatch(/^[-_A-Za-z0-9]{1,64}$/);
    expect(same.body["sequence_id"]).toBe(one.body["sequence_id"]);
    expect(other.body["sequence_id"]).not.toBe(one.body["sequence_id"]);
  });

  it("needs no receipt and gives none", async () => {
    await using server = await listen(() => json({ id: "x" }));
    expect(await notifier(server.url).ring(BELL, "C1/1.1")).toBe(null);
    expect(server.arrived[0]?.body).not.toContain("C1/1.1");
  });

  it("carries the token without the line break of its file", async () => {
    await using server = await listen(() => json({ id: "x" }));
    await notifier(server.url, async () => `${TOKEN}\n\n`).ring(BELL, null);
    expect(server.arrived[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });
});

describe("a message", () => {
  it("of 4,096 bytes is whole, of one more is cut", async () => {
    const whole = "x".repeat(4_096);
    expect(await messageOf(whole)).toBe(whole);
    expect(await messageOf(`${whole}x`)).toBe(`${"x".repeat(4_093)}…`);
  });

  it("is cut between characters", async () => {
    const cut = await messageOf("🔔".repeat(1_100));
    expect(cut).toBe(`${"🔔".repeat(1_023)}…`);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(4_096);
  });

  it("that JSON makes longer is cut so that the body stays within 8 KiB", async () => {
    const { raw, body } = await rung({ body: "\u0001".repeat(4_000) });
    expect(Buffer.byteLength(raw)).toBeLessThanOrEqual(8_192);
    expect(Buffer.byteLength(raw)).toBeGreaterThan(8_192 - 6);
    expect(body["message"]).toMatch(/…$/);
  });

  it("that just fits the body is whole", async () => {
    const overhead = Buffer.byteLength((await rung({ body: "" })).raw);
    const breaks = Math.floor((8_192 - overhead) / 2);
    const fitting = "\n".repeat(Math.min(breaks, 4_096));
    expect(await messageOf(fitting)).toBe(fitting);
    expect(await messageOf(`${fitting}\n`)).toMatch(/…$/);
  });

  it("with half a character in it is still sent", async () => {
    expect(await messageOf("a\ud83db")).toBe("a\ufffdb");
  });
});

describe("a title", () => {
  it("of 256 bytes is whole, of one more is cut", async () => {
    expect((await rung({ title: "t".repeat(256) })).body["title"]).toBe("t".repeat(256));
    expect((await rung({ title: "t".repeat(257) })).body["title"]).toBe(`${"t".repeat(253)}…`);
  });
});

describe("a bell that was not accepted", () => {
  it("throws with ntfy's code and words", async () => {
    const reply = json({ code: 42901, http: 429, error: "limit reached: too many requests" }, 429);
    expect(await refusal(reply, null)).toBe(
      "ntfy did not accept the notification: 429, code 42901, limit reached: too many requests",
    );
  });

  it("tells neither topic nor token, even when the server does", async () => {
    const reply = json({ code: 40301, error: `forbidden: ${TOPIC} for ${TOKEN}` }, 403);
    const message = await refusal(reply, async () => TOKEN);
    expect(message).toContain("40301");
    expect(message).not.toContain(TOPIC);
    expect(message).not.toContain(TOKEN);
  });

  it("throws with the status alone when the body is not ntfy's", async () => {
    const reply = { status: 502, body: `<html>${TOPIC}</html>` };
    expect(await refusal(reply, null)).toBe("ntfy did not accept the notification: 502");
    expect(await refusal(json({ ok: false }, 500), null)).toMatch(/: 500$/);
  });

  it("throws on a redirect instead of following it with a GET", async () => {
    const reply = { status: 301, headers: { location: "/elsewhere" } };
    expect(await refusal(reply, null)).toMatch(/: 301$/);
  });

  it("quotes at most 200 characters", async () => {
    const message = await refusal(json({ code: 1, error: "e".repeat(500) }, 400), null);
    expect(message.match(/e+$/)?.[0]).toHaveLength(200);
  });

  it("throws when nobody answers, without the topic", async () => {
    const server = await listen(() => "hang");
    await server[Symbol.asyncDispose]();
    const failure = await notifier(server.url)
      .ring(BELL, null)
      .catch((error: unknown) => error as Error);
    expect((failure as Error).message).toBe(`POST ${server.url.host}/: ECONNREFUSED`);
  });

  it("throws when its token cannot be read, having sent nothing", async () => {
    await using server = await listen(() => json({}));
    const ring = notifier(server.url, () => Promise.reject(new Error("ENOENT"))).ring(BELL, null);
    await expect(ring).rejects.toThrow(/NTFY_TOKEN/);
    expect(server.arrived).toHaveLength(0);
  });
});
