import { setTimeout as sleep } from "node:timers/promises";
import { EXIT_STOPPED } from "../exit-codes.ts";
import type { Lease } from "../pure/ports/lease.ts";
import type { TickLog } from "./deps.ts";
import type { StopGate } from "./stop-gate.ts";

/** As long as one request may take: below the twenty seconds that a pod is given to end. */
const EFFECTS_MS_MAX = 15_000;
/** A few answers of an API server that is well. */
const RELEASE_MS_MAX = 3_000;

/**
 * From now on SIGTERM ends the process: no further effect starts, those under way are waited for, the lease is given
 * back, and the exit code says so. Answers how to go back to who listened before.
 */
export function endOnSigterm(
  gate: StopGate,
  parts: { readonly lease: Lease; readonly log: TickLog },
): () => void {
  const end = () => void endNow(gate, parts);
  const before = process.listeners("SIGTERM");
  process.once("SIGTERM", end);
  for (const listener of before) process.off("SIGTERM", listener);
  return () => {
    for (const listener of before) process.once("SIGTERM", listener);
    process.off("SIGTERM", end);
  };
}

async function endNow(
  gate: StopGate,
  { lease, log }: { readonly lease: Lease; readonly log: TickLog },
): Promise<void> {
  gate.shut();
  log.warn({}, "told to end, no further effect starts");
  await Promise.race([gate.idle(), sleep(EFFECTS_MS_MAX)]);
  try {
    await Promise.race([lease.release(), sleep(RELEASE_MS_MAX)]);
  } catch (error) {
    log.error({ err: error }, "lease not given back, it ends by itself");
  }
  process.exit(EXIT_STOPPED);
}
