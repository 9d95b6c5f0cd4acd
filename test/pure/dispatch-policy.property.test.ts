import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { findReadyEvent, hasLabel } from "../../src/pure/approval.ts";
import { planDispatch } from "../../src/pure/dispatch-plan.ts";
import {
  decideDispatches,
  type PollAnswer,
  type PollPolicy,
  type PollSeen,
} from "../../src/pure/dispatch-policy.ts";
import { threadIdOf } from "../../src/pure/identity.ts";
import {
  type IssueEvent,
  type IssueSeen,
  issueKey,
  type RepoSeen,
  repoKey,
} from "../../src/pure/issue.ts";
import type { ThreadSummary } from "../../src/pure/thread.ts";
import {
  ago,
  anAgent,
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepoSeen,
  aSession,
  aThread,
  aVerdict,
  bodyOf,
  cutShort,
  labeled,
  labels,
  limits,
  links,
  maria,
  MINUTE,
  NOW,
  repoNamed,
  runIdOf,
  SECOND,
  someFacts,
  unlabeled,
} from "./builders.ts";

type World = { readonly seen: PollSeen; readonly policy: PollPolicy };
type Readable = Extract<RepoSeen, { kind: "readable" }>;

/** Who may be behind a label, and whether their word counts where Maria alone may write. */
const ACTORS = [
  maria,
  { ...maria, id: "8", login: "stranger" },
  { ...maria, id: "55", login: "helper-bot" },
  { ...maria, id: "900", login: "afk-bot" },
  { kind: "unknown" },
] as const;

/** Weighted, so that every way through the policy is taken often. */
const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 3 * others.length, arbitrary: fc.constant(usual) },
    fc.constantFrom(...others),
  );

const anyEvent = fc
  .record({
    label: fc.constantFrom(labels.ready, labels.inProgress, labels.human, labels.paused),
    isOn: fc.boolean(),
    actor: often(ACTORS[0], ...ACTORS.slice(1)),
  })
  .map(
    ({ label, isOn, actor }): IssueEvent =>
      isOn ? labeled(label, { actor }) : unlabeled(label, { actor }),
  );

const anyIssueParts = fc.record({
  hasReady: often(true, false),
  extraLabels: often<readonly string[]>(
    [],
    ["P0"],
    [labels.human],
    [labels.paused],
    [labels.inProgress],
  ),
  state: often<"open" | "closed">("open", "closed"),
  lastEvents: often<readonly IssueEvent[]>(
    [labeled(labels.ready)],
    [labeled(labels.ready, { actor: ACTORS[1] })],
    [labeled(labels.ready, { actor: ACTORS[4] })],
    [],
  ),
  earlier: fc.array(anyEvent, { maxLength: 3 }),
  bodyEditedAt: often<string | null>(null, ago(MINUTE)),
  blocker: often<"closed" | "open" | "cyclic">("closed", "open", "cyclic"),
  comments: often<"complete" | "truncated">("complete", "truncated"),
  /** The run of its approval: none, one cut short so many ms ago, or one with its verdict. */
  run: often<number | "none" | "concluded">("none", MINUTE, 5 * MINUTE, 20 * MINUTE, "concluded"),
  thread: often<"none" | "live" | "resting" | "deleted">("none", "live", "resting", "deleted"),
});

type IssueParts = typeof anyIssueParts extends fc.Arbitrary<infer Parts> ? Parts : never;

function issueOf(repo: string, number: number, parts: IssueParts): IssueSeen {
  const events = [...parts.earlier, ...parts.lastEvents].map((event, at) => ({
    ...event,
    id: `${repo}-${number}-${at}`,
  }));
  const issue = anIssue({
    repo: repoNamed(repo),
    number,
    createdAt: ago(number * MINUTE),
    labels: [...(parts.hasReady ? [labels.ready] : []), ...parts.extraLabels],
    state: parts.state,
    events,
    bodyEditedAt: parts.bodyEditedAt,
    blockers: { kind: "listed", blockers: [{ key: "acme/other#1", state: parts.blocker }] },
  });
  const record =
    typeof parts.run === "number"
      ? cutShort(issue, parts.run)
      : cutShort(issue, MINUTE, { verdict: aVerdict() });
  const bodies = parts.run === "none" ? [] : [bodyOf(record)];
  const comments = bodies.map((body, at) => ({ id: `c${at}`, body }));
  return { ...issue, ownComments: { kind: parts.comments, comments } };
}

