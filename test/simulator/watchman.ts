import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey, repoKey } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { type Happening, LABELS, type World } from "../loops/world.ts";
import { BellJudge } from "./bell-judge.ts";
import { wrongDelivery } from "./delivery.ts";
import type { Loop } from "./moves.ts";
import { judgeReasons } from "./reasons.ts";
import { lookAround, type Sight } from "./sight.ts";
import type { Excuses, Silence } from "./stage.ts";
import { type Footing, isBraked, TurnJudge } from "./turn-judge.ts";

/** The most writes of one tick: a dispatch has six, a verdict some nine, a red one a turn more. */
const WRITES_PER_ISSUE_MAX = 14;
/** Reads of one tick beside those of single issues and threads: account, lists, branches, CI twice, agents. */
const READS_PER_TICK_MAX = 10;
const READS_PER_ISSUE_MAX = 6;

/** Reasons that only CI itself can give: what it does not say is none of them. */
const FROM_CI: ReadonlySet<string> = new Set([
  "green",
  "no-ci",
  "base-red",
  "no-new-commit",
  "fix-forward-exhausted",
]);

/** What a tick did, as its own process saw it. */
export type TickSeen = {
  readonly loop: Loop;
  readonly process: number;
  /** It lived to its end and held its lease. */
  readonly isWhole: boolean;
};

type Before = Footing &
  Silence & {
    readonly sights: readonly Sight[];
    readonly writes: number;
    readonly calls: number;
    readonly happenings: number;
    readonly late: number;
    /** Issues whose runs are under way. */
    readonly running: readonly string[];
    /** Threads in which the agent of a braked run works. */
    readonly brakedAtWork: readonly string[];
  };

/** Looks at the world around every tick and notes what no tick may do. */
export class Watchman {
  readonly broken: string[] = [];
  /** Event ids of the approvals that any record ever named. */
  readonly used = new Set<string>();
  readonly #world: World;
  readonly #isObedient: boolean;
  readonly #excuses: Excuses;
  readonly #turns: TurnJudge;
  readonly #bells: BellJudge;
  readonly #verdicts = new Map<string, { readonly issue: string; readonly told: string }>();
  #before: Before | null = null;

  constructor(world: World, how: { readonly isObedient: boolean; readonly excuses: Excuses }) {
    this.#world = world;
    this.#isObedient = how.isObedient;
    this.#excuses = how.excuses;
    this.#turns = new TurnJudge(world);
    this.#bells = new BellJudge(world);
  }

  /** Called after everything people did: an approval is of the text as it stands in that moment. */
  noteApprovals(): void {
    this.#turns.noteApprovals();
  }

  /** A record that a person destroyed is rebuilt from what is left, and may end otherwise. */
  forgetRecords(ref: IssueRef): void {
    // A truncated reading shows none of its records, and still one of them was destroyed.
    for (const [runId, { issue }] of this.#verdicts) {
      if (issue === issueKey(ref)) this.#verdicts.delete(runId);
    }
    this.#bells.forget(ref);
  }

