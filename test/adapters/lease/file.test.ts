import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileLease, type LeaseFs } from "../../../src/adapters/lease/file.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { FaultPlan, withFaults } from "../../fakes/fake-faults.ts";

const TTL_MS = 60_000;
const FS_CALLS = ["mkdir", "readdir", "readFile", "stat", "unlink", "writeFile"] as const;
const FS: LeaseFs = nodeFs;

let folder: string;
let clock: FakeClock;

beforeEach(async () => {
  folder = await nodeFs.mkdtemp(join(tmpdir(), "afk-lease-"));
  // Near the machine's own, by which files are stamped.
  clock = new FakeClock(Date.now());
});

afterEach(() => nodeFs.rm(folder, { recursive: true }));

function contender(holder: string, fs: LeaseFs = FS) {
  return createFileLease({
    path: join(folder, "lease"),
    holder,
    ttlMs: TTL_MS,
    now: clock.now,
    fs,
  });
}

async function records(): Promise<readonly number[]> {
  const names = await nodeFs.readdir(join(folder, "lease"));
  return names.map(Number).sort((a, b) => a - b);
}

/** A file system that holds its process up just before the record of that write, until it is woken. */
function sleepingFs(write: number): { fs: LeaseFs; asleep: Promise<void>; wake: () => void } {
  const asleep = Promise.withResolvers<void>();
  const awake = Promise.withResolvers<void>();
  let writes = 0;
  const writeFile: LeaseFs["writeFile"] = async (...args) => {
    writes += 1;
    if (writes === write) {
      asleep.resolve();
      await awake.promise;
    }
    return nodeFs.writeFile(...args);
  };
  return { fs: { ...FS, writeFile }, asleep: asleep.promise, wake: awake.resolve };
}

describe("a file lease with an unreadable record", () => {
  for (const content of ["", "{", "[]", '{"holder":1}']) {
    it(`counts ${JSON.stringify(content)} as held until a full term after it was written`, async () => {
      const file = join(folder, "lease", "7");
      await nodeFs.mkdir(join(folder, "lease"));
      await nodeFs.writeFile(file, content);
      const writtenAt = Math.floor(clock.now() / 1_000);
      await nodeFs.utimes(file, writtenAt, writtenAt);
      const endsAt = writtenAt * 1_000 + TTL_MS;
      clock.advance(endsAt - clock.now() - 1);
      const lease = contender("one");
      expect(await lease.acquire()).toEqual({
        kind: "held-elsewhere",
        holder: `unreadable ${file}`,
      });
      clock.advance(1);
      expect(await lease.acquire()).toEqual({ kind: "acquired" });
    });
  }

  it("is lost to its holder, who does not touch it", async () => {
    const lease = contender("one");
    await lease.acquire();
    await nodeFs.writeFile(join(folder, "lease", "1"), "garbage");
    expect(await lease.isHeld()).toBe(false);
    await lease.release();
    expect(await records()).toEqual([1]);
  });
});

describe("a file lease whose taker sleeps between reading and taking", () => {
  it("stays with the one that took it meanwhile", async () => {
    await contender("gone").acquire();
    clock.advance(TTL_MS);
    const { fs, asleep, wake } = sleepingFs(1);
    const sleeper = contender("sleeper", fs);
    const late = sleeper.acquire();
    await asleep;
    const quick = contender("quick");
    expect(await quick.acquire()).toEqual({ kind: "acquired" });
    wake();
    expect(await late).toEqual({ kind: "held-elsewhere", holder: "quick" });
    expect([await quick.isHeld(), await sleeper.isHeld()]).toEqual([true, false]);
  });

  it("stays with its holder although the number the sleeper wants is free again", async () => {
    await contender("gone").acquire();
    clock.advance(TTL_MS);
    const { fs, asleep, wake } = sleepingFs(1);
    const sleeper = contender("sleeper", fs);
    const late = sleeper.acquire();
    await asleep;
    const quick = contender("quick");
    for (let times = 0; times < 4; times += 1) {
      await quick.acquire();
      clock.advance(10 * TTL_MS);
    }
    await quick.acquire();
    expect(await records()).not.toContain(2);
    wake();
    expect(await late).toEqual({ kind: "held-elsewhere", holder: "quick" });
    expect([await quick.isHeld(), await sleeper.isHeld()]).toEqual([true, false]);
    expect(await records()).not.toContain(2);
  });

  it("is taken anew by one that slept through the whole term it was about to take", async () => {
    const { fs, asleep, wake } = sleepingFs(1);
    const sleeper = contender("sleeper", fs);
    const late = sleeper.acquire();
    await asleep;
    clock.advance(TTL_MS);
    wake();
    expect(await late).toEqual({ kind: "acquired" });
    expect(await sleeper.isHeld()).toBe(true);
  });

  it("is not held by a holder that slept through the term it renewed", async () => {
    const { fs, asleep, wake } = sleepingFs(2);
    const holder = contender("holder", fs);
    await holder.acquire();
    clock.advance(TTL_MS - 1);
    const late = holder.isHeld();
    await asleep;
    clock.advance(TTL_MS);
    wake();
    expect(await late).toBe(false);
  });

  it("is not renewed by a holder that slept past its end while another took it", async () => {
    const { fs, asleep, wake } = sleepingFs(2);
    const holder = contender("holder", fs);
    await holder.acquire();
    clock.advance(TTL_MS - 1);
    const late = holder.isHeld();
    await asleep;
    clock.advance(1);
    const heir = contender("heir");
    expect(await heir.acquire()).toEqual({ kind: "acquired" });
    wake();
    expect(await late).toBe(false);
    expect(await heir.isHeld()).toBe(true);
  });
});

