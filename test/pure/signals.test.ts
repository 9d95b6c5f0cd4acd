import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { measureTick } from "../../src/pure/measures.ts";
import { eventsOf, type Signal } from "../../src/pure/signals.ts";

const held: Extract<Signal, { kind: "held" }> = {
  kind: "held",
  issue: "octo/demo#7",
  because: "blocked",
  approvalEventId: "e1",
};
const concluded: Extract<Signal, { kind: "concluded" }> = {
  kind: "concluded",
  issue: "octo/demo#7",
  runId: "0123456789ab",
  verdict: "frozen",
  because: "no-new-commit",
  tookMs: 90_000,
  tokens: 1200,
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const events = (...signals: readonly Signal[]) => eventsOf(signals, sha256);

describe("the events of a tick", () => {
  it("are one a verdict, loud where a person is needed", () => {
    expect(events(concluded)).toEqual([
      {
        name: expect.stringMatching(/^afk-[0-9a-f]{20}$/),
        type: "Warning",
        reason: "Verdict",
        message: "octo/demo#7: frozen (no-new-commit), run 0123456789ab",
      },
    ]);
    const types = (["done", "cancelled", "needs-human"] as const).map(
      (verdict) => events({ ...concluded, verdict })[0]?.type,
    );
    expect(types).toEqual(["Normal", "Normal", "Warning"]);
  });

  it("are one a hold, named by approval and reason alone", () => {
    const [event] = events(held);
    expect(event).toMatchObject({ type: "Normal", reason: "Held" });
    expect(event?.message).toBe("octo/demo#7: held, blocked");
    expect(events({ ...held })).toEqual([event]);
    expect(events({ ...held, because: "paused" })[0]?.name).not.toBe(event?.name);
    expect(events({ ...held, approvalEventId: "e2" })[0]?.name).not.toBe(event?.name);
  });

  it("are none of what nobody approved, and of what is no hold or verdict", () => {
    expect(events({ ...held, approvalEventId: null })).toEqual([]);
    expect(events({ ...held, because: "untrusted-labeler" })).toEqual([]);
    expect(events({ kind: "turn-asked", turn: "first" })).toEqual([]);
  });
});

describe("the measures of a tick", () => {
  const tick = { durationMs: 1500, outcome: "ok", now: 100_000, dispatched: 2 } as const;

  it("count requests, dispatches, turns, verdicts and tokens", () => {
    const signals: readonly Signal[] = [
      { kind: "turn-asked", turn: "corrective" },
      concluded,
      { ...concluded, verdict: "done", because: "green", tookMs: 5, tokens: null },
    ];
    const measures = measureTick(signals, { ...tick, requests: { github: 3, t3: 1 } });
    expect(measures.counts).toEqual([
      { name: "afk.requests", value: 3, by: { service: "github" } },
      { name: "afk.requests", value: 1, by: { service: "t3" } },
      { name: "afk.dispatches", value: 2, by: {} },
      { name: "afk.turns", value: 1, by: { kind: "corrective" } },
      { name: "afk.verdicts", value: 1, by: { kind: "frozen", because: "no-new-commit" } },
      { name: "afk.verdicts", value: 1, by: { kind: "done", because: "green" } },
      { name: "afk.tokens", value: 1200, by: {} },
    ]);
    expect(measures.verdictMs).toEqual([
      { ms: 90_000, kind: "frozen" },
      { ms: 5, kind: "done" },
    ]);
    expect(measures).toMatchObject({ durationMs: 1500, outcome: "ok", gauges: [] });
  });

  it("tell holds by reason, the oldest run, and whether the agent server answers", () => {
    const signals: readonly Signal[] = [
      held,
      { ...held, issue: "octo/demo#8" },
      { ...held, because: "paused" },
      { kind: "in-flight", beganAt: 90_000 },
      { kind: "in-flight", beganAt: 40_000 },
      { kind: "agent-server", isReachable: true },
      { kind: "agent-server", isReachable: false },
    ];
    expect(measureTick(signals, { ...tick, requests: {} }).gauges).toEqual([
      { name: "afk.holds", value: 2, by: { because: "blocked" } },
      { name: "afk.holds", value: 1, by: { because: "paused" } },
      { name: "afk.oldest_run.age", value: 60, by: {}, unit: "s" },
      { name: "afk.agent_server.unreachable", value: 1, by: {} },
    ]);
    const reachable = measureTick([{ kind: "agent-server", isReachable: true }], {
      ...tick,
      requests: {},
    });
    expect(reachable.gauges).toEqual([{ name: "afk.agent_server.unreachable", value: 0, by: {} }]);
  });
});
