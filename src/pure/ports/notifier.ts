/** One ring of a doorbell, in plain text; each notifier escapes for its own service. */
export type Doorbell = {
  /** Derived from run and occasion: a service that can replace a notification in place does so by it. */
  readonly key: string;
  readonly title: string;
  readonly body: string;
  /** `quiet` for done; `loud` for what waits for a person. */
  readonly urgency: "quiet" | "loud";
  readonly tags: readonly string[];
  /** Opens the agent's thread; null when no thread exists. */
  readonly link: string | null;
};

/** A doorbell service. */
export type Notifier = {
  /** The name under which the run record keeps whether it rang: `ntfy`, `slack`. */
  readonly name: string;
  /**
   * One request that takes effect. Throws when the service did not accept it; the tick decides what then.
   * `receipt` is what the last ring of the same run was answered with, null when there is none: by it a
   * service can show the rings of a run together. Answers the receipt for the next ring, at most 200
   * characters, or null when there is nothing new to keep.
   */
  ring(bell: Doorbell, receipt: string | null): Promise<string | null>;
};
