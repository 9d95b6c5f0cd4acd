import { expect, it } from "vitest";
import { decisionDetail, waitDetail } from "../../src/pure/decision-detail.ts";
import { aSight, decide, threadIn } from "./run-builders.ts";

it("a wait tells whom it waits for, or why there was no reading", () => {
  const silent = { kind: "silent", why: "502", ms: 0 } as const;
  const unread = { kind: "unreadable", why: "503" } as const;
  const seen = aSight({ otherLive: ["o/a#1", "o/a#2", "o/a#1"], thread: silent, commits: unread });
  expect(waitDetail(seen, "repo-locked")).toBe("o/a#1, o/a#2");
  expect(waitDetail(seen, "agent-server")).toBe("502");
  expect(waitDetail(seen, "commits")).toBe("503");
  expect(waitDetail(seen, "ci")).toBe("");
  expect(["agent-server", "commits"].map((on) => waitDetail(aSight(), on as "commits"))).toEqual([
    "",
    "",
  ]);
});

it("a decision tells the detail of its verdict in one line of at most 600 characters", () => {
  const failed = (lastError: string) => {
    const turn = { kind: "failed", lastError, lastWords: "" } as const;
    const seen = aSight({ thread: threadIn(turn) });
    const decision = decide({ seen });
    expect(decision.kind).toBe("conclude");
    return decisionDetail(seen, decision);
  };
  expect(failed("first\nsecond")).toBe("first second");
  expect(failed("x".repeat(600))).toHaveLength(600);
  expect(failed("x".repeat(600))).not.toContain("…");
  expect(failed("x".repeat(601))).toHaveLength(600);
  expect(failed("x".repeat(601)).endsWith("…")).toBe(true);
});

it("a run without verdict that waits for nothing in particular has none", () => {
  const seen = aSight();
  const decision = decide({ seen });
  expect(decision.kind).toBe("wait");
  expect(decisionDetail(seen, decision)).toBe("");
});
