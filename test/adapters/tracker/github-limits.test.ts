import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ForgeLimit } from "../../../sandbox/forge/budget.ts";
import { type Forge, startForge } from "../../../sandbox/forge/forge.ts";
import { createBoundedFetch } from "../../../src/adapters/http.ts";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import { createGithubTracker } from "../../../src/adapters/tracker/github.ts";
import { createGithubMeter } from "../../../src/adapters/tracker/github-meter.ts";
import { ServiceLimited } from "../../../src/pure/ports/service-limited.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import {
  guardWire,
  publishedDescriptions,
  type WireWatch,
  watchWire,
} from "../../wire/wire-watch.ts";
import { LABELS } from "./fake-github.ts";

const HOUR_MS = 3_600_000;
const clock = new FakeClock();
const client = createBoundedFetch({
  timeoutMs: 5000,
  bodyBytesMax: 1024 * 1024,
  connectionsMax: 8,
});
let dir: string;
let forge: Forge;
let wire: WireWatch;
let token: string;
const repos = ["a", "b", "c"].map((name) => ({ tracker: "github", owner: "o", name }) as const);
const ref = { repo: repos[0] ?? { tracker: "github", owner: "o", name: "a" }, number: 1 } as const;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "limits-"));
  forge = await startForge({ dir, now: clock.now, lateMs: 20 });
  wire = watchWire(client.fetch, { apiUrl: forge.apiUrl, published: publishedDescriptions() });
  token = forge.addAccount({ login: "afk-bot", kind: "User" }).token;
  for (const { owner, name } of repos) {
    const files = { "ci.json": '{ "checks": {} }\n' };
    await forge.createRepo({ owner, name, files, permissions: { "afk-bot": "admin" } });
  }
  forge.createIssue({ repo: "o/a", title: "t", body: "b", by: "afk-bot" });
});
afterAll(async () => {
  await forge.close();
  await client.close();
  await rm(dir, { recursive: true, force: true });
});
/** A limit of an earlier test is over. */
beforeEach(() => clock.advance(2 * HOUR_MS));

function beginTick() {
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    clock.advance(ms);
  };
  const meter = createGithubMeter({ now: clock.now, sleep });
  const options = { fetch: wire.fetch, token, apiUrl: forge.apiUrl, meter };
  const tracker = createGithubTracker({ ...options, labels: LABELS });
  const from = forge.requests.length;
  const asked = () => forge.requests.length - from;
  return { meter, tracker, ci: createGithubCi(options), slept, asked };
}

/** Limits as GitHub sets them; the time is from now. */
const limits = {
  primary: (resource: "core" | "graphql", ms: number): ForgeLimit => ({
    kind: "primary",
    resource,
    untilMs: clock.now() + ms,
  }),
  secondary: (status: 200 | 403 | 429, retryAfterS: number | null, ms: number): ForgeLimit => ({
    kind: "secondary",
    status,
    retryAfterS,
    untilMs: clock.now() + ms,
  }),
};

it("points and what remains are counted over tracker and CI together", async () => {
  const { tracker, ci, meter } = beginTick();
  await tracker.whoAmI();
  await tracker.listRepos(repos, "candidates");
  await ci.readChecks([{ repo: ref.repo, sha: "0".repeat(40) }]);
  const { points, remaining } = meter.usage();
  expect(points).toBeGreaterThanOrEqual(2);
  expect(remaining).toEqual({ core: 4999, graphql: 5000 - points });
});

describe("a primary limit on queries", () => {
  it("makes what is read unreadable until the reset, and every write fail unsent", async () => {
    const { tracker, ci, meter, asked } = beginTick();
    forge.setLimit(limits.primary("graphql", HOUR_MS));
    const resumeAt = new Date(clock.now() + HOUR_MS).toISOString();
    const why = expect.stringContaining(`may resume at ${resumeAt}`);
    const seen = await tracker.listRepos(repos, "candidates");
    expect(seen).toMatchObject([{ why }, { why }, { why }]);
    expect(asked()).toBe(1);
    await expect(tracker.addLabel(ref, "x")).rejects.toThrow(ServiceLimited);
    await expect(tracker.createComment(ref, "x")).rejects.toMatchObject({
      resumeAt: Date.parse(resumeAt),
    });
    await expect(tracker.whoAmI()).rejects.toThrow(ServiceLimited);
    expect(await ci.readChecks([{ repo: ref.repo, sha: "a" }])).toMatchObject([{ why }]);
    expect(await tracker.readIssues([ref])).toMatchObject([{ kind: "unreadable", why }]);
    expect(asked()).toBe(1);
    expect(meter.usage()).toEqual({
      points: 0,
      remaining: { core: null, graphql: 0 },
      resumeAt,
    });
  });

  it("that is reset within the tick's time is waited for", async () => {
    const { tracker, slept } = beginTick();
    forge.setLimit(limits.primary("graphql", 10_000));
    const [seen] = await tracker.listRepos(repos, "candidates");
    expect(seen?.kind).toBe("readable");
    expect(slept).toEqual([10_000]);
  });
});

describe("a secondary limit", () => {
  it.each([200, 403, 429] as const)(
    "of status %i with a short retry-after is waited for",
    async (status) => {
      const { tracker, slept, asked } = beginTick();
      forge.setLimit(limits.secondary(status, 5, 5000));
      const [seen] = await tracker.listRepos(repos, "candidates");
      expect(seen?.kind).toBe("readable");
      expect([slept, asked()]).toEqual([[5000], 2]);
    },
  );

  it("without a retry-after ends the tick for a minute", async () => {
    const { tracker, meter, slept } = beginTick();
    forge.setLimit(limits.secondary(403, null, 1000));
    await tracker.listRepos(repos, "candidates");
    expect(slept).toEqual([]);
    expect(meter.limit()?.resumeAt).toBe(clock.now() + 60_000);
  });

  it("lets a label be set after the wait, and no comment be posted twice", async () => {
    const { tracker, slept, asked, meter } = beginTick();
    forge.setLimit(limits.secondary(403, 2, 2000));
    await tracker.addLabel(ref, "later");
    expect([slept, asked()]).toEqual([[2000], 2]);
    forge.setLimit(limits.secondary(403, 2, 2000));
    await expect(tracker.createComment(ref, "once")).rejects.toThrow(ServiceLimited);
    expect(asked()).toBe(3);
    expect(meter.limit()).not.toBeNull();
  });
});

it("what GitHub gives up after its ten seconds is asked by itself, and only then unreadable", async () => {
  const { tracker, meter } = beginTick();
  forge.failNext({ operation: "IssuesAlone" }, "502-late");
  const reads = await tracker.readIssues([ref, { ...ref, number: 9 }]);
  expect(reads.map(({ kind }) => kind)).toEqual(["read", "absent"]);
  const late = () => forge.failNext({ operation: "ListRepos" }, "502-late");
  const kinds = async () => (await tracker.listRepos(repos, "runs")).map(({ kind }) => kind);
  late();
  expect(await kinds()).toEqual(["readable", "readable", "readable"]);
  // All of them together, then each by itself.
  for (let request = 0; request < 1 + repos.length; request += 1) late();
  expect(await tracker.listRepos(repos, "runs")).toMatchObject([
    { kind: "unreadable", why: expect.stringContaining("HTTP 502") },
    { kind: "unreadable" },
    { kind: "unreadable" },
  ]);
  expect(meter.limit()).toBeNull();
});

guardWire(() => wire);
