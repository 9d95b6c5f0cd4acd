import { describe, expect, it } from "vitest";

import type { CiVerdict } from "../../src/pure/ci-fold.ts";
import { noteSeen } from "../../src/pure/run-notes.ts";
import type { RunCommit, RunSeen } from "../../src/pure/run-observation.ts";
import { type RunRecord, RunRecordSchema } from "../../src/pure/run-record.ts";
import type { TurnState } from "../../src/pure/thread-state.ts";
import { aRecord, aSha, aTurn, HOUR, MINUTE, NOW, startedAgo } from "./builders.ts";
import {
  aCommit,
  aPausedIssue,
  aPolicy,
  aPushedRecord,
  aPushedSight,
  aSight,
  gone,
  judged,
  lostInRestart,
  neverStarted,
  over,
  pushedWords,
  red,
  running,
  threadIn,
  waiting,
} from "./run-builders.ts";

function note(record: RunRecord, overrides: Partial<RunSeen>): RunRecord {
  const noted = noteSeen(record, aSight(overrides), aPolicy());
  expect(RunRecordSchema.parse(noted)).toEqual(noted);
  return noted;
}

describe("a turn", () => {
  const begun: ReadonlyArray<readonly [kind: string, state: TurnState, isSeen: boolean]> = [
    ["starting", { kind: "starting" }, true],
    ["running", running, true],
    ["waiting", waiting("q1"), true],
    ["over", over(), true],
    ["failed", { kind: "failed", lastError: "x", lastWords: "" }, true],
    ["limit-reached", { kind: "limit-reached", lastWords: "x" }, true],
    ["never-started", neverStarted, false],
    ["lost-in-restart", lostInRestart, false],
    ["not-understood", { kind: "not-understood", why: "x" }, false],
  ];
  it.each(begun)("that is %s was seen or not", (_kind, state, isSeen) => {
    const [turn] = note(aRecord(), { thread: threadIn(state) }).turns;
    expect(turn?.firstSeen).toEqual(isSeen ? startedAgo(0) : null);
  });

  it("was first seen once", () => {
    const record = aRecord({ turns: [aTurn({ firstSeen: startedAgo(HOUR) })] });
    expect(note(record, {}).turns).toEqual(record.turns);
  });

  it("ends once, with the outcome it declared and the words it said", () => {
    const thread = threadIn(over(pushedWords));
    const ended = note(aRecord(), { thread });
    expect(ended.turns[0]?.end).toEqual({
      ...startedAgo(0),
      how: "over",
      outcome: { kind: "pushed", sha: aSha("own") },
      words: pushedWords,
    });
    const later = note(ended, { thread: threadIn(over("Something else")), now: NOW + HOUR });
    expect(later).toEqual(ended);
  });

  it("holds no more words than a record holds", () => {
    const words = "x".repeat(5000);
    for (const state of [
      over(words),
      { kind: "failed", lastError: words, lastWords: words } as const,
      { kind: "limit-reached", lastWords: words } as const,
    ]) {
      expect(note(aRecord(), { thread: threadIn(state) }).turns[0]?.end?.words).toHaveLength(2000);
    }
  });

  it("declares nothing by a provider's notice", () => {
    const thread = threadIn({ kind: "limit-reached", lastWords: pushedWords });
    expect(note(aRecord(), { thread }).turns[0]?.end?.outcome).toBeNull();
  });

  it("of a thread that is gone is not known", () => {
    expect(note(aRecord(), { thread: gone }).turns).toEqual(aRecord().turns);
  });
});

describe("the clocks", () => {
  const { clocks } = note(aRecord(), { thread: threadIn(waiting("q1")) });

  it("stand still while paused, and not twice for a question asked meanwhile", () => {
    const issue = aPausedIssue();
    expect(note(aRecord(), { issue, thread: threadIn(waiting("q1")) }).clocks).toEqual({
      paused: { since: NOW, ms: 0 },
      waited: { since: null, ms: 0 },
    });
  });

  it("stand still while a person is waited for, and go on afterwards", () => {
    expect(clocks.waited).toEqual({ since: NOW, ms: 0 });
    const later = note(aRecord({ clocks }), { now: NOW + MINUTE });
    expect(later.clocks.waited).toEqual({ since: null, ms: MINUTE });
  });

  it.each([
    ["for a question in the archive", threadIn(waiting("q1"), { isArchived: true })],
    ["for no question", threadIn(waiting())],
  ])("go on %s", (_name, thread) => {
    expect(note(aRecord(), { thread }).clocks.waited.since).toBeNull();
  });

  it("go on for a question of somebody who steers after our turn", () => {
    expect(
      note(aPushedRecord(), { thread: threadIn(waiting("q1")) }).clocks.waited.since,
    ).toBeNull();
  });
});

