import type { Sha256Hex } from "../pure/identity.ts";
import type { AgentReader, AgentWriter } from "../pure/ports/agent.ts";
import type { CiReader } from "../pure/ports/ci.ts";
import type { RolloutReader } from "../pure/ports/cluster.ts";
import type { Lease } from "../pure/ports/lease.ts";
import type { Notifier } from "../pure/ports/notifier.ts";
import type { ServiceLimited } from "../pure/ports/service-limited.ts";
import type { RunCounter } from "../pure/ports/run-counter.ts";
import type { TrackerReader, TrackerWriter } from "../pure/ports/tracker.ts";
import type { Signals } from "../pure/signals.ts";
import type { StopGate } from "./stop-gate.ts";

/** A JSON log: constant messages, data in fields. pino's shape. */
export type TickLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** What the outside world is read with: nothing in it can write. */
export type ReadDeps = {
  readonly tracker: { readonly reader: TrackerReader };
  readonly agent: { readonly reader: AgentReader };
  readonly ci: CiReader;
  /** Absent where no cluster is known. */
  readonly rollouts?: RolloutReader;
  /** Counts the runs of repos that other shards serve. */
  readonly runCounter?: RunCounter;
  /** Epoch ms. */
  readonly now: () => number;
  readonly sha256: Sha256Hex;
};

/** Everything a tick reaches the outside world with. */
export type TickDeps = {
  readonly tracker: { readonly reader: TrackerReader; readonly writer: TrackerWriter };
  readonly agent: { readonly reader: AgentReader; readonly writer: AgentWriter };
  readonly ci: CiReader;
  /** Absent where no cluster is known. */
  readonly rollouts?: RolloutReader;
  /** Counts the runs of repos that other shards serve. */
  readonly runCounter?: RunCounter;
  readonly notifiers: readonly Notifier[];
  readonly lease: Lease;
  /** Where a tick tells what it does, for events and measurements. */
  readonly signals?: Signals;
  /** Shut when the process is told to end. */
  readonly stop?: StopGate;
  /** The limit of a service for which the tick has to end; null while there is none. */
  readonly limit?: () => ServiceLimited | null;
  readonly log: TickLog;
  /** Epoch ms. */
  readonly now: () => number;
  readonly sha256: Sha256Hex;
};

/** The configuration fits no run of any tick; the command line answers it with the exit code for that. */
export class ConfigRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigRefused";
  }
}