  before(silence: Silence): void {
    const sights = lookAround(this.#world);
    const running = sights.filter(isRunning);
    this.#before = {
      ...this.#turns.before(sights),
      ...silence,
      sights,
      writes: this.#writes(),
      calls: this.#calls(),
      happenings: this.#world.timeline.length,
      late: this.#excuses.late.length,
      running: running.map(({ key }) => key),
      brakedAtWork: running.flatMap((sight) => this.#brakedAtWork(sight)),
    };
  }

  /** What the ticks since `before` did wrong. */
  after(ticks: readonly TickSeen[]): void {
    const before = this.#before;
    if (before === null) throw new Error("before() comes first");
    const happened = this.#world.timeline.slice(before.happenings);
    const late = this.#excuses.late.slice(before.late);
    const isUntroubled = ticks.every(({ isWhole }) => isWhole) && !happened.some(isTrouble);
    // Where only ticks were at work and none wrote, everything stands as it stood.
    const isUnchanged = isUntroubled && this.#writes() === before.writes;
    const sights = isUnchanged ? before.sights : lookAround(this.#world);
    if (!isUnchanged) {
      this.broken.push(
        ...this.#turns.after(before, { sights, late, concluded: this.#verdicts }),
        ...this.#bells.after({ sights, late, isUntroubled, happened }),
      );
      this.#judgeVerdicts(before, { happened, sights });
    }
    this.#judgeBounds(before, ticks.length);
    this.#judgeErrors(happened);
    this.#judgeCapacity();
    if (isUntroubled) this.#judgeBrakes(before, { ticks, sights });
    for (const tick of ticks) {
      this.broken.push(...judgeReasons(tick, { happened, sights, running: before.running }));
    }
  }

  #judgeBounds(before: Before, ticks: number): void {
    const { issues } = this.#world;
    const writesMax = ticks * WRITES_PER_ISSUE_MAX * (issues.length + 1);
    const writes = this.#writes() - before.writes;
    if (writes > writesMax) this.#break(`bounded writes: ${writes} in one tick`);
    const readsMax = READS_PER_TICK_MAX + READS_PER_ISSUE_MAX * (issues.length + 1);
    const calls = this.#calls() - before.calls - writes;
    if (calls > ticks * readsMax) this.#break(`bounded requests: ${calls} reads in a tick`);
  }

  /** Law 10: a watch that nothing kept from it has stopped the agents of runs that a person holds back. */
  #judgeBrakes(
    before: Before,
    { ticks, sights }: { readonly ticks: readonly TickSeen[]; readonly sights: readonly Sight[] },
  ): void {
    if (!this.#isObedient || before.isAgentSilent || before.brakedAtWork.length === 0) return;
    if (!ticks.some(({ loop }) => loop === "watch")) return;
    const still = sights.filter(isRunning).flatMap((sight) => this.#brakedAtWork(sight));
    for (const id of still) {
      if (before.brakedAtWork.includes(id)) this.#break(`law 10: ${id} works on, and is held back`);
    }
  }

  /** What a person asked for in a thread is theirs. */
  #brakedAtWork(sight: Sight): readonly string[] {
    if (!isBraked(sight)) return [];
    const { agent } = this.#world;
    const runId = sight.records.at(-1)?.runId;
    return this.#world.threadsOf(sight.ref).filter((id) => {
      if (!agent.isWorking(id) || parseThreadId(id)?.runId !== runId) return false;
      const { messages, presence } = agent.see(id);
      const asked = messages.findLast(({ role }) => role === "user");
      return presence === "active" && parseMessageId(asked?.id ?? "") !== null;
    });
  }

  #judgeVerdicts(
    before: Before,
    what: { readonly happened: readonly Happening[]; readonly sights: readonly Sight[] },
  ): void {
    const { happened, sights } = what;
    const concluded = new Set(happened.flatMap(concludedRun));
    const told = new Set(happened.flatMap(toldRun));
    for (const { ref, records } of sights) {
      for (const record of records) {
        const { runId, verdict, approval } = record;
        this.used.add(approval.eventId);
        if (verdict === null) continue;
        const ended = `${verdict.kind} ${verdict.because}`;
        const known = this.#verdicts.get(runId)?.told;
        if (known !== undefined && known !== ended)
          this.#break(`law 4: run ${runId} was ${known} and then ${ended}`);
        this.#verdicts.set(runId, { issue: issueKey(ref), told: ended });
        if (told.has(runId)) this.#judgeTelling(ref, runId, before);
        if (!concluded.has(runId)) continue;
        if (before.isAgentSilent && verdict.kind !== "cancelled")
          this.#break(`no verdict from silence: run ${runId} ended as ${ended}`);
        if (before.isCiSilent && FROM_CI.has(verdict.because))
          this.#break(`no verdict from silence: run ${runId} ended as ${ended} without CI`);
        if (verdict.kind === "done") this.#judgeDone(ref, record);
        this.broken.push(...wrongDelivery(this.#world, ref, record));
      }
    }
  }

  /** Law 7, at the moment of the verdict: what is done stands on the branch, and is green there. */
  #judgeDone(ref: IssueRef, { runId, commits, isRebuilt, verdict }: RunRecord): void {
    const newest = commits.at(-1)?.sha;
    const isThere = newest !== undefined && this.#world.tracker.isOnBranch(ref.repo, newest);
    // Rebuilt, it has no base, and what is not on the newest part of the branch may be further back.
    if (!isThere && !isRebuilt)
      this.#break(`law 7: run ${runId} is done with a commit that left the branch`);
    if (verdict?.because !== "green") {
      const ci = this.#world.settings.policies.get(repoKey(ref.repo))?.ci;
      if (ci !== "none") this.#break(`law 7: run ${runId} is done without CI, which is required`);
      return;
    }
    const sha = /green on (\w+)/.exec(verdict.detail)?.[1] ?? "";
    const states = this.#world.ci.statesOf(sha);
    if (states.length === 0 || states.some((state) => state !== "success"))
      this.#break(`law 7: run ${runId} is done on ${sha}, which is ${states.join()}`);
    if (!this.#world.tracker.isOnBranch(ref.repo, sha))
      this.#break(`law 7: run ${runId} is done on ${sha}, which is not on the branch`);
  }

  /** When people are told of a verdict, an agent that heeds commands has stopped. */
  #judgeTelling(ref: IssueRef, runId: string, before: Before): void {
    if (!this.#isObedient || before.isAgentSilent) return;
    const ids = this.#world.threadsOf(ref).filter((id) => parseThreadId(id)?.runId === runId);
    const isAtWork = (id: string): boolean =>
      this.#world.agent.isWorking(id) && this.#world.agent.see(id).presence === "active";
    if (ids.some(isAtWork)) this.#break(`verdict: run ${runId} was told of while its agent worked`);
  }

  /** A decision that the ticks themselves refused as being against a law, and every error of our own making. */
  #judgeErrors(happened: readonly Happening[]): void {
    for (const each of happened) {
      if (each.kind !== "log" || each.level !== "error") continue;
      const { err } = each.fields;
      if (err instanceof Error && /^run [0-9a-f]{12}, T\d+: /.test(err.message))
        this.#break(`refused: ${err.message}`);
    }
  }

  #judgeCapacity(): void {
    const { agent, settings } = this.#world;
    const begun = agent.threadIds().filter((id) => agent.isAsked(id) || agent.isWorking(id));
    const issues = new Set(begun.map((id) => parseThreadId(id)?.runId));
    if (issues.size > settings.limits.runsMax)
      this.#break(`at once: ${issues.size} runs, ${settings.limits.runsMax} are allowed`);
  }

  #writes(): number {
    const { tracker, agent, notifiers } = this.#world;
    return tracker.writes + agent.writes + notifiers.reduce((sum, each) => sum + each.writes, 0);
  }

  #calls(): number {
    const { tracker, agent, ci, rollouts, notifiers } = this.#world;
    const rings = notifiers.reduce((sum, each) => sum + each.calls.length, 0);
    const reads = tracker.calls.length + agent.calls.length + ci.calls.length;
    return reads + rollouts.calls.length + rings;
  }

  #break(what: string): void {
    this.broken.push(what);
  }
}

/** Whether an issue carries the lock label for a run without a verdict. */
function isRunning({ seen, records }: Sight): boolean {
  return records.at(-1)?.verdict === null && seen.labels.includes(LABELS.inProgress);
}

/** Something failed, or the tick was none of its own. */
function isTrouble(each: Happening): boolean {
  if (each.kind !== "log") return false;
  return each.level === "error" || /lease held elsewhere|limit/.test(each.message);
}

/** The run that a tick brought to its verdict, if that is what happened. */
function concludedRun(each: Happening): readonly string[] {
  if (each.kind !== "log" || each.message !== "decided") return [];
  const { runId, decision } = each.fields as { runId?: string; decision?: { kind?: string } };
  return decision?.kind === "conclude" && runId !== undefined ? [runId] : [];
}

/** The run whose notice a tick posted, if that is what happened. */
function toldRun(each: Happening): readonly string[] {
  if (each.kind !== "effect") return [];
  const [, runId] = /^createComment .*<!-- afk:notice run=([0-9a-f]{12})/.exec(each.effect) ?? [];
  return runId === undefined ? [] : [runId];
}
