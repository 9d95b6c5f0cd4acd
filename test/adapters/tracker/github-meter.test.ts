import { describe, expect, it } from "vitest";
import type { Limit } from "../../../src/adapters/tracker/github-limit.ts";
import { findLimit, resumeAtOf } from "../../../src/adapters/tracker/github-limit.ts";
import {
  APP_RESOURCE,
  createGithubMeter,
  LIMIT_WAIT_MS_MAX,
  type Outcome,
} from "../../../src/adapters/tracker/github-meter.ts";
import { ServiceLimited } from "../../../src/pure/ports/service-limited.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  const slept: number[] = [];
  const meter = createGithubMeter({
    now: clock.now,
    sleep: async (ms) => {
      slept.push(ms);
      await Promise.resolve();
      clock.advance(ms);
    },
  });
  let asked = 0;
  /** Answers `ok` after as many refusals as there are limits. */
  const send = (
    limits: readonly Limit[],
    how: { isRepeatable?: boolean; resource?: string } = {},
  ) => {
    const left = [...limits];
    return meter.send({
      resource: how.resource ?? "core",
      isRepeatable: how.isRepeatable ?? true,
      ask: async (): Promise<Outcome<string>> => {
        asked += 1;
        const limit = left.shift();
        if (limit === undefined) return { kind: "answered", value: "ok", headers: {} };
        return { kind: "failed", error: new Error("limited"), headers: {}, limit };
      },
    });
  };
  return { clock, meter, slept, send, asked: () => asked };
}

const after = (ms: number): Limit => ({ retryAfterMs: ms, resetAt: null });

describe("a limit that a request meets", () => {
  it("is waited for while it ends within the tick's time, and the request is sent once more", async () => {
    const { send, slept, asked, meter } = open();
    expect(await send([after(LIMIT_WAIT_MS_MAX)])).toBe("ok");
    expect([slept, asked()]).toEqual([[LIMIT_WAIT_MS_MAX], 2]);
    expect(meter.limit()).toBeNull();
  });

  it("shuts the meter when it outlasts the tick's time: nothing is sent any more", async () => {
    const { send, slept, asked, meter, clock } = open();
    const resumeAt = clock.now() + LIMIT_WAIT_MS_MAX + 1;
    await expect(send([after(LIMIT_WAIT_MS_MAX + 1)])).rejects.toMatchObject({ resumeAt });
    await expect(send([], { resource: "graphql" })).rejects.toThrow(ServiceLimited);
    expect([slept, asked()]).toEqual([[], 1]);
    expect(meter.usage().resumeAt).toBe(new Date(resumeAt).toISOString());
  });

  it("uses up the tick's time as a whole, not for each request anew", async () => {
    const { send, slept } = open();
    await send([after(LIMIT_WAIT_MS_MAX - 1000)]);
    await expect(send([after(1001)])).rejects.toThrow(/may resume at/);
    expect(slept).toEqual([LIMIT_WAIT_MS_MAX - 1000]);
  });

  it("met a second time shuts the meter", async () => {
    const { send, asked, meter } = open();
    await expect(send([after(1000), after(1000)])).rejects.toThrow(ServiceLimited);
    expect(asked()).toBe(2);
    expect(meter.limit()).not.toBeNull();
  });

  it("is waited for once by all that are under way", async () => {
    const { send, slept, asked } = open();
    const answers = await Promise.all([1, 2, 3, 4].map(() => send([after(5000)])));
    expect(answers).toEqual(["ok", "ok", "ok", "ok"]);
    expect([slept, asked()]).toEqual([[5000], 8]);
  });

  it("ends the tick at once where the request must not be repeated", async () => {
    const { send, slept, asked } = open();
    await expect(send([after(0)], { isRepeatable: false })).rejects.toThrow(ServiceLimited);
    expect([slept, asked()]).toEqual([[], 1]);
  });
});

