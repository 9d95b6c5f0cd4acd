import { isSameLabel } from "../../src/pure/approval.ts";
import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueEvent, type IssueRef, issueKey, repoKey } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { recordCommentsOf } from "../../src/pure/run-record-codec.ts";
import { type Happening, LABELS, MARIA, type World } from "../loops/world.ts";
import { EDITED } from "./people.ts";
import type { Loop } from "./moves.ts";

/** The most writes of one tick: a dispatch has six, a verdict some nine, a red one a turn more. */
const WRITES_PER_ISSUE_MAX = 14;
/** Reads of one tick beside those of single issues and threads: account, lists, branches, CI twice, agents. */
const READS_PER_TICK_MAX = 10;
const READS_PER_ISSUE_MAX = 6;

/** What a tick did, as its own process saw it. */
export type TickSeen = {
  readonly loop: Loop;
  readonly process: number;
  /** It lived to its end and held its lease. */
  readonly isWhole: boolean;
};

type Before = {
  readonly turnStarts: number;
  readonly writes: number;
  readonly calls: number;
  readonly happenings: number;
  readonly braked: ReadonlySet<string>;
  readonly isAgentSilent: boolean;
  readonly running: readonly IssueRef[];
};

/** Looks at the world around every tick and notes what no tick may do. */
export class Watchman {
  readonly broken: string[] = [];
  /** Event ids of the approvals that any record ever named. */
  readonly used = new Set<string>();
  readonly #world: World;
  /** What stood in the issue when the label of that event was put on. */
  readonly #approved = new Map<string, { readonly title: string; readonly body: string }>();
  readonly #isObedient: boolean;
  readonly #verdicts = new Map<string, { readonly issue: string; readonly told: string }>();
  #before: Before | null = null;

  constructor(world: World, isObedient: boolean) {
    this.#world = world;
    this.#isObedient = isObedient;
  }

  /** Called after everything people did: an approval is of the text as it stands in that moment. */
  noteApprovals(): void {
    for (const ref of this.#world.issues) {
      const { history, title, body } = this.#world.tracker.see(ref);
      for (const event of history.events) {
        if (event.kind !== "labeled" || !isSameLabel(event.label, LABELS.ready)) continue;
        if (!this.#approved.has(event.id)) this.#approved.set(event.id, { title, body });
      }
    }
  }

  /** A record that a person destroyed is rebuilt from what is left, and may end otherwise. */
  forgetVerdicts(ref: IssueRef): void {
    // A truncated reading shows none of its records, and still one of them was destroyed.
    for (const [runId, { issue }] of this.#verdicts) {
      if (issue === issueKey(ref)) this.#verdicts.delete(runId);
    }
  }

  before(isAgentSilent: boolean): void {
    const { agent, timeline } = this.#world;
    this.#before = {
      turnStarts: agent.turnStarts.length,
      writes: this.#writes(),
      calls: this.#calls(),
      happenings: timeline.length,
      braked: new Set(this.#world.issues.filter((ref) => this.#isBraked(ref)).map(issueKey)),
      isAgentSilent,
      running: this.#running(),
    };
  }

  /** What the ticks since `before` did wrong. */
  after(ticks: readonly TickSeen[]): void {
    const before = this.#before;
    if (before === null) throw new Error("before() comes first");
    const { agent, timeline, issues } = this.#world;
    for (const start of agent.turnStarts.slice(before.turnStarts)) {
      this.#judgeTurn(start, before);
    }
    const writesMax = ticks.length * WRITES_PER_ISSUE_MAX * (issues.length + 1);
    const writes = this.#writes() - before.writes;
    if (writes > writesMax) this.#break(`bounded writes: ${writes} in one tick`);
    const readsMax = READS_PER_TICK_MAX + READS_PER_ISSUE_MAX * (issues.length + 1);
    const calls = this.#calls() - before.calls - writes;
    if (calls > ticks.length * readsMax) this.#break(`bounded requests: ${calls} reads in a tick`);
    const happened = timeline.slice(before.happenings);
    this.#judgeVerdicts(before, happened);
    this.#judgeErrors(happened);
    this.#judgeCapacity();
    for (const tick of ticks) this.#judgeReasons(tick, happened, before);
  }

  #judgeTurn(start: World["agent"]["turnStarts"][number], before: Before): void {
    const runId = parseThreadId(start.threadId)?.runId ?? "";
    const ref = this.#issueOf(start.threadId);
    const kind = parseMessageId(start.messageId)?.kind;
    if (ref === null) {
      this.#break(`law 9: a turn for no issue: ${start.threadId}`);
      return;
    }
    // A brake that a person let go of while the tick ran is none any more.
    if (before.braked.has(issueKey(ref)) && this.#isBraked(ref))
      this.#break(`law 10: ${kind} turn of ${issueKey(ref)} in spite of a person's brake`);
    if (start.text.includes(EDITED) && !this.#isEditApproved(ref, runId, start.text))
      this.#break(`law 9: ${issueKey(ref)} works on text that nobody approved`);
    const approval = recordCommentsOf(this.#world.tracker.see(ref)).flatMap((each) =>
      each.kind === "record" && each.record.runId === runId ? [each.record.approval] : [],
    )[0];
    const maria = MARIA.kind === "account" ? MARIA.id : "";
    if (kind === "first" && approval !== undefined && approval.actor.id !== maria)
      this.#break(`law 9: ${issueKey(ref)} was started by ${approval.actor.login}`);
  }

  /** Whether every edit the prompt shows stood in a text that was approved. */
  #isEditApproved(ref: IssueRef, runId: string, prompt: string): boolean {
    const approval = recordCommentsOf(this.#world.tracker.see(ref)).flatMap((each) =>
      each.kind === "record" && each.record.runId === runId ? [each.record.approval.eventId] : [],
    )[0];
    const text = approval === undefined ? undefined : this.#approved.get(approval);
    // Without a record (it was deleted) any approved text will do.
    const texts = text === undefined ? [...this.#approved.values()] : [text];
    const edits = prompt.match(new RegExp(`${EDITED}\\d+`, "g")) ?? [];
    return texts.some(({ title, body }) =>
      edits.every((edit) => `${title}\n${body}`.includes(edit)),
    );
  }

  #judgeVerdicts(before: Before, happened: readonly Happening[]): void {
    const concluded = new Set(happened.flatMap(concludedRun));
    const told = new Set(happened.flatMap(toldRun));
    for (const ref of this.#world.issues) {
      for (const record of this.#world.records(ref)) {
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
        if (verdict.kind === "done") this.#judgeDone(ref, record);
      }
    }
  }

  /** Law 7, at the moment of the verdict: what is done stands on the branch. */
  #judgeDone(ref: IssueRef, { runId, commits, isRebuilt }: RunRecord): void {
    const newest = commits.at(-1)?.sha;
    const isThere = newest !== undefined && this.#world.tracker.isOnBranch(ref.repo, newest);
    // Rebuilt, it has no base, and what is not on the newest part of the branch may be further back.
    if (!isThere && !isRebuilt)
      this.#break(`law 7: run ${runId} is done with a commit that left the branch`);
  }

