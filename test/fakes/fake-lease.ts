import type { Lease } from "../../src/pure/ports/lease.ts";
import type { FakeClock } from "./fake-clock.ts";

type Acquired = Awaited<ReturnType<Lease["acquire"]>>;

/** One named lease, shared by all who want it. Every call is one indivisible step. */
export class FakeLeaseStore {
  readonly calls: string[] = [];
  /** How often the lease was taken, renewed or released. */
  writes = 0;
  readonly #clock: FakeClock;
  readonly #ttlMs: number;
  #held: { readonly by: object; readonly holder: string; readonly expiresAt: number } | null = null;
  #down: string | null = null;

  constructor(options: { readonly clock: FakeClock; readonly ttlMs: number }) {
    this.#clock = options.clock;
    this.#ttlMs = options.ttlMs;
  }

  /** One contender. Two of the same holder name are two contenders. */
  lease(holder: string): FakeLease {
    return new FakeLease(this, holder);
  }

  /** Who holds it now; null when it is free or over. */
  get holder(): string | null {
    return this.#current()?.holder ?? null;
  }

  /** It is lost and free, as after another had it while its holder slept. */
  expire(): void {
    this.#held = null;
  }

  /** Somebody else has it from now on. */
  steal(holder: string): void {
    this.#hold({}, holder);
  }

  /** Nothing can be told: every call throws. */
  setDown(why: string | null): void {
    this.#down = why;
  }

  acquire(by: object, holder: string): Acquired {
    this.#called(`acquire ${holder}`);
    const current = this.#current();
    if (current !== null && current.by !== by) {
      return { kind: "held-elsewhere", holder: current.holder };
    }
    this.#hold(by, holder);
    return { kind: "acquired" };
  }

  isHeld(by: object, holder: string): boolean {
    this.#called(`isHeld ${holder}`);
    const held = this.#held;
    if (held?.by !== by) return false;
    if ((held.expiresAt - this.#clock.now()) * 2 < this.#ttlMs) this.#hold(by, holder);
    return true;
  }

  release(by: object, holder: string): void {
    this.#called(`release ${holder}`);
    if (this.#held?.by !== by) return;
    this.writes += 1;
    this.#held = null;
  }

  #hold(by: object, holder: string): void {
    this.writes += 1;
    this.#held = { by, holder, expiresAt: this.#clock.now() + this.#ttlMs };
  }

  #current(): { by: object; holder: string; expiresAt: number } | null {
    return this.#held !== null && this.#clock.now() < this.#held.expiresAt ? this.#held : null;
  }

  #called(call: string): void {
    this.calls.push(call);
    if (this.#down !== null) throw new Error(this.#down);
  }
}

/** One contender for a lease of a `FakeLeaseStore`. */
export class FakeLease implements Lease {
  readonly #store: FakeLeaseStore;
  readonly #holder: string;

  constructor(store: FakeLeaseStore, holder: string) {
    this.#store = store;
    this.#holder = holder;
  }

  async acquire(): Promise<Acquired> {
    return this.#store.acquire(this, this.#holder);
  }

  async isHeld(): Promise<boolean> {
    return this.#store.isHeld(this, this.#holder);
  }

  async release(): Promise<void> {
    this.#store.release(this, this.#holder);
  }
}