describe("a quota that is spent", () => {
  const spend = (meter: ReturnType<typeof createGithubMeter>, resetAt: number) =>
    meter.send({
      resource: "core",
      isRepeatable: true,
      ask: async () => ({
        kind: "answered",
        value: "last",
        headers: {
          "x-ratelimit-remaining": "0",
          "x-ratelimit-reset": String(resetAt / 1000),
          "x-ratelimit-resource": "core",
        },
      }),
    });

  it("lets no further request of its kind out, and all of the other kind", async () => {
    const { meter, clock, send, asked } = open();
    await spend(meter, clock.now() + 3_600_000);
    expect(await send([], { resource: "graphql" })).toBe("ok");
    expect(meter.usage()).toEqual({ points: 0, remaining: { core: 0, graphql: null } });
    await expect(send([])).rejects.toThrow(ServiceLimited);
    expect(asked()).toBe(1);
  });

  it("is waited for when it is renewed within the tick's time", async () => {
    const { meter, clock, send, slept } = open();
    await spend(meter, clock.now() + 2000);
    expect(await send([])).toBe("ok");
    expect(slept).toEqual([2000]);
  });
});

describe("the remaining quota", () => {
  it("is the lowest of its hour, in whatever order the answers come", async () => {
    const { meter } = open();
    const answer = (remaining: number, reset: number) =>
      meter.send({
        resource: "core",
        isRepeatable: true,
        ask: async () => ({
          kind: "answered",
          value: null,
          headers: { "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset },
        }),
      });
    await answer(40, 2_000_000_000);
    await answer(41, 2_000_000_000);
    await answer(60, 1_999_996_400);
    expect(meter.usage().remaining.core).toBe(40);
    await answer(4999, 2_000_003_600);
    expect(meter.usage().remaining.core).toBe(4999);
  });
});

it("what an App asks as itself leaves the quota of its token alone", async () => {
  const { meter, clock, send } = open();
  await meter.send({
    resource: APP_RESOURCE,
    isRepeatable: true,
    ask: async () => ({
      kind: "answered",
      value: null,
      headers: {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(clock.now() / 1000 + 3600),
        "x-ratelimit-resource": "core",
      },
    }),
  });
  expect(meter.usage().remaining.core).toBeNull();
  expect(await send([])).toBe("ok");
});

describe("what counts as a limit", () => {
  type Row = readonly [
    name: string,
    refusal: Parameters<typeof findLimit>[0],
    waitMs: number | null,
  ];
  const NOW = 1_767_225_600_000;
  const spent = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767225700" };
  const rows: readonly Row[] = [
    ["retry-after of a 403", { status: 403, headers: { "retry-after": "7" }, message: "" }, 7000],
    [
      "retry-after before the reset",
      { status: 403, headers: { ...spent, "retry-after": 3 }, message: "" },
      3000,
    ],
    ["a spent budget", { status: 403, headers: spent, message: "" }, 100_000],
    ["a 429 that says nothing", { status: 429, headers: {}, message: "" }, 60_000],
    [
      "a secondary limit that says nothing",
      { status: 403, headers: {}, message: "You have exceeded a secondary rate limit." },
      60_000,
    ],
    [
      "a reset that is over by our clock",
      { status: 403, headers: { ...spent, "x-ratelimit-reset": "1767225600" }, message: "" },
      60_000,
    ],
    [
      "a query that is RATE_LIMITED",
      { headers: spent, message: "", errors: [{ type: "RATE_LIMITED", message: "x" }] },
      100_000,
    ],
    [
      "a query under a secondary limit",
      { headers: {}, message: "", errors: [{ message: "exceeded a secondary rate limit" }] },
      60_000,
    ],
    ["a permission that is missing", { status: 403, headers: {}, message: "Forbidden" }, null],
    ["a server's break", { status: 503, headers: { "retry-after": "7" }, message: "" }, null],
    ["a query with an error", { headers: spent, message: "", errors: [{ message: "x" }] }, null],
  ];
  it.each(rows)("%s", (_name, refusal, waitMs) => {
    const limit = findLimit(refusal);
    expect(limit === null ? null : resumeAtOf(limit, NOW) - NOW).toBe(waitMs);
  });
});