describe("questions", () => {
  const ids = (count: number, from = 0): readonly string[] =>
    Array.from({ length: count }, (_, at) => `q${from + at}`);
  const ask = (record: RunRecord, ...requestIds: readonly string[]): RunRecord =>
    note(record, { thread: threadIn(waiting(...requestIds)) });

  it("are noted once each", () => {
    const first = ask(aRecord(), "q1");
    expect(first.questions).toEqual([{ requestId: "q1", firstSeen: startedAgo(0), bells: {} }]);
    const later = note(first, { thread: threadIn(waiting("q1", "q2")), now: NOW + 1 });
    expect(later.questions).toEqual([
      ...first.questions,
      expect.objectContaining({ requestId: "q2" }),
    ]);
  });

  it("beyond five at once wait for their turn", () => {
    expect(ask(aRecord(), ...ids(5)).questions).toHaveLength(5);
    expect(ask(aRecord(), ...ids(6)).questions).toHaveLength(5);
    expect(ask(ask(aRecord(), ...ids(6)), "q5").questions).toHaveLength(6);
  });

  it("beyond twenty let the answered ones go, the oldest first", () => {
    const noted = (record: RunRecord) => record.questions.map((each) => each.requestId);
    let full = ask(aRecord(), ...ids(5));
    for (const from of [5, 10, 15]) full = ask(full, "q0", ...ids(5, from).slice(1));
    expect(full.questions).toHaveLength(17);
    full = ask(full, "q0", "a", "b", "c");
    expect(full.questions).toHaveLength(20);
    const next = ask(full, "q0", "d");
    expect(next.questions).toHaveLength(20);
    expect(noted(next)).not.toContain("q1");
    expect(noted(next).slice(-2)).toEqual(["q0", "d"]);
    expect(ask(next, "q0", "d")).toEqual(next);
  });

  it("with an id that no record holds are known by its ends", () => {
    const long = `<${"x".repeat(300)}`;
    const noted = ask(aRecord(), long);
    expect(noted.questions[0]?.requestId).toHaveLength(60);
    expect(ask(noted, long)).toEqual(noted);
  });
});

describe("commits", () => {
  const see = (record: RunRecord, ours: readonly RunCommit[], now = NOW): RunRecord =>
    note(record, { commits: { kind: "readable", ours, vanished: [] }, now });
  const many = (count: number): readonly RunCommit[] =>
    Array.from({ length: count }, (_, at) => aCommit(`c${at}`));
  const shas = (record: RunRecord): readonly string[] => record.commits.map((each) => each.sha);

  it("are noted once, with what they prove", () => {
    const ours = [aCommit("a", { phases: ["tests-red"] })];
    const first = see(aRecord(), ours);
    expect(first.commits).toEqual([{ ...ours[0], firstSeen: startedAgo(0) }]);
    const later = see(first, [...ours, aCommit("b")], NOW + 1);
    expect(later.commits).toEqual([
      ...first.commits,
      { ...aCommit("b"), firstSeen: { at: NOW + 1, pausedMs: 0, waitedMs: 0 } },
    ]);
    expect(see(later, ours, NOW + 2)).toEqual(later);
  });

  it("get the head of their push once that is known, and another once it was left behind", () => {
    const [bare, headed] = [aCommit("a"), aCommit("a", { pushHead: aSha("head") })];
    const noted = see(aRecord(), [bare]);
    expect(noted.commits[0]).not.toHaveProperty("pushHead");
    const known = see(noted, [headed], NOW + 1);
    expect(known.commits).toEqual([{ ...headed, firstSeen: startedAgo(0) }]);
    expect(see(aRecord(), [headed]).commits).toEqual(known.commits);
    // A log that does not say takes nothing back.
    expect(see(known, [bare], NOW + 2)).toEqual(known);
    const moved = aCommit("a", { pushHead: aSha("other") });
    expect(see(known, [moved], NOW + 3).commits[0]?.pushHead).toBe(aSha("other"));
  });

  it("are kept when they vanish", () => {
    expect(see(aPushedRecord(), []).commits).toEqual(aPushedRecord().commits);
  });

  it("end with the newest, in whatever order they are seen", () => {
    const first = see(aRecord(), [aCommit("newest")]);
    const later = see(first, [aCommit("a"), aCommit("newest")], NOW + 1);
    expect(shas(later)).toEqual([aSha("a"), aSha("newest")]);
    expect(later.commits.at(-1)).toEqual(first.commits[0]);
  });

  it("beyond sixty are the oldest and the newest, and no tick notes them anew", () => {
    expect(shas(see(aRecord(), many(60)))).toEqual(many(60).map((each) => each.sha));
    const full = see(aRecord(), many(62));
    expect(full.commits).toHaveLength(60);
    expect(shas(full).slice(-2)).toEqual([aSha("c58"), aSha("c61")]);
    expect(see(full, many(62), NOW + 1)).toEqual(full);
    const next = see(full, many(63), NOW + 1);
    expect(shas(next).slice(-2)).toEqual([aSha("c58"), aSha("c62")]);
    expect(next.commits.at(-1)?.firstSeen.at).toBe(NOW + 1);
  });
});

