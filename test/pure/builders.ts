import { hash } from "node:crypto";

import { approvalOf, findReadyEvent } from "../../src/pure/approval.ts";
import type { PollPolicy, PollSeen } from "../../src/pure/dispatch-policy.ts";
import { deriveRunId, messageIdOf, threadIdOf } from "../../src/pure/identity.ts";
import {
  type Actor,
  type IssueEvent,
  type IssueSeen,
  issueKey,
  type Permission,
  type RepoFacts,
  type RepoRef,
  type RepoSeen,
  repoKey,
} from "../../src/pure/issue.ts";
import type { Limits } from "../../src/pure/limits.ts";
import type { LabelNames, OwnAccount } from "../../src/pure/ports/tracker.ts";
import type { LinkPolicy } from "../../src/pure/progress-comment.ts";
import type { ClockStart } from "../../src/pure/run-clock.ts";
import {
  beginRecord,
  newTurn,
  type RunRecord,
  type TurnRecord,
} from "../../src/pure/run-record.ts";
import { encodeRecord, runMarker } from "../../src/pure/run-record-codec.ts";
import type {
  AgentSeen,
  ThreadDetail,
  ThreadSession,
  ThreadSummary,
} from "../../src/pure/thread.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The moment every test stands at unless it says otherwise: 2026-03-01T12:00:00Z. */
export const NOW = Date.UTC(2026, 2, 1, 12, 0, 0);

/** A moment so many milliseconds before `NOW`, ISO 8601 to the second, as trackers stamp it. */
export function ago(ms: number): string {
  return new Date(NOW - ms).toISOString().replace(".000Z", "Z");
}

/** A simulated world hashes the same few texts in every tick. */
const HASHES_KEPT_MAX = 10_000;
const hashes = new Map<string, string>();

export function sha256(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  if (hashes.size >= HASHES_KEPT_MAX) hashes.clear();
  const made = hash("sha256", text);
  hashes.set(text, made);
  return made;
}

/** A full commit sha, told apart by its name. */
export function aSha(name: string): string {
  return sha256(name).slice(0, 40);
}

/** The defaults of the configuration, in milliseconds. */
export const limits: Limits = {
  runsMax: 10,
  fixForwardAttemptsMax: 5,
  fixForwardMsMax: 3600 * SECOND,
  turnMsMax: 7200 * SECOND,
  verdictMsMax: 14_400 * SECOND,
  questionMsMax: 86_400 * SECOND,
  notifyMsMax: 86_400 * SECOND,
  startGraceMs: 120 * SECOND,
  adoptGraceMs: 600 * SECOND,
  ciGraceMs: 120 * SECOND,
  nudgeAttemptsMax: 1,
  redispatchAttemptsMax: 1,
  archiveAfterMs: 0,
  budgetUsdMax: 100,
};

export const labels: LabelNames = {
  ready: "ready-for-agent",
  inProgress: "agent-in-progress",
  human: "ready-for-human",
  paused: "agent-paused",
};

export const links: LinkPolicy = {
  template: "{base}/{environmentId}/{threadId}",
  base: "https://t3.example",
};

const WORKSPACES_ROOT = "/data";
export const ENVIRONMENT_ID = "env-1";

/** afk's own account. */
export const own: OwnAccount = { id: "900", login: "afk-bot" };
export const ownActor: Actor = { kind: "account", ...own, isBot: false };

/** A person who may write to the repo, and the one behind every event unless a test says otherwise. */
export const maria: Extract<Actor, { kind: "account" }> = {
  kind: "account",
  id: "7",
  login: "maria",
  isBot: false,
};

export const aRepo: RepoRef = { tracker: "github", owner: "acme", name: "widgets" };

/** Another repo, by its name alone. */
export function repoNamed(name: string): RepoRef {
  return { ...aRepo, name };
}

export function someFacts(overrides: Partial<RepoFacts> = {}): RepoFacts {
  const ref = overrides.ref ?? aRepo;
  return {
    ref,
    id: `id-of-${ref.name}`,
    defaultBranch: "main",
    headSha: aSha(`head of ${ref.name}`),
    cloneUrl: `https://forge.example/${ref.owner}/${ref.name}.git`,
    webUrl: `https://forge.example/${ref.owner}/${ref.name}`,
    labelsMissing: [],
    ...overrides,
  };
}

/** A repo as a tick reads it, in which Maria may write. */
export function aRepoSeen(
  issues: readonly IssueSeen[],
  overrides: Partial<Extract<RepoSeen, { kind: "readable" }>> = {},
): Extract<RepoSeen, { kind: "readable" }> {
  const facts = someFacts(issues[0] === undefined ? {} : { ref: issues[0].ref.repo });
  const permissions: ReadonlyMap<string, Permission> = new Map([[maria.id, "write"]]);
  return { kind: "readable", facts, issues, permissions, ...overrides };
}

