// A contender in a process of its own: does what its parent's messages say and answers each.
import { unlink, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { createFileLease } from "../../../src/adapters/lease/file.ts";

/** What the parent asks of a racer. */
export type RacerOrder =
  | { readonly kind: "take"; readonly path: string; readonly ttlMs: number; readonly at: number }
  | {
      readonly kind: "contend";
      readonly path: string;
      readonly inside: string;
      readonly times: number;
    };

/** What a racer answers. */
export type RacerAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "took"; readonly isOurs: boolean }
  | { readonly kind: "contended"; readonly taken: number; readonly violations: number };

// So that a lease nobody can take ends the test instead of the other way round.
const TRIES_MAX = 200_000;

async function take(order: RacerOrder & { kind: "take" }): Promise<RacerAnswer> {
  const lease = leaseOf(order.path, order.ttlMs);
  while (Date.now() < order.at) {
    // Spins: both racers are to start in the same millisecond.
  }
  const answer = await lease.acquire();
  return { kind: "took", isOurs: answer.kind === "acquired" };
}

async function contend(order: RacerOrder & { kind: "contend" }): Promise<RacerAnswer> {
  const lease = leaseOf(order.path, 60_000);
  let taken = 0;
  let violations = 0;
  for (let tries = 0; tries < TRIES_MAX && taken < order.times; tries += 1) {
    const answer = await lease.acquire();
    if (answer.kind === "held-elsewhere") {
      await setImmediate();
      continue;
    }
    taken += 1;
    if (!(await isAloneInside(order.inside))) violations += 1;
    if (!(await lease.isHeld())) violations += 1;
    await lease.release();
  }
  return { kind: "contended", taken, violations };
}

/** Whoever is inside keeps a file there that only one can create. */
async function isAloneInside(inside: string): Promise<boolean> {
  try {
    await writeFile(inside, "", { flag: "wx" });
  } catch {
    return false;
  }
  await setImmediate();
  await unlink(inside);
  return true;
}

function leaseOf(path: string, ttlMs: number) {
  return createFileLease({ path, holder: `racer ${process.pid}`, ttlMs, now: Date.now });
}

function send(answer: RacerAnswer): void {
  process.send?.(answer);
}

process.on("message", (order: RacerOrder) => {
  void (order.kind === "take" ? take(order) : contend(order)).then(send);
});
send({ kind: "ready" });
