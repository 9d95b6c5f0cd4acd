import { KeptBytes } from "./t3-kept-bytes.ts";

/** Takes a snapshot piece by piece and keeps the text of what is wanted of it. */
export type SnapshotSkim = {
  /** Throws when what is wanted grows past the limit. */
  readonly take: (chunk: Uint8Array) => void;
  /**
   * JSON, if the snapshot was: other people's threads are `null`, what was left out is `[]`, and `null` where
   * it had no room.
   */
  readonly text: () => string;
};

export type SkimOptions = {
  /** Whether a thread of this id is kept. */
  readonly isWanted: (threadId: string) => boolean;
  /** The threads whose messages and activities are kept too. */
  readonly conversations: ReadonlySet<string>;
  /** Of everything that is kept. */
  readonly bytesMax: number;
  /** Messages or activities past it are given up: one long conversation hides nothing else. */
  readonly conversationsBytesMax: number;
};

/** Up to 0.0.31 these hold the whole database: 81 MB after 20 MB of prompts, as measured. */
const CONVERSATION_FIELDS: ReadonlySet<string> = new Set(["messages", "activities"]);
const UNUSED_FIELDS: ReadonlySet<string> = new Set(["checkpoints", "proposedPlans"]);

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The snapshot is an object that holds lists of objects. */
const ROOT_DEPTH = 1;
const THREAD_DEPTH = 3;

/**
 * A filter over the bytes of a snapshot, so that no more of it than is wanted is ever in memory. It judges
 * only structure: whether the text is JSON is for the parser of what is left.
 */
export function createSnapshotSkim(options: SkimOptions): SnapshotSkim {
  const skim = new Skim(options);
  return { take: (chunk) => skim.take(chunk), text: () => skim.text() };
}

class Skim {
  readonly #options: SkimOptions;
  readonly #kept: KeptBytes;
  /** The containers that are open, by their opening byte. */
  readonly #open: number[] = [];
  #isInString = false;
  #isEscaped = false;
  #isKeyNext = false;
  /** Where in the kept bytes the key or id that is being read begins; null for any other string. */
  #nameAt: number | null = null;
  #rootKey = "";
  #field = "";
  /** Where in the kept bytes the thread that is being read begins, and its id once that is known. */
  #threadAt: number | null = null;
  #threadId: string | null = null;
  /** Where in the kept bytes the messages or activities that are being kept begin. */
  #conversationAt: number | null = null;
  /** While bytes are left out: until a value of this depth ends, or the thread does. */
  #skipping: "value" | "thread" | null = null;

  constructor(options: SkimOptions) {
    this.#options = options;
    this.#kept = new KeptBytes(options.bytesMax);
  }

  take(chunk: Uint8Array): void {
    // What is kept is copied in stretches: `from` is the first byte that was not copied yet.
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#isInString) {
        at = this.#toEndOfString(chunk, at);
        if (!this.#isInString) from = this.#endString(chunk, { from, at });
        continue;
      }
      // Blanks, numbers and words are most of the rest, and change nothing.
      if (byte !== QUOTE && byte < COMMA) continue;
      from = this.#structure(byte, chunk, { from, at });
    }
    if (this.#skipping === null) this.#keep(chunk, from, chunk.length);
  }

