import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createFileLease } from "../../src/adapters/lease/file.ts";
import { thisProcess } from "../../src/adapters/lease/process-scope.ts";

/** Longer than any row takes. */
const HELD_MS = 600_000;

/** Holds the poller's lease of a T3 server, in a TMPDIR of its own, until it is released. */
export async function holdLease(
  folder: string,
  agentUrl: string,
): Promise<{ readonly tmpdir: string; readonly release: () => Promise<void> }> {
  const tmpdir = await mkdtemp(join(folder, "lease-"));
  // As a tick names it; were that to change, the tick would not find it held, and ask something.
  const server = createHash("sha256").update(agentUrl).digest("hex").slice(0, 12);
  const holder = thisProcess();
  const lease = createFileLease({
    path: join(tmpdir, `afk-${userInfo().uid}`, `poller-${server}`),
    holder: "bench",
    ttlMs: HELD_MS,
    now: Date.now,
    ...(holder === null ? {} : { process: holder }),
  });
  const { kind } = await lease.acquire();
  if (kind === "held-elsewhere") throw new Error("the lease of a fresh folder is held");
  return { tmpdir, release: () => lease.release() };
}
