import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RegisteredApp } from "../../../sandbox/forge/app.ts";
import { type Forge, startForge } from "../../../sandbox/forge/forge.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import {
  APP_PERMISSIONS,
  createGithubApp,
  type GithubAppOptions,
} from "../../../src/adapters/tracker/github-app.ts";
import { createGithubMeter } from "../../../src/adapters/tracker/github-meter.ts";
import type { RepoRef } from "../../../src/pure/issue.ts";
import {
  guardWire,
  publishedDescriptions,
  type WireWatch,
  watchWire,
} from "../../wire/wire-watch.ts";
import { LABELS } from "./fake-github.ts";

const client = createBoundedFetch({
  timeoutMs: 5000,
  bodyBytesMax: 1024 * 1024,
  connectionsMax: 8,
});
let dir: string;
let forge: Forge;
let wire: WireWatch;
let app: RegisteredApp;

const repo = (name: string, owner = "o"): RepoRef => ({ tracker: "github", owner, name });
const [a, b, outside, open] = [repo("a"), repo("b"), repo("outside"), repo("open-outside")];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "app-"));
  forge = await startForge({ dir });
  wire = watchWire(client.fetch, { apiUrl: forge.apiUrl, published: publishedDescriptions() });
  forge.addAccount({ login: "ada", kind: "User" });
  for (const { owner, name } of [a, b, outside, open, repo("x", "narrow"), repo("y", "narrow")]) {
    const files = { "ci.json": '{ "checks": {} }\n' };
    const isPrivate = name !== "open-outside";
    await forge.createRepo({ owner, name, files, isPrivate, permissions: { ada: "admin" } });
  }
  app = forge.registerApp("afk-helper");
  const permissions = APP_PERMISSIONS;
  forge.installApp({ slug: app.slug, owner: "o", repos: ["a", "b"], permissions });
  const { deployments: _, ...fewer } = APP_PERMISSIONS;
  forge.installApp({ slug: app.slug, owner: "narrow", repos: "all", permissions: fewer });
});
afterAll(async () => {
  await forge.close();
  await client.close();
  await rm(dir, { recursive: true, force: true });
});

function act(repos: readonly RepoRef[], more: Partial<GithubAppOptions> = {}) {
  const secrets: string[] = [];
  const from = forge.requests.length;
  const meter = createGithubMeter({ now: Date.now, sleep: async () => {} });
  const identity = createGithubApp({
    fetch: wire.fetch,
    tokenFetch: wire.fetch,
    apiUrl: forge.apiUrl,
    meter,
    appId: String(app.appId),
    readPrivateKey: async () => app.privateKey,
    repos,
    learnSecret: (secret) => void secrets.push(secret),
    ...more,
  });
  const common = { fetch: wire.fetch, apiUrl: forge.apiUrl, meter, labels: LABELS };
  const tracker = identity.withinReach(
    createGithubTracker({ ...common, token: identity.token, own: identity.own }),
  );
  const paths = () => forge.requests.slice(from).map(({ method, path }) => `${method} ${path}`);
  return { identity, tracker, secrets, paths, meter };
}

describe("a token of the App", () => {
  it("is minted with two requests once a tick, for the enrolled repos and the permissions used", async () => {
    const { identity, paths, secrets } = act([a]);
    const tokens = await Promise.all([identity.token(), identity.token()]);
    expect(new Set(tokens).size).toBe(1);
    expect(paths()).toEqual([
      "GET /repos/o/a/installation",
      expect.stringMatching(/^POST \/app\/installations\/\d+\/access_tokens$/),
    ]);
    expect(secrets).toContain(tokens[0]);
    expect(tokens[0]).toMatch(/^ghs_[\w.-]{100,}$/);
  });

  it("sees the repos it was narrowed to, and of the installation's others nothing", async () => {
    const { tracker } = act([a]);
    const seen = await tracker.listRepos([a, repo("b")], "candidates");
    expect(seen.map(({ kind }) => kind)).toEqual(["readable", "unreadable"]);
  });

  it("writes as the App's bot account, and its comments are recognised as ours", async () => {
    const { tracker, meter } = act([a]);
    const number = forge.createIssue({ repo: "o/a", title: "t", body: "b", by: "ada" });
    const ref = { repo: a, number };
    expect(await tracker.whoAmI()).toEqual({ id: String(app.bot.id), login: "afk-helper[bot]" });
    const id = await tracker.createComment(ref, "Mine.");
    forge.comment({ repo: "o/a", number }, "Not mine.", "ada");
    const [read] = await tracker.readIssues([ref]);
    expect(read).toMatchObject({
      kind: "read",
      issue: { ownComments: { comments: [{ id, body: "Mine." }] } },
    });
    // What the token is obtained with has a budget of its own.
    expect(meter.usage().remaining.core).toBeGreaterThan(4900);
  });
});

