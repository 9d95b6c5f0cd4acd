import { describe, expect, it } from "vitest";
import {
  createDecisionLog,
  DECISIONS_MAX,
  type TickLine,
} from "../../../sandbox/page/decision-log.ts";

const NOW = 1_795_000_000_000;

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

function logOf(...lines: readonly TickLine[]) {
  const log = createDecisionLog(() => NOW);
  for (const line of lines) log.tell(line);
  return log.list();
}

function decided(decision: Readonly<Record<string, unknown>>, issue = "acme/shop#1"): TickLine {
  return { level: "info", time: isoOf(NOW - 1), loop: "watcher", issue, decision, msg: "decided" };
}

const words: ReadonlyArray<
  readonly [decision: Readonly<Record<string, unknown>>, words: string, detail: string]
> = [
  [{ kind: "dispatch", runId: "0123" }, "dispatch", "run 0123"],
  [{ kind: "adopt", step: "finish", detail: "it began" }, "adopt: finish", "it began"],
  [{ kind: "hold", because: "paused", detail: "agent-paused" }, "hold: paused", "agent-paused"],
  [{ kind: "wait", on: "ci", row: "T21" }, "wait on ci", "row T21"],
  [
    { kind: "conclude", verdict: "done", because: "green", row: "T14" },
    "verdict: done (green)",
    "row T14",
  ],
  [
    { kind: "finish", plan: { steps: [{ kind: "post-notice" }], bells: ["ntfy"] } },
    "finish",
    "post-notice, ring ntfy, release",
  ],
  [
    { kind: "act", row: "T13", act: { kind: "ask-turn", ask: { prompt: { kind: "nudge" } } } },
    "ask for a turn: nudge",
    "row T13",
  ],
  [
    { kind: "act", row: "T8", act: { kind: "command-thread", verbs: ["interrupt"] } },
    "tell the thread: interrupt",
    "row T8",
  ],
  [
    { kind: "act", row: "T5", act: { kind: "ring-question", text: "Which?" } },
    "ring: Which?",
    "row T5",
  ],
  [{ kind: "act", row: "T3", act: { kind: "ring-silence" } }, "ring silence", "row T3"],
];

it.each(words)("%j is told in words", (decision, said, detail) => {
  const [first] = logOf(decided(decision));
  expect([first?.words, first?.detail]).toEqual([said, detail]);
});

it("the newest decision comes first, with its loop, issue and time", () => {
  const list = logOf(
    decided({ kind: "wait", on: "agent" }),
    decided({ kind: "wait", on: "ci" }, "acme/blog#2"),
  );
  expect(list.map(({ words: said }) => said)).toEqual(["wait on ci", "wait on agent"]);
  expect(list[0]).toMatchObject({ loop: "watcher", issue: "acme/blog#2", at: NOW - 1, times: 1 });
});

it("the same decision again is counted where it stands, whatever other issues do between", () => {
  const wait = decided({ kind: "wait", on: "agent" });
  const other = decided({ kind: "wait", on: "agent" }, "acme/blog#2");
  const list = logOf(wait, other, { ...wait, time: isoOf(NOW) });
  expect(list.map(({ issue, times, at }) => [issue, times, at])).toEqual([
    ["acme/blog#2", 1, NOW - 1],
    ["acme/shop#1", 2, NOW - 1],
  ]);
});

it("a decision that comes back after another one is listed anew", () => {
  const wait = decided({ kind: "wait", on: "agent" });
  expect(logOf(wait, decided({ kind: "wait", on: "ci" }), wait)).toHaveLength(3);
});

describe("lines that are no decisions", () => {
  it("are left out where they tell what is performed", () => {
    expect(logOf({ level: "info", loop: "poller", msg: "tick begins" })).toEqual([]);
  });

  it("are shown where they tell of trouble, with the reason", () => {
    const [first] = logOf({
      level: "error",
      loop: "watcher",
      err: { message: "503" },
      msg: "failed",
    });
    expect(first).toMatchObject({ words: "failed", detail: "503", tone: "error", at: NOW });
  });

  it("and a decision of a shape nobody knows do no harm", () => {
    expect(logOf({ level: "info", decision: null, msg: "decided" })).toHaveLength(1);
    expect(logOf(decided({ kind: "act", act: { kind: "ask-turn" } }))).toHaveLength(1);
  });
});

it(`keeps ${DECISIONS_MAX} decisions, the newest`, () => {
  const lines = Array.from({ length: DECISIONS_MAX + 1 }, (_, at) =>
    decided({ kind: "wait", on: "ci" }, `acme/shop#${at}`),
  );
  expect(logOf(...lines.slice(0, DECISIONS_MAX)).at(-1)?.issue).toBe("acme/shop#0");
  expect(logOf(...lines)).toHaveLength(DECISIONS_MAX);
  expect(logOf(...lines).at(-1)?.issue).toBe("acme/shop#1");
});
