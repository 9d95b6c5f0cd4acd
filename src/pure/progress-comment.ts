import { renderThreadLink } from "./identity.ts";
import { decidePhases, type PhaseEvidence, renderPhases } from "./phase-checklist.ts";
import { lastTurn, type RunRecord, type TurnRecord, wasSeen } from "./run-record.ts";
import { fitToComment, runMarker } from "./run-record-codec.ts";
import { formatIso, parseIso } from "./time.ts";
import { inlineCode, plainLine } from "./untrusted-text.ts";

/** Where a thread's page is. */
export type LinkPolicy = { readonly template: string; readonly base: string };

/** More rows than a person reads; the record below the table keeps them all. */
const TURN_ROWS_MAX = 20;
const VERDICT_LINE_CHARACTERS_MAX = 300;
/** GitHub's logins end at 39. */
const LOGIN_CHARACTERS_MAX = 100;

/** The deep link of the run's newest thread; null before any thread was asked for. */
export function threadLinkOf(record: RunRecord, links: LinkPolicy): string | null {
  const turn = lastTurn(record);
  if (turn === null || record.environmentId === "") return null;
  return renderThreadLink(links.template, {
    base: links.base,
    environmentId: record.environmentId,
    threadId: turn.threadId,
  });
}

/**
 * The run's one progress comment: marker, what a person wants to know, and the record as a hidden footer.
 * A function of the record alone, so an unchanged record never changes the comment.
 */
export function renderProgress(whole: RunRecord, links: LinkPolicy): string {
  // What is shown is what is kept: a record that was read back gives the text it was read from.
  const { record, footer } = fitToComment(whole);
  const link = threadLinkOf(record, links);
  const lines = [
    runMarker(record.runId),
    `### afk run \`${record.runId}\`: ${headline(record)}`,
    "",
    ...(link === null ? [] : [`[Open the agent's thread](${link})`, ""]),
    renderPhases(decidePhases(phaseEvidence(record))),
    "",
    ...turnTable(record),
    "",
    `${approvedLine(record.approval)} ` +
      `Usage is ${record.metering}${record.metering === "unmetered" ? ": AFK_BUDGET_USD is not enforced" : ""}.`,
    ...(record.isRebuilt
      ? ["The progress comment was lost and rebuilt: every attempt counts as spent."]
      : []),
    "",
    footer,
  ];
  return lines.join("\n");
}

/** Of a rebuilt record the approval may be unknown, and then so is its time. */
function approvedLine(approval: RunRecord["approval"]): string {
  const at = parseIso(approval.at);
  const by = inlineCode(approval.actor.login, LOGIN_CHARACTERS_MAX);
  return at === null ? `Approved by ${by}.` : `Approved by ${by} at ${formatIso(at)}.`;
}

/** What the record alone proves of the phases. */
export function phaseEvidence(record: RunRecord): PhaseEvidence {
  const phases = record.commits.flatMap((commit) => commit.phases);
  return {
    firstTurnSeenRunning: record.turns.some(wasSeen),
    hasTestsRedTrailer: phases.includes("tests-red"),
    hasGreenTrailer: phases.includes("green"),
    pushedSha: record.commits.at(-1)?.sha ?? null,
    ci: ciOf(record),
    deploy: record.deploySeen ?? "not-configured",
  };
}

function ciOf(record: RunRecord): PhaseEvidence["ci"] {
  if (record.verdict?.because === "green") return "green";
  if (record.verdict?.because === "no-ci-declared") return "not-configured";
  if (record.commits.length === 0) return "none-yet";
  return record.ciSeen;
}

function headline(record: RunRecord): string {
  const { verdict } = record;
  if (verdict !== null) {
    const because = `**${verdict.kind}** (${verdict.because})`;
    if (plainLine(verdict.detail, VERDICT_LINE_CHARACTERS_MAX) === "") return because;
    return `${because}: ${inlineCode(verdict.detail, VERDICT_LINE_CHARACTERS_MAX)}`;
  }
  if (record.state === "dispatching") return "dispatching";
  return record.waitingOn === null ? "under way" : `waiting on ${record.waitingOn}`;
}

function turnTable(record: RunRecord): readonly string[] {
  if (record.turns.length === 0) return ["No turn was asked for."];
  const rows = record.turns.slice(-TURN_ROWS_MAX).map(turnRow);
  return ["| turn | attempt | asked at | came to |", "|---|---|---|---|", ...rows];
}

function turnRow(turn: TurnRecord): string {
  const cells = [turn.kind, String(turn.attempt + 1), formatIso(turn.asked.at), turnState(turn)];
  return `| ${cells.join(" | ")} |`;
}

function turnState(turn: TurnRecord): string {
  if (turn.end !== null) {
    const { outcome, how } = turn.end;
    if (outcome === null) return how;
    return outcome.kind === "pushed" ? `pushed \`${outcome.sha.slice(0, 12)}\`` : outcome.kind;
  }
  return turn.firstSeen === null ? "asked for" : "running";
}
