import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { WORDS_CHARS_MAX } from "../fakes/fake-faults.ts";
import { isLeaseStep, type Happening, type World } from "./world.ts";

/** A law that was broken, in words, and the one effect that broke it, as the timeline tells it. */
export type Breach = { readonly what: string; readonly by: string | null };

/** Every law that the world's whole story broke. None is what every test wants. */
export function findBreaches(world: World): readonly Breach[] {
  const others = [
    ...turnsAskedTwice(world),
    ...undecidedEffects(world.timeline),
    ...world.issues.flatMap((ref) => [...doneWithoutGreen(world, ref), ...overspent(world, ref)]),
    ...strangeErrors(world),
  ];
  return [
    ...liveTurnsBesideOthers(world),
    ...world.issues.flatMap((ref) => commentsTwice(world, ref)),
    ...others.map((what) => ({ what, by: null })),
  ];
}

/** The same in words alone. */
export function brokenLaws(world: World): readonly string[] {
  return findBreaches(world).map(({ what }) => what);
}

/** For the end of every test: throws when its world broke a law. */
export function keepLaws(world: World): void {
  const broken = brokenLaws(world);
  if (broken.length > 0) throw new Error(`broken laws:\n${broken.join("\n")}`);
}

/** Law 2. */
function liveTurnsBesideOthers({ agent }: World): readonly Breach[] {
  const beside = agent.turnsAskedWhileLive.map(({ start, live }) => ({
    what: `law 2: ${start.messageId} was asked for beside ${live.join()}`,
    by: effectOf(start),
  }));
  const steering = agent.turnStarts.filter(({ effect }) => effect === "steers");
  const steered = steering.map((start) => ({
    what: `law 2: ${start.messageId} steered a live turn`,
    by: effectOf(start),
  }));
  return [...beside, ...steered];
}

function effectOf(start: { readonly threadId: string; readonly messageId: string }): string {
  return `startTurn ${start.threadId} ${start.messageId}`;
}

/** Law 5: what was asked for once is not asked for again because a tick died. */
function turnsAskedTwice(world: World): readonly string[] {
  const begun = world.agent.turnStarts.filter((start) => start.effect === "starts");
  const messages = begun.map((start) => start.messageId);
  return repeated(messages).map((id) => `law 5: the turn ${id} began twice`);
}

/** The same turn of a run in another attempt: right only where the thread of the first one is gone. */
export function ordinalsBegunTwice(world: World): readonly string[] {
  const ordinals = world.agent.turnStarts.flatMap((start) => {
    const name = parseMessageId(start.messageId);
    const isGone = world.agent.see(start.threadId).presence === "deleted";
    if (name === null || isGone || start.effect !== "starts") return [];
    return [`${parseThreadId(name.threadId)?.runId}/${name.ordinal}`];
  });
  return repeated(ordinals).map((id) => `law 5: turn ${id} began in two attempts`);
}

function repeated(items: readonly string[]): readonly string[] {
  return [...new Set(items.filter((item, at) => items.indexOf(item) !== at))];
}

/** One progress comment and one notice a run, one notice a hold: every one more is a breach. */
function commentsTwice(world: World, ref: IssueRef): readonly Breach[] {
  const all = [...world.progressComments(ref), ...world.notices(ref), ...world.holdNotices(ref)];
  const lines = all.map((body) => body.split("\n", 1).join());
  const more = lines.filter((line, at) => lines.indexOf(line) !== at);
  return more.map((line) => ({
    what: `law 5: ${issueKey(ref)} has two comments ${line}`,
    by: `createComment ${issueKey(ref)} ${line.slice(0, WORDS_CHARS_MAX)}`,
  }));
}

/** Law 7. */
function doneWithoutGreen(world: World, ref: IssueRef): readonly string[] {
  return world.records(ref).flatMap((record) => {
    if (record.verdict?.kind !== "done") return [];
    const isDeclared = record.turns.some((turn) => turn.end?.outcome?.kind === "pushed");
    const sha = /green on (\w+)/.exec(record.verdict.detail)?.[1] ?? "";
    const isGreen = record.verdict.because === "no-ci-declared" || world.greens.has(sha);
    return [
      ...(isDeclared ? [] : [`law 7: ${issueKey(ref)} is done and nobody declared it`]),
      ...(isGreen ? [] : [`law 7: ${issueKey(ref)} is done without a green commit`]),
    ];
  });
}

