import { describe, expect, it } from "vitest";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";

const TTL_MS = 60_000;

describe("a fake lease", () => {
  function held() {
    const store = new FakeLeaseStore({ clock: new FakeClock(), ttlMs: TTL_MS });
    return { store, lease: store.lease("one") };
  }

  it("is lost when it is made to expire", async () => {
    const { store, lease } = held();
    await lease.acquire();
    store.expire();
    expect([await lease.isHeld(), store.holder]).toEqual([false, null]);
  });

  it("is lost to the thief when it is stolen", async () => {
    const { store, lease } = held();
    await lease.acquire();
    store.steal("two");
    expect([await lease.isHeld(), store.holder]).toEqual([false, "two"]);
    expect(await lease.acquire()).toEqual({ kind: "held-elsewhere", holder: "two" });
  });

  it("throws while nothing can be told", async () => {
    const { store, lease } = held();
    store.setDown("no answer");
    await expect(lease.acquire()).rejects.toThrow("no answer");
    store.setDown(null);
    expect(await lease.acquire()).toEqual({ kind: "acquired" });
  });

  it("counts only what changes it as a write", async () => {
    const { store, lease } = held();
    await lease.acquire();
    await lease.isHeld();
    await store.lease("two").acquire();
    expect(store.writes).toBe(1);
    await lease.release();
    await lease.release();
    expect(store.writes).toBe(2);
  });
});
