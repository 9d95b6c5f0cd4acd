import type { HoldBecause } from "./dispatch-policy.ts";
import type { TurnKind, VerdictBecause, VerdictKind } from "./verdict.ts";

/** What a tick tells of itself while it works, for events and measurements. Nothing is decided by it. */
export type Signal =
  | {
      readonly kind: "held";
      /** `owner/name#N`. */
      readonly issue: string;
      readonly because: HoldBecause;
      /** The labelling event that stands; null when there is none. */
      readonly approvalEventId: string | null;
    }
  | { readonly kind: "turn-asked"; readonly turn: TurnKind }
  | { readonly kind: "in-flight"; readonly beganAt: number }
  | { readonly kind: "agent-server"; readonly isReachable: boolean }
  | {
      readonly kind: "concluded";
      readonly issue: string;
      readonly runId: string;
      readonly verdict: VerdictKind;
      readonly because: VerdictBecause;
      readonly tookMs: number;
      /** All that the run's thread processed; null where the server does not say. */
      readonly tokens: number | null;
    };

/** Where signals go. Never throws. */
export type Signals = { tell(signal: Signal): void };

/** One event for people who look at the cluster. The same happening always has the same name. */
export type ClusterEvent = {
  /** Of letters, digits and dashes, at most 63 of them. */
  readonly name: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
};

/** Holds of what nobody approved, or what is approved no more: strangers could have those made. */
const NOT_APPROVED: ReadonlySet<HoldBecause> = new Set([
  "not-open",
  "is-pull-request",
  "approval-already-used",
  "approval-not-found",
  "issue-unreadable",
  "untrusted-labeler",
]);

const NAME_DIGITS = 20;

/** An event for each verdict, and for each hold of an approved issue, named by approval and reason. */
export function eventsOf(
  signals: readonly Signal[],
  sha256: (text: string) => string,
): readonly ClusterEvent[] {
  const nameOf = (parts: readonly string[]): string =>
    `afk-${sha256(JSON.stringify(parts)).slice(0, NAME_DIGITS)}`;
  return signals.flatMap((signal): readonly ClusterEvent[] => {
    if (signal.kind === "concluded") {
      const { issue, runId, verdict, because } = signal;
      const type = verdict === "done" || verdict === "cancelled" ? "Normal" : "Warning";
      const message = `${issue}: ${verdict} (${because}), run ${runId}`;
      return [{ name: nameOf([runId, verdict]), type, reason: "Verdict", message }];
    }
    if (signal.kind !== "held" || NOT_APPROVED.has(signal.because)) return [];
    const { issue, because, approvalEventId } = signal;
    if (approvalEventId === null) return [];
    const name = nameOf([issue, approvalEventId, because]);
    return [{ name, type: "Normal", reason: "Held", message: `${issue}: held, ${because}` }];
  });
}
