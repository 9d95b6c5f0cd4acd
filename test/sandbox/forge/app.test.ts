import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RegisteredApp } from "../../../sandbox/forge/app.ts";
import { type Forge, startForge } from "../../../sandbox/forge/forge.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

const clock = new FakeClock();
let dir: string;
let forge: Forge;
let app: RegisteredApp;
let installationId: number;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "forge-app-"));
  forge = await startForge({ dir, now: clock.now });
  const ada = forge.addAccount({ login: "ada", kind: "User" });
  for (const name of ["a", "b", "c"]) {
    const files = { "ci.json": '{ "checks": {} }\n' };
    const permissions = { [ada.login]: "admin" } as const;
    await forge.createRepo({ owner: "o", name, files, isPrivate: true, permissions });
    forge.createIssue({ repo: `o/${name}`, title: "t", body: "b", by: "ada" });
  }
  app = forge.registerApp("helper");
  const permissions = { metadata: "read", issues: "write" } as const;
  installationId = forge.installApp({ slug: "helper", owner: "o", repos: ["a", "b"], permissions });
});
afterAll(async () => {
  await forge.close();
  await rm(dir, { recursive: true, force: true });
});

type Word = { readonly alg?: string; readonly key?: string; readonly [claim: string]: unknown };

/** A word as the App signs it; the claims are in seconds from now. */
function signed({ alg = "RS256", key = app.privateKey, ...claims }: Word = {}): string {
  const now = clock.now() / 1000;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { iat = -30, exp = 500, iss = String(app.appId) } = claims;
  const payload = { iat: now + Number(iat), exp: now + Number(exp), iss };
  const text = `${part({ alg, typ: "JWT" })}.${part(payload)}`;
  const signature = sign("RSA-SHA256", Buffer.from(text), createPrivateKey(key));
  return `${text}.${signature.toString("base64url")}`;
}

