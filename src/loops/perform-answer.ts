import { hasLabel } from "../pure/approval.ts";
import { planDispatch } from "../pure/dispatch-plan.ts";
import {
  decideDispatches,
  type PollDecision,
  type PollPolicy,
  type PollSeen,
} from "../pure/dispatch-policy.ts";
import { type IssueRef, type IssueSeen, issueKey, type RepoSeen, repoKey } from "../pure/issue.ts";
import type { IssueSeenAlone } from "../pure/ports/tracker.ts";
import type { LinkPolicy } from "../pure/progress-comment.ts";
import type { TickDeps } from "./deps.ts";
import { isAppKnown } from "./observe-acting-apps.ts";
import { performDispatch } from "./perform-dispatch.ts";
import { putLabel } from "./put-label.ts";

/** The answers that do something. */
export type Acting = Extract<PollDecision, { kind: "dispatch" | "adopt" }>;

/** Reads the issue again, decides again on that, and performs what still holds. False: it no longer does. */
export async function performAnswer(
  deps: TickDeps,
  input: { readonly seen: PollSeen; readonly policy: PollPolicy; readonly links: LinkPolicy },
  answer: { readonly issue: IssueRef; readonly decision: Acting },
): Promise<boolean> {
  const { issue: ref, decision } = answer;
  const fresh = await readFresh(deps, input.seen, { ref, threadId: decision.threadId });
  const again = decideDispatches(fresh, input.policy).find(
    (answer) => issueKey(answer.issue) === issueKey(ref),
  );
  const found = findIssue(fresh, ref);
  if (again === undefined || found === null || !isSameActing(again.decision, decision)) {
    deps.log.info(
      { issue: issueKey(ref), decision: again?.decision ?? null },
      "changed on the fresh reading",
    );
    return false;
  }
  if (decision.kind === "adopt" && decision.step === "hand-over") {
    return handOver(deps, found, input.policy);
  }
  if (fresh.agent.kind === "unreadable") return false;
  // The run id binds the approval that was asked about; should that ever change, nothing starts unasked.
  if (decision.kind === "dispatch" && !isAppKnown(fresh, input.policy, found.issue)) return false;
  const plan = planDispatch({
    now: deps.now(),
    runId: decision.runId,
    issue: found.issue,
    facts: found.repo.facts,
    agent: fresh.agent,
    threadRead: fresh.threadReads.get(decision.threadId),
    policy: input.policy,
    links: input.links,
  });
  const { facts } = found.repo;
  await performDispatch(
    deps,
    { ref, facts, labels: input.policy.labels, links: input.links },
    plan,
  );
  return true;
}

function isSameActing(again: PollDecision, decision: Acting): boolean {
  if (again.kind !== decision.kind || again.runId !== decision.runId) return false;
  return again.kind !== "adopt" || decision.kind !== "adopt" || again.step === decision.step;
}

/**
 * Only the lock label: from here on the run is the watcher's, whose table has the row for it. A human label is
 * older than the approval here: one put on since holds the run where it is.
 */
async function handOver(
  deps: TickDeps,
  found: NonNullable<ReturnType<typeof findIssue>>,
  policy: PollPolicy,
): Promise<boolean> {
  const { issue, repo } = found;
  const { labels } = policy;
  if (hasLabel(issue, labels.human)) await deps.tracker.writer.removeLabel(issue.ref, labels.human);
  await putLabel(deps, { ref: issue.ref, facts: repo.facts, labels }, labels.inProgress);
  return true;
}

async function readFresh(
  deps: TickDeps,
  seen: PollSeen,
  of: { readonly ref: IssueRef; readonly threadId: string },
): Promise<PollSeen> {
  const isKnown =
    seen.agent.kind === "readable" &&
    seen.agent.threads.some((thread) => thread.id === of.threadId);
  const [[read], thread] = await Promise.all([
    deps.tracker.reader.readIssues([of.ref]),
    isKnown ? deps.agent.reader.readThread(of.threadId) : undefined,
  ]);
  if (read?.kind === "unreadable") {
    throw new Error(`${issueKey(of.ref)} could not be read again before its dispatch: ${read.why}`);
  }
  const repos = seen.repos.map((repo) => withFresh(repo, of.ref, read));
  const threadReads = thread === undefined ? seen.threadReads : new Map([[of.threadId, thread]]);
  return { ...seen, now: deps.now(), repos, threadReads };
}

/** The repo with one issue replaced by its fresh reading; an issue that is gone is no candidate any more. */
function withFresh(repo: RepoSeen, ref: IssueRef, read: IssueSeenAlone | undefined): RepoSeen {
  if (repo.kind !== "readable" || repoKey(repo.facts.ref) !== repoKey(ref.repo)) return repo;
  const others = repo.issues.filter((issue) => issue.ref.number !== ref.number);
  if (read?.kind !== "read") return { ...repo, issues: others };
  const permissions = new Map([...repo.permissions, ...read.permissions]);
  return { ...repo, issues: [...others, read.issue], permissions };
}

/** An issue of a reading with its repo; null when the reading does not show it. */
export function findIssue(
  seen: PollSeen,
  ref: IssueRef,
): { readonly issue: IssueSeen; readonly repo: Extract<RepoSeen, { kind: "readable" }> } | null {
  for (const repo of seen.repos) {
    if (repo.kind !== "readable" || repoKey(repo.facts.ref) !== repoKey(ref.repo)) continue;
    const issue = repo.issues.find((each) => each.ref.number === ref.number);
    if (issue !== undefined) return { issue, repo };
  }
  return null;
}