type EventOf<Kind extends IssueEvent["kind"]> = Extract<IssueEvent, { kind: Kind }>;
type Overrides<Kind extends IssueEvent["kind"]> = Partial<Omit<EventOf<Kind>, "kind">>;

/** An event an hour old unless it says otherwise; the order of a history is the order it is listed in. */
export function labeled(label: string, overrides: Overrides<"labeled"> = {}): EventOf<"labeled"> {
  const id = `labeled-${label}`;
  return {
    kind: "labeled",
    id,
    at: ago(HOUR),
    label,
    actor: maria,
    isByIntent: false,
    ...overrides,
  };
}

export function unlabeled(
  label: string,
  overrides: Overrides<"unlabeled"> = {},
): EventOf<"unlabeled"> {
  const id = `unlabeled-${label}`;
  return { kind: "unlabeled", id, at: ago(HOUR), label, actor: maria, ...overrides };
}

export function closed(overrides: Overrides<"closed"> = {}): EventOf<"closed"> {
  return {
    kind: "closed",
    id: "closed",
    at: ago(HOUR),
    actor: maria,
    closer: "hand",
    ...overrides,
  };
}

export function reopened(overrides: Overrides<"reopened"> = {}): EventOf<"reopened"> {
  return { kind: "reopened", id: "reopened", at: ago(HOUR), actor: maria, ...overrides };
}

export function renamed(overrides: Overrides<"renamed"> = {}): EventOf<"renamed"> {
  return { kind: "renamed", id: "renamed", at: ago(HOUR), actor: maria, ...overrides };
}

export function transferred(overrides: Overrides<"transferred"> = {}): EventOf<"transferred"> {
  return { kind: "transferred", id: "transferred", at: ago(HOUR), ...overrides };
}

/** An issue's own fields, with its number, repo, events and comments in shorthand. */
export type IssueOverrides = Partial<Omit<IssueSeen, "ref" | "history" | "ownComments">> & {
  readonly repo?: RepoRef;
  readonly number?: number;
  readonly events?: readonly IssueEvent[];
  readonly history?: IssueSeen["history"];
  /** Bodies of afk's own comments, oldest first; their ids are `c0`, `c1`, … */
  readonly comments?: readonly string[];
  readonly ownComments?: IssueSeen["ownComments"];
};

/** An open issue that Maria made ready an hour ago: nothing keeps it from being dispatched. */
export function anIssue(overrides: IssueOverrides = {}): IssueSeen {
  const { repo = aRepo, number = 12, events, comments = [], ...rest } = overrides;
  return {
    ref: { repo, number },
    url: `https://forge.example/${repo.owner}/${repo.name}/issues/${number}`,
    title: "Reject an empty name",
    body: "The export fails when a name is empty.",
    state: "open",
    isPullRequest: false,
    createdAt: ago(2 * DAY),
    bodyEditedAt: null,
    labels: [labels.ready],
    history: { kind: "complete", events: events ?? [labeled(labels.ready)] },
    blockers: { kind: "listed", blockers: [] },
    ownComments: {
      kind: "complete",
      comments: comments.map((body, at) => ({ id: `c${at}`, body })),
    },
    ...rest,
  };
}

/** The run id of an issue's approval as it stands. */
export function runIdOf(issue: IssueSeen): string {
  const approvalEventId = findReadyEvent(issue, labels.ready)?.id ?? "";
  const repoId = someFacts({ ref: issue.ref.repo }).id;
  return deriveRunId(sha256, { ref: issue.ref, repoId, approvalEventId });
}

/** The run id of `anIssue()`. */
export const RUN_ID = runIdOf(anIssue());

/** The id of the first thread of `anIssue()`'s run. */
export const THREAD_ID = threadIdOf({ runId: RUN_ID, issueNumber: 12, restart: 0 });

/** A clock that started so many milliseconds before `NOW`, with nothing stood still by then. */
export function startedAgo(ms: number, overrides: Partial<ClockStart> = {}): ClockStart {
  return { at: NOW - ms, pausedMs: 0, waitedMs: 0, ...overrides };
}

/** The first turn, asked for a minute ago and not yet seen. */
export function aTurn(overrides: Partial<TurnRecord> = {}): TurnRecord {
  const turn = newTurn({
    ordinal: 0,
    kind: "first",
    attempt: 0,
    threadId: THREAD_ID,
    asked: startedAgo(MINUTE),
  });
  return { ...turn, ...overrides };
}

