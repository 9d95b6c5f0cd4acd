import type { RepoPolicy } from "../../src/pure/limits.ts";
import type { FaultKind } from "../loops/play.ts";
import { HOUR, MINUTE } from "../loops/world.ts";

/** The tick that a move runs. */
export type Loop = "poll" | "watch";

/** What goes wrong at one effect of a tick; the first effect is 1. */
export type TickFault = { readonly kind: FaultKind; readonly effect: number };

/** What people do to an issue. */
export const PERSON_ACTS = [
  "approve-again",
  "withdraw-approval",
  "take-lock-off",
  "close",
  "close-by-keyword",
  "reopen",
  "edit-body",
  "edit-title",
  "pause",
  "resume",
  "take-over",
  "hand-back",
  "delete-progress",
  "tamper-progress",
  "forge-record",
  "forge-trailer",
  "stranger-approves",
  "agent-approves",
  "answer",
  "steer",
] as const;
export type PersonAct = (typeof PERSON_ACTS)[number];

/** What befalls the services. Every `-down` stays until its `-up`. */
export const SERVICE_ACTS = [
  "agents-down",
  "agents-up",
  "agents-unreadable",
  "agents-lose-turns",
  "agents-leave-zombies",
  "agents-lose-next-start",
  "agents-refuse-next",
  "thread-deleted",
  "thread-archived",
  "tracker-down",
  "tracker-up",
  "writes-refused",
  "writes-accepted",
  "repo-unreadable",
  "repo-readable",
  "comments-truncated",
  "history-truncated",
  "branch-truncated",
  "ci-unreadable",
  "ci-readable",
  "ci-cancels",
  "ci-turns-red",
  "ci-turns-green",
  "base-turns-red",
  "base-mended",
  "branch-rewritten",
  "somebody-pushes",
  "bells-down",
  "bells-up",
  "limit-met",
  "limit-over",
] as const;

/** What befalls deployments and rollouts, where there are any. */
export const DELIVERY_ACTS = [
  "deployment-succeeds",
  "deployment-turns-red",
  "deployment-given-up",
  "deployment-overtaken",
  "deployed-by-stranger",
  "deployed-elsewhere",
  "rollout-completes",
  "rollout-halts",
  "rollout-goes-back",
  "rollout-gone",
  "rollout-unreadable",
  "rollout-readable",
] as const;
export type DeliveryAct = (typeof DELIVERY_ACTS)[number];
export type ServiceAct = (typeof SERVICE_ACTS)[number] | DeliveryAct;

/** How an operator sets the gates, beside plainly turning the kill switch on and off. */
export const GATE_ACTS = [
  "kill-switch-unset",
  "kill-switch-blank",
  "kill-switch-misspelt",
  "allowlist-unset",
  "allowlist-emptied",
  "allowlist-filled",
] as const;
export type GateAct = (typeof GATE_ACTS)[number];

/** One step of a schedule. `issue` counts the world's issues, and goes round where there are fewer. */
export type Move =
  | { readonly kind: "tick"; readonly loop: Loop; readonly faults: readonly TickFault[] }
  /** Ticks that stand at every call and are let through one call at a time. */
  | { readonly kind: "together"; readonly loops: readonly Loop[]; readonly order: number }
  /** Right before an effect of a tick its lease runs out, and a whole other tick of its kind passes. */
  | { readonly kind: "overtaken"; readonly loop: Loop; readonly effect: number }
  /** Right before a call of a tick, a read or an effect, a person acts. */
  | {
      readonly kind: "meddled";
      readonly loop: Loop;
      readonly call: number;
      readonly act: PersonAct;
      readonly issue: number;
    }
  /** Agents work, CI runs, for a while. */
  | { readonly kind: "work" }
  | { readonly kind: "person"; readonly act: PersonAct; readonly issue: number }
  | { readonly kind: "service"; readonly act: ServiceAct; readonly issue: number }
  | { readonly kind: "kill-switch"; readonly isOn: boolean }
  | { readonly kind: "gate"; readonly act: GateAct }
  | { readonly kind: "drain"; readonly isOn: boolean }
  | { readonly kind: "time"; readonly ms: number };

/** A world to begin with and the moves that follow: the same schedule always gives the same history. */
export type Schedule = {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly moves: readonly Move[];
};

/** How a world begins. */
export type Scenario = {
  readonly repos: readonly string[];
  /** Approved issues, by repo. */
  readonly issues: readonly string[];
  readonly bells: readonly string[];
  readonly interruptEndsAs: "completed" | "interrupted" | "error";
  readonly obedience: "obeys" | "ignores-interrupt" | "ignores-interrupt-and-stop";
  readonly runsMax: number;
  /** How much the ticks' own clock is ahead of everybody else's. */
  readonly skewMs: number;
  /** What every repo declares. */
  readonly policy: RepoPolicy;
  readonly attempts: {
    readonly fixForward: number;
    readonly nudge: number;
    readonly redispatch: number;
  };
};

/** The longest that no tick runs: a weekend. */
export const STANDSTILL_MS_MAX = 65 * HOUR;

/** A move in words, for the trace. */
export function describeMove(move: Move): string {
  switch (move.kind) {
    case "tick": {
      const broken = move.faults.map(({ kind, effect }) => `${kind} effect ${effect}`).join(", ");
      return broken === "" ? move.loop : `${move.loop} (${broken})`;
    }
    case "together":
      return `${move.loops.join(" and ")} at once, order ${move.order}`;
    case "overtaken":
      return `${move.loop}, whose lease runs out before effect ${move.effect}`;
    case "meddled":
      return `${move.loop}, and before its call ${move.call} a person: ${move.act} (issue ${move.issue})`;
    case "work":
      return "agents and CI work";
    case "person":
      return `a person: ${move.act} (issue ${move.issue})`;
    case "service":
      return `a service: ${move.act} (issue ${move.issue})`;
    case "kill-switch":
      return `the kill switch is turned ${move.isOn ? "on" : "off"}`;
    case "gate":
      return `a gate: ${move.act}`;
    case "drain":
      return `draining is turned ${move.isOn ? "on" : "off"}`;
    case "time":
      return `${Math.round(move.ms / MINUTE)} minutes pass`;
  }
}
