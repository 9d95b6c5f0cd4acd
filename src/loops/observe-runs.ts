import type { BranchSeen } from "../pure/commits.ts";
import { hashText, messageIdOf, parseThreadId } from "../pure/identity.ts";
import { type IssueSeen, issueKey, type RepoFacts, repoKey } from "../pure/issue.ts";
import type { LocksByRepo } from "../pure/locks.ts";
import { findRunCommits, shasToJudge } from "../pure/run-commits.ts";
import type { RunCiSeen, RunCommitsSeen, RunSeen, RunThreadSeen } from "../pure/run-observation.ts";
import { orphanRecord, rebuildRecord } from "../pure/run-rebuild.ts";
import { lastTurn, type RunRecord } from "../pure/run-record.ts";
import { findSubjects, type RunSubject } from "../pure/run-subjects.ts";
import type { AgentSeen, ThreadRead, ThreadSummary } from "../pure/thread.ts";
import { classifyTurn, isLive } from "../pure/thread-state.ts";
import type { ReadDeps } from "./deps.ts";
import type { IssuesSight, WatchedIssue } from "./observe-issues.ts";
import { observeCi } from "./observe-ci.ts";
import { observePushes } from "./observe-pushes.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** One run with everything its decision is made from. */
export type ObservedRun = {
  readonly issue: IssueSeen;
  readonly facts: RepoFacts;
  readonly record: RunRecord;
  /** The progress comment; null when it must be written anew. */
  readonly commentId: string | null;
  readonly seen: RunSeen;
};

/** The runs to decide about, and those that this version must leave alone. */
export type RunsSight = {
  readonly runs: readonly ObservedRun[];
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
};

type Draft = {
  readonly watched: WatchedIssue;
  readonly record: RunRecord;
  readonly commentId: string | null;
  readonly isSuperseded: boolean;
  readonly read: ThreadRead | null;
};

/** Reads, for all runs at once, their threads, their branches, then CI, then CI before them where red. */
export async function observeRuns(
  deps: ReadDeps,
  settings: WatchSettings,
  input: { readonly sight: IssuesSight; readonly locks: LocksByRepo },
): Promise<RunsSight> {
  const { sight } = input;
  const subjects = sight.watched.flatMap((watched) =>
    findSubjects({
      issue: watched.issue,
      threads: watched.threads,
      labels: settings.labels,
      ownId: sight.ownId,
      now: deps.now(),
      adoptGraceMs: settings.limits.adoptGraceMs,
    }).map((subject) => ({ watched, subject })),
  );
  const drafts = await Promise.all(
    subjects.map(({ watched, subject }) =>
      draftOf(deps, settings, { watched, subject, agent: sight.agent }),
    ),
  );
  const runs = drafts.filter((draft) => draft !== null);
  const branches = await readBranches(deps, runs);
  const judged = await readCi(deps, settings, { drafts: runs, branches });
  return {
    runs: runs.map((draft, at) => ({
      issue: draft.watched.issue,
      facts: draft.watched.facts,
      record: draft.record,
      commentId: draft.commentId,
      seen: {
        now: deps.now(),
        issue: draft.watched.issue,
        isSuperseded: draft.isSuperseded,
        textHash: hashText(deps.sha256, draft.watched.issue),
        thread: threadSeen(draft, sight.agent),
        isAskMissing: isAskMissing(draft, sight.agent),
        commits: judged[at]?.commits ?? { kind: "unreadable", why: "not read" },
        ci: judged[at]?.ci ?? { kind: "not-asked" },
        otherLive: otherLive(input.locks, draft),
      },
    })),
    unreadable: subjects.flatMap(({ watched, subject }, at) =>
      drafts[at] === null ? [{ name: issueKey(watched.issue.ref), why: whyNoDraft(subject) }] : [],
    ),
  };
}

function whyNoDraft(subject: RunSubject): string {
  if (subject.kind === "unreadable") return subject.why;
  if (subject.kind === "orphan")
    return "its label is on without a record, and the agent server does not tell of a thread";
  return "its record is gone, and the agent server does not tell of its thread";
}

async function draftOf(
  deps: ReadDeps,
  settings: WatchSettings,
  input: {
    readonly watched: WatchedIssue;
    readonly subject: RunSubject;
    readonly agent: AgentSeen;
  },
): Promise<Draft | null> {
  const { watched, subject, agent } = input;
  const common = {
    issue: watched.issue,
    repoId: watched.facts.id,
    environmentId: agent.kind === "readable" ? agent.environmentId : "",
    labels: settings.labels,
    sha256: deps.sha256,
    now: deps.now(),
  };
  switch (subject.kind) {
    case "unreadable":
      return null;
    case "orphan":
      // Its thread may be there and only not be told of: while the server is silent, it waits.
      if (agent.kind === "unreadable") return null;
      return {
        watched,
        record: orphanRecord(common),
        commentId: null,
        isSuperseded: false,
        read: null,
      };
    case "rebuild": {
      const thread = newestThread(watched.threads, subject.runId);
      const read = await readThread(deps, agent, thread?.id ?? null);
      // What its thread says is all there is to rebuild from: while it is silent, the run waits.
      if (read.kind === "unreadable") return null;
      const record = rebuildRecord({ ...common, runId: subject.runId, thread: read });
      return { watched, record, commentId: subject.commentId, isSuperseded: false, read };
    }
    case "run": {
      const { record, commentId, isSuperseded } = subject;
      // Of a concluded run only whether its thread is live matters, and the list of all threads says that.
      const wanted = record.verdict === null ? (lastTurn(record)?.threadId ?? null) : null;
      const read = wanted === null ? null : await readThread(deps, agent, wanted);
      return { watched, record, commentId, isSuperseded, read };
    }
  }
}

