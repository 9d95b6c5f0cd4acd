import { findReadyEvent, isSameLabel, newestLabelEvent } from "../../src/pure/approval.ts";
import { areBellsSettled } from "../../src/pure/bells.ts";
import { parseThreadId } from "../../src/pure/identity.ts";
import { type Actor, type IssueEvent, type IssueRef, issueKey } from "../../src/pure/issue.ts";
import type { Limits } from "../../src/pure/limits.ts";
import { UNLABELLED_LOOKBACK_MS } from "../../src/pure/run-subjects.ts";
import { isOrphan } from "../../src/pure/run-rebuild.ts";
import type { BellStates, RunRecord } from "../../src/pure/run-record.ts";
import { brokenLaws } from "../loops/laws.ts";
import { LABELS, MARIA, MINUTE, type World } from "../loops/world.ts";
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
function unfinished(world: World, ref: IssueRef): readonly string[] {
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

/** What a schedule did that bears on how it may end. */
export type Ending = {
  /** Requests that landed although their tick had lost its lease. */
  readonly inFlight: number;
  /** Faults that may part what a tick did from what it could note. */
  readonly disturbances: number;
  readonly isApprovedMidTick: boolean;
  /** Event ids of the approvals that any record ever named. */
  readonly used: ReadonlySet<string>;
};

/** What is wrong with a world that came to rest. */
export async function brokenAtTheEnd(world: World, how: Ending): Promise<readonly string[]> {
  return [
    ...world.issues.flatMap((ref) => unfinished(world, ref)).map((what) => `law 4: ${what}`),
    ...forgive(brokenLaws(world), how.inFlight),
    ...approvalsUsedTwice(world),
    ...runsWithoutVerdict(world),
    ...wrongRings(world, how),
    ...lostApprovals(world, how),
    ...wronglyLeft(world),
    ...(await doneWithoutCommit(world)),
  ];
}

/** What the one request in flight of a tick that lost its lease may bring about, once each. */
function forgive(broken: readonly string[], inFlight: number): readonly string[] {
  const forgivable = broken.filter((what) => /^law 2:|has two comments/.test(what));
  const others = broken.filter((what) => !forgivable.includes(what));
  return [...others, ...forgivable.slice(inFlight)];
}

/** Law 3: one approval, one run. */
function approvalsUsedTwice(world: World): readonly string[] {
  return world.issues.flatMap((ref) => {
    const runs = new Map<string, Set<string>>();
    for (const { approval, runId } of world.records(ref)) {
      runs.set(approval.eventId, (runs.get(approval.eventId) ?? new Set()).add(runId));
    }
    return [...runs]
      .filter(([, ids]) => ids.size > 1)
      .map(([event]) => `law 3: ${issueKey(ref)}: approval ${event} has several runs`);
  });
}

/** Law 4: a thread of ours belongs to a run that is told of, unless somebody deleted what told of it. */
function runsWithoutVerdict(world: World): readonly string[] {
  return world.issues.flatMap((ref) => {
    const told = new Set(world.records(ref).map(({ runId }) => runId));
    const notices = world.notices(ref).join("\n");
    return world.threadsOf(ref).flatMap((id) => {
      const runId = parseThreadId(id)?.runId ?? "";
      const isActive = world.agent.see(id).presence === "active" && world.agent.isWorking(id);
      return told.has(runId) || notices.includes(runId) || !isActive
        ? []
        : [`law 4: run ${runId} of ${issueKey(ref)} works and nobody knows`];
    });
  });
}

/** Law 6. */
function wrongRings(world: World, how: { readonly disturbances: number }): readonly string[] {
  return world.issues.flatMap((ref) =>
    world.records(ref).flatMap(({ runId, verdict, isRebuilt }) => {
      if (verdict === null || isRebuilt) return [];
      return world.notifiers.flatMap((notifier) => {
        const times = notifier.rung.filter(({ key }) => key === `${runId}-verdict`).length;
        const state = verdict.bells[notifier.name]?.state;
        const what = `law 6: ${notifier.name} rang ${times} times for run ${runId}`;
        if (verdict.kind === "cancelled")
          return times === 0 ? [] : [`${what}, which was cancelled`];
        if (times === 0 && state !== "undelivered") return [what];
        return times > 1 + how.disturbances ? [what] : [];
      });
    }),
  );
}

/**
 * What a trusted person approved is used, or still stands, or a person took it back: afk never drops it. But for
 * one given in the very moment in which afk takes the label of the one before off: no tracker can tell them apart.
 */
function lostApprovals(world: World, how: Ending): readonly string[] {
  if (how.isApprovedMidTick) return [];
  return world.issues.flatMap((ref) => {
    const { events } = world.tracker.see(ref).history;
    const newest = newestLabelEvent(world.tracker.see(ref), LABELS.ready);
    if (newest?.kind !== "unlabeled" || !isBy(newest.actor, world.tracker.own.id)) return [];
    const approval = events
      .slice(0, events.indexOf(newest))
      .findLast((each) => each.kind === "labeled" && isSameLabel(each.label, LABELS.ready));
    if (approval?.kind !== "labeled" || approval.actor !== MARIA || how.used.has(approval.id))
      return [];
    // What is known only by its label or its thread is handed over with whatever approval it had.
    return world.records(ref).some((record) => record.isRebuilt || isOrphan(record))
      ? []
      : [`law 3: the approval ${approval.id} of ${issueKey(ref)} was taken away unused`];
  });
}

function isBy(actor: Actor, id: string): boolean {
  return actor.kind === "account" && actor.id === id;
}

/** The tracker shows what the newest verdict says, unless a person had a hand in it. */
function wronglyLeft(world: World): readonly string[] {
  return world.issues.flatMap((ref) => {
    const newest = world.records(ref).at(-1);
    const verdict = newest?.isRebuilt === true ? null : (newest?.verdict ?? null);
    const { history, state } = world.tracker.see(ref);
    const isTouched = history.events.some(
      (event) =>
        (event.kind === "closed" || event.kind === "reopened" || isLabelByPerson(event)) &&
        event.actor.kind === "account" &&
        event.actor.id !== world.tracker.own.id,
    );
    if (verdict === null || isTouched) return [];
    const isHanded = world.labels(ref).includes(LABELS.human);
    if (verdict.kind === "done" && (state !== "closed" || isHanded))
      return [`verdict: ${issueKey(ref)} is done, and ${state}`];
    const needsHuman = verdict.kind === "needs-human" || verdict.kind === "frozen";
    return needsHuman && (state !== "open" || !isHanded)
      ? [`verdict: ${issueKey(ref)} needs a human, and is ${state} without the label`]
      : [];
  });
}

function isLabelByPerson(event: IssueEvent): event is Extract<IssueEvent, { kind: "labeled" }> {
  if (event.kind !== "labeled" && event.kind !== "unlabeled") return false;
  return isSameLabel(event.label, LABELS.human) || isSameLabel(event.label, LABELS.inProgress);
}

/** Law 7: a commit of the run itself reached the default branch. */
async function doneWithoutCommit(world: World): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const ref of world.issues) {
    for (const { runId, verdict, commits } of world.records(ref)) {
      const [branch] = await world.tracker.readBranches([{ repo: ref.repo, baseSha: null }]);
      const pushed = branch?.kind === "readable" ? branch.commits : [];
      const own = pushed.filter(({ message }) => message.includes(`AFK-Run: ${runId}`));
      const isOwn = commits.some(({ sha }) => own.some((commit) => commit.sha === sha));
      const foreign = pushed.filter(({ sha }) => commits.some((commit) => commit.sha === sha));
      if (foreign.some((commit) => !own.includes(commit)))
        broken.push(`law 7: run ${runId} counts another's commit as its own`);
      if (verdict?.kind !== "done") continue;
      // Rewritten after the verdict, the branch shows nothing of it any more.
      const isRewritten = commits.some(({ sha }) => !pushed.some((commit) => commit.sha === sha));
      if (!isOwn && !isRewritten)
        broken.push(`law 7: ${issueKey(ref)} is done without a commit of run ${runId}`);
    }
  }
  return broken;
}
