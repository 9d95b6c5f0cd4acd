/** How a run ended. The first three ring a doorbell; `cancelled` means a person stopped it. */
export type VerdictKind = "done" | "needs-human" | "frozen" | "cancelled";

/** Why a run ended as it did. One word, one row of the decision table. */
export const VERDICT_BECAUSES = [
  "green",
  "no-ci-declared",
  "cancelled-by-person",
  "budget",
  "unanswered",
  "would-not-stop",
  "dispatch-failed",
  "edited-after-approval",
  "lost",
  "commit-vanished",
  "provider-limit",
  "turn-failed",
  "blocked",
  "already-done",
  "not-reproducible",
  "stalled",
  "no-new-commit",
  "base-red",
  "fix-forward-exhausted",
  "no-verdict",
  "no-ci",
  "orphan",
  "not-understood",
] as const;

export type VerdictBecause = (typeof VERDICT_BECAUSES)[number];

/** A verdict with its evidence. */
export type Verdict = {
  readonly kind: VerdictKind;
  readonly because: VerdictBecause;
  /** The evidence in words: the agent's last words, a check's name. Data, bounded, never trusted. */
  readonly detail: string;
};

/** What an agent's last line declared. */
export type Outcome =
  | { readonly kind: "pushed"; readonly sha: string }
  | { readonly kind: "blocked" | "already-done" | "not-reproducible"; readonly words: string };

/** The kinds of turns. */
export type TurnKind = "first" | "corrective" | "nudge" | "restart" | "answer";
