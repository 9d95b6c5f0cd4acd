import { describe, expect, it } from "vitest";
import { ThreadDetailWire, toDetail, toHiddenDetail } from "../../../src/adapters/agent/t3-wire.ts";
import type { ThreadDetail, ThreadMessage, ThreadRead } from "../../../src/pure/thread.ts";
import { classifyTurn, type TurnState } from "../../../src/pure/thread-state.ts";
import {
  exchangeNames,
  readExchange,
  readTimeline,
  type TimelineState,
  whySkipped,
} from "../../sandbox/t3/recorded-exchanges.ts";
import { EXPECTED, type ExpectedClass, WHY } from "../../t3-expected.ts";

const FOLDERS = ["v0.0.27-nocli", "v0.0.27-fake", "v0.0.33-nocli", "v0.0.33-fake"] as const;

type RecordedState = { readonly name: string; readonly got: ExpectedClass };

/** The class of a reading, as the loops take it: a deleted thread is gone, whatever its row says. */
function classOf(read: ThreadRead, messageId: string): ExpectedClass {
  if (read.kind === "unknown") return "gone";
  if (read.kind === "unreadable") return "unreachable";
  if (read.detail.presence === "deleted") return "gone";
  return classOfTurn(classifyTurn(read.detail, { messageId }));
}

function classOfTurn(turn: TurnState): ExpectedClass {
  switch (turn.kind) {
    case "starting":
      return "running";
    case "waiting":
      return turn.pending[0]?.kind === "approval" ? "waiting-approval" : "waiting-answer";
    case "lost-in-restart":
      return "failed";
    case "never-started":
    case "running":
    case "over":
    case "failed":
    case "limit-reached":
    case "not-understood":
      return turn.kind;
  }
}

/** The turn that a recorded thread is about, where it is not that of its first message. */
const LATER_MESSAGES: Readonly<Record<string, string>> = {
  steer: "m-steer-2",
  ba1: "m-ba1-2",
  rs1: "m-rs1-b",
};

/** Every thread of every recorded answer, each state once; newer snapshots hide all but the row. */
function wireStates(folder: string): readonly RecordedState[] {
  const states: RecordedState[] = [];
  const known = new Set<string>();
  for (const name of exchangeNames(folder)) {
    const { request, response } = readExchange(folder, name);
    const { thread, threads = [] } = response.body as {
      readonly thread?: unknown;
      readonly threads?: readonly unknown[];
    };
    const isSnapshot = request.path.endsWith("/snapshot");
    for (const found of thread === undefined && isSnapshot ? threads : [thread]) {
      if (found === undefined) continue;
      const wire = ThreadDetailWire.parse(found);
      const isHidden = thread === undefined && folder.startsWith("v0.0.33");
      const isActive = wire.archivedAt === null && wire.deletedAt === null;
      const { id, latestTurn, session, archivedAt, deletedAt } = wire;
      const ids = wire.messages.map((message) => message.id);
      const key = JSON.stringify([id, latestTurn, session, ids, archivedAt, deletedAt, isHidden]);
      if ((isHidden && isActive) || known.has(key)) continue;
      known.add(key);
      const detail = isHidden ? toHiddenDetail(wire, "/w") : toDetail(wire, "/w");
      states.push({ name: `${folder}/${name} ${id}`, got: classOfWire(detail) });
    }
  }
  return states;
}

function classOfWire(detail: ThreadDetail): ExpectedClass {
  const first = detail.messages.find(({ role }) => role === "user");
  const later = detail.messages.find(({ id }) => id === LATER_MESSAGES[detail.id]);
  return classOf({ kind: "read", detail }, (later ?? first)?.id ?? "m-of-no-turn");
}

/** The recording client stamped its messages so, long before all that followed. */
const ASKED = "2026-11-20T00:00:00.000Z";

/** The lines lack the words: what was said by then is known from the answers recorded around it. */
function timelineStates(folder: string, file: string): readonly RecordedState[] {
  const states: RecordedState[] = [];
  let request = "";
  for (const line of readTimeline(folder, file)) {
    if (line.kind === "request") {
      request = line.name;
      continue;
    }
    const { threadId, state } = line;
    const isDeleted = threadId === "dr1";
    const hasSaid = file === "EXTRA.txt" ? hasSaidInExtra(threadId, state) : saidInLine(state);
    const detail: ThreadDetail = {
      ...detailOf(threadId, state),
      presence: isDeleted ? "deleted" : "active",
      messages: messagesOf({ threadId, request, hasSaid, askedAt: askedAtOf(state, threadId) }),
    };
    const got = classOf({ kind: "read", detail }, "m");
    states.push({ name: `${folder}/${file}#${line.at}`, got });
  }
  return states;
}