/** The record of the run of an issue's approval, just written, a minute old, its first turn asked for. */
export function recordOf(issue: IssueSeen, overrides: Partial<RunRecord> = {}): RunRecord {
  const ready = findReadyEvent(issue, labels.ready) ?? labeled(labels.ready);
  const record = beginRecord({
    issue: issueKey(issue.ref),
    runId: overrides.runId ?? runIdOf(issue),
    issueNumber: issue.ref.number,
    approval: approvalOf(sha256, issue, ready),
    baseSha: aSha("base"),
    environmentId: ENVIRONMENT_ID,
    now: NOW - MINUTE,
  });
  return { ...record, ...overrides };
}

/** The same record so many milliseconds after it was written, its dispatch cut short there. */
export function cutShort(
  issue: IssueSeen,
  ms: number,
  overrides: Partial<RunRecord> = {},
): RunRecord {
  const turns = recordOf(issue).turns.map((turn) => ({ ...turn, asked: startedAgo(ms) }));
  return recordOf(issue, { begunAt: NOW - ms, turns, ...overrides });
}

/** The record of `anIssue()`'s run in the watcher's hands: its label is on, its first turn asked for. */
export function aRecord(overrides: Partial<RunRecord> = {}): RunRecord {
  return recordOf(anIssue(), { state: "watching", lockedAt: NOW - MINUTE, ...overrides });
}

/** The end of a turn half a minute ago, without an outcome. */
export function anEnd(
  overrides: Partial<NonNullable<TurnRecord["end"]>> = {},
): NonNullable<TurnRecord["end"]> {
  return { ...startedAgo(30 * SECOND), how: "over", outcome: null, words: "", ...overrides };
}

/** A verdict as a record holds it. */
export function aVerdict(
  overrides: Partial<NonNullable<RunRecord["verdict"]>> = {},
): NonNullable<RunRecord["verdict"]> {
  return {
    kind: "done",
    because: "green",
    detail: "",
    at: NOW - MINUTE,
    stopAsks: 0,
    bells: {},
    ...overrides,
  };
}

/** The shortest body of a progress comment that carries the record. */
export function bodyOf(record: RunRecord): string {
  return `${runMarker(record.runId)}\n${encodeRecord(record)}`;
}

export function aSession(overrides: Partial<ThreadSession> = {}): ThreadSession {
  return {
    status: "running",
    hasActiveTurn: true,
    lastError: null,
    updatedAt: ago(30 * SECOND),
    ...overrides,
  };
}

/** The first thread of `anIssue()`'s run, its agent at work. */
export function aThread(overrides: Partial<ThreadSummary> = {}): ThreadSummary {
  return {
    id: THREAD_ID,
    workspaceRoot: `${WORKSPACES_ROOT}/acme__widgets`,
    presence: "active",
    createdAt: ago(MINUTE),
    updatedAt: ago(30 * SECOND),
    session: aSession(),
    latestTurn: null,
    ...overrides,
  };
}

/** The same thread in detail, with the message that asked for `aTurn()`. */
export function aThreadDetail(overrides: Partial<ThreadDetail> = {}): ThreadDetail {
  const asked = { id: messageIdOf(aTurn()), role: "user" as const, text: "Go", at: ago(MINUTE) };
  return { ...aThread(), messages: [asked], pending: [], processedTokens: null, ...overrides };
}

/** An agent server that answers, with these threads and no project yet. */
export function anAgent(
  threads: readonly ThreadSummary[] = [],
): Extract<AgentSeen, { kind: "readable" }> {
  return { kind: "readable", environmentId: ENVIRONMENT_ID, projects: [], threads };
}

/** What a poll tick read of these repos at `NOW`: no thread, every default branch green. */
export function aPollSeen(repos: readonly RepoSeen[], overrides: Partial<PollSeen> = {}): PollSeen {
  const refs = repos.map((repo) => (repo.kind === "readable" ? repo.facts.ref : repo.ref));
  return {
    now: NOW,
    repos,
    agent: anAgent(),
    threadReads: new Map(),
    heads: new Map(refs.map((ref) => [repoKey(ref), { kind: "green" }])),
    actingApps: new Map(),
    ...overrides,
  };
}

/** The default configuration, armed. */
export function aPollPolicy(overrides: Partial<PollPolicy> = {}): PollPolicy {
  return {
    policies: new Map(),
    labels,
    limits,
    trust: { trustedActors: [], agentActors: ["helper-bot"] },
    own,
    isDraining: false,
    workspacesRoot: WORKSPACES_ROOT,
    sha256,
    ...overrides,
  };
}