describe("a repo that the App is not installed on", () => {
  it.each([
    ["first", [outside, a, b]],
    ["last", [a, b, outside]],
    ["open to everybody", [a, open, b]],
  ])("is its own reason when it is %s, and the others are read", async (_name, repos) => {
    const { tracker } = act(repos);
    const seen = await tracker.listRepos(repos, "candidates");
    const kinds = seen.map((one) =>
      one.kind === "readable" ? `${one.facts.ref.name}` : `${one.ref.name}: ${one.why}`,
    );
    const why = "the GitHub App is not installed on it: add the repo to the App's installation";
    expect(kinds).toEqual(
      repos.map(({ name }) => (name.includes("outside") ? `${name}: ${why}` : name)),
    );
  });

  it("costs five requests to be found among any number", async () => {
    const { identity, paths } = act([a, outside, b]);
    await identity.token();
    expect(paths()).toHaveLength(5);
  });

  it("is said when there is no other, with the mend", async () => {
    const { tracker } = act([outside]);
    await expect(tracker.createComment({ repo: outside, number: 1 }, "x")).rejects.toThrow(
      /GITHUB_APP_ID: the App is installed on none of o\/outside: install it/,
    );
  });
});

describe("the private key", () => {
  const pkcs8 = (pem: string) =>
    createPrivateKey(pem).export({ type: "pkcs8", format: "pem" }).toString();
  it.each([
    ["PKCS#1", (pem: string) => pem],
    ["PKCS#8", pkcs8],
    ["PKCS#1 in one line", (pem: string) => pem.trim().replaceAll("\n", "\\n")],
    ["PKCS#8 in one line", (pem: string) => pkcs8(pem).trim().replaceAll("\n", "\\n")],
  ])("may be %s", async (_name, form) => {
    const { identity } = act([a], { readPrivateKey: async () => form(app.privateKey) });
    expect(await identity.token()).toMatch(/^ghs_/);
  });

  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  it.each([
    ["no key", "s3cret nonsense"],
    ["cut off", () => app.privateKey.slice(0, 400)],
    ["no RSA key", ec.export({ type: "pkcs8", format: "pem" }).toString()],
  ])("that is %s is said without a word of it", async (_name, key) => {
    const text = typeof key === "string" ? key : key();
    const { identity, paths } = act([a], { readPrivateKey: async () => text });
    const error: unknown = await identity.token().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const { message, cause } = error as Error;
    expect(message).toMatch(/^GITHUB_APP_PRIVATE_KEY is no RSA private key .*PEM/);
    expect(message).not.toContain(text.slice(10, 20));
    expect(cause).toBeUndefined();
    expect(paths()).toEqual([]);
  });

  it("of another App is said, and asked about once", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const text = other.export({ type: "pkcs8", format: "pem" }).toString();
    const { tracker, identity, paths, secrets } = act([a], { readPrivateKey: async () => text });
    await expect(identity.own()).rejects.toThrow(/GITHUB_APP_PRIVATE_KEY .*HTTP 401/);
    const seen = await tracker.listRepos([a], "candidates");
    expect(seen).toMatchObject([{ kind: "unreadable", why: expect.stringContaining("401") }]);
    expect(paths()).toEqual(["GET /app", "GET /repos/o/a/installation"]);
    for (const secret of secrets) expect(JSON.stringify(seen)).not.toContain(secret);
  });
});

it("a permission that was not granted is named with all that are needed", async () => {
  const { identity } = act([repo("x", "narrow")]);
  await expect(identity.token()).rejects.toThrow(
    /grant the App .*issues: write.*deployments: read/,
  );
});

guardWire(() => wire);
