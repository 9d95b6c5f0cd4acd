import type { Doorbell, Notifier } from "../../src/pure/ports/notifier.ts";

/** A tiny doorbell service: it keeps what rang, and can be down. */
export class FakeNotifier implements Notifier {
  readonly name: string;
  /** What the service accepted, oldest first. */
  readonly rung: Doorbell[] = [];
  /** Every attempt by its doorbell's key, refused ones included. */
  readonly calls: string[] = [];
  /** The receipts that came with what was accepted, in the same order. */
  readonly receipts: (string | null)[] = [];
  #givesReceipts = false;
  #isDown = false;

  constructor(name = "fake") {
    this.name = name;
  }

  get writes(): number {
    return this.calls.length;
  }

  setDown(isDown: boolean): void {
    this.#isDown = isDown;
  }

  /** From now on every ring is answered with a receipt: `fake-1` for the first it accepted, `fake-2`. */
  giveReceipts(): void {
    this.#givesReceipts = true;
  }

  async ring(bell: Doorbell, receipt: string | null = null): Promise<string | null> {
    this.calls.push(`ring ${bell.key}`);
    if (this.#isDown) throw new Error(`${this.name} is down`);
    this.rung.push(bell);
    this.receipts.push(receipt);
    return this.#givesReceipts ? `${this.name}-${this.rung.length}` : null;
  }
}
