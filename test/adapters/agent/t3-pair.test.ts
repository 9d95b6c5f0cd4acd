import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startT3 } from "../../../sandbox/t3/t3-server.ts";
import { exchangePairingCode } from "../../../src/adapters/agent/t3-pair.ts";
import {
  type BoundedFetch,
  createBoundedFetch,
  RequestTimeout,
} from "../../../src/adapters/http.ts";
import { json, listen, type Reply } from "../http/loopback.ts";

const ADMIN = "t3-admin-token";
const NEEDED = ["orchestration:read", "orchestration:operate"];

async function withClient(run: (fetch: BoundedFetch) => Promise<void>): Promise<void> {
  const client = createBoundedFetch({
    timeoutMs: 10_000,
    bodyBytesMax: 100_000,
    connectionsMax: 2,
  });
  try {
    await run(client.fetch);
  } finally {
    await client.close();
  }
}

/** A sandbox T3, and a way to make pairing codes there. */
async function withServer(
  run: (world: {
    readonly pair: (code: string) => ReturnType<typeof exchangePairingCode>;
    readonly code: (scopes?: readonly string[]) => Promise<string>;
    readonly session: (token: string) => Promise<unknown>;
  }) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "pair-"));
  const t3 = await startT3({ dir, token: ADMIN });
  try {
    await withClient((fetch) =>
      run({
        pair: (code) => exchangePairingCode({ fetch, baseUrl: new URL(t3.url) }, code),
        code: async (scopes) => {
          const response = await fetch(`${t3.url}/api/auth/pairing-token`, {
            method: "POST",
            headers: { authorization: `Bearer ${ADMIN}`, "content-type": "application/json" },
            body: JSON.stringify(scopes === undefined ? {} : { scopes }),
          });
          return ((await response.json()) as { credential: string }).credential;
        },
        session: async (token) => {
          const headers = { authorization: `Bearer ${token}` };
          return (await fetch(`${t3.url}/api/auth/session`, { headers })).json();
        },
      }),
    );
  } finally {
    await t3.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

describe("a pairing code", () => {
  it("becomes a token that may read and operate and nothing else, for thirty days", () =>
    withServer(async ({ pair, code, session }) => {
      const paired = await pair(await code());
      if (paired.kind !== "paired") throw new Error(paired.why);
      expect(paired).toMatchObject({ scopes: NEEDED, expiresInSeconds: 2_592_000 });
      expect(await session(paired.token)).toMatchObject({ authenticated: true, scopes: NEEDED });
    }));

  it("works once", () =>
    withServer(async ({ pair, code }) => {
      const credential = await code();
      await pair(credential);
      const again = await pair(credential);
      expect(again).toMatchObject({ kind: "refused" });
      expect(again).toMatchObject({
        why: expect.stringMatching(/\(401 invalid_credential\): it is wrong, used up or older/),
      });
      expect(JSON.stringify(again)).not.toContain(credential);
    }));

  it("that was made without a needed scope is refused, and says so", () =>
    withServer(async ({ pair, code }) => {
      expect(await pair(await code(["orchestration:read"]))).toMatchObject({
        why: expect.stringMatching(/400 scope_not_granted\): it was made without/),
      });
    }));

  it.each<readonly [string, Reply, RegExp]>([
    ["the web app", { status: 200, body: "<html>" }, /does not answer as T3's API: 200/],
    ["no such route", { status: 404 }, /does not answer as T3's API: 404/],
    ["a token without a lifetime", json({ access_token: "t" }), /does not answer as T3's API: 200/],
    ["another reason", json({ reason: "other" }, 400), /\(400 other\): make a new one/],
    ["a closed connection", (response) => response.socket?.destroy(), /POST 127\.0\.0\.1:\d+/],
  ])("is not exchanged where T3 answers with %s", (_name, reply, why) =>
    withClient(async (fetch) => {
      await using server = await listen(() => reply);
      const paired = await exchangePairingCode({ fetch, baseUrl: server.url }, "CODE");
      expect(paired).toMatchObject({ kind: "refused", why: expect.stringMatching(why) });
      expect(server.arrived).toHaveLength(1);
    }),
  );

  it("may be used up when no answer came", async () => {
    const fetch: BoundedFetch = () => Promise.reject(new RequestTimeout("no full answer"));
    const paired = await exchangePairingCode({ fetch, baseUrl: new URL("http://t3") }, "CODE");
    expect(paired).toMatchObject({
      why: expect.stringContaining("may be used up: make a new one"),
    });
  });
});
