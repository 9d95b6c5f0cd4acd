import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { hasLabel } from "../../src/pure/approval.ts";
import { checkDecision } from "../../src/pure/check-decision.ts";
import { messageIdOf } from "../../src/pure/identity.ts";
import { noticeMarker } from "../../src/pure/notices.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "../../src/pure/run-observation.ts";
import { lastTurn, type RunRecord, RunRecordSchema } from "../../src/pure/run-record.ts";
import { decideRun } from "../../src/pure/run-state-machine.ts";
import { aRecord, aTurn, closed, labels, maria, MINUTE, NOW, startedAgo } from "./builders.ts";
import {
  anyConcludedRecord,
  anyOpenRecord,
  anyPolicy,
  anySight,
  aPauseBetweenTicks,
} from "./run-arbitraries.ts";
import { anIssueInHand, approved, locked, tell } from "./run-builders.ts";

/** Enough for the pairs of record and sight that only a rare row answers; the whole file stays within seconds. */
const RUNS = { numRuns: 500 };

const anyRecord = fc.oneof(anyOpenRecord, anyConcludedRecord);

function asksForTurn(decision: RunDecision): boolean {
  return decision.kind === "act" && decision.act.kind === "ask-turn";
}

/** The record after the decision was performed: every doorbell was answered. */
function performed(decision: RunDecision, now: number): RunRecord {
  const { record } = decision;
  if (decision.kind !== "act") return record;
  const { act } = decision;
  const rung = (bells: readonly string[]) =>
    Object.fromEntries(bells.map((name) => [name, { firstTryAt: now, state: "rung" as const }]));
  if (act.kind === "ring-silence" && record.silence !== null) {
    const bells = { ...record.silence.bells, ...rung(act.bells) };
    return { ...record, silence: { ...record.silence, bells } };
  }
  if (act.kind !== "ring-question") return record;
  const questions = record.questions.map((each) =>
    each.requestId === act.requestId
      ? { ...each, bells: { ...each.bells, ...rung(act.bells) } }
      : each,
  );
  return { ...record, questions };
}

describe("every decision", () => {
  it("is an answer that breaks no law, whatever was recorded and read", () => {
    fc.assert(
      fc.property(anyRecord, anySight, anyPolicy, (record, seen, policy) => {
        expect(checkDecision(seen, policy, decideRun(record, seen, policy))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("asks for no turn beside a live one, ours or another run's", () => {
    fc.assert(
      fc.property(anyRecord, anySight, anyPolicy, (record, seen, policy) => {
        const isBusy =
          (seen.thread.kind === "seen" && seen.thread.isLive) || seen.otherLive.length > 0;
        expect(isBusy && asksForTurn(decideRun(record, seen, policy))).toBe(false);
      }),
      RUNS,
    );
  });

  it("prompts no text that was edited after its approval", () => {
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, sight, policy) => {
        const decision = decideRun(record, { ...sight, textHash: "another" }, policy);
        if (decision.kind !== "act" || decision.act.kind !== "ask-turn") return;
        const { isNewThread, prompt } = decision.act.ask;
        expect(isNewThread || prompt.kind === "first").toBe(false);
      }),
      RUNS,
    );
  });

  it("is done only with a commit, the declared push, and green or no CI as declared", () => {
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, seen, policy) => {
        const noted = decideRun(record, seen, policy).record;
        if (noted.verdict?.kind !== "done") return;
        const verdict = seen.ci.kind === "judged" ? seen.ci.verdict.kind : null;
        const isJudged = verdict === "green" || (verdict === "none" && policy.repo.ci === "none");
        const hasDeclared = noted.turns.some((turn) => turn.end?.outcome?.kind === "pushed");
        expect(isJudged && hasDeclared && noted.commits.length > 0).toBe(true);
      }),
      RUNS,
    );
  });

  it("respects a person's closing at once", () => {
    const issue = anIssueInHand({
      state: "closed",
      events: [approved, locked, closed({ actor: maria })],
    });
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, sight, policy) => {
        const { verdict } = decideRun(record, { ...sight, issue }, policy).record;
        expect(verdict?.kind).toBe("cancelled");
      }),
      RUNS,
    );
  });

  it("draws no verdict from silence", () => {
    const thread = { kind: "silent", why: "timeout" } as const;
    const issue = anIssueInHand();
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, sight, policy) => {
        const seen = { ...sight, issue, thread, isSuperseded: false };
        expect(decideRun(record, seen, policy).row).toBe("T3");
      }),
      RUNS,
    );
  });

  it("does nothing to a paused run but interrupt it", () => {
    const issue = anIssueInHand({ labels: [labels.inProgress, labels.paused] });
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, sight, policy) => {
        const decision = decideRun(record, { ...sight, issue, isSuperseded: false }, policy);
        expect(decision.row).toBe("T2");
        expect(asksForTurn(decision)).toBe(false);
        expect(decision.record.verdict).toBeNull();
      }),
      RUNS,
    );
  });
});

