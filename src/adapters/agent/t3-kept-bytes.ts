/** What a small snapshot needs; a larger one doubles it a few times. */
const INITIAL_BYTES = 64 * 1024;

/** Bytes of a snapshot that grow up to a limit, past which adding throws, and can be cut back. */
export class KeptBytes {
  readonly #bytesMax: number;
  #bytes = Buffer.alloc(INITIAL_BYTES);
  length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(chunk: Uint8Array, from: number, to: number): void {
    if (to <= from) return;
    const length = this.length + to - from;
    if (length > this.#bytesMax) {
      throw new Error(`what is ours in T3's snapshot is larger than ${this.#bytesMax} bytes`);
    }
    if (length > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(length, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk.subarray(from, to), this.length);
    this.length = length;
  }

  addText(text: string): void {
    this.add(Buffer.from(text), 0, text.length);
  }

  cutTo(length: number): void {
    this.length = length;
  }

  textFrom(start: number): string {
    return this.#bytes.toString("utf8", start, this.length);
  }

  text(): string {
    return this.textFrom(0);
  }
}
