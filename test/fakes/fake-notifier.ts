import type { Doorbell, Notifier } from "../../src/pure/ports/notifier.ts";

/** A tiny doorbell service: it keeps what rang, and can be down. */
export class FakeNotifier implements Notifier {
  readonly name: string;
  /** What the service accepted, oldest first. */
  readonly rung: Doorbell[] = [];
  /** Every attempt by its doorbell's key, refused ones included. */
  readonly calls: string[] = [];
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

  async ring(bell: Doorbell): Promise<void> {
    this.calls.push(`ring ${bell.key}`);
    if (this.#isDown) throw new Error(`${this.name} is down`);
    this.rung.push(bell);
  }
}
