import { tellNotEnrolled } from "./config-file.ts";
import type { HoldBecause } from "./dispatch-policy.ts";
import type { PlannedCandidate, PlannedRun, PlanReport } from "./plan-report.ts";
import type { RunAct, WaitOn } from "./run-observation.ts";
import { type Column, LINE_WIDTH_MAX, renderTable, wrapText } from "./text-table.ts";
import { plainLine } from "./untrusted-text.ts";

/** More than the lines a cell may have ever show. */
const CELL_CHARACTERS_MAX = 600;

/** What leads in to the detail of a hold, where that is no sentence by itself. */
const HOLD_WORDS: Readonly<Record<HoldBecause, string>> = {
  "not-open": "the issue is ",
  "is-pull-request": "",
  "human-label": "",
  paused: "it has the label ",
  "approval-already-used": "its approval was used ",
  "approval-not-found": "",
  "issue-unreadable": "",
  "untrusted-labeler": "",
  "edited-after-approval": "its text was changed: ",
  blocked: "",
  "agent-server": "unreadable: ",
  "repo-locked": "the repo is busy: ",
  draining: "",
  "base-red": "",
  "at-capacity": "",
  "slot-taken": "",
};

const WAIT_WORDS: Readonly<Record<WaitOn, string>> = {
  paused: "a person paused it",
  "agent-server": "it does not answer, or is not understood",
  "human-answer": "the agent asks, a person has to answer in its thread",
  "agent-start": "a turn was asked for and has not begun",
  agent: "the agent is at work",
  "repo-locked": "another run of the repo is live",
  "taken-over": "a person has the issue",
  commits: "the default branch could not be read",
  "base-red": "the branch was red before this run",
  ci: "the checks are not done",
};

/** What leads in to the detail of an act. */
const ACT_WORDS: Readonly<Record<RunAct["kind"], string>> = {
  lock: "put on the label ",
  "command-thread": "tell the thread: ",
  "ask-turn": "ask the agent for a turn: ",
  "ring-question": "ring, the agent asks: ",
  "ring-silence": "ring, the agent server is silent: ",
};

