import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Forge, startForge } from "../../sandbox/forge/forge.ts";
import type { ForgeLimit } from "../../sandbox/forge/budget.ts";
import { APP_PERMISSIONS } from "../../src/adapters/tracker/github-app.ts";
import { createSecrets } from "../../src/loops/log.main.ts";
import { pollTick, type PollSummary } from "../../src/loops/poll-tick.ts";
import { pollSettings } from "../../src/loops/settings.main.ts";
import { wire } from "../../src/loops/wiring.main.ts";
import { parseConfig } from "../../src/pure/config.ts";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";

/** Longer than any of these tests takes. */
const LONG_MS = 60_000;
/** A tick over `o/a` to `o/c`, against the forge as the wiring reaches it, and an agent server of ours. */
let dir: string;
let forge: Forge;
let agent: FakeAgent;
let clock: FakeClock;
let lines: { readonly level: string; readonly message: string; readonly fields: object }[];
let appKey: { readonly id: string; readonly key: string };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "limited-ticks-"));
  clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
  forge = await startForge({ dir, now: clock.now });
  forge.addAccount({ login: "maria", kind: "User" });
  const app = forge.registerApp("afk-helper");
  appKey = { id: String(app.appId), key: app.privateKey };
  for (const name of ["a", "b", "c"]) {
    const permissions = { maria: "admin" } as const;
    const files = { "check.js": "" };
    await forge.createRepo({ owner: "o", name, files, permissions, isPrivate: true });
    const repo = `o/${name}`;
    const number = forge.createIssue({ repo, title: "Greet", body: "Hello.", by: "maria" });
    clock.advance(1000);
    forge.addLabel({ repo, number }, "ready-for-agent", "maria");
  }
  await forge.settle();
  forge.installApp({ slug: "afk-helper", owner: "o", repos: "all", permissions: APP_PERMISSIONS });
  agent = new FakeAgent({ clock });
  lines = [];
});
afterEach(async () => {
  await forge.close();
  await rm(dir, { recursive: true, force: true });
});

async function poll(): Promise<{ readonly summary: PollSummary; readonly asked: number }> {
  const env = {
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: "o/a,o/b,o/c",
    AFK_MAX_RUNS: "3",
    GITHUB_API_URL: forge.apiUrl.href,
    GITHUB_APP_ID: appKey.id,
    GITHUB_APP_PRIVATE_KEY: appKey.key,
    T3_BASE_URL: "http://127.0.0.1:1",
    T3_TOKEN: "t3-token",
    T3_MODEL: "model",
  };
  const parsed = parseConfig(env, null);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  const note = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  const log = { info: note("info"), warn: note("warn"), error: note("error") };
  const secrets = createSecrets();
  const wiring = await wire(parsed.config, { loop: "poller", log, secrets });
  const from = forge.requests.length;
  const lease = new FakeLeaseStore({ clock, ttlMs: LONG_MS }).lease("tick");
  const deps = { ...wiring.deps, agent: { reader: agent, writer: agent }, lease, now: clock.now };
  const summary = await pollTick(deps, pollSettings(parsed.config));
  await wiring.close();
  return { summary, asked: forge.requests.length - from };
}

const commentsOf = (repo: string) => forge.issue({ repo, number: 1 }).comments.length;
const errors = () => lines.filter(({ level }) => level === "error").map(({ message }) => message);
const SAID = "service limited, the tick ends early";

const secondary = (): ForgeLimit => ({
  kind: "secondary",
  status: 403,
  retryAfterS: null,
  untilMs: clock.now() + LONG_MS,
});

describe("a whole poll under a limit", () => {
  it("that holds from its beginning asks next to nothing and says it once", async () => {
    forge.setLimit({ kind: "primary", resource: "graphql", untilMs: clock.now() + LONG_MS });
    const { summary, asked } = await poll();
    expect(summary).toMatchObject({ dispatched: 0, failed: 1 });
    expect(errors()).toEqual([SAID]);
    expect(asked).toBeLessThanOrEqual(5);
  });

  it("that strikes after the first comment does nothing more, and the next poll doubles nothing", async () => {
    const stop = forge.on((event) => {
      if (event.kind === "comment") forge.setLimit(secondary());
    });
    const first = await poll();
    stop();
    expect(first.summary.failed).toBe(1);
    expect(errors()).toEqual([SAID]);
    expect(["o/a", "o/b", "o/c"].map(commentsOf).toSorted((x, y) => y - x)).toEqual([1, 0, 0]);
    clock.advance(LONG_MS);
    lines = [];
    await poll();
    clock.advance(LONG_MS);
    await poll();
    expect(errors()).toEqual([]);
    expect(["o/a", "o/b", "o/c"].map(commentsOf)).toEqual([1, 1, 1]);
    expect(agent.turnStarts).toHaveLength(3);
  });
});
