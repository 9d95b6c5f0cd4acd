import { setTimeout as sleep } from "node:timers/promises";
import { sayEvents } from "../adapters/cluster/kubernetes-events.ts";
import { leaveMessage, TERMINATION_LOG } from "../adapters/cluster/termination-message.ts";
import { sendMetrics } from "../adapters/metrics/otlp.ts";
import { sha256 } from "../adapters/crypto.ts";
import type { Config } from "../pure/config.ts";
import { measureTick } from "../pure/measures.ts";
import { eventsOf, type Signal } from "../pure/signals.ts";
import type { TickLog } from "./deps.ts";
import type { ClusterWiring } from "./wiring-cluster.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A tick has a minute, and most of it is for its work: what is not said by then is not said. */
const REPORT_MS_MAX = 5_000;

/** A tick that is over, with what it told. */
export type TickToReport = {
  readonly config: Config;
  readonly env: Env;
  readonly loop: "poller" | "watcher";
  readonly cluster: ClusterWiring;
  readonly log: TickLog;
  readonly signals: readonly Signal[];
  readonly requests: Readonly<Record<string, number>>;
  readonly dispatched: number;
  readonly failed: number;
  readonly ms: number;
};

/** Says what the tick did as events of the cluster and as metrics, where either is set up. Never throws. */
export async function reportTick(tick: TickToReport): Promise<void> {
  const parts = [said(tick, "events", putEvents), said(tick, "metrics", putMetrics)];
  // Unref'd: a report that is done keeps nobody waiting.
  const late = sleep(REPORT_MS_MAX, "late" as const, { ref: false });
  if ((await Promise.race([Promise.all(parts), late])) === "late") {
    tick.log.warn({ afterMs: REPORT_MS_MAX }, "report not finished in time");
  }
}

async function said(
  tick: TickToReport,
  what: string,
  say: (tick: TickToReport) => Promise<void>,
): Promise<void> {
  try {
    await say(tick);
  } catch (error) {
    tick.log.warn({ what, err: error }, "report failed, the tick stands");
  }
}

async function putEvents({ config, cluster, loop, signals }: TickToReport): Promise<void> {
  if (config.lease.kind !== "kubernetes") return;
  const events = eventsOf(signals, sha256);
  if (events.length === 0) return;
  const { namespace } = config.lease;
  const at = { namespace, cronJob: `afk-${loop}`, now: new Date() };
  await sayEvents(await cluster.open(), at, events);
}

async function putMetrics(tick: TickToReport): Promise<void> {
  const url = metricsUrl(tick.env);
  if (url === null) return;
  const { env, loop, signals, requests, dispatched } = tick;
  const preference = env["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"]?.toLowerCase();
  const temporality = preference === "cumulative" ? "cumulative" : "delta";
  const outcome = tick.failed > 0 ? "failed" : "ok";
  const about = { durationMs: tick.ms, outcome, now: Date.now(), requests, dispatched } as const;
  const shard = tick.config.shard?.index ?? null;
  const options = { url, loop, shard, temporality, timeoutMs: REPORT_MS_MAX } as const;
  await sendMetrics(options, measureTick(signals, about));
}

/** As the OpenTelemetry specification derives it: the general endpoint takes the path of the signal. */
function metricsUrl(env: Env): string | null {
  const own = env["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]?.trim() ?? "";
  if (own !== "") return own;
  const general = env["OTEL_EXPORTER_OTLP_ENDPOINT"]?.trim() ?? "";
  return general === "" ? null : `${general.replace(/\/+$/, "")}/v1/metrics`;
}

/** The last words of a pod: what the tick did, in one line. Nothing outside of one. */
export async function leaveLastWords(loop: string, summary: object): Promise<void> {
  await leaveMessage(TERMINATION_LOG, `${loop}: ${JSON.stringify(summary)}`);
}
