import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decidePhases, type PhaseEvidence, renderPhases } from "../../src/pure/phase-checklist.ts";

const NOTHING: PhaseEvidence = {
  firstTurnSeenRunning: false,
  hasTestsRedTrailer: false,
  hasGreenTrailer: false,
  pushedSha: null,
  ci: "none-yet",
  deploy: "not-configured",
};

const ALL_OPEN =
  "worktree:open tests-red:open green:open pushed:open ci:open deployed:not-configured";

type Row = readonly [name: string, evidence: Partial<PhaseEvidence>, changed: string];

const rows: readonly Row[] = [
  ["nothing seen, nothing ticked", {}, "worktree:open"],
  ["a turn seen running", { firstTurnSeenRunning: true }, "worktree:done"],
  ["a trailer of red tests", { hasTestsRedTrailer: true }, "tests-red:done"],
  ["a trailer of green tests", { hasGreenTrailer: true }, "green:done"],
  ["a commit on the default branch", { pushedSha: "abc" }, "pushed:done"],
  ["a green CI", { ci: "green" }, "ci:done"],
  ["a red CI", { ci: "red" }, "ci:failed"],
  ["a CI under way", { ci: "pending" }, "ci:open"],
  ["no CI yet", { ci: "none-yet" }, "ci:open"],
  ["no CI at all", { ci: "not-configured" }, "ci:not-configured"],
  ["a deployment", { deploy: "green" }, "deployed:done"],
  ["a failed deployment", { deploy: "red" }, "deployed:failed"],
  ["a deployment under way", { deploy: "pending" }, "deployed:open"],
  ["no deployment at all", { deploy: "not-configured" }, "deployed:not-configured"],
];

describe("each piece of evidence ticks its own phase and no other", () => {
  it.each(rows)("%s", (_name, evidence, changed) => {
    const phases = decidePhases({ ...NOTHING, ...evidence });
    const states = phases.map((phase) => `${phase.name}:${phase.state}`).join(" ");
    const [name = ""] = changed.split(":");
    expect(states).toBe(ALL_OPEN.replace(new RegExp(`(?<=^| )${name}:\\S+`), changed));
  });
});

it("renders a task list in which only what is done is ticked", () => {
  const text = renderPhases(
    decidePhases({
      ...NOTHING,
      firstTurnSeenRunning: true,
      hasTestsRedTrailer: true,
      pushedSha: "0123456789abcdef0123",
      ci: "red",
    }),
  );
  expect(text).toBe(
    [
      "- [x] Started in its own worktree: the agent was seen working",
      "- [x] Failing test written: a commit says so in its trailer",
      "- [ ] Tests green on the agent's side",
      "- [x] Pushed to the default branch: commit 0123456789ab",
      "- [ ] CI: red",
      "- [ ] Deployed: not configured for this repo",
    ].join("\n"),
  );
});

it("a box is ticked exactly where the phase is done, and a stage not configured says so", () => {
  const anyEvidence = fc.record<PhaseEvidence>({
    firstTurnSeenRunning: fc.boolean(),
    hasTestsRedTrailer: fc.boolean(),
    hasGreenTrailer: fc.boolean(),
    pushedSha: fc.constantFrom(null, "abc"),
    ci: fc.constantFrom("green", "red", "pending", "not-configured", "none-yet"),
    deploy: fc.constantFrom("not-configured", "green", "red", "pending"),
  });
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const phases = decidePhases(evidence);
      const lines = renderPhases(phases).split("\n");
      expect(lines).toHaveLength(phases.length);
      for (const [index, phase] of phases.entries()) {
        expect(lines[index]?.startsWith("- [x]")).toBe(phase.state === "done");
        expect(lines[index]?.includes("not configured")).toBe(phase.state === "not-configured");
      }
    }),
  );
});
