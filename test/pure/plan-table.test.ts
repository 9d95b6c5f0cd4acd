import { describe, expect, it } from "vitest";
import type { HoldBecause } from "../../src/pure/dispatch-policy.ts";
import type { PlannedCandidate, PlannedRun, PlanReport } from "../../src/pure/plan-report.ts";
import { renderPlan, renderRuns } from "../../src/pure/plan-table.ts";
import type { WaitOn } from "../../src/pure/run-observation.ts";
import { RUN_ID, THREAD_ID } from "./builders.ts";

function aReport(overrides: Partial<PlanReport> = {}): PlanReport {
  return {
    version: 1,
    at: "2026-03-01T12:00:00Z",
    gates: { kind: "open" },
    isDraining: false,
    repos: ["o/a"],
    agentServer: { kind: "readable" },
    candidates: [],
    runs: [],
    unreadable: [],
    strays: [],
    ...overrides,
  };
}

function aCandidate(overrides: Partial<PlannedCandidate> = {}): PlannedCandidate {
  return {
    issue: "o/a#1",
    url: "https://forge.example/o/a/issues/1",
    title: "Greet",
    priority: null,
    decision: { kind: "dispatch", runId: RUN_ID, threadId: THREAD_ID },
    ...overrides,
  };
}

function aPlannedRun(overrides: Partial<PlannedRun> = {}): PlannedRun {
  return {
    issue: "o/a#1",
    url: "https://forge.example/o/a/issues/1",
    title: "Greet",
    runId: RUN_ID,
    threadLink: null,
    row: "T7",
    decision: { kind: "wait", on: "agent", detail: "" },
    verdict: null,
    violated: [],
    ...overrides,
  };
}

it("a repo that only the configuration file lists is said", () => {
  const sentence = "AFK_CONFIG_FILE lists acme/typo, which is not enrolled.";
  expect(renderPlan(aReport({ notEnrolled: ["acme/typo"] }))).toContain(`\n${sentence}\n`);
  expect(renderPlan(aReport())).not.toContain("AFK_CONFIG_FILE");
});

/** What the last column says, folded lines joined again. */
function lastCellOf(report: PlanReport, heading: string): string {
  const lines = renderPlan(report).split("\n");
  const at = lines.findIndex((line) => line.endsWith(`  ${heading}`));
  const from = lines[at]?.lastIndexOf(heading) ?? 0;
  const rows = lines.slice(at + 2);
  const end = rows.indexOf("");
  return rows
    .slice(0, end)
    .map((line) => line.slice(from))
    .join(" ");
}

function whyOf(decision: PlannedCandidate["decision"]): string {
  return lastCellOf(aReport({ candidates: [aCandidate({ decision })] }), "why");
}

function whatOf(run: Partial<PlannedRun>): string {
  return lastCellOf(aReport({ runs: [aPlannedRun(run)] }), "what");
}

describe("the reason of a candidate", () => {
  it("that begins names its run", () => {
    expect(whyOf({ kind: "dispatch", runId: RUN_ID, threadId: THREAD_ID })).toBe(
      `nothing holds it: it begins as run ${RUN_ID}`,
    );
  });

  it("that is adopted says what becomes of its run", () => {
    const adopted = { kind: "adopt", runId: RUN_ID, threadId: THREAD_ID } as const;
    const detail = "its dispatch was cut short";
    expect(whyOf({ ...adopted, step: "finish", detail })).toBe(
      `run ${RUN_ID} is dispatched to the end: ${detail}`,
    );
    expect(whyOf({ ...adopted, step: "hand-over", detail: "the dispatch took too long" })).toBe(
      `run ${RUN_ID} is handed to the watcher: the dispatch took too long`,
    );
  });

  const holds: Readonly<Record<HoldBecause, readonly [detail: string, want: string]>> = {
    "not-open": ["closed", "the issue is closed"],
    "is-pull-request": ["only issues are dispatched", "only issues are dispatched"],
    "human-label": ["ready-for-human is newer", "ready-for-human is newer"],
    paused: ["agent-paused", "it has the label agent-paused"],
    "approval-already-used": ["by run 1", "its approval was used by run 1"],
    "approval-not-found": ["no event was read", "no event was read"],
    "issue-unreadable": ["too many comments", "too many comments"],
    "untrusted-labeler": ["the label was set by a bot", "the label was set by a bot"],
    "edited-after-approval": ["label again", "its text was changed: label again"],
    blocked: ["o/a#2 (cyclic)", "o/a#2 (cyclic)"],
    "agent-server": ["502", "unreadable: 502"],
    "repo-locked": ["o/a#2 (label)", "the repo is busy: o/a#2 (label)"],
    draining: ["AFK_DRAIN is true", "AFK_DRAIN is true"],
    "base-red": ["main is red: test", "main is red: test"],
    "at-capacity": ["as many runs as AFK_MAX_RUNS", "as many runs as AFK_MAX_RUNS"],
    "slot-taken": ["o/a#2 is more urgent", "o/a#2 is more urgent"],
  };
  it.each(Object.entries(holds))("held for %s", (because, [detail, want]) => {
    const decision = { kind: "hold", because: because as HoldBecause, detail } as const;
    expect(whyOf(decision)).toBe(`${because}: ${want}`);
  });
});

