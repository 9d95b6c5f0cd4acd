import { checkDecision } from "../pure/check-decision.ts";
import { decisionDetail } from "../pure/decision-detail.ts";
import { isOver } from "../pure/finish.ts";
import { threadCommandIdOf } from "../pure/identity.ts";
import { issueKey, type RepoRef } from "../pure/issue.ts";
import { repoOfThread } from "../pure/locks.ts";
import type { Limits, RepoPolicy } from "../pure/limits.ts";
import type { LabelNames } from "../pure/ports/tracker.ts";
import { ServiceLimited } from "../pure/ports/service-limited.ts";
import type { LinkPolicy } from "../pure/progress-comment.ts";
import type { RunDecision, RunSeen, WatchPolicy } from "../pure/run-observation.ts";
import type { RunRecord } from "../pure/run-record.ts";
import { decideRun } from "../pure/run-state-machine.ts";
import type { ThreadSummary } from "../pure/thread.ts";
import { parseIso } from "../pure/time.ts";
import { sayAgentWarnings } from "./agent-warnings.ts";
import { sayCaveats } from "./ci-caveats.ts";
import { archiveThreads } from "./archive-threads.ts";
import { decideWatched, noteAsked, type TurnsAsked } from "./decide-watched.ts";
import type { TickDeps } from "./deps.ts";
import { endsTick, guardEffects } from "./guard.ts";
import { readWithinLimits, reportLimit } from "./limited.ts";
import type { ObservedRun } from "./observe-runs.ts";
import { observeWatch } from "./observe-watch.ts";
import { observeWorld } from "./observe-world.ts";
import { performAct } from "./perform-run.ts";
import { performFinish } from "./perform-finish.ts";
import { openProgress } from "./progress.ts";
import { tellRun } from "./tell-run.ts";
import type { RunInHand, WatchContext } from "./run-in-hand.ts";

/** What one watch tick did. `failed` counts whatever someone should look at, the agent server included. */
export type WatchSummary = {
  readonly kind: "ticked" | "lease-held-elsewhere";
  readonly runs: number;
  /** Runs by what they wait on. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly acted: number;
  /** Verdicts reached in this tick, by kind. */
  readonly concluded: Readonly<Record<string, number>>;
  readonly failed: number;
};

/** What a watch tick is told by the configuration. */
export type WatchSettings = {
  readonly repos: readonly RepoRef[];
  /** Enrolled, and served by other shards. */
  readonly elsewhere?: readonly RepoRef[];
  readonly policies: ReadonlyMap<string, RepoPolicy>;
  readonly labels: LabelNames;
  readonly limits: Limits;
  readonly agentActors: readonly string[];
  readonly workspacesRoot: string;
  readonly links: LinkPolicy;
  readonly model: string;
};

type Tally = {
  acted: number;
  failed: number;
  waiting: Record<string, number>;
  concluded: Record<string, number>;
};

const NOTHING_DONE = { runs: 0, waiting: {}, acted: 0, concluded: {}, failed: 0 };

/** One watch: read every run, decide each, perform. Never exits the process. */
export async function watchTick(deps: TickDeps, settings: WatchSettings): Promise<WatchSummary> {
  const lease = await deps.lease.acquire();
  if (lease.kind === "held-elsewhere") {
    deps.log.info({ holder: lease.holder }, "lease held elsewhere");
    return { kind: "lease-held-elsewhere", ...NOTHING_DONE };
  }
  try {
    return await watchUnderLease(sayCaveats(guardEffects(deps)), settings);
  } finally {
    await deps.lease.release();
  }
}

async function watchUnderLease(deps: TickDeps, settings: WatchSettings): Promise<WatchSummary> {
  const sight = await readWithinLimits(deps, async () => {
    const world = await observeWorld(deps, settings, "runs");
    return observeWatch(deps, settings, world);
  });
  if (sight === null) return { kind: "ticked", ...NOTHING_DONE, failed: 1 };
  const { ownId, agent, strays, runs, unreadable } = sight;
  sayAgentWarnings(deps, agent);
  deps.signals?.tell({ kind: "agent-server", isReachable: agent.kind === "readable" });
  const tally: Tally = { acted: 0, failed: 0, waiting: {}, concluded: {} };
  for (const each of unreadable) {
    deps.log.error(each, "unreadable, its runs wait");
    tally.failed += 1;
  }
  // Without a run that waits for it nobody would hear of it: the exit code says so.
  if (agent.kind === "unreadable") {
    deps.log.error({ why: agent.why }, "agent server unreadable, its runs wait");
    tally.failed += 1;
  }
  const context: WatchContext = { deps, settings, agent };
  const asked: TurnsAsked = new Map();
  let limited: ServiceLimited | null = null;
  for (const observed of runs) {
    const runId = observed.record.runId;
    try {
      await watchRun(context, { observed, ownId, asked, tally });
    } catch (error) {
      if (error instanceof ServiceLimited) {
        limited = error;
        break;
      }
      deps.log.error({ issue: issueKey(observed.issue.ref), runId, err: error }, "run failed");
      tally.failed += 1;
      if (endsTick(error)) break;
    }
  }
  const limitsMet = reportLimit(deps, limited);
  tally.failed += limitsMet;
  // A stray is interrupted by a tick that may still act: this one may not.
  if (limitsMet === 0) {
    tally.failed += await interruptStrays(deps, settings, strays);
    tally.failed += await archiveThreads(deps, settings, agent);
  }
  return { kind: "ticked", runs: runs.length, ...tally };
}

