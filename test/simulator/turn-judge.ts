import { isSameLabel } from "../../src/pure/approval.ts";
import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueEvent, repoKey } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { LABELS, MARIA, type World } from "../loops/world.ts";
import { EDITED } from "./people.ts";
import type { Sight } from "./sight.ts";

type TurnStart = World["agent"]["turnStarts"][number];

/** How the issues stood when a tick began. */
export type Footing = {
  /** A person holds them back. */
  readonly braked: ReadonlySet<string>;
  /** They lock their repo by their label. */
  readonly locking: ReadonlySet<string>;
  readonly turnStarts: number;
};

/** How things stand after a tick. */
type Aftermath = {
  readonly sights: readonly Sight[];
  /** Requests that landed although their tick had lost its lease. */
  readonly late: readonly string[];
  /** Runs that had their verdict before the tick. */
  readonly concluded: ReadonlyMap<string, unknown>;
};

/** Judges every turn that a tick asked for: laws 2, 3, 5, 9 and 10. */
export class TurnJudge {
  readonly #world: World;
  /** What stood in the issue when the label of that event was put on. */
  readonly #approved = new Map<string, { readonly title: string; readonly body: string }>();

  constructor(world: World) {
    this.#world = world;
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

  before(sights: readonly Sight[]): Footing {
    return {
      braked: new Set(sights.filter(isBraked).map(({ key }) => key)),
      locking: new Set(sights.filter(isLocking).map(({ key }) => key)),
      turnStarts: this.#world.agent.turnStarts.length,
    };
  }

  /** What is wrong with the turns asked for since `before`; `late` are requests no tick can be blamed for. */
  after(before: Footing, now: Aftermath): readonly string[] {
    const asked = this.#world.agent.turnStarts.slice(before.turnStarts);
    return asked.flatMap((start) => {
      const sight = this.#sightOf(start.threadId, now.sights);
      if (sight === null) return [`law 9: a turn for no issue: ${start.threadId}`];
      const isLate = now.late.includes(`startTurn ${start.threadId} ${start.messageId}`);
      return [
        ...this.#judge(start, sight, before),
        ...(isLate ? [] : judgeTiming(start, sight, { before, now })),
      ];
    });
  }

  #judge(start: TurnStart, sight: Sight, before: Footing): readonly string[] {
    const { key } = sight;
    const kind = parseMessageId(start.messageId)?.kind;
    const record = recordOf(sight, start);
    const broken: string[] = [];
    // A brake that a person let go of while the tick ran is none any more.
    if (before.braked.has(key) && isBraked(sight))
      broken.push(`law 10: ${kind} turn of ${key} in spite of a person's brake`);
    if (start.text.includes(EDITED) && !this.#isEditApproved(record, start.text))
      broken.push(`law 9: ${key} works on text that nobody approved`);
    const maria = MARIA.kind === "account" ? MARIA.id : "";
    if (kind === "first" && record !== null && record.approval.actor.id !== maria)
      broken.push(`law 9: ${key} was started by ${record.approval.actor.login}`);
    return broken;
  }

  /** Whether every edit the prompt shows stood in a text that was approved. */
  #isEditApproved(record: RunRecord | null, prompt: string): boolean {
    const text = record === null ? undefined : this.#approved.get(record.approval.eventId);
    // Without a record (it was deleted) any approved text will do.
    const texts = text === undefined ? [...this.#approved.values()] : [text];
    const edits = prompt.match(new RegExp(`${EDITED}\\d+`, "g")) ?? [];
    return texts.some(({ title, body }) =>
      edits.every((edit) => `${title}\n${body}`.includes(edit)),
    );
  }

  #sightOf(threadId: string, sights: readonly Sight[]): Sight | null {
    const name = parseThreadId(threadId);
    const root = this.#world.agent.see(threadId).workspaceRoot;
    const found = sights.find(
      ({ ref }) =>
        ref.number === name?.issueNumber && root.endsWith(repoKey(ref.repo).replace("/", "__")),
    );
    return found ?? null;
  }
}

/** What an order of things forbids, and a request that landed late could not know. */
function judgeTiming(
  start: TurnStart,
  sight: Sight,
  { before, now }: { readonly before: Footing; readonly now: Aftermath },
): readonly string[] {
  const runId = parseThreadId(start.threadId)?.runId ?? "";
  const name = parseMessageId(start.messageId);
  if (name === null) return [];
  const broken: string[] = [];
  if (now.concluded.has(runId))
    broken.push(`law 3: run ${runId} was over, and a turn is asked for`);
  const others = now.sights.filter(
    (other) => other !== sight && repoKey(other.ref.repo) === repoKey(sight.ref.repo),
  );
  for (const other of name.kind === "first" ? others : []) {
    if (before.locking.has(other.key) && isLocking(other))
      broken.push(`law 2: ${sight.key} begins while ${other.key} holds the repo`);
  }
  const turns = recordOf(sight, start)?.turns;
  if (turns !== undefined && !turns.some(({ ordinal }) => ordinal === name.ordinal))
    broken.push(`law 5: no record tells of the turn ${start.messageId}`);
  return broken;
}

function recordOf({ records }: Sight, { threadId }: TurnStart): RunRecord | null {
  const runId = parseThreadId(threadId)?.runId;
  return records.find((record) => record.runId === runId) ?? null;
}

/** Whether a person holds an issue back. */
export function isBraked({ seen }: Sight): boolean {
  const { labels, state, history } = seen;
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

/** Whether an issue locks its repo: it carries the lock label, no person has it, and its run has no verdict. */
function isLocking({ seen: { labels }, records }: Sight): boolean {
  if (!labels.includes(LABELS.inProgress) || labels.includes(LABELS.human)) return false;
  return (records.at(-1)?.verdict ?? null) === null;
}