describe("what a run does", () => {
  const waits: Readonly<Record<WaitOn, string>> = {
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
  it.each(Object.entries(waits))("while it waits on %s", (on, want) => {
    const decision = { kind: "wait", on: on as WaitOn, detail: "" } as const;
    expect(whatOf({ decision })).toBe(`${on}: ${want}`);
    expect(whatOf({ decision: { ...decision, detail: "502" } })).toBe(`${on}: ${want}: 502`);
  });

  const rows: ReadonlyArray<readonly [name: string, run: Partial<PlannedRun>, want: string]> = [
    [
      "the lock label is put on",
      { decision: { kind: "act", act: "lock", detail: "agent-in-progress" } },
      "put on the label agent-in-progress",
    ],
    [
      "a thread is told to stop",
      { decision: { kind: "act", act: "command-thread", detail: "unarchive, stop-session" } },
      "tell the thread: unarchive, stop-session",
    ],
    [
      "a turn is asked for",
      { decision: { kind: "act", act: "ask-turn", detail: "corrective" } },
      "ask the agent for a turn: corrective",
    ],
    [
      "a question rings",
      { decision: { kind: "act", act: "ring-question", detail: "Which one?" } },
      "ring, the agent asks: Which one?",
    ],
    [
      "a silence rings",
      { decision: { kind: "act", act: "ring-silence", detail: "502" } },
      "ring, the agent server is silent: 502",
    ],
    [
      "a verdict with its evidence",
      {
        decision: { kind: "conclude" },
        verdict: { kind: "needs-human", because: "blocked", detail: "the key is missing" },
      },
      "needs-human (blocked): the key is missing",
    ],
    [
      "a verdict without",
      { decision: { kind: "conclude" }, verdict: { kind: "done", because: "green", detail: "" } },
      "done (green)",
    ],
    [
      "what is left of a verdict",
      {
        decision: { kind: "finish", missing: ["close-issue", "release"] },
        verdict: { kind: "done", because: "green", detail: "" },
      },
      "done (green). Still to do: close-issue, release",
    ],
    ["a verdict that is none", { decision: { kind: "conclude" } }, "no verdict"],
    [
      "what breaks a law is refused",
      { decision: { kind: "conclude" }, violated: ["it concludes without a verdict", "another"] },
      "refused, please report this: it concludes without a verdict; another",
    ],
  ];
  it.each(rows)("%s", (_name, run, want) => {
    expect(whatOf(run)).toBe(want);
  });
});

it("what the agent server warns of is said before all candidates, a sentence each", () => {
  const warnings = ["it is old", "the token expires\u001b[2J soon"];
  const text = renderPlan(aReport({ agentServer: { kind: "readable", warnings } }));
  expect(text.split("\n").slice(0, 5)).toEqual([
    "Read at 2026-03-01T12:00:00Z, repos enrolled: 1. Nothing was changed.",
    "The agent server warns: it is old",
    expect.stringMatching(/^The agent server warns: the token expires\P{Cc}* soon$/u),
    "",
    "No candidates: no open issue has the ready label.",
  ]);
});

it("nothing that a terminal would obey comes through, whoever wrote it", () => {
  const hostile = "\u001b]8;;http://evil.example\u0007x\u009b31m\r\n\u202e<!-- hidden -->end";
  const text = renderPlan(
    aReport({
      agentServer: { kind: "unreadable", why: hostile },
      candidates: [
        aCandidate({ title: hostile }),
        aCandidate({ decision: { kind: "hold", because: "blocked", detail: hostile } }),
      ],
      runs: [aPlannedRun({ decision: { kind: "wait", on: "agent", detail: hostile } })],
      unreadable: [{ name: "o/b", why: hostile }],
      strays: [{ threadId: THREAD_ID, workspaceRoot: hostile }],
    }),
  );
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  expect(text).not.toContain("hidden");
});

it("a thread link, a page and a title of a run are for the JSON: the table names run and issue", () => {
  const text = renderPlan(aReport({ runs: [aPlannedRun({ title: "A title" })] }));
  expect(text).toContain(`o/a#1   ${RUN_ID}  T7   wait      agent: the agent is at work`);
  expect(text).not.toContain("A title");
});

it("the runs alone are those of the plan, with what could not be read", () => {
  expect(renderRuns(aReport())).toBe("No runs in flight.\n");
  const report = aReport({ runs: [aPlannedRun()], unreadable: [{ name: "o/b", why: "503" }] });
  expect(renderPlan(report).endsWith(`\n\n${renderRuns(report)}`)).toBe(true);
  expect(renderRuns(report)).toMatch(/o\/a#1[^]*o\/b {2,}503/);
  const blind = aReport({ agentServer: { kind: "unreadable", why: "refused" } });
  expect(renderRuns(blind)).toBe(
    "The agent server cannot be read: refused\n\nNo runs in flight.\n",
  );
});