async function watchRun(
  context: WatchContext,
  input: {
    readonly observed: ObservedRun;
    readonly ownId: string;
    readonly asked: TurnsAsked;
    readonly tally: Tally;
  },
): Promise<void> {
  const { observed, asked, tally } = input;
  const notifiers = context.deps.notifiers.map((notifier) => notifier.name);
  const { seen, policy, decision } = decideWatched(context.settings, observed, {
    ownId: input.ownId,
    notifiers,
    asked,
  });
  const progress = openProgress(context.deps, context.settings.links, observed);
  const run: RunInHand = { observed, progress, seen };
  logDecision(context, run, decision);
  refuseViolations(seen, policy, decision);
  await progress.save(decision.record);
  tellRun(context.deps, seen, decision);
  switch (decision.kind) {
    case "wait":
      tally.waiting[decision.on] = (tally.waiting[decision.on] ?? 0) + 1;
      return;
    case "act":
      tally.acted += 1;
      noteAsked(asked, observed, decision);
      tally.failed += await performAct(context, run, {
        act: decision.act,
        record: decision.record,
      });
      return;
    case "conclude":
      await finishNow(context, run, { record: decision.record, policy, tally });
      return;
    case "finish":
      tally.failed += await performFinish(context, run, decision);
      return;
  }
}

/** A verdict just recorded is performed in the same tick; what cannot be done yet waits for the next. */
async function finishNow(
  context: WatchContext,
  run: RunInHand,
  what: { readonly record: RunRecord; readonly policy: WatchPolicy; readonly tally: Tally },
): Promise<void> {
  const { record, policy, tally } = what;
  const kind = record.verdict?.kind ?? "none";
  tally.concluded[kind] = (tally.concluded[kind] ?? 0) + 1;
  const decision = decideRun(record, run.seen, policy);
  logDecision(context, run, decision);
  refuseViolations(run.seen, policy, decision);
  await run.progress.save(decision.record);
  if (decision.kind === "act") {
    tally.failed += await performAct(context, run, { act: decision.act, record: decision.record });
  }
  if (decision.kind === "finish") tally.failed += await performFinish(context, run, decision);
}

/** A decision against a law is a bug: nothing of it is performed, and the other runs go on. */
function refuseViolations(seen: RunSeen, policy: WatchPolicy, decision: RunDecision): void {
  const violated = checkDecision(seen, policy, decision);
  if (violated.length === 0) return;
  throw new Error(`run ${decision.record.runId}, ${decision.row}: ${violated.join("; ")}`);
}

/** A concluded run with nothing left to do or to note says nothing: its thread stays in the list for days. */
function logDecision(context: WatchContext, run: RunInHand, decision: RunDecision): void {
  if (isOver(decision) && !run.progress.isDue(decision.record)) return;
  const { record, ...rest } = decision;
  const verdict =
    record.verdict === null
      ? {}
      : { verdict: record.verdict.kind, because: record.verdict.because };
  const text = decisionDetail(run.seen, decision);
  const detail = text === "" ? {} : { detail: text };
  const about = { issue: issueKey(run.observed.issue.ref), runId: record.runId };
  context.deps.log.info({ ...about, decision: { ...rest, ...verdict, ...detail } }, "decided");
}

/** The repo was taken off the allowlist, or the issue is gone: the agent is stopped, no tracker is touched. */
async function interruptStrays(
  deps: TickDeps,
  settings: WatchSettings,
  strays: readonly ThreadSummary[],
): Promise<number> {
  let failed = 0;
  for (const thread of strays) {
    const about = { threadId: thread.id, workspaceRoot: thread.workspaceRoot };
    const which = whichStray(thread, settings);
    // A thread that no interrupt changed for so long heeds none: it is said, and left to a person.
    if (deps.now() - (parseIso(thread.updatedAt) ?? deps.now()) > settings.limits.turnMsMax) {
      deps.log.warn(
        { ...about, unchangedSince: thread.updatedAt, which },
        "stray heeds no interrupt",
      );
      continue;
    }
    try {
      deps.log.warn({ ...about, effect: "interrupt" }, which);
      // The time of its last change makes the id new once the last interrupt did something.
      const commandId = threadCommandIdOf(thread.id, `stray-${thread.updatedAt}`);
      const ack = await deps.agent.writer.interruptTurn({ commandId, threadId: thread.id });
      if (ack.kind === "rejected") throw new Error(`the interrupt was refused: ${ack.why}`);
    } catch (error) {
      deps.log.error({ ...about, err: error }, "stray failed");
      failed += 1;
      if (endsTick(error)) break;
    }
  }
  return failed;
}

function whichStray(thread: ThreadSummary, settings: WatchSettings): string {
  const repo = repoOfThread(thread, settings.repos, settings.workspacesRoot);
  return repo === null
    ? "live thread of a repo that is not enrolled"
    : "live thread of an issue that is gone";
}
