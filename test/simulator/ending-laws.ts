import { isSameLabel, newestLabelEvent } from "../../src/pure/approval.ts";
import { parseThreadId } from "../../src/pure/identity.ts";
import { type Actor, type IssueEvent, type IssueRef, issueKey } from "../../src/pure/issue.ts";
import { isOrphan } from "../../src/pure/run-rebuild.ts";
import { type Breach, findBreaches } from "../loops/laws.ts";
import { LABELS, MARIA, type World } from "../loops/world.ts";
import { unfinished } from "./ending.ts";
import type { Excuses } from "./stage.ts";

/** A tick's own clock may be that far from the tracker's, which tells whole seconds. */
const CLOCKS_APART_MS_MAX = 91_000;

const MARIA_ID = MARIA.kind === "account" ? MARIA.id : "";

/** What a schedule did that bears on how it may end. */
type Ending = Excuses & {
  /** Event ids of the approvals that any record ever named. */
  readonly used: ReadonlySet<string>;
};

/** What is wrong with a world that came to rest. */
export async function brokenAtTheEnd(world: World, how: Ending): Promise<readonly string[]> {
  return [
    ...world.issues.flatMap((ref) => unfinished(world, ref)).map((what) => `law 4: ${what}`),
    ...inexcusable(findBreaches(world), how.late),
    ...approvalsUsedTwice(world),
    ...runsWithoutVerdict(world),
    ...wrongRings(world),
    ...lostApprovals(world, how),
    ...wronglyLeft(world, how),
    ...(await doneWithoutCommit(world)),
  ];
}

/** A request that was in flight when its tick lost its lease may break a law itself, and once: nothing else may. */
function inexcusable(breaches: readonly Breach[], late: readonly string[]): readonly string[] {
  const excused = new Map<string, number>();
  return breaches.flatMap(({ what, by }) => {
    const times = excused.get(what) ?? 0;
    if (late.filter((effect) => effect === by).length <= times) return [what];
    excused.set(what, times + 1);
    return [];
  });
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

/** Law 6: whoever is to be told was told. That nobody is told twice is looked at after every tick. */
function wrongRings(world: World): readonly string[] {
  return world.issues.flatMap((ref) =>
    world.records(ref).flatMap(({ runId, verdict, isRebuilt }) => {
      if (verdict === null || isRebuilt) return [];
      return world.notifiers.flatMap((notifier) => {
        const times = notifier.rung.filter(({ key }) => key === `${runId}-verdict`).length;
        const state = verdict.bells[notifier.name]?.state;
        const what = `law 6: ${notifier.name} rang ${times} times for run ${runId}`;
        if (verdict.kind === "cancelled")
          return times === 0 ? [] : [`${what}, which was cancelled`];
        return times === 0 && state !== "undelivered" ? [what] : [];
      });
    }),
  );
}

/**
 * What a trusted person approved is used, or still stands, or a person took it back: afk never drops it. But for
 * one given in the very moment in which afk takes the label of the one before off: no tracker can tell them apart.
 */
function lostApprovals(world: World, how: Ending): readonly string[] {
  return world.issues.flatMap((ref) => {
    const { events } = world.tracker.see(ref).history;
    const newest = newestLabelEvent(world.tracker.see(ref), LABELS.ready);
    if (newest?.kind !== "unlabeled" || !isBy(newest.actor, world.tracker.own.id)) return [];
    const approval = events
      .slice(0, events.indexOf(newest))
      .findLast((each) => each.kind === "labeled" && isSameLabel(each.label, LABELS.ready));
    if (approval?.kind !== "labeled" || approval.actor !== MARIA || how.used.has(approval.id))
      return [];
    // No time passes within a tick.
    if (how.midTick.has(approval.id) && approval.at === newest.at) return [];
    // What is known only by its label or its thread is handed over with whatever approval it had.
    return world.records(ref).some((record) => record.isRebuilt || isOrphan(record))
      ? []
      : [`law 3: the approval ${approval.id} of ${issueKey(ref)} was taken away unused`];
  });
}

function isBy(actor: Actor, id: string): boolean {
  return actor.kind === "account" && actor.id === id;
}

/** The tracker shows what the newest verdict says, but for what a person did to that very thing last. */
function wronglyLeft(world: World, how: Ending): readonly string[] {
  return world.issues.flatMap((ref) => {
    const newest = world.records(ref).at(-1);
    const verdict = newest?.isRebuilt === true ? null : (newest?.verdict ?? null);
    if (verdict === null || verdict.kind === "cancelled") return [];
    const isDone = verdict.kind === "done";
    const { state } = world.tracker.see(ref);
    const isHanded = world.labels(ref).includes(LABELS.human);
    const told = `verdict: ${issueKey(ref)} ended as ${verdict.kind}, and`;
    // Whoever takes the lock off, or off again, has the issue: its state and its labels are theirs.
    if (isLastByPerson(world, ref, { isMeant: isLabel(LABELS.inProgress) })) return [];
    const isStateWrong = state !== (isDone ? "closed" : "open") && !isStateLater(world, ref, how);
    const isLabelWrong = isHanded === isDone;
    // A reopening, or a taking off, says something about a verdict only once there is one.
    const since = verdict.at - CLOCKS_APART_MS_MAX;
    const ofState = { isMeant: isStateByHand, ...(isDone ? { since } : {}) };
    const ofLabel = { isMeant: isLabel(LABELS.human), ...(isDone ? {} : { since }) };
    return [
      ...(isStateWrong && !isLastByPerson(world, ref, ofState) ? [`${told} is ${state}`] : []),
      ...(isLabelWrong && !isLastByPerson(world, ref, ofLabel)
        ? [`${told} is ${isDone ? "with" : "without"} the human label`]
        : []),
    ];
  });
}

/** Closed or reopened after afk let go of it, or in the very moment in which it did: nothing looks at it again. */
function isStateLater(world: World, ref: IssueRef, { midTick }: Ending): boolean {
  const { events } = world.tracker.see(ref).history;
  const last = events.findLastIndex(({ kind }) => kind === "closed" || kind === "reopened");
  const released = events.findLastIndex(isLabel(LABELS.inProgress));
  if (last === -1 || released === -1) return false;
  const isMidTick =
    midTick.has(events[last]?.id ?? "") && events[last]?.at === events[released]?.at;
  return last > released || isMidTick;
}

/** Whether the newest event of a kind was a person's, and not older than it may be. */
function isLastByPerson(
  world: World,
  ref: IssueRef,
  of: { readonly isMeant: (event: IssueEvent) => boolean; readonly since?: number },
): boolean {
  const last = world.tracker.see(ref).history.events.findLast(of.isMeant);
  if (last === undefined || last.kind === "transferred") return false;
  return isBy(last.actor, MARIA_ID) && Date.parse(last.at) >= (of.since ?? 0);
}

function isLabel(label: string): (event: IssueEvent) => boolean {
  return (event) =>
    (event.kind === "labeled" || event.kind === "unlabeled") && isSameLabel(event.label, label);
}

/** A keyword in a commit closes too, and nobody's hand meant it. */
function isStateByHand(event: IssueEvent): boolean {
  return event.kind === "reopened" || (event.kind === "closed" && event.closer === "hand");
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