describe("a wait", () => {
  it("decided once more on its record and the same sight is the same, to the letter", () => {
    fc.assert(
      fc.property(anyRecord, anySight, anyPolicy, (record, seen, policy) => {
        const decision = decideRun(record, seen, policy);
        if (decision.kind !== "wait") return;
        expect(decideRun(decision.record, seen, policy)).toEqual(decision);
      }),
      RUNS,
    );
  });

  it("of thirty unchanged ticks writes nothing after the first", () => {
    fc.assert(
      fc.property(anyRecord, anySight, anyPolicy, (record, seen, policy) => {
        const first = decideRun(record, seen, policy);
        for (let tick = 1; tick <= 30; tick += 1) {
          const now = seen.now + tick * MINUTE;
          const next = decideRun(first.record, { ...seen, now }, policy);
          if (first.kind !== "wait" || tell(next) !== tell(first)) return;
          expect(next.record).toEqual(first.record);
        }
      }),
      RUNS,
    );
  });
});

/** Ten minutes between looks: 60 hours, more than all ceilings of one sight in a row. */
const STEP_MS = 10 * MINUTE;
const STEPS_MAX = 360;

/** Looks at the same sight again and again while the time goes by; null when no verdict is reached. */
function stepsToVerdict(start: RunRecord, sight: RunSeen, policy: WatchPolicy): number | null {
  let record = start;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const now = sight.now + step * STEP_MS;
    const decision = decideRun(record, { ...sight, now }, policy);
    if (decision.kind === "conclude") return step;
    record = performed(decision, now);
  }
  return null;
}