/** The report for a person: plain words, aligned, nothing in it that a terminal would obey. */
export function renderPlan(report: PlanReport): string {
  if (report.repos.length === 0) {
    return "Nothing to plan: AFK_ALLOWLIST names no repo. Set AFK_ALLOWLIST=owner/name.\n";
  }
  const sections = [
    headLines(report),
    candidateLines(report.candidates),
    runLines(report.runs),
    gapLines(report.unreadable),
    strayLines(report.strays),
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${shown.join("\n\n")}\n`;
}

function headLines(report: PlanReport): readonly string[] {
  const { gates, repos, agentServer } = report;
  const paragraphs = [
    `Read at ${report.at}, repos enrolled: ${repos.length}. Nothing was changed.`,
  ];
  if (gates.kind === "disabled") {
    paragraphs.push(
      "Both ticks are disabled, AFK_KILL_SWITCH is on or not set: this is what they would do. " +
        "Set AFK_KILL_SWITCH=false to let them.",
    );
  }
  const notEnrolled = tellNotEnrolled(report.notEnrolled ?? []);
  if (notEnrolled !== null) paragraphs.push(`${notEnrolled}.`);
  if (report.isDraining) paragraphs.push("AFK_DRAIN is on: no new run is started.");
  if (agentServer.kind === "readable") {
    const { warnings = [] } = agentServer;
    paragraphs.push(...warnings.map((warning) => clean(`The agent server warns: ${warning}`)));
  }
  const head = paragraphs.flatMap((paragraph) => wrapText(paragraph, LINE_WIDTH_MAX));
  return [...head, ...serverLines(report)];
}

/** Why the agent server cannot be read; nothing where it can. */
function serverLines({ agentServer }: PlanReport): readonly string[] {
  if (agentServer.kind !== "unreadable") return [];
  const text = clean(`The agent server cannot be read: ${agentServer.why}`);
  return wrapText(text, LINE_WIDTH_MAX);
}

const CANDIDATE_COLUMNS: readonly Column<"issue" | "title" | "decision" | "why">[] = [
  { key: "issue", heading: "candidate", fit: "whole" },
  { key: "title", heading: "title", fit: "cut" },
  { key: "decision", heading: "decision", fit: "whole" },
  { key: "why", heading: "why", fit: "wrap" },
];

function candidateLines(candidates: readonly PlannedCandidate[]): readonly string[] {
  if (candidates.length === 0) return ["No candidates: no open issue has the ready label."];
  const rows = candidates.map(({ issue, title, decision }) => ({
    issue,
    title: clean(title),
    decision: decision.kind,
    why: clean(candidateWhy(decision)),
  }));
  return renderTable(CANDIDATE_COLUMNS, rows);
}

function candidateWhy(decision: PlannedCandidate["decision"]): string {
  switch (decision.kind) {
    case "dispatch":
      return `nothing holds it: it begins as run ${decision.runId}`;
    case "adopt":
      return decision.step === "finish"
        ? `run ${decision.runId} is dispatched to the end: ${decision.detail}`
        : `run ${decision.runId} is handed to the watcher: ${decision.detail}`;
    case "hold":
      return `${decision.because}: ${HOLD_WORDS[decision.because]}${decision.detail}`;
  }
}

const RUN_COLUMNS: readonly Column<"issue" | "runId" | "row" | "decision" | "what">[] = [
  { key: "issue", heading: "run of", fit: "whole" },
  { key: "runId", heading: "run", fit: "whole" },
  { key: "row", heading: "row", fit: "whole" },
  { key: "decision", heading: "decision", fit: "whole" },
  { key: "what", heading: "what", fit: "wrap" },
];

function runLines(runs: readonly PlannedRun[]): readonly string[] {
  if (runs.length === 0) return ["No runs in flight."];
  const rows = runs.map((run) => ({
    issue: run.issue,
    runId: run.runId,
    row: run.row,
    decision: run.decision.kind,
    what: clean(run.violated.length > 0 ? refusedWhat(run) : runWhat(run)),
  }));
  return renderTable(RUN_COLUMNS, rows);
}

/** The runs in flight and what could not be read, as the plan shows them. */
export function renderRuns(report: PlanReport): string {
  const sections = [
    serverLines(report),
    runLines(report.runs),
    gapLines(report.unreadable),
    strayLines(report.strays),
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${shown.join("\n\n")}\n`;
}

function refusedWhat(run: PlannedRun): string {
  return `refused, please report this: ${run.violated.join("; ")}`;
}

function runWhat(run: PlannedRun): string {
  const { decision } = run;
  switch (decision.kind) {
    case "wait":
      return withDetail(`${decision.on}: ${WAIT_WORDS[decision.on]}`, decision.detail);
    case "act":
      return `${ACT_WORDS[decision.act]}${decision.detail}`;
    case "conclude":
      return verdictWords(run);
    case "finish":
      return `${verdictWords(run)}. Still to do: ${decision.missing.join(", ")}`;
  }
}

function verdictWords({ verdict }: PlannedRun): string {
  if (verdict === null) return "no verdict";
  return withDetail(`${verdict.kind} (${verdict.because})`, verdict.detail);
}

function withDetail(words: string, detail: string): string {
  return detail === "" ? words : `${words}: ${detail}`;
}

const GAP_COLUMNS: readonly Column<"name" | "why">[] = [
  { key: "name", heading: "not readable", fit: "whole" },
  { key: "why", heading: "why", fit: "wrap" },
];

function gapLines(gaps: PlanReport["unreadable"]): readonly string[] {
  if (gaps.length === 0) return [];
  return renderTable(
    GAP_COLUMNS,
    gaps.map(({ name, why }) => ({ name, why: clean(why) })),
  );
}

const STRAY_COLUMNS: readonly Column<"thread" | "folder">[] = [
  { key: "thread", heading: "interrupted: its repo is not enrolled", fit: "whole" },
  { key: "folder", heading: "folder", fit: "wrap" },
];

function strayLines(strays: PlanReport["strays"]): readonly string[] {
  if (strays.length === 0) return [];
  return renderTable(
    STRAY_COLUMNS,
    strays.map(({ threadId, workspaceRoot }) => ({
      thread: threadId,
      folder: clean(workspaceRoot),
    })),
  );
}

function clean(text: string): string {
  return plainLine(text, CELL_CHARACTERS_MAX);
}
