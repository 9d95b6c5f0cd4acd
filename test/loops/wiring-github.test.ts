import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Forge, startForge } from "../../sandbox/forge/forge.ts";
import { APP_PERMISSIONS } from "../../src/adapters/tracker/github-app.ts";
import { ConfigRefused } from "../../src/loops/deps.ts";
import { createSecrets } from "../../src/loops/log.main.ts";
import { type Wiring, wire } from "../../src/loops/wiring.main.ts";
import { parseConfig } from "../../src/pure/config.ts";

const HOUR_MS = 3_600_000;
const log = { info: () => {}, warn: () => {}, error: () => {} };
const repo = { tracker: "github", owner: "o", name: "r" } as const;
let dir: string;
let forge: Forge;
let token: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "wiring-"));
  forge = await startForge({ dir });
  token = forge.addAccount({ login: "afk-bot", kind: "User" }).token;
  const permissions = { "afk-bot": "admin" } as const;
  const files = { "ci.json": '{ "checks": {} }\n' };
  await forge.createRepo({ owner: "o", name: "r", files, permissions, isPrivate: true });
  forge.createIssue({ repo: "o/r", title: "t", body: "b", by: "afk-bot" });
});
afterAll(async () => {
  await forge.close();
  await rm(dir, { recursive: true, force: true });
});

async function open(env: Readonly<Record<string, string>>) {
  const armed = {
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: "o/r",
    GITHUB_API_URL: forge.apiUrl.href,
    T3_BASE_URL: "http://127.0.0.1:1",
    T3_TOKEN: "t3-token",
    T3_MODEL: "model",
  };
  const parsed = parseConfig({ ...armed, ...env }, null);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const secrets = createSecrets();
  const wiring = await wire(parsed.config, { loop: "poller", log, secrets });
  return { wiring, secrets };
}

async function read({ deps }: Wiring) {
  const own = await deps.tracker.reader.whoAmI();
  const [seen] = await deps.tracker.reader.listRepos([repo], "candidates");
  return { login: own.login, kind: seen?.kind };
}

describe("GitHub is reached", () => {
  it("with a token, its requests, points and what remains counted", async () => {
    const { wiring } = await open({ GITHUB_TOKEN: token });
    expect(await read(wiring)).toEqual({ login: "afk-bot", kind: "readable" });
    expect(wiring.requests()).toEqual({ github: 2 });
    const remaining = { core: 4999, graphql: 4999 };
    expect(wiring.github()).toEqual({ points: 1, remaining });
    await wiring.close();
  });

  it("as an App, what its token takes counted apart, and neither key nor token told", async () => {
    const app = forge.registerApp("afk-helper");
    forge.installApp({ slug: app.slug, owner: "o", repos: "all", permissions: APP_PERMISSIONS });
    const from = forge.requests.length;
    const { wiring, secrets } = await open({
      GITHUB_APP_ID: String(app.appId),
      GITHUB_APP_PRIVATE_KEY: app.privateKey.trim().replaceAll("\n", "\\n"),
    });
    expect(forge.requests).toHaveLength(from);
    expect(await read(wiring)).toEqual({ login: "afk-helper[bot]", kind: "readable" });
    expect(wiring.requests()).toEqual({ github: 2, "github-token": 3 });
    expect(secrets.redact(app.privateKey)).not.toContain(app.privateKey.slice(100, 120));
    await wiring.close();
  });
});

describe("a key of an App that cannot sign", () => {
  const text = "s3cret nonsense";
  it.each([
    ["GITHUB_APP_PRIVATE_KEY", async () => text],
    [
      "GITHUB_APP_PRIVATE_KEY_FILE",
      async () => {
        const path = join(dir, "app-key.pem");
        await writeFile(path, text);
        return path;
      },
    ],
  ])("in %s is the configuration's mistake, told by that name", async (name, value) => {
    const from = forge.requests.length;
    const error: unknown = await open({ GITHUB_APP_ID: "1", [name]: await value() }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigRefused);
    expect(String(error)).toContain(`${name} is no RSA private key`);
    expect(String(error)).not.toContain("nonsense");
    expect(forge.requests).toHaveLength(from);
  });
});

it("a limit that strikes is the tick's: the guard of every effect is told of it", async () => {
  const { wiring } = await open({ GITHUB_TOKEN: token });
  const untilMs = Math.ceil(Date.now() / 1000) * 1000 + HOUR_MS;
  forge.setLimit({ kind: "primary", resource: "core", untilMs });
  const { deps } = wiring;
  expect(deps.limit?.()).toBeNull();
  const write = deps.tracker.writer.addLabel({ repo, number: 1 }, "x");
  await expect(write).rejects.toMatchObject({ name: "ServiceLimited", resumeAt: untilMs });
  expect(deps.limit?.()?.resumeAt).toBe(untilMs);
  expect(wiring.github()).toMatchObject({
    remaining: { core: 0 },
    resumeAt: new Date(untilMs).toISOString(),
  });
  await wiring.close();
});