describe("every wait has a ceiling", () => {
  it("whatever stands still, an unpaused run that is answered reaches a verdict", () => {
    fc.assert(
      fc.property(anyOpenRecord, anySight, anyPolicy, (record, sight, policy) => {
        const { thread } = sight;
        const isSilent =
          thread.kind === "silent" ||
          (thread.kind === "seen" && thread.turn.kind === "not-understood" && !thread.isArchived);
        fc.pre(!isSilent);
        const issue = anIssueInHand();
        expect(stepsToVerdict(record, { ...sight, issue }, policy)).not.toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it("silence rings each doorbell once, however long it lasts", () => {
    const thread = { kind: "silent", why: "timeout" } as const;
    fc.assert(
      fc.property(anySight, anyPolicy, (sight, policy) => {
        let record = aRecord();
        const rung: string[] = [];
        for (let step = 0; step < STEPS_MAX; step += 1) {
          const now = NOW + step * STEP_MS;
          const seen = { ...sight, now, issue: anIssueInHand(), isSuperseded: false, thread };
          const decision = decideRun(record, seen, policy);
          if (decision.kind === "act" && decision.act.kind === "ring-silence")
            rung.push(...decision.act.bells);
          record = performed(decision, now);
        }
        expect(rung).toEqual(policy.notifiers);
        expect(record.verdict).toBeNull();
      }),
      { numRuns: 30 },
    );
  });
});

type Step = { readonly seen: RunSeen; readonly waitMs: number };

const aStep = fc.record({ seen: anySight, waitMs: aPauseBetweenTicks });

/** A run from its first record on, each decision's record handed to the next tick, whatever each tick reads. */
function decisionsOf(steps: readonly Step[], policy: WatchPolicy): readonly RunDecision[] {
  let record = aRecord({ turns: [aTurn({ asked: startedAgo(0) })] });
  let now = NOW;
  const decisions: RunDecision[] = [];
  for (const { seen, waitMs } of steps) {
    now += waitMs;
    const decision = decideRun(record, { ...seen, isSuperseded: false, now }, policy);
    decisions.push(decision);
    record = performed(decision, now);
  }
  return decisions;
}

/** T6 makes a request that never arrived once more, under its own name: nothing new is asked for. */
function asksForNewTurn(decision: RunDecision): boolean {
  return asksForTurn(decision) && decision.row !== "T6";
}

/** What is counted of a command, so that asking again is a new command. */
function commandsOf(decision: RunDecision): readonly string[] {
  const turn = lastTurn(decision.record);
  if (decision.kind !== "act" || turn === null) return [];
  if (asksForNewTurn(decision)) return [messageIdOf(turn)];
  if (decision.act.kind !== "command-thread") return [];
  const { pauseInterrupts, stopAsks, revivals } = turn;
  const counts = [pauseInterrupts, stopAsks, revivals, decision.record.verdict?.stopAsks];
  return decision.act.verbs.map((verb) => `${messageIdOf(turn)} ${verb} ${counts.join("-")}`);
}

describe("along a whole run", () => {
  const overRuns = (
    check: (decisions: readonly RunDecision[], policy: WatchPolicy) => void,
  ): void => {
    const steps = fc.array(aStep, { minLength: 5, maxLength: 40 });
    const whole = fc.property(steps, anyPolicy, (each, policy) => {
      check(decisionsOf(each, policy), policy);
    });
    fc.assert(whole, { numRuns: 200 });
  };

  it("no attempt exceeds its budget", () => {
    overRuns((decisions, policy) => {
      const { limits } = policy;
      const asked = decisions.filter(asksForNewTurn).flatMap((each) => lastTurn(each.record) ?? []);
      const fresh = asked.filter((turn) => turn.attempt === 0);
      const nudges = fresh.filter((turn) => turn.kind === "nudge");
      const corrections = fresh.filter((turn) => turn.kind === "corrective" && turn.isCounted);
      expect(nudges.length).toBeLessThanOrEqual(limits.nudgeAttemptsMax);
      expect(corrections.length).toBeLessThanOrEqual(limits.fixForwardAttemptsMax);
      for (const turn of asked)
        expect(turn.attempt).toBeLessThanOrEqual(limits.redispatchAttemptsMax);
    });
  });

  it("a restart that is not counted answers an interrupt by a pause, one each", () => {
    overRuns((decisions) => {
      const pauses = decisions.filter((each) => tell(each).match(/^T2 (interrupt|unarchive)/));
      const restarts = decisions.filter(
        (each) =>
          asksForTurn(each) && each.row === "T2" && lastTurn(each.record)?.kind === "restart",
      );
      expect(restarts.length).toBeLessThanOrEqual(pauses.length);
    });
  });

  it("no command is ever sent twice under one name", () => {
    overRuns((decisions) => {
      const commands = decisions.flatMap(commandsOf);
      expect(new Set(commands).size).toBe(commands.length);
    });
  });

  it("a request is made once more only under the name it was made by before", () => {
    overRuns((decisions) => {
      const names = new Set([messageIdOf(aTurn())]);
      for (const decision of decisions.filter(asksForTurn)) {
        const name = messageIdOf(lastTurn(decision.record) ?? aTurn());
        expect(names.has(name)).toBe(decision.row === "T6");
        names.add(name);
      }
    });
  });

  it("a verdict stands, no commit is forgotten, and every record can be read again", () => {
    overRuns((decisions) => {
      let before: RunRecord | null = null;
      for (const { record } of decisions) {
        expect(RunRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
        const was = before?.verdict ?? null;
        const stands =
          was === null || (record.verdict?.kind === was.kind && record.verdict.at === was.at);
        expect(stands).toBe(true);
        expect(record.commits.slice(0, before?.commits.length ?? 0)).toEqual(before?.commits ?? []);
        before = record;
      }
    });
  });

  it("once it has its verdict nothing is asked of its agent but to stop", () => {
    overRuns((decisions) => {
      const at = decisions.findIndex((each) => each.kind === "conclude");
      const after = at === -1 ? [] : decisions.slice(at + 1);
      for (const each of after) expect(each.row).toBe("T0");
      expect(after.filter(asksForTurn)).toEqual([]);
      expect(after.flatMap(commandsOf).length).toBeLessThanOrEqual(6);
    });
  });
});

/** The sight after the missing steps of a verdict were performed. */
function afterFinish(decision: RunDecision, seen: RunSeen): RunSeen {
  if (decision.kind !== "finish") return seen;
  const { issue } = seen;
  let { state } = issue;
  const gone = new Set(decision.plan.isLabelled ? [labels.inProgress] : []);
  const added: string[] = [];
  const comments = [...issue.ownComments.comments];
  for (const step of decision.plan.steps) {
    if (step.kind === "close-issue") state = "closed";
    if (step.kind === "reopen-issue") state = "open";
    if (step.kind === "add-label") added.push(step.label);
    if (step.kind === "remove-label") gone.add(step.label);
    if (step.kind === "post-notice")
      comments.push({ id: "n", body: noticeMarker(decision.record.runId) });
  }
  const kept = issue.labels.filter((label) => !gone.has(label));
  const ownComments = { ...issue.ownComments, comments };
  return { ...seen, issue: { ...issue, state, labels: [...kept, ...added], ownComments } };
}

function withBellsRung(decision: RunDecision): RunRecord {
  const { record } = decision;
  if (decision.kind !== "finish" || record.verdict === null) return record;
  const rung = decision.plan.bells.map((name) => [
    name,
    { firstTryAt: NOW, state: "rung" as const },
  ]);
  const bells = { ...record.verdict.bells, ...Object.fromEntries(rung) };
  return { ...record, verdict: { ...record.verdict, bells } };
}

describe("performing a verdict", () => {
  it("leaves nothing to do, and the lock label off", () => {
    fc.assert(
      fc.property(anyConcludedRecord, anySight, anyPolicy, (record, sight, policy) => {
        const seen: RunSeen = { ...sight, isSuperseded: false, thread: { kind: "gone" } };
        const decision = decideRun(record, seen, policy);
        const after = afterFinish(decision, seen);
        expect(tell(decideRun(withBellsRung(decision), after, policy))).toBe("T0 nothing");
        expect(hasLabel(after.issue, labels.inProgress)).toBe(false);
      }),
      RUNS,
    );
  });

  it("takes three ticks to stop an agent that will not stop, and then goes on", () => {
    fc.assert(
      fc.property(anyConcludedRecord, anySight, anyPolicy, (record, sight, policy) => {
        fc.pre(sight.thread.kind === "seen");
        let decision = decideRun(record, sight, policy);
        for (let tick = 0; tick < 3; tick += 1)
          decision = decideRun(decision.record, sight, policy);
        expect(decision.kind).toBe("finish");
      }),
      RUNS,
    );
  });
});