  /**
   * Where the string ends, or the length of the piece while it goes on. Most bytes of a snapshot are in strings:
   * this loop touches nothing but them, and is several times as fast for it.
   */
  #toEndOfString(chunk: Uint8Array, begin: number): number {
    let at = this.#isEscaped ? begin + 1 : begin;
    this.#isEscaped = false;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#isInString = false;
        return at;
      }
      if (byte === BACKSLASH) at += 1;
    }
    // Past the end: the piece ended with a backslash, and the next begins with what it escapes.
    this.#isEscaped = at > chunk.length;
    return chunk.length;
  }

  text(): string {
    return this.#kept.text();
  }

  #structure(byte: number, chunk: Uint8Array, { from, at }: Stretch): number {
    switch (byte) {
      case QUOTE:
        return this.#beginString(chunk, { from, at });
      case OPEN_OBJECT:
      case OPEN_LIST:
        return this.#openContainer(byte, chunk, { from, at });
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        return this.#closeContainer(chunk, { from, at });
      case COMMA:
        this.#isKeyNext = this.#open.at(-1) === OPEN_OBJECT;
        return this.#endValue(chunk, { from, at });
      case COLON:
        this.#isKeyNext = false;
        return this.#mayLeaveOut(chunk, { from, at });
      default:
        return from;
    }
  }

  #beginString(chunk: Uint8Array, { from, at }: Stretch): number {
    this.#isInString = true;
    if (this.#skipping !== null) return from;
    const isName = this.#isKeyNext ? this.#isKeyOfInterest() : this.#isThreadIdNext();
    if (!isName) return from;
    this.#kept.add(chunk, from, at);
    this.#nameAt = this.#kept.length;
    return at;
  }

  #endString(chunk: Uint8Array, { from, at }: Stretch): number {
    if (this.#nameAt === null || this.#skipping !== null) return from;
    this.#kept.add(chunk, from, at + 1);
    const name = parseString(this.#kept.textFrom(this.#nameAt));
    this.#nameAt = null;
    if (!this.#isKeyNext) this.#meetThread(name);
    else if (this.#open.length === ROOT_DEPTH) this.#rootKey = name;
    else this.#field = name;
    return at + 1;
  }

  #isKeyOfInterest(): boolean {
    return this.#open.length === ROOT_DEPTH || this.#isInThread();
  }

  #isThreadIdNext(): boolean {
    return this.#isInThread() && this.#field === "id";
  }

  #isInThread(): boolean {
    return this.#open.length === THREAD_DEPTH && this.#threadAt !== null;
  }

  #meetThread(id: string): void {
    this.#threadId = id;
    if (!this.#options.isWanted(id)) this.#forgetThread();
  }

  /** Nothing more of the thread is kept, and what was is given up. */
  #forgetThread(): void {
    this.#kept.cutTo(this.#threadAt ?? this.#kept.length);
    this.#kept.addText("null");
    this.#skipping = "thread";
  }

  #openContainer(byte: number, chunk: Uint8Array, { from, at }: Stretch): number {
    this.#open.push(byte);
    this.#isKeyNext = byte === OPEN_OBJECT;
    const isThread =
      byte === OPEN_OBJECT &&
      this.#open.length === THREAD_DEPTH &&
      this.#open[1] === OPEN_LIST &&
      this.#rootKey === "threads";
    if (!isThread || this.#skipping !== null) return from;
    this.#kept.add(chunk, from, at);
    this.#threadAt = this.#kept.length;
    this.#threadId = null;
    this.#field = "";
    return at;
  }

  #closeContainer(chunk: Uint8Array, { from, at }: Stretch): number {
    const isEndOfThread = this.#isInThread();
    const next = this.#endValue(chunk, { from, at });
    this.#open.pop();
    this.#isKeyNext = false;
    if (!isEndOfThread) return next;
    const isForgotten = this.#skipping === "thread";
    if (!isForgotten && this.#threadId === null) this.#forgetThread();
    else if (!isForgotten) this.#kept.add(chunk, next, at + 1);
    this.#skipping = null;
    this.#threadAt = null;
    return at + 1;
  }

  #endValue(chunk: Uint8Array, { from, at }: Stretch): number {
    if (this.#open.length !== THREAD_DEPTH) return from;
    let next = from;
    if (this.#conversationAt !== null) {
      this.#keep(chunk, from, at);
      this.#conversationAt = null;
      next = at;
    }
    if (this.#skipping !== "value") return next;
    this.#skipping = null;
    return at;
  }

  #mayLeaveOut(chunk: Uint8Array, { from, at }: Stretch): number {
    if (this.#skipping !== null || !this.#isInThread()) return from;
    const isLeftOut = this.#isLeftOut();
    if (!isLeftOut && !CONVERSATION_FIELDS.has(this.#field)) return from;
    this.#kept.add(chunk, from, at + 1);
    if (isLeftOut) {
      this.#kept.addText("[]");
      this.#skipping = "value";
    } else {
      this.#conversationAt = this.#kept.length;
    }
    return at + 1;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const hasRoom = this.#kept.length + to - from <= this.#options.conversationsBytesMax;
    if (this.#conversationAt === null || hasRoom) {
      this.#kept.add(chunk, from, to);
      return;
    }
    this.#kept.cutTo(this.#conversationAt);
    this.#kept.addText("null");
    this.#conversationAt = null;
    this.#skipping = "value";
  }

  #isLeftOut(): boolean {
    if (UNUSED_FIELDS.has(this.#field)) return true;
    if (!CONVERSATION_FIELDS.has(this.#field)) return false;
    const { conversations } = this.#options;
    // T3 writes the id first; should it come later, what is asked for must not be lost.
    return this.#threadId === null ? conversations.size === 0 : !conversations.has(this.#threadId);
  }
}

type Stretch = { readonly from: number; readonly at: number };

function parseString(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    // Not a JSON string, so the whole is no JSON either, and its parser will say so.
    return "";
  }
}
