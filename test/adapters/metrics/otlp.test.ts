import { describe, expect, it } from "vitest";
import { sendMetrics } from "../../../src/adapters/metrics/otlp.ts";
import type { TickMeasures } from "../../../src/pure/measures.ts";
import { json, listen, type Reply } from "../http/loopback.ts";

const measures: TickMeasures = {
  durationMs: 1500,
  outcome: "ok",
  counts: [
    { name: "afk.requests", value: 3, by: { service: "github" } },
    { name: "afk.requests", value: 1, by: { service: "t3" } },
  ],
  gauges: [{ name: "afk.oldest_run.age", value: 60, by: {}, unit: "s" }],
  verdictMs: [{ ms: 90_000, kind: "done" }],
};

async function send(
  reply: Reply,
  more: { temporality?: "delta" | "cumulative"; shard?: number } = {},
) {
  await using server = await listen(() => reply);
  const url = new URL("v1/metrics", server.url).href;
  const options = {
    url,
    loop: "poller",
    shard: null,
    temporality: "delta",
    timeoutMs: 1_000,
  } as const;
  const error = await sendMetrics({ ...options, ...more }, measures).then(
    () => null,
    (cause: unknown) => cause,
  );
  return { error, arrived: [...server.arrived] };
}

type Wire = { readonly name: string; readonly [kind: string]: unknown };

function metricsOf(body: string): readonly Wire[] {
  const parsed = JSON.parse(body) as {
    resourceMetrics: { scopeMetrics: { metrics: readonly Wire[] }[] }[];
  };
  return parsed.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
}

describe("the metrics of a tick", () => {
  it("are sent once, as what this tick did", async () => {
    const { error, arrived } = await send(json({}));
    expect(error).toBeNull();
    expect(arrived.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /v1/metrics"]);
    const metrics = metricsOf(arrived[0]?.body ?? "");
    expect(metrics.map(({ name }) => name)).toEqual([
      "afk.tick.duration",
      "afk.requests",
      "afk.oldest_run.age",
      "afk.time_to_verdict",
    ]);
    // 1 is delta in OTLP, 2 cumulative.
    expect(metrics[1]).toMatchObject({ sum: { aggregationTemporality: 1, isMonotonic: true } });
    expect(metrics[1]?.["sum"]).toMatchObject({ dataPoints: [{ asDouble: 3 }, { asDouble: 1 }] });
    expect(metrics[0]).toMatchObject({ unit: "s", histogram: { dataPoints: [{ sum: 1.5 }] } });
  });

  it("tell in every number which loop sent it, and which shard where there are any", async () => {
    const attributes = async (more: { shard?: number }) => {
      const { arrived } = await send(json({}), more);
      const points = metricsOf(arrived[0]?.body ?? "").flatMap(
        ({ sum, gauge, histogram }) =>
          ((sum ?? gauge ?? histogram) as { dataPoints: { attributes: { key: string }[] }[] })
            .dataPoints,
      );
      return points.map((point) => point.attributes.map(({ key }) => key));
    };
    const whole = await attributes({});
    expect(whole).toHaveLength(5);
    for (const keys of whole)
      expect([keys.includes("loop"), keys.includes("shard")]).toEqual([true, false]);
    for (const keys of await attributes({ shard: 0 })) expect(keys).toContain("shard");
  });

  it("are sums since the start where the receiver wants those", async () => {
    const { arrived } = await send(json({}), { temporality: "cumulative" });
    expect(metricsOf(arrived[0]?.body ?? "")[1]).toMatchObject({
      sum: { aggregationTemporality: 2 },
    });
  });

  it("that are refused, or not answered in time, are an error", async () => {
    expect((await send({ status: 400, body: "no" })).error).toBeInstanceOf(Error);
    const beganAt = Date.now();
    expect((await send("hang")).error).toBeInstanceOf(Error);
    expect(Date.now() - beganAt).toBeLessThan(5_000);
  });
});