/** Newer timelines count no messages, and name the newest of the agent's in the turn. */
function saidInLine({ turn, msgs = 0 }: TimelineState): boolean {
  return turn?.asst !== undefined || msgs > 1;
}

/** Threads whose recorded rows show the agent's words beside a latest turn of null. */
const SAID_WITHOUT_TURN: ReadonlySet<string> = new Set(["int2", "ng1", "arx"]);

function hasSaidInExtra(threadId: string, { turn }: TimelineState): boolean {
  return turn !== null || SAID_WITHOUT_TURN.has(threadId);
}

/** The second prompt of `sz1` was sent when the turn before it had ended. */
function askedAtOf({ turn, sess }: TimelineState, threadId: string): string {
  if (threadId !== "sz1" || sess?.err == null) return ASKED;
  return new Date(Date.parse(turn?.completed ?? ASKED) + 1_000).toISOString();
}

type Said = {
  readonly threadId: string;
  readonly request: string;
  readonly hasSaid: boolean;
  readonly askedAt: string;
};

function messagesOf({ threadId, request, hasSaid, askedAt }: Said): readonly ThreadMessage[] {
  const text = threadId === "limit" ? "You've hit your session limit · resets 3am (UTC)" : "Hello.";
  const said: ThreadMessage = { id: "a", role: "assistant", text, at: askedAt };
  const ours: ThreadMessage = { id: "m", role: "user", text: "Do it.", at: askedAt };
  // The words of a second prompt's thread were said to the first one, until more follow.
  const isAnsweredBefore = threadId === "sz1" && request !== "z-prompt-119999";
  if (!hasSaid) return [ours];
  return isAnsweredBefore ? [said, ours] : [ours, said];
}

function detailOf(threadId: string, { turn, sess }: TimelineState): ThreadDetail {
  const asked = turn?.req ?? ASKED;
  return {
    id: threadId,
    workspaceRoot: "/w",
    presence: "active",
    createdAt: ASKED,
    updatedAt: ASKED,
    session: sess && {
      status: sess.status,
      hasActiveTurn: sess.active !== null,
      lastError: sess.err,
    },
    latestTurn: turn && {
      id: turn.id,
      state: turn.state,
      requestedAt: asked,
      startedAt: asked,
      completedAt: turn.completed,
    },
    messages: [],
    pending: [],
    processedTokens: null,
  };
}

/** A class that the next poll of the same turn may not take back. */
const FINAL: ReadonlySet<ExpectedClass> = new Set(["over", "failed", "limit-reached", "gone"]);

describe.skipIf(whySkipped !== null)("every recorded state", () => {
  const recorded = FOLDERS.flatMap((folder) => [
    ...(folder.endsWith("-fake") && whySkipped === null
      ? ["TIMELINE.txt", "EXTRA.txt"].flatMap((file) => timelineStates(folder, file))
      : []),
    ...wireStates(folder),
  ]);

  it("is expected, and nothing else is", () => {
    const expected = EXPECTED.map(([name]) => name);
    expect(recorded.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
  });

  const classes = new Map(recorded.map(({ name, got }) => [name, got]));
  it.each(EXPECTED)("%s (%s) is %s: %s", (name, _looks, want, why) => {
    const because = WHY[why];
    expect({ is: classes.get(name), because }).toEqual({ is: want, because });
  });

  it("that ends a turn is not taken back by the next poll, so one poll is enough", () => {
    for (const folder of ["v0.0.27-fake", "v0.0.33-fake"]) {
      for (const file of ["TIMELINE.txt", "EXTRA.txt"]) {
        for (const [before, after] of pollsOfOneTurn(folder, file)) {
          const was = classes.get(before);
          const isFinal = was !== undefined && FINAL.has(was);
          expect({ after, is: isFinal ? classes.get(after) : was }).toEqual({ after, is: was });
        }
      }
    }
  });
});

/** Each two lines that follow another without a request or another thread in between. */
function pollsOfOneTurn(folder: string, file: string): ReadonlyArray<readonly [string, string]> {
  const pairs: (readonly [string, string])[] = [];
  let before: { readonly name: string; readonly threadId: string } | null = null;
  for (const line of readTimeline(folder, file)) {
    const name = `${folder}/${file}#${line.at}`;
    const threadId = line.kind === "state" ? line.threadId : null;
    if (before !== null && threadId === before.threadId) pairs.push([before.name, name]);
    before = threadId === null ? null : { name, threadId };
  }
  return pairs;
}
