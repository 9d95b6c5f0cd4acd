import { hasLabel } from "../pure/approval.ts";
import { parseThreadId } from "../pure/identity.ts";
import {
  type IssueRef,
  type IssueSeen,
  issueKey,
  type RepoFacts,
  type RepoRef,
  type RepoSeen,
  repoKey,
} from "../pure/issue.ts";
import { repoOfThread } from "../pure/locks.ts";
import { isThreadRecent } from "../pure/run-subjects.ts";
import type { AgentSeen, ThreadSummary } from "../pure/thread.ts";
import { isLive } from "../pure/thread-state.ts";
import type { ReadDeps } from "./deps.ts";
import type { WorldSeen } from "./observe-world.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** An issue that has or had a run, with the threads of ours that belong to it. */
export type WatchedIssue = {
  readonly issue: IssueSeen;
  readonly facts: RepoFacts;
  readonly threads: readonly ThreadSummary[];
};

/** What a watch tick reads before it knows its runs. */
export type IssuesSight = {
  readonly ownId: string;
  readonly repos: readonly RepoSeen[];
  readonly agent: AgentSeen;
  readonly watched: readonly WatchedIssue[];
  /** Issues and repos that could not be read, by name: their runs wait. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
  /** Live threads of ours in our workspaces whose repo is no longer enrolled, or whose issue is gone. */
  readonly strays: readonly ThreadSummary[];
};

/** Reads every issue with the in-progress label, and those that only a recent thread of ours points to. */
export async function observeIssues(
  deps: ReadDeps,
  settings: WatchSettings,
  world: WorldSeen,
): Promise<IssuesSight> {
  const { own, repos, agent } = world;
  const threads = agent.kind === "readable" ? agent.threads : [];
  const placed = threads.flatMap((thread) => {
    const name = parseThreadId(thread.id);
    const repo = repoOfThread(thread, settings.repos, settings.workspacesRoot);
    return name === null || repo === null
      ? []
      : [{ thread, ref: { repo, number: name.issueNumber } }];
  });
  const listed = repos.flatMap((repo) =>
    repo.kind === "readable" ? labelledIssues(repo, settings) : [],
  );
  const lone = await readLone(deps, { repos, placed, listed });
  const issues = [...listed, ...lone.found];
  return {
    ownId: own.id,
    repos,
    agent,
    watched: issues.map(({ issue, facts }) => ({
      issue,
      facts,
      threads: placed
        .filter(({ ref }) => issueKey(ref) === issueKey(issue.ref))
        .map(({ thread }) => thread),
    })),
    unreadable: [...lone.unreadable, ...unreadableRepos(repos)],
    strays: [
      ...threads.filter((thread) => isStray(thread, settings)),
      ...placed
        .filter(({ thread, ref }) => isLive(thread) && lone.absent.has(issueKey(ref)))
        .map(({ thread }) => thread),
    ],
  };
}

type FoundIssue = { readonly issue: IssueSeen; readonly facts: RepoFacts };
type PlacedThread = { readonly thread: ThreadSummary; readonly ref: IssueRef };

function labelledIssues(
  repo: Extract<RepoSeen, { kind: "readable" }>,
  settings: WatchSettings,
): readonly FoundIssue[] {
  const { inProgress } = settings.labels;
  return repo.issues
    .filter((issue) => hasLabel(issue, inProgress))
    .map((issue) => ({ issue, facts: repo.facts }));
}

function unreadableRepos(repos: readonly RepoSeen[]): IssuesSight["unreadable"] {
  return repos.flatMap((repo) =>
    repo.kind === "unreadable" ? [{ name: repoKey(repo.ref), why: repo.why }] : [],
  );
}

/** Issues without the in-progress label that a recent thread of ours belongs to. */
async function readLone(
  deps: ReadDeps,
  input: {
    readonly repos: readonly RepoSeen[];
    readonly placed: readonly PlacedThread[];
    readonly listed: readonly FoundIssue[];
  },
): Promise<{
  readonly found: readonly FoundIssue[];
  readonly unreadable: IssuesSight["unreadable"];
  /** Keys of issues that were deleted or moved away. */
  readonly absent: ReadonlySet<string>;
}> {
  const facts = factsByRepo(input.repos);
  const shown = new Set(input.listed.map(({ issue }) => issueKey(issue.ref)));
  const refs = new Map<string, IssueRef>();
  for (const { thread, ref } of input.placed) {
    const key = issueKey(ref);
    if (shown.has(key) || !facts.has(repoKey(ref.repo)) || !isThreadRecent(thread, deps.now()))
      continue;
    refs.set(key, ref);
  }
  const reads = await deps.tracker.reader.readIssues([...refs.values()]);
  const found: FoundIssue[] = [];
  const unreadable: { name: string; why: string }[] = [];
  const absent = new Set<string>();
  for (const [at, ref] of [...refs.values()].entries()) {
    const read = reads[at];
    const repo = facts.get(repoKey(ref.repo));
    if (read?.kind === "read" && repo !== undefined) found.push({ issue: read.issue, facts: repo });
    if (read?.kind === "unreadable") unreadable.push({ name: issueKey(ref), why: read.why });
    if (read?.kind === "absent") absent.add(issueKey(ref));
  }
  return { found, unreadable, absent };
}

function factsByRepo(repos: readonly RepoSeen[]): ReadonlyMap<string, RepoFacts> {
  return new Map(
    repos.flatMap((repo) =>
      repo.kind === "readable" ? [[repoKey(repo.facts.ref), repo.facts]] : [],
    ),
  );
}

/** Only below our own workspaces: another folder is another afk's, whatever the thread is called. */
function isStray(thread: ThreadSummary, settings: WatchSettings): boolean {
  if (parseThreadId(thread.id) === null || !isLive(thread)) return false;
  const root = `${settings.workspacesRoot.replace(/\/+$/, "")}/`.toLowerCase();
  if (!thread.workspaceRoot.toLowerCase().startsWith(root)) return false;
  // What another shard serves is no stray of ours.
  const refs: readonly RepoRef[] = [...settings.repos, ...(settings.elsewhere ?? [])];
  return repoOfThread(thread, refs, settings.workspacesRoot) === null;
}