function threadOf(issue: IssueSeen, kind: IssueParts["thread"]): readonly ThreadSummary[] {
  if (kind === "none") return [];
  const { repo, number } = issue.ref;
  const resting = aSession({ status: "ready", hasActiveTurn: false });
  const thread = aThread({
    id: threadIdOf({ runId: runIdOf(issue), issueNumber: number, restart: 0 }),
    workspaceRoot: `/data/acme__${repo.name}`,
    presence: kind === "deleted" ? "deleted" : "active",
    session: kind === "live" ? aSession() : resting,
  });
  return [thread];
}

const anyRepoParts = fc.record({
  issues: fc.array(anyIssueParts, { minLength: 1, maxLength: 4 }),
  head: often<"green" | "red" | "unread">("green", "red", "unread"),
  isReadable: often(true, false),
});

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    repos: fc.array(anyRepoParts, { minLength: 1, maxLength: 4 }),
    isAgentReadable: often(true, false),
    isDraining: often(false, true),
    runsMax: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ repos, isAgentReadable, isDraining, runsMax }) => {
    const threads: ThreadSummary[] = [];
    const read = repos.map((parts, at): RepoSeen => {
      const name = `repo${at}`;
      const issues = parts.issues.map((issue, number) => {
        const built = issueOf(name, number + 1, issue);
        threads.push(...threadOf(built, issue.thread));
        return built;
      });
      if (!parts.isReadable) return { kind: "unreadable", ref: repoNamed(name), why: "down" };
      return aRepoSeen(issues, { facts: someFacts({ ref: repoNamed(name) }) });
    });
    const heads = new Map<string, { kind: "green" } | { kind: "red"; failing: [] }>();
    for (const [at, { head }] of repos.entries()) {
      if (head === "green") heads.set(`acme/repo${at}`, { kind: "green" });
      if (head === "red") heads.set(`acme/repo${at}`, { kind: "red", failing: [] });
    }
    const agent = isAgentReadable
      ? anAgent(threads)
      : ({ kind: "unreadable", why: "down" } as const);
    return {
      seen: aPollSeen(read, { agent, heads }),
      policy: aPollPolicy({ isDraining, limits: { ...limits, runsMax } }),
    };
  });

function readable(world: World): readonly Readable[] {
  return world.seen.repos.filter((repo) => repo.kind === "readable");
}

function answersOf(world: World): readonly PollAnswer[] {
  return decideDispatches(world.seen, world.policy);
}

function dispatchedIn(world: World): readonly IssueSeen[] {
  const keys = new Set(
    answersOf(world)
      .filter((answer) => answer.decision.kind === "dispatch")
      .map((answer) => issueKey(answer.issue)),
  );
  return readable(world).flatMap((repo) =>
    repo.issues.filter((issue) => keys.has(issueKey(issue.ref))),
  );
}

