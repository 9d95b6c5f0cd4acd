import type { Signal } from "./signals.ts";
import type { VerdictKind } from "./verdict.ts";

/** One number with the words it is told apart by. */
export type Measure = {
  readonly name: string;
  readonly value: number;
  readonly by: Readonly<Record<string, string>>;
  readonly unit?: "s";
};

/** What one tick measured. Counts are of this tick alone; gauges are how things stand. */
export type TickMeasures = {
  readonly durationMs: number;
  readonly outcome: "ok" | "failed";
  readonly counts: readonly Measure[];
  readonly gauges: readonly Measure[];
  readonly verdictMs: readonly { readonly ms: number; readonly kind: VerdictKind }[];
};

/** Adds up what a tick told, with what its wiring counted. */
export function measureTick(
  signals: readonly Signal[],
  tick: {
    readonly durationMs: number;
    readonly outcome: "ok" | "failed";
    /** Epoch ms. */
    readonly now: number;
    /** By service. */
    readonly requests: Readonly<Record<string, number>>;
    readonly dispatched: number;
  },
): TickMeasures {
  const { durationMs, outcome, now } = tick;
  const verdicts = signals.filter((signal) => signal.kind === "concluded");
  const turns = signals.flatMap((signal) => (signal.kind === "turn-asked" ? [signal.turn] : []));
  const tokens = verdicts.flatMap((verdict) => (verdict.tokens === null ? [] : [verdict.tokens]));
  return {
    durationMs,
    outcome,
    counts: [
      ...Object.entries(tick.requests).map(([service, value]) => ({
        name: "afk.requests",
        value,
        by: { service },
      })),
      { name: "afk.dispatches", value: tick.dispatched, by: {} },
      ...turns.map((turn) => ({ name: "afk.turns", value: 1, by: { kind: turn } })),
      ...verdicts.map(({ verdict, because }) => ({
        name: "afk.verdicts",
        value: 1,
        by: { kind: verdict, because },
      })),
      ...tokens.map((value) => ({ name: "afk.tokens", value, by: {} })),
    ],
    gauges: [...holds(signals), ...age(signals, now), ...agentServer(signals)],
    verdictMs: verdicts.map(({ tookMs, verdict }) => ({ ms: tookMs, kind: verdict })),
  };
}

function holds(signals: readonly Signal[]): readonly Measure[] {
  const byReason = new Map<string, number>();
  for (const signal of signals) {
    if (signal.kind !== "held") continue;
    byReason.set(signal.because, (byReason.get(signal.because) ?? 0) + 1);
  }
  return [...byReason].map(([because, value]) => ({ name: "afk.holds", value, by: { because } }));
}

function age(signals: readonly Signal[], now: number): readonly Measure[] {
  const begun = signals.flatMap((each) => (each.kind === "in-flight" ? [each.beganAt] : []));
  if (begun.length === 0) return [];
  const value = Math.max(0, now - Math.min(...begun)) / 1000;
  return [{ name: "afk.oldest_run.age", value, by: {}, unit: "s" }];
}

function agentServer(signals: readonly Signal[]): readonly Measure[] {
  const told = signals.filter((signal) => signal.kind === "agent-server").at(-1);
  if (told === undefined) return [];
  return [{ name: "afk.agent_server.unreachable", value: told.isReachable ? 0 : 1, by: {} }];
}
