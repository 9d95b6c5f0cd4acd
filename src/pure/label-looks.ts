import { isSameLabel } from "./approval.ts";
import type { LabelNames, NewLabel } from "./ports/tracker.ts";

/** GitHub refuses a longer description. */
export const LABEL_DESCRIPTION_CHARACTERS_MAX = 100;

/**
 * How a label that afk puts on looks when it is created on first use; null for a label it never puts on. Whoever
 * meets the label reads there what it means and how to act on it.
 */
export function labelLook(name: string, labels: LabelNames): NewLabel | null {
  if (isSameLabel(name, labels.inProgress)) {
    const description =
      "An agent works on this issue. Take the label off, or close the issue, to stop it.";
    return { name, color: "1d76db", description };
  }
  if (isSameLabel(name, labels.human)) {
    const description =
      "An agent stopped here and a person goes on. The newest comment of afk says why.";
    return { name, color: "d93f0b", description };
  }
  return null;
}