async function ask(request: string, token: string, body?: object) {
  const [method = "", path = ""] = request.split(" ");
  const response = await fetch(new URL(path, forge.apiUrl), {
    method,
    headers: { authorization: `bearer ${token}`, "user-agent": "test" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answered: any = await response.json();
  return { status: response.status, body: answered, headers: response.headers };
}

async function mint(body: object = {}): Promise<string> {
  const url = `POST /app/installations/${installationId}/access_tokens`;
  return (await ask(url, signed(), body)).body.token;
}

describe("an App", () => {
  it("is known by the word it signs", async () => {
    const { status, body } = await ask("GET /app", signed());
    expect([status, body.id, body.slug]).toEqual([200, app.appId, "helper"]);
    expect(forge.requests.at(-1)?.account).toBe("helper");
  });

  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const refused: ReadonlyArray<readonly [name: string, word: () => string]> = [
    ["is over", () => signed({ exp: 0 })],
    ["lives longer than ten minutes", () => signed({ exp: 601 })],
    ["is of the future", () => signed({ iat: 61 })],
    [
      "another key signed",
      () => signed({ key: other.export({ type: "pkcs1", format: "pem" }).toString() }),
    ],
    ["names another App", () => signed({ iss: "1" })],
    ["names another algorithm", () => signed({ alg: "none" })],
    ["is none", () => "ghp_whatever"],
  ];
  it.each(refused)("is not known by a word that %s", async (_name, word) => {
    const { status, body } = await ask("GET /app", word());
    expect([status, body.message]).toEqual([401, "A JSON web token could not be decoded"]);
  });

  it("is known by a word at its longest, from a clock a minute ahead", async () => {
    expect((await ask("GET /app", signed({ exp: 600, iat: 60 }))).status).toBe(200);
  });

  it("finds its installation by a repo of it, and by no other", async () => {
    const found = await ask("GET /repos/o/a/installation", signed());
    expect([found.status, found.body.id]).toEqual([200, installationId]);
    expect((await ask("GET /repos/o/c/installation", signed())).status).toBe(404);
    expect((await ask("GET /repos/o/none/installation", signed())).status).toBe(404);
  });
});

describe("a token of an installation", () => {
  it("reaches the repos it was narrowed to, and no other private one", async () => {
    const token = await mint({ repositories: ["a"] });
    expect(token).toMatch(/^ghs_\d+_eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/);
    const statuses = await Promise.all(
      ["a", "b", "c"].map(async (name) => (await ask(`GET /repos/o/${name}`, token)).status),
    );
    expect(statuses).toEqual([200, 404, 404]);
    const { body } = await ask("GET /installation/repositories", token);
    expect(body.repositories.map((repo: { full_name: string }) => repo.full_name)).toEqual(["o/a"]);
  });

  it("reaches the whole installation when it was not narrowed", async () => {
    const { body } = await ask("GET /installation/repositories", await mint());
    expect(body.total_count).toBe(2);
  });

  it("acts as the App's bot, which has no /user of its own", async () => {
    const token = await mint();
    const posted = await ask("POST /repos/o/a/issues/1/comments", token, { body: "Hello." });
    expect([posted.status, posted.body.user.login]).toEqual([201, "helper[bot]"]);
    expect((await ask("GET /user", token)).status).toBe(403);
    const bot = await ask("GET /users/helper%5Bbot%5D", token);
    expect(bot.body).toMatchObject({ id: app.bot.id, login: "helper[bot]", type: "Bot" });
    expect((await ask("GET /users/helper", token)).status).toBe(404);
  });

  it("that may only read changes nothing", async () => {
    const token = await mint({ permissions: { metadata: "read" } });
    const posted = await ask("POST /repos/o/a/issues/1/labels", token, { labels: ["x"] });
    expect(posted.status).toBe(403);
  });

  it("is given for granted permissions and repos of the installation only", async () => {
    const url = `POST /app/installations/${installationId}/access_tokens`;
    const tooMuch = await ask(url, signed(), { permissions: { checks: "read" } });
    expect([tooMuch.status, tooMuch.body.message]).toEqual([
      422,
      "The permissions requested are not granted to this installation.",
    ]);
    const outside = await ask(url, signed(), { repositories: ["a", "c"] });
    expect([outside.status, outside.body.message]).toEqual([
      422,
      expect.stringContaining("at least one repository"),
    ]);
    expect((await ask("POST /app/installations/1/access_tokens", signed(), {})).status).toBe(404);
  });

  it("is refused after an hour", async () => {
    const token = await mint();
    clock.advance(3_599_999);
    expect((await ask("GET /repos/o/a", token)).status).toBe(200);
    clock.advance(1);
    expect((await ask("GET /repos/o/a", token)).status).toBe(401);
  });
});

describe("a limit that was set", () => {
  it("of the primary kind holds one budget until its reset, with the headers that say so", async () => {
    const token = await mint();
    const untilMs = clock.now() + 60_000;
    forge.setLimit({ kind: "primary", resource: "core", untilMs });
    const { status, headers } = await ask("GET /repos/o/a", token);
    expect([status, headers.get("x-ratelimit-remaining"), headers.get("retry-after")]).toEqual([
      403,
      "0",
      null,
    ]);
    expect(headers.get("x-ratelimit-reset")).toBe(String(untilMs / 1000));
    const query = await ask("POST /graphql", token, { query: "{ viewer { login } }" });
    expect(query.body.data.viewer.login).toBe("helper[bot]");
    clock.advance(60_000);
    expect((await ask("GET /repos/o/a", token)).status).toBe(200);
  });

  it("of the primary kind answers a query with status 200 and RATE_LIMITED", async () => {
    const token = await mint();
    forge.setLimit({ kind: "primary", resource: "graphql", untilMs: clock.now() + 1000 });
    const { status, body } = await ask("POST /graphql", token, { query: "{ viewer { login } }" });
    expect([status, body.data, body.errors[0].type]).toEqual([200, undefined, "RATE_LIMITED"]);
    clock.advance(1000);
  });

  it("of the secondary kind holds everything, with or without retry-after", async () => {
    const token = await mint();
    const secondary = { kind: "secondary", status: 429, untilMs: clock.now() + 1000 } as const;
    forge.setLimit({ ...secondary, retryAfterS: 7 });
    const held = await ask("GET /repos/o/a", token);
    expect([held.status, held.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(held.body.message).toContain("secondary rate limit");
    clock.advance(1000);
    forge.setLimit({ ...secondary, retryAfterS: null, untilMs: clock.now() + 1000 });
    const bare = await ask("POST /graphql", token, { query: "{ viewer { login } }" });
    expect([bare.status, bare.headers.get("retry-after")]).toEqual([429, null]);
    clock.advance(1000);
  });
});
