import { describe, expect, it } from "vitest";
import type { Lease } from "../../src/pure/ports/lease.ts";

/** One lease that several contend for, on a clock that only the test moves. */
export type LeaseWorld = {
  contender(holder: string): Lease;
  advance(ms: number): void;
};

/** What every lease promises. `ttlMs` is even. */
export function describeLease(name: string, ttlMs: number, open: () => Promise<LeaseWorld>): void {
  describe(`${name} as a lease`, () => {
    it("is taken by the first and names the holder to the second", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      expect(await first.acquire()).toEqual({ kind: "acquired" });
      expect(await second.acquire()).toEqual({ kind: "held-elsewhere", holder: "one" });
      expect([await first.isHeld(), await second.isHeld()]).toEqual([true, false]);
    });

    it("is had by exactly one of many that ask at once", async () => {
      const world = await open();
      const many = ["a", "b", "c", "d", "e"].map((holder) => world.contender(holder));
      await Promise.all(many.map((lease) => lease.acquire()));
      const held = await Promise.all(many.map((lease) => lease.isHeld()));
      expect(held.filter(Boolean)).toHaveLength(1);
    });

    it("is not held by who never took it, whose release changes nothing", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      expect(await second.isHeld()).toBe(false);
      await second.release();
      await first.acquire();
      await second.release();
      expect(await first.isHeld()).toBe(true);
    });

    it("keeps another contender of the same holder name out", async () => {
      const world = await open();
      await world.contender("one").acquire();
      const namesake = world.contender("one");
      expect(await namesake.acquire()).toEqual({ kind: "held-elsewhere", holder: "one" });
    });

    it("stands one millisecond before its end and is taken over at its end", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(ttlMs - 1);
      expect((await second.acquire()).kind).toBe("held-elsewhere");
      world.advance(1);
      expect(await second.acquire()).toEqual({ kind: "acquired" });
      expect([await first.isHeld(), await second.isHeld()]).toEqual([false, true]);
    });

    it("that ran out and nobody took is still its holder's, in full from then on", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(3 * ttlMs);
      expect([await second.isHeld(), await first.isHeld()]).toEqual([false, true]);
      world.advance(ttlMs - 1);
      expect(await second.acquire()).toEqual({ kind: "held-elsewhere", holder: "one" });
      world.advance(1);
      expect(await second.acquire()).toEqual({ kind: "acquired" });
    });

    it("that ran out is not had again by a holder after another had it and gave it back", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(ttlMs);
      await second.acquire();
      await second.release();
      expect(await first.isHeld()).toBe(false);
    });

    it("that ran out goes to exactly one of its holder and a taker at once", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(ttlMs);
      await Promise.all([first.isHeld(), second.acquire()]);
      const held = [await first.isHeld(), await second.isHeld()];
      expect(held.filter(Boolean)).toHaveLength(1);
    });

    it("is not renewed with half of it left", async () => {
      const world = await open();
      const first = world.contender("one");
      await first.acquire();
      world.advance(ttlMs / 2);
      expect(await first.isHeld()).toBe(true);
      world.advance(ttlMs / 2);
      expect(await world.contender("two").acquire()).toEqual({ kind: "acquired" });
    });

    it("is renewed in full with less than half of it left", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(ttlMs / 2 + 1);
      expect(await first.isHeld()).toBe(true);
      world.advance(ttlMs - 1);
      expect((await second.acquire()).kind).toBe("held-elsewhere");
      world.advance(1);
      expect((await second.acquire()).kind).toBe("acquired");
    });

    it("is told to every one of many that ask at once while it is renewed", async () => {
      const world = await open();
      const first = world.contender("one");
      await first.acquire();
      world.advance(ttlMs - 1);
      const answers = await Promise.all([first.isHeld(), first.isHeld(), first.isHeld()]);
      expect(answers).toEqual([true, true, true]);
    });

    it("is extended when its holder takes it again", async () => {
      const world = await open();
      const first = world.contender("one");
      await first.acquire();
      world.advance(ttlMs - 1);
      expect(await first.acquire()).toEqual({ kind: "acquired" });
      world.advance(ttlMs - 1);
      expect((await world.contender("two").acquire()).kind).toBe("held-elsewhere");
    });

    it("is free at once after its release, also for who released it", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      await first.release();
      expect(await first.isHeld()).toBe(false);
      world.advance(ttlMs);
      expect(await first.isHeld()).toBe(false);
      expect(await second.acquire()).toEqual({ kind: "acquired" });
      await second.release();
      expect(await first.acquire()).toEqual({ kind: "acquired" });
    });

    it("stays with its new holder when the one that lost it meanwhile releases", async () => {
      const world = await open();
      const first = world.contender("one");
      const second = world.contender("two");
      await first.acquire();
      world.advance(ttlMs);
      await second.acquire();
      await first.release();
      expect(await second.isHeld()).toBe(true);
      expect((await first.acquire()).kind).toBe("held-elsewhere");
    });
  });
}
