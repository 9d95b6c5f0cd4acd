/** A state of the world that a tick is measured in. `watch-50` begins where `dispatch-50` ends. */
export type Scenario =
  | "quiet-50"
  | "quiet-200"
  | "dispatch-1"
  | "dispatch-50"
  | "watch-50"
  | "snapshot";

/** What the servers' process is asked, one thing at a time. */
export type Ask =
  /** Rewinds the tape of a scenario, after making it the first time. */
  | { readonly kind: "play"; readonly scenario: Scenario; readonly latencyMs: number }
  | { readonly kind: "played" }
  | { readonly kind: "close" };

/** The tick that a scenario is for, and its environment. */
export type Prepared = {
  readonly command: "poll" | "watch";
  readonly env: Readonly<Record<string, string>>;
};

/** What the tick asked since the tape was rewound. */
export type Played = {
  readonly github: number;
  readonly t3: number;
  readonly writes: number;
  /** How many round trips followed one another. */
  readonly depth: number;
  readonly keys: readonly string[];
};

export type Told =
  | { readonly kind: "answer"; readonly value: Prepared | Played | null }
  | { readonly kind: "failed"; readonly why: string };
