import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { createFileLease } from "../../src/adapters/lease/file.ts";
import { thisProcess } from "../../src/adapters/lease/process-scope.ts";
import { leasePath } from "../../src/loops/wiring.main.ts";

/** Longer than any row takes. */
const HELD_MS = 600_000;

/** Holds the poller's lease of a T3 server, in a TMPDIR of its own, until it is released. */
export async function holdLease(
  folder: string,
  agentUrl: string,
): Promise<{ readonly tmpdir: string; readonly release: () => Promise<void> }> {
  const tmpdir = await mkdtemp(join(folder, "lease-"));
  const holder = thisProcess();
  const lease = createFileLease({
    path: leasePath(tmpdir, "poller", agentUrl),
    holder: "bench",
    ttlMs: HELD_MS,
    now: Date.now,
    ...(holder === null ? {} : { process: holder }),
  });
  const { kind } = await lease.acquire();
  if (kind === "held-elsewhere") throw new Error("the lease of a fresh folder is held");
  return { tmpdir, release: () => lease.release() };
}
