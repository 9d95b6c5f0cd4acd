import { findReadyEvent, newestLabelEvent } from "../../src/pure/approval.ts";
import { areBellsSettled } from "../../src/pure/bells.ts";
import { parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import type { Limits } from "../../src/pure/limits.ts";
import { UNLABELLED_LOOKBACK_MS } from "../../src/pure/run-subjects.ts";
import type { BellStates, RunRecord } from "../../src/pure/run-record.ts";
import { LABELS, MINUTE, type World } from "../loops/world.ts";
import { STANDSTILL_MS_MAX } from "./moves.ts";
import { CORRECTIVE_TURNS_MAX } from "../../src/pure/rows-ci.ts";

/** Ticks that pass between a limit and what is done about it, with a few to spare. */
const TICKS_BETWEEN = 5;

/**
 * How long a run may take once the outside world answers: every turn its longest, every wait its ceiling, one after
 * the other. Corrective turns that cost no attempt are bounded by their own limit, and in time by the first red's.
 */
export function runBoundMs(limits: Limits): number {
  const tries = limits.redispatchAttemptsMax + 1;
  const turns =
    2 + limits.nudgeAttemptsMax + Math.min(limits.fixForwardAttemptsMax, CORRECTIVE_TURNS_MAX);
  const perTurn = tries * (limits.startGraceMs + TICKS_BETWEEN * MINUTE) + limits.turnMsMax;
  const waits = limits.verdictMsMax + limits.questionMsMax + limits.notifyMsMax + limits.ciGraceMs;
  return limits.adoptGraceMs + turns * perTurn + waits + limits.fixForwardMsMax;
}

/** Every run has its verdict and its telling, no lock is left, and what is ready waits for a person. */
export function isOver(world: World): boolean {
  return world.issues.every((ref) => unfinished(world, ref).length === 0);
}

/** What of an issue is not at its end, in words. */
export function unfinished(world: World, ref: IssueRef): readonly string[] {
  const labels = world.labels(ref);
  const key = issueKey(ref);
  const clock = { now: world.clock.now(), notifyMsMax: world.settings.limits.notifyMsMax };
  const names = world.notifiers.map((each) => each.name);
  const left: string[] = [];
  if (labels.includes(LABELS.inProgress)) left.push(`${key} is still locked`);
  for (const record of world.records(ref)) {
    const { runId, verdict } = record;
    if (isNeverBegun(world, ref, record)) continue;
    if (verdict === null && !isForgotten(world, ref, runId))
      left.push(`${key}: run ${runId} has no verdict`);
    if (verdict === null) continue;
    if (verdict.kind !== "cancelled" && !areBellsSettled(bellsOf(world, record), names, clock))
      left.push(`${key}: the bells of run ${runId} are not settled`);
  }
  for (const id of world.threadsOf(ref)) {
    if (world.agent.isWorking(id) && world.agent.see(id).presence === "active")
      left.push(`${key}: ${id} still works`);
  }
  const isWaiting = labels.includes(LABELS.ready) && world.state(ref) === "open";
  if (isWaiting && !waitsForPerson(world, ref)) left.push(`${key} is ready and nothing happens`);
  return left;
}

/** Its lock came off when its thread had rested for longer than the watcher looks back: the loop stood still too long. */
function isForgotten(world: World, ref: IssueRef, runId: string): boolean {
  const off = newestLabelEvent(world.tracker.see(ref), LABELS.inProgress);
  if (off?.kind !== "unlabeled") return false;
  const threads = world.threadsOf(ref).filter((id) => parseThreadId(id)?.runId === runId);
  return threads.every((id) => {
    const restedMs = Date.parse(off.at) - Date.parse(world.agent.see(id).updatedAt);
    return restedMs + STANDSTILL_MS_MAX > UNLABELLED_LOOKBACK_MS;
  });
}

/** A request that landed late may have put an older record back: what rang, rang. */
function bellsOf(world: World, { runId, verdict }: RunRecord): BellStates {
  const bells: BellStates = { ...verdict?.bells };
  for (const { name, rung } of world.notifiers) {
    if (rung.some(({ key }) => key === `${runId}-verdict`))
      bells[name] = { firstTryAt: 0, state: "rung" };
  }
  return bells;
}

/**
 * No agent ever heard of it, and nothing leads back to the issue: its approval was taken back, or its lock taken off,
 * before there was a thread. What its comment says stands until the issue is approved again.
 */
function isNeverBegun(world: World, ref: IssueRef, { runId, approval }: RunRecord): boolean {
  if (world.threadsOf(ref).some((id) => parseThreadId(id)?.runId === runId)) return false;
  const labels = world.labels(ref);
  if (labels.includes(LABELS.inProgress)) return false;
  if (labels.includes(LABELS.human)) return true;
  const issue = world.tracker.see(ref);
  if (newestLabelEvent(issue, LABELS.inProgress) !== null) return true;
  return issue.state === "closed" || findReadyEvent(issue, LABELS.ready)?.id !== approval.eventId;
}

const FOR_PEOPLE: ReadonlySet<string> = new Set([
  "human-label",
  "approval-already-used",
  "approval-not-found",
  "untrusted-labeler",
  "edited-after-approval",
  "base-red",
]);

function waitsForPerson(world: World, ref: IssueRef): boolean {
  const key = issueKey(ref);
  const last = world
    .logs("decided")
    .findLast(({ fields }) => fields["issue"] === key && !("runId" in fields));
  const { decision } = (last?.fields ?? {}) as { decision?: { kind: string; because?: string } };
  if (decision?.kind !== "hold" || !FOR_PEOPLE.has(decision.because ?? "")) return false;
  return decision.because !== "approval-already-used" || isReallyUsed(world, ref);
}

/** A run of this very approval is known, or one whose record was lost. */
function isReallyUsed(world: World, ref: IssueRef): boolean {
  const ready = findReadyEvent(world.tracker.see(ref), LABELS.ready);
  const records = world.records(ref);
  if (records.some(({ approval }) => approval.eventId === ready?.id)) return true;
  const told = new Set(records.filter((each) => !each.isRebuilt).map(({ runId }) => runId));
  return world.threadsOf(ref).some((id) => !told.has(parseThreadId(id)?.runId ?? ""));
}
