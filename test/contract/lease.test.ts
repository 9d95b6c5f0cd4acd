import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createFileLease } from "../../src/adapters/lease/file.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { describeLease } from "./lease-contract.ts";

const TTL_MS = 60_000;

let dir: string;
let folders = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "contract-lease-"));
});
afterAll(() => rm(dir, { recursive: true }));

describeLease("the fake", TTL_MS, async () => {
  const clock = new FakeClock();
  const store = new FakeLeaseStore({ clock, ttlMs: TTL_MS });
  return {
    contender: (holder) => store.lease(holder),
    advance: (ms) => clock.advance(ms),
  };
});

describeLease("a folder of records", TTL_MS, async () => {
  // Near the machine's own, by which files are stamped.
  const clock = new FakeClock(Date.now());
  folders += 1;
  const path = join(dir, `lease-${folders}`);
  return {
    contender: (holder) => createFileLease({ path, holder, ttlMs: TTL_MS, now: clock.now }),
    advance: (ms) => clock.advance(ms),
  };
});
