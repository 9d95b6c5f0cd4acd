import { describe, expect, it } from "vitest";
import { tellRun } from "../../src/loops/tell-run.ts";
import type { RunDecision, RunSeen } from "../../src/pure/run-observation.ts";
import type { Signal } from "../../src/pure/signals.ts";
import { aRecord, aVerdict, anIssue } from "../pure/builders.ts";

function told(decision: Record<string, unknown>, processedTokens: number | null = 7): Signal[] {
  const signals: Signal[] = [];
  const thread = { kind: "seen", processedTokens };
  const seen = { issue: anIssue(), thread } as unknown as RunSeen;
  const deps = { signals: { tell: (signal: Signal) => void signals.push(signal) } };
  tellRun(deps, seen, decision as unknown as RunDecision);
  return signals;
}

describe("what a run tells", () => {
  const record = aRecord();
  const verdict = aVerdict({ kind: "done", because: "green", at: record.begunAt + 5000 });

  it("is its age while it has no verdict, and each turn asked for", () => {
    const inFlight = { kind: "in-flight", beganAt: record.begunAt };
    expect(told({ kind: "wait", on: "ci", record })).toEqual([inFlight]);
    const act = { kind: "ask-turn", ask: { prompt: { kind: "corrective" } } };
    expect(told({ kind: "act", act, record })).toEqual([
      inFlight,
      { kind: "turn-asked", turn: "corrective" },
    ]);
  });

  it("is its verdict once, when it is reached", () => {
    const concluded = { ...record, verdict };
    expect(told({ kind: "conclude", record: concluded }, 1200)).toMatchObject([
      { kind: "concluded", verdict: "done", because: "green", tookMs: 5000, tokens: 1200 },
    ]);
    expect(told({ kind: "finish", record: concluded })).toEqual([]);
  });

  it("is nothing where nobody listens", () => {
    expect(() => tellRun({}, {} as RunSeen, {} as RunDecision)).not.toThrow();
  });
});
