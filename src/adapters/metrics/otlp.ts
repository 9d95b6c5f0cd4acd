import type { MeterProvider, PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { TickMeasures } from "../../pure/measures.ts";

export type OtlpOptions = {
  /** Of the metrics themselves, `…/v1/metrics`. */
  readonly url: string;
  readonly loop: string;
  /** Null without shards. Those of a Job send at the same time: a receiver must not take them for one sender. */
  readonly shard: number | null;
  /** `delta`: what this tick did; `cumulative` only where the receiver takes nothing else. */
  readonly temporality: "delta" | "cumulative";
  readonly timeoutMs: number;
};

/** Never reached: the one export is the flush at the end. */
const INTERVAL_MS = 3_600_000;

// A tick takes between a second and the minute it has; a run between minutes and days.
const TICK_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 45, 60];
const VERDICT_SECONDS = [300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800];

/**
 * Sends what a tick measured, once, by the OpenTelemetry SDK; headers come from its own environment variables. The
 * packages are loaded here and only here. Throws when it was not accepted in time.
 */
export async function sendMetrics(options: OtlpOptions, measures: TickMeasures): Promise<void> {
  const [sdk, exporters, resources] = await Promise.all([
    import("@opentelemetry/sdk-metrics"),
    import("@opentelemetry/exporter-metrics-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const { url, timeoutMs, loop, shard, temporality } = options;
  const preference = exporters.AggregationTemporalityPreference;
  const exporter = new exporters.OTLPMetricExporter({
    url,
    timeoutMillis: timeoutMs,
    // A process lives for one tick: a count that begins at zero each time would never grow.
    temporalityPreference: temporality === "delta" ? preference.DELTA : preference.CUMULATIVE,
  });
  let failure = null as Error | null;
  // The reader swallows what its exporter says: it is listened to here.
  const watched: PushMetricExporter = {
    export: (batch, done) =>
      exporter.export(batch, (result) => {
        if (result.code !== 0) failure = result.error ?? new Error("the metrics were not accepted");
        done(result);
      }),
    selectAggregationTemporality: (kind) => exporter.selectAggregationTemporality(kind),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new sdk.MeterProvider({
    resource: resources.resourceFromAttributes({ "service.name": "afk", "afk.loop": loop }),
    readers: [
      new sdk.PeriodicExportingMetricReader({
        exporter: watched,
        exportIntervalMillis: INTERVAL_MS,
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  });
  try {
    const sender = { loop, ...(shard === null ? {} : { shard: String(shard) }) };
    record(provider.getMeter("afk"), sender, measures);
    await provider.forceFlush({ timeoutMillis: timeoutMs });
    if (failure !== null) throw failure;
  } finally {
    await provider.shutdown({ timeoutMillis: timeoutMs }).catch(() => undefined);
  }
}

type Meter = ReturnType<MeterProvider["getMeter"]>;

function record(
  meter: Meter,
  sender: Readonly<Record<string, string>>,
  measures: TickMeasures,
): void {
  const { durationMs, outcome, counts, gauges, verdictMs } = measures;
  const tick = { unit: "s", advice: { explicitBucketBoundaries: TICK_SECONDS } };
  meter
    .createHistogram("afk.tick.duration", tick)
    .record(durationMs / 1000, { ...sender, outcome });
  for (const { name, value, by } of counts)
    meter.createCounter(name).add(value, { ...sender, ...by });
  for (const { name, value, by, unit } of gauges) {
    meter.createGauge(name, unit === undefined ? {} : { unit }).record(value, { ...sender, ...by });
  }
  const verdict = { unit: "s", advice: { explicitBucketBoundaries: VERDICT_SECONDS } };
  const histogram = meter.createHistogram("afk.time_to_verdict", verdict);
  for (const { ms, kind } of verdictMs) histogram.record(ms / 1000, { ...sender, kind });
}
