import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import { isLeaseStep, type Happening, type World } from "./world.ts";

/** Every law that the world's whole story broke, in words. None is what every test wants. */
export function brokenLaws(world: World): readonly string[] {
  return [
    ...liveTurnsBesideOthers(world),
    ...turnsAskedTwice(world),
    ...undecidedEffects(world.timeline),
    ...world.issues.flatMap((ref) => [
      ...commentsTwice(world, ref),
      ...doneWithoutGreen(world, ref),
      ...overspent(world, ref),
    ]),
    ...strangeErrors(world),
  ];
}

/** For the end of every test: throws when its world broke a law. */
export function keepLaws(world: World): void {
  const broken = brokenLaws(world);
  if (broken.length > 0) throw new Error(`broken laws:\n${broken.join("\n")}`);
}

/** Law 2. */
function liveTurnsBesideOthers(world: World): readonly string[] {
  const beside = world.agent.turnsAskedWhileLive.map(
    ({ start, live }) => `law 2: ${start.messageId} was asked for beside ${live.join()}`,
  );
  return world.agent.steered > 0 ? [...beside, "law 2: a live turn was steered"] : beside;
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

/** One progress comment and one notice a run, one notice a hold. */
function commentsTwice(world: World, ref: IssueRef): readonly string[] {
  const all = [...world.progressComments(ref), ...world.notices(ref), ...world.holdNotices(ref)];
  const firstLines = all.map((body) => body.split("\n", 1).join());
  return repeated(firstLines).map((line) => `law 5: ${issueKey(ref)} has two comments ${line}`);
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
  const { fixForwardAttemptsMax, nudgeAttemptsMax } = world.settings.limits;
  return world.records(ref).flatMap(({ runId }) => {
    const names = world.agent.turnStarts
      .flatMap((start) => parseMessageId(start.messageId) ?? [])
      .filter((name) => parseThreadId(name.threadId)?.runId === runId);
    const ordinalsOf = (kind: string) =>
      new Set(names.flatMap((name) => (name.kind === kind ? [name.ordinal] : []))).size;
    return [
      ...(ordinalsOf("corrective") > fixForwardAttemptsMax ? [`law 8: ${runId} corrective`] : []),
      ...(ordinalsOf("nudge") > nudgeAttemptsMax ? [`law 8: ${runId} nudge`] : []),
      ...(ordinalsOf("first") > 1 ? [`law 3: ${runId} began twice`] : []),
    ];
  });
}

/** Every effect follows a decision about its issue or run, logged by the same process. */
function undecidedEffects(timeline: readonly Happening[]): readonly string[] {
  const said = new Map<number, string[]>();
  const broken: string[] = [];
  for (const each of timeline) {
    const lines = said.get(each.process) ?? [];
    said.set(each.process, lines);
    if (each.kind === "log" && isDecision(each.message)) lines.push(JSON.stringify(each.fields));
    if (each.kind !== "effect" || isLeaseStep(each.effect)) continue;
    const about = subjectOf(each.effect);
    const isDecided =
      about === null ? lines.length > 0 : lines.some((line) => line.includes(about));
    if (!isDecided) broken.push(`undecided: ${each.effect}`);
  }
  return broken;
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