  /** When people are told of a verdict, an agent that heeds commands has stopped. */
  #judgeTelling(ref: IssueRef, runId: string, before: Before): void {
    if (!this.#isObedient || before.isAgentSilent) return;
    const ids = this.#world.threadsOf(ref).filter((id) => parseThreadId(id)?.runId === runId);
    const isAtWork = (id: string): boolean =>
      this.#world.agent.isWorking(id) && this.#world.agent.see(id).presence === "active";
    if (ids.some(isAtWork)) this.#break(`verdict: run ${runId} was told of while its agent worked`);
  }

  /** Every candidate of a whole poll, and every run of a whole watch, has its decision and its reason. */
  #judgeReasons(tick: TickSeen, happened: readonly Happening[], before: Before): void {
    const mine = happened.filter((each) => each.process === tick.process);
    for (const each of mine) {
      if (each.kind !== "log" || each.message !== "decided") continue;
      const { decision } = each.fields as { decision?: Record<string, unknown> };
      const reason = decision?.["because"] ?? decision?.["on"] ?? decision?.["act"];
      const isReasoned = ["hold", "wait"].includes(String(decision?.["kind"]));
      if (isReasoned && typeof reason !== "string")
        this.#break(`reasons: ${JSON.stringify(decision)} names none`);
    }
    if (!tick.isWhole) return;
    const logs = mine.flatMap((each) => (each.kind === "log" ? [each] : []));
    if (logs.some(({ message }) => /lease held elsewhere|tick failed|limited/.test(message)))
      return;
    const said = new Set(logs.map(({ fields }) => fields["issue"]));
    const unread = logs
      .filter(({ message }) => message.includes("unreadable"))
      .flatMap(({ fields }) => [fields["repo"], fields["name"], fields["issue"]])
      .filter((name) => typeof name === "string");
    for (const ref of tick.loop === "poll" ? this.#candidates() : before.running) {
      const key = issueKey(ref);
      if (!said.has(key) && !unread.some((name) => key.startsWith(name)))
        this.#break(`law 12: a whole ${tick.loop} said nothing of ${key}`);
    }
  }

  #candidates(): readonly IssueRef[] {
    return this.#world.issues.filter((ref) => {
      const { state, labels } = this.#world.tracker.see(ref);
      return state === "open" && labels.includes(LABELS.ready);
    });
  }

  /** Issues that carry the lock label for a run without a verdict. */
  #running(): readonly IssueRef[] {
    return this.#world.issues.filter((ref) => {
      const isOpen = this.#world.records(ref).at(-1)?.verdict === null;
      return isOpen && this.#world.labels(ref).includes(LABELS.inProgress);
    });
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

  #isBraked(ref: IssueRef): boolean {
    const { tracker } = this.#world;
    const { labels, state, history } = tracker.see(ref);
    if (labels.includes(LABELS.paused)) return true;
    // A closing keyword in a commit is no brake.
    const closed = history.events.findLast((event) => event.kind === "closed");
    if (state === "closed" && closed?.kind === "closed" && closed.closer === "hand") return true;
    const isLock = (event: IssueEvent): boolean =>
      (event.kind === "labeled" || event.kind === "unlabeled") &&
      (event.label === LABELS.inProgress || event.label === LABELS.ready);
    const newest = history.events.findLast(isLock);
    return (
      newest?.kind === "unlabeled" && newest.label === LABELS.inProgress && newest.actor === MARIA
    );
  }

  #issueOf(threadId: string): IssueRef | null {
    const name = parseThreadId(threadId);
    const root = this.#world.agent.see(threadId).workspaceRoot;
    const found = this.#world.issues.find(
      (ref) =>
        ref.number === name?.issueNumber && root.endsWith(repoKey(ref.repo).replace("/", "__")),
    );
    return found ?? null;
  }

  #writes(): number {
    const { tracker, agent, notifiers } = this.#world;
    return tracker.writes + agent.writes + notifiers.reduce((sum, each) => sum + each.writes, 0);
  }

  #calls(): number {
    const { tracker, agent, ci, notifiers } = this.#world;
    const rings = notifiers.reduce((sum, each) => sum + each.calls.length, 0);
    return tracker.calls.length + agent.calls.length + ci.calls.length + rings;
  }

  #break(what: string): void {
    this.broken.push(what);
  }
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
