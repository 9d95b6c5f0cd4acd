import type { RunDecision, RunSeen, WaitOn } from "./run-observation.ts";
import { plainLine } from "./untrusted-text.ts";

/** As much as a cell of the plan shows: an agent's last words may be pages. */
const DETAIL_CHARACTERS_MAX = 600;

/** Why the reading that a run waits for was not had, or whom it waits for; empty when the wait says it all. */
export function waitDetail(seen: RunSeen, on: WaitOn): string {
  // The same issue may be seen twice: by its label, and by its thread.
  if (on === "repo-locked") return [...new Set(seen.otherLive)].join(", ");
  if (on === "agent-server" && seen.thread.kind === "silent") return seen.thread.why;
  return on === "commits" && seen.commits.kind === "unreadable" ? seen.commits.why : "";
}

/** The detail of a wait, or else of the run's verdict, in one bounded line; empty when there is none. */
export function decisionDetail(seen: RunSeen, decision: RunDecision): string {
  const { verdict } = decision.record;
  const detail = decision.kind === "wait" ? waitDetail(seen, decision.on) : (verdict?.detail ?? "");
  return plainLine(detail, DETAIL_CHARACTERS_MAX);
}