/** Law 8, by what the agent server was really asked. */
function overspent(world: World, ref: IssueRef): readonly string[] {
  const { fixForwardAttemptsMax, nudgeAttemptsMax, redispatchAttemptsMax } = world.settings.limits;
  return world.records(ref).flatMap((record) => {
    const { runId } = record;
    const asked = world.agent.turnStarts.flatMap((start) => {
      const name = parseMessageId(start.messageId);
      const isOfRun = name !== null && parseThreadId(name.threadId)?.runId === runId;
      return isOfRun && isCounted(record, { ...name, text: start.text }) ? [name] : [];
    });
    const ordinalsOf = (kind: string) =>
      new Set(asked.flatMap((name) => (name.kind === kind ? [name.ordinal] : []))).size;
    const attempts = Math.max(0, ...asked.map(({ attempt }) => attempt));
    return [
      ...(ordinalsOf("corrective") > fixForwardAttemptsMax ? [`law 8: ${runId} corrective`] : []),
      ...(ordinalsOf("nudge") > nudgeAttemptsMax ? [`law 8: ${runId} nudge`] : []),
      ...(attempts > redispatchAttemptsMax ? [`law 8: ${runId} attempt ${attempts}`] : []),
      ...(ordinalsOf("first") > 1 ? [`law 3: ${runId} began twice`] : []),
    ];
  });
}

/** A corrective turn costs nothing where its prompt shows what is red on another's commit, after the run's own. */
function isCounted(
  { turns, commits }: RunRecord,
  asked: { readonly kind: string; readonly ordinal: number; readonly text: string },
): boolean {
  if (asked.kind !== "corrective") return true;
  const isFree = turns.some(({ ordinal, isCounted: costs }) => ordinal === asked.ordinal && !costs);
  const sha = /red on commit (\w+)/.exec(asked.text)?.[1];
  return !isFree || sha === undefined || commits.some((commit) => commit.sha === sha);
}

/** Every effect follows a decision about its issue or run, logged by the same process. */
function undecidedEffects(timeline: readonly Happening[]): readonly string[] {
  const said = new Map<number, Happening[]>();
  const broken: string[] = [];
  for (const each of timeline) {
    const decisions = said.get(each.process) ?? [];
    said.set(each.process, decisions);
    if (each.kind === "log" && isDecision(each.message)) decisions.push(each);
    if (each.kind !== "effect" || isLeaseStep(each.effect)) continue;
    const about = subjectOf(each.effect);
    const isDecided =
      about === null
        ? decisions.length > 0
        : decisions.some((decision) => isAbout(decision, about));
    if (!isDecided) broken.push(`undecided: ${each.effect}`);
  }
  return broken;
}

/** Most name what they are about in a field of its own; a stray only in its thread's id. */
function isAbout(decision: Happening, about: string): boolean {
  if (decision.kind !== "log") return false;
  const { fields } = decision;
  if (fields["issue"] === about || fields["runId"] === about) return true;
  return JSON.stringify(fields).includes(about);
}

const DECISIONS = [
  "decided",
  "live thread of a repo that is not enrolled",
  "live thread of an issue that is gone",
];

function isDecision(message: string): boolean {
  return DECISIONS.includes(message);
}

/** The run where the effect names one, else the issue; null for a project, which belongs to a repo. */
function subjectOf(effect: string): string | null {
  const run = /afk-([0-9a-f]{12})-\d+-\d+|ring ([0-9a-f]{12})-/.exec(effect);
  const issue = /\S+\/\S+#\d+(?=\s|$)/.exec(effect);
  return run?.[1] ?? run?.[2] ?? issue?.[0] ?? null;
}

/** What the ticks passed over must be the outside world's doing; a bug of ours would hide there. */
function strangeErrors(world: World): readonly string[] {
  return world.logs().flatMap(({ level, fields, message }) => {
    const { err } = fields;
    const isOurs = err instanceof TypeError || err instanceof RangeError;
    return level === "error" && isOurs ? [`${message}: ${err.stack}`] : [];
  });
}