describe("CI", () => {
  const check = (count: number, isOwnHead = true): RunSeen["ci"] =>
    red(
      Array.from({ length: count }, (_, at) => `check-${at}`),
      { isOwnHead },
    );

  it("that was not asked changes nothing", () => {
    const record = aPushedRecord({ ciSeen: "red" });
    expect(noteSeen(record, aPushedSight({ ci: { kind: "not-asked" } }), aPolicy()).ciSeen).toBe(
      "red",
    );
  });

  it.each([
    ["a person's action", judged({ kind: "action-required", names: ["x"] }), "pending"],
    ["nothing told", judged({ kind: "inconclusive" }), "pending"],
    ["no check", judged({ kind: "none" }), "none-yet"],
    ["green", judged({ kind: "green" }), "green"],
  ])("is told as it was seen: %s", (_name, ci, want) => {
    expect(note(aPushedRecord(), { ci }).ciSeen).toBe(want);
  });

  it("is told of a rollout as of a deployment, and of both as green once both are", () => {
    const rollout = { namespace: "shop", kind: "Deployment", name: "web" } as const;
    const rolling = { ci: "required", dispatchOnRed: false, rollout } as const;
    const both = { ...rolling, deploy: { environment: "prod" } };
    const green: CiVerdict = { kind: "green" };
    const stage = (name: "deploy" | "rollout", verdict: CiVerdict) => ({
      name,
      title: "",
      verdict,
    });
    const told = (
      repo: typeof rolling | typeof both,
      ...stages: readonly ReturnType<typeof stage>[]
    ) => noteSeen(aPushedRecord(), aSight({ ci: judged(green, { stages }) }), aPolicy({ repo }));
    expect(told(rolling).deploySeen).toBe("pending");
    expect(told(rolling, stage("rollout", green)).deploySeen).toBe("green");
    expect(told(both, stage("deploy", green)).deploySeen).toBe("pending");
    const failed: CiVerdict = { kind: "red", failing: [] };
    expect(told(both, stage("deploy", failed)).deploySeen).toBe("red");
    expect(told(both, stage("deploy", green), stage("rollout", failed)).deploySeen).toBe("red");
    const whole = [stage("deploy", green), stage("rollout", green)];
    expect(told(both, ...whole).deploySeen).toBe("green");
  });

  it("is told of a build and of its deployment apart", () => {
    const repo = { ci: "required", dispatchOnRed: false, deploy: { environment: "prod" } } as const;
    const policy = aPolicy({ repo });
    const seen = (ci: RunSeen["ci"], record = aPushedRecord()) =>
      noteSeen(record, aSight({ ci }), policy).deploySeen;
    const staged = (verdict: CiVerdict) =>
      judged({ kind: "green" }, { stages: [{ name: "deploy", title: "deployment", verdict }] });
    expect(seen({ kind: "not-asked" })).toBe("pending");
    expect(seen(judged({ kind: "green" }))).toBe("pending");
    expect(seen(staged({ kind: "none" }))).toBe("pending");
    expect(seen(staged({ kind: "red", failing: [] }))).toBe("red");
    expect(seen(staged({ kind: "green" }))).toBe("green");
    const deployed = aPushedRecord({ deploySeen: "green" });
    expect(seen({ kind: "unreadable", why: "503" }, deployed)).toBe("green");
    expect(note(deployed, {})).not.toHaveProperty("deploySeen");
  });

  it("is noted by no more names than a record holds", () => {
    const noted = note(aPushedRecord(), { ci: check(31) });
    expect(note(aPushedRecord(), { ci: check(30) }).ownRedChecks).toHaveLength(30);
    expect(noted.ownRedChecks).toHaveLength(30);
    expect(note(noted, { ci: red(["y".repeat(400)]) }).ownRedChecks).toHaveLength(30);
    expect(note(aRecord(), { ci: red(["y".repeat(400)]) }).ownRedChecks[0]).toHaveLength(60);
  });

  it("on a descendant begins the first red and names nothing as ours", () => {
    const noted = note(aPushedRecord(), { ci: check(2, false) });
    expect(noted.firstRed).toEqual(startedAgo(0));
    expect(noted.ownRedChecks).toEqual([]);
  });
});

describe("the state", () => {
  it("is the watcher's from the first look on", () => {
    expect(note(aRecord({ state: "dispatching" }), {}).state).toBe("watching");
  });
});