function newestThread(threads: readonly ThreadSummary[], runId: string): ThreadSummary | undefined {
  return threads
    .filter((thread) => parseThreadId(thread.id)?.runId === runId)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    .at(-1);
}

/** A thread that the list does not show is unknown: asking for it would only say so again. */
async function readThread(
  deps: ReadDeps,
  agent: AgentSeen,
  threadId: string | null,
): Promise<ThreadRead> {
  if (agent.kind === "unreadable") return agent;
  const isListed = agent.threads.some((thread) => thread.id === threadId);
  return threadId === null || !isListed
    ? { kind: "unknown" }
    : deps.agent.reader.readThread(threadId);
}

function threadSeen(draft: Draft, agent: AgentSeen): RunThreadSeen {
  const { record, read } = draft;
  const turn = lastTurn(record);
  if (agent.kind === "unreadable") return { kind: "silent", why: agent.why };
  const summary = agent.threads.find((thread) => thread.id === turn?.threadId);
  if (turn === null || summary === undefined || summary.presence === "deleted")
    return { kind: "gone" };
  if (read?.kind === "unreadable") return { kind: "silent", why: read.why };
  if (read?.kind === "unknown") return { kind: "gone" };
  const isArchived = summary.presence === "archived";
  if (read === null) {
    const concluded = { kind: "over" as const, lastWords: "" };
    return {
      kind: "seen",
      isArchived,
      isLive: isLive(summary),
      turn: concluded,
      processedTokens: null,
    };
  }
  const { detail } = read;
  const messageId = messageIdOf(turn);
  return {
    kind: "seen",
    isArchived,
    isLive: isLive(detail),
    turn: classifyTurn(detail, { messageId }),
    processedTokens: detail.processedTokens,
  };
}

function isAskMissing(draft: Draft, agent: AgentSeen): boolean {
  const { read } = draft;
  const turn = lastTurn(draft.record);
  if (turn === null || agent.kind === "unreadable") return false;
  // Never there at all; a deleted thread is still listed, and its id is used up for ever.
  if (!agent.threads.some((thread) => thread.id === turn.threadId)) return true;
  if (read?.kind !== "read" || read.detail.presence !== "active") return false;
  const messageId = messageIdOf(turn);
  return !read.detail.messages.some((message) => message.id === messageId);
}

async function readBranches(
  deps: ReadDeps,
  drafts: readonly Draft[],
): Promise<ReadonlyMap<Draft, BranchSeen>> {
  const wanted = drafts.filter((draft) => draft.record.verdict === null);
  const seen = await deps.tracker.reader.readBranches(
    wanted.map((draft) => ({ repo: draft.watched.facts.ref, baseSha: draft.record.baseSha })),
  );
  const pairs = wanted.flatMap((draft, at) => {
    const branch = seen[at];
    return branch === undefined ? [] : [[draft, branch] as const];
  });
  return new Map(pairs);
}

type Judged = { readonly commits: RunCommitsSeen; readonly ci: RunCiSeen };

async function readCi(
  deps: ReadDeps,
  settings: WatchSettings,
  read: {
    readonly drafts: readonly Draft[];
    readonly branches: ReadonlyMap<Draft, BranchSeen>;
  },
): Promise<readonly Judged[]> {
  const branched = read.drafts.map((draft) => {
    const branch = read.branches.get(draft) ?? { kind: "unreadable" as const, why: "not read" };
    const { record, watched } = draft;
    return { record, branch, facts: watched.facts, commits: findRunCommits(branch, record) };
  });
  const seen = await observePushes(deps, branched);
  const wanted = branched.map((run, at) => {
    const commits = seen[at] ?? run.commits;
    return { ...run, commits, shas: shasToJudge(run.branch, commits) };
  });
  const judged = await observeCi(deps, settings.policies, wanted);
  return wanted.map(({ commits }, at) => ({ commits, ci: judged[at] ?? { kind: "not-asked" } }));
}

function otherLive(locks: LocksByRepo, draft: Draft): readonly string[] {
  const mine = locks.get(repoKey(draft.watched.facts.ref)) ?? [];
  return mine
    .filter((lock) => lock.kind !== "label" && lock.runId !== draft.record.runId)
    .map((lock) => lock.issue);
}