/** What keeps a repo busy, said again in the plainest words: a label, a live thread, a turn just asked for. */
function busyKeys(world: World): ReadonlyMap<string, string> {
  const busy = new Map<string, string>();
  for (const repo of readable(world)) {
    for (const issue of repo.issues) {
      const body = issue.ownComments.comments[0]?.body ?? "";
      const isConcluded = body.includes('"because":"green"');
      const isLabelled = hasLabel(issue, labels.inProgress) && !hasLabel(issue, labels.human);
      const askedAt = Number(/"asked":\{"at":(\d+)/.exec(body)?.[1] ?? Number.NEGATIVE_INFINITY);
      const mayStart = !isConcluded && NOW - askedAt <= 120 * SECOND;
      if ((isLabelled && !isConcluded) || mayStart) {
        busy.set(issueKey(issue.ref), repoKey(issue.ref.repo));
      }
    }
  }
  const { agent } = world.seen;
  for (const thread of agent.kind === "readable" ? agent.threads : []) {
    if (thread.presence === "deleted" || thread.session?.hasActiveTurn !== true) continue;
    const repo = thread.workspaceRoot.replace("/data/acme__", "acme/");
    busy.set(`${repo}#${thread.id.split("-")[2]}`, repo);
  }
  return busy;
}

/** Of several locks of a repo the words name whichever was read first. */
function withoutWords({ issue, decision }: PollAnswer): unknown {
  return { issue, decision: { ...decision, detail: "" } };
}

const RUNS = { numRuns: 300 };

describe("the worlds the laws are checked on", () => {
  it("take every way through the policy", () => {
    const kinds = fc
      .sample(anyWorld, { numRuns: 1000, seed: 7 })
      .flatMap((world) => answersOf(world))
      .map(({ decision }) => {
        if (decision.kind === "hold") return decision.because;
        return decision.kind === "adopt" ? decision.step : decision.kind;
      });
    expect([...new Set(kinds)].toSorted()).toEqual([
      "agent-server",
      "approval-already-used",
      "approval-not-found",
      "at-capacity",
      "base-red",
      "blocked",
      "dispatch",
      "draining",
      "edited-after-approval",
      "finish",
      "hand-over",
      "human-label",
      "issue-unreadable",
      "not-open",
      "paused",
      "repo-locked",
      "slot-taken",
      "untrusted-labeler",
    ]);
  });
});

describe("the laws of dispatching", () => {
  it("every ready issue that was read is answered exactly once", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const ready = readable(world).flatMap((repo) =>
          repo.issues.filter((issue) => hasLabel(issue, labels.ready)),
        );
        const answered = answersOf(world).map((answer) => issueKey(answer.issue));
        expect(answered.toSorted()).toEqual(ready.map((issue) => issueKey(issue.ref)).toSorted());
      }),
      RUNS,
    );
  });

  it("at most one issue of a repo is dispatched or adopted", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const acting = answersOf(world)
          .filter((answer) => answer.decision.kind !== "hold")
          .map((answer) => repoKey(answer.issue.repo));
        expect(acting).toEqual([...new Set(acting)]);
      }),
      RUNS,
    );
  });

  it("the runs in flight and those begun now are never more than the capacity", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const begun = dispatchedIn(world).map((issue) => issueKey(issue.ref));
        const adopted = answersOf(world)
          .filter((answer) => answer.decision.kind === "adopt")
          .map((answer) => issueKey(answer.issue));
        const running = new Set([...busyKeys(world).keys(), ...adopted]);
        const { runsMax } = world.policy.limits;
        expect(begun.length > 0 && running.size + begun.length > runsMax).toBe(false);
      }),
      RUNS,
    );
  });

  it("nothing is dispatched in a repo while something of it is seen to be busy", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const busy = new Set(busyKeys(world).values());
        const begun = dispatchedIn(world).map((issue) => repoKey(issue.ref.repo));
        expect(begun.filter((repo) => busy.has(repo))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("nothing is dispatched on anybody's word but a trusted person's", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const issue of dispatchedIn(world)) {
          const newest = issue.history.events.findLast(
            (event) => "label" in event && event.label === labels.ready,
          );
          expect(newest).toMatchObject({ kind: "labeled", actor: maria });
        }
      }),
      RUNS,
    );
  });

  it("nothing is dispatched that is closed, paused, edited, blocked, drained or on a red base", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const issue of dispatchedIn(world)) {
          const blockers = issue.blockers.kind === "listed" ? issue.blockers.blockers : [];
          expect({
            state: issue.state,
            isPaused: hasLabel(issue, labels.paused),
            bodyEditedAt: issue.bodyEditedAt,
            blockers: blockers.map((blocker) => blocker.state),
            isDraining: world.policy.isDraining,
            agent: world.seen.agent.kind,
            head: world.seen.heads.get(repoKey(issue.ref.repo))?.kind,
          }).toEqual({
            state: "open",
            isPaused: false,
            bodyEditedAt: null,
            blockers: ["closed"],
            isDraining: false,
            agent: "readable",
            head: "green",
          });
        }
      }),
      RUNS,
    );
  });

  it("the order in which repos and issues were read changes nothing", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const repos = world.seen.repos
          .toReversed()
          .map(
            (repo): RepoSeen =>
              repo.kind === "readable" ? { ...repo, issues: repo.issues.toReversed() } : repo,
          );
        const other = { ...world, seen: { ...world.seen, repos } };
        expect(answersOf(other).map(withoutWords)).toEqual(answersOf(world).map(withoutWords));
      }),
      RUNS,
    );
  });
});