describe("a file lease whose process dies", () => {
  const acts = ["acquire", "isHeld", "release"] as const;
  const faults = ["crash-before", "crash-after"] as const;
  const cases = acts.flatMap((act) => faults.map((kind) => [act, kind] as const));

  /** Does `act` on a lease that is due for it, in a process that dies at that file system call. */
  async function dieIn(act: (typeof acts)[number], plan: FaultPlan): Promise<void> {
    const fs = withFaults(FS, plan, FS_CALLS);
    let isDue = false;
    const dyingFs: LeaseFs = new Proxy(FS, {
      get: (_fs, name) => Reflect.get(isDue ? fs : FS, name),
    });
    await contender("gone").acquire();
    clock.advance(TTL_MS);
    const lease = contender("mortal", dyingFs);
    if (act !== "acquire") await lease.acquire();
    if (act === "isHeld") clock.advance(TTL_MS - 1);
    isDue = true;
    await lease[act]().catch(() => undefined);
  }

  it.each(cases)("in %s (%s any step) is taken over after its end", async (act, kind) => {
    const whole = new FaultPlan();
    await dieIn(act, whole);
    expect(whole.effects.length).toBeGreaterThan(2);
    for (let effect = 1; effect <= whole.effects.length; effect += 1) {
      await nodeFs.rm(join(folder, "lease"), { recursive: true });
      const plan = new FaultPlan([{ kind, effect }]);
      await dieIn(act, plan);
      expect(plan.isDead).toBe(true);
      clock.advance(TTL_MS);
      const heirs = [contender("heir"), contender("other heir")];
      await Promise.all(heirs.map((heir) => heir.acquire()));
      const held = await Promise.all(heirs.map((heir) => heir.isHeld()));
      const winners = held.filter(Boolean).length;
      expect({ diedAt: plan.effects.at(-1), winners }).toMatchObject({ winners: 1 });
    }
  });

  it("between creating a record and filling it leaves it held for a term", async () => {
    const writeFile: LeaseFs["writeFile"] = async (file, _data, options) => {
      await nodeFs.writeFile(file, "", options);
      throw new Error("died");
    };
    await expect(contender("mortal", { ...FS, writeFile }).acquire()).rejects.toThrow("died");
    const heir = contender("heir");
    expect((await heir.acquire()).kind).toBe("held-elsewhere");
    clock.advance(TTL_MS + 10_000);
    expect(await heir.acquire()).toEqual({ kind: "acquired" });
  });
});

describe("the folder of a file lease", () => {
  it("does not grow with the ticks", async () => {
    for (let tick = 0; tick < 50; tick += 1) {
      const lease = contender("tick");
      expect(await lease.acquire()).toEqual({ kind: "acquired" });
      await lease.release();
      clock.advance(60_000);
    }
    expect((await records()).length).toBeLessThan(8);
  });

  it("keeps a record until its successor has been over for a minute", async () => {
    const lease = contender("one");
    await lease.acquire();
    await lease.release();
    clock.advance(59_999);
    await contender("two").acquire();
    expect(await records()).toEqual([1, 2, 3]);
    clock.advance(1);
    await contender("three").acquire();
    expect(await records()).toEqual([2, 3]);
  });

  it("is made with its parents, and what else lies in it is left alone", async () => {
    const path = join(folder, "state", "afk", "lease");
    await nodeFs.mkdir(path, { recursive: true });
    await nodeFs.writeFile(join(path, ".keep"), "");
    const lease = createFileLease({ path, holder: "one", ttlMs: TTL_MS, now: clock.now });
    expect(await lease.acquire()).toEqual({ kind: "acquired" });
    expect((await nodeFs.readdir(path)).sort()).toEqual([".keep", "1"]);
    await nodeFs.rm(path, { recursive: true });
    expect(await lease.isHeld()).toBe(false);
  });

  it("that is no folder is named in the error with the mend", async () => {
    const path = join(folder, "lease");
    await nodeFs.writeFile(path, "");
    const lease = contender("one");
    for (const ask of [() => lease.acquire(), () => lease.isHeld(), () => lease.release()]) {
      await expect(ask()).rejects.toThrow(`lease ${path} cannot be told`);
      await expect(ask()).rejects.toThrow("must be a folder on a local disk");
    }
  });
});
