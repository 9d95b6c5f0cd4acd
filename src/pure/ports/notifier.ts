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
  /** One request. Throws when the service did not accept it; the tick decides what then. */
  ring(bell: Doorbell): Promise<void>;
};