/** What may come between two ticks: time, a label put on, the agent server's silence, its threads gone. */
const anyMeanwhile = fc.record({
  laterMs: fc.integer({ min: 0, max: 60 * MINUTE }),
  label: fc.constantFrom(null, labels.inProgress, labels.human, labels.paused),
  state: fc.constantFrom<"open" | "closed">("open", "closed"),
  isThreadMade: fc.boolean(),
  isCommentGone: fc.boolean(),
});

describe("an approval", () => {
  it("is dispatched at most once, whatever comes after", () => {
    fc.assert(
      fc.property(anyWorld, anyMeanwhile, (world, meanwhile) => {
        for (const issue of dispatchedIn(world)) {
          const after = afterDispatch(world, issue, meanwhile);
          const decisions = answersOf(after)
            .filter((answer) => issueKey(answer.issue) === issueKey(issue.ref))
            .map((answer) => answer.decision.kind);
          expect(decisions).not.toContain("dispatch");
        }
      }),
      RUNS,
    );
  });

  it("gives way to a newer one, whose run is another", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const issue of dispatchedIn(world)) {
          const again = labeled(labels.ready, { id: "again" });
          const events = [...issue.history.events, again];
          const relabelled = { ...issue, history: { ...issue.history, events } };
          expect(findReadyEvent(relabelled, labels.ready)).toBe(again);
          expect(runIdOf(relabelled)).not.toBe(runIdOf(issue));
        }
      }),
    );
  });
});

/**
 * The world after the dispatch of an issue: its record was written, and then its thread made. One of the two
 * may be gone again, but not both.
 */
function afterDispatch(
  world: World,
  issue: IssueSeen,
  meanwhile: typeof anyMeanwhile extends fc.Arbitrary<infer Value> ? Value : never,
): World {
  const repo = readable(world).find((each) => each.issues.includes(issue));
  if (repo === undefined || world.seen.agent.kind === "unreadable") throw new Error("not read");
  const plan = planDispatch({
    now: NOW,
    runId: runIdOf(issue),
    issue,
    facts: repo.facts,
    agent: world.seen.agent,
    threadRead: undefined,
    policy: world.policy,
    links,
  });
  const body = plan.steps.find((step) => step.kind === "create-comment")?.body ?? "";
  const isThreadMade = meanwhile.isThreadMade || meanwhile.isCommentGone;
  const comments = meanwhile.isCommentGone ? [] : [{ id: "new", body }];
  const changed: IssueSeen = {
    ...issue,
    state: meanwhile.state,
    labels: meanwhile.label === null ? issue.labels : [...issue.labels, meanwhile.label],
    ownComments: { kind: "complete", comments },
  };
  const issues = repo.issues.map((each) => (each === issue ? changed : each));
  const threads = isThreadMade ? threadOf(issue, "resting") : [];
  return {
    ...world,
    seen: {
      ...world.seen,
      now: NOW + meanwhile.laterMs,
      repos: world.seen.repos.map((each) => (each === repo ? { ...repo, issues } : each)),
      agent: anAgent([...world.seen.agent.threads, ...threads]),
    },
  };
}
