import type { PollAnswer, PollPolicy, PollSeen } from "../pure/dispatch-policy.ts";
import { decideHoldNotice } from "../pure/hold-notice.ts";
import { issueKey, type RepoRef, repoKey } from "../pure/issue.ts";
import { findHoldNotice, renderHoldNotice } from "../pure/notices.ts";
import { compareUrgency } from "../pure/priority.ts";
import type { LinkPolicy } from "../pure/progress-comment.ts";
import type { TickDeps } from "./deps.ts";
import { guardEffects, LeaseLost } from "./guard.ts";
import { observePoll } from "./observe-poll.ts";
import { observeWorld } from "./observe-world.ts";
import { findIssue, performAnswer } from "./perform-answer.ts";

/** What one poll tick did. `failed` counts repos, issues and the agent server: what someone should look at. */
export type PollSummary = {
  readonly kind: "ticked" | "lease-held-elsewhere";
  readonly candidates: number;
  readonly dispatched: number;
  readonly adopted: number;
  /** Holds by reason. */
  readonly held: Readonly<Record<string, number>>;
  readonly failed: number;
};

/** What a poll tick is told by the configuration; the own account is read at its start. */
export type PollSettings = Omit<PollPolicy, "own" | "sha256"> & {
  readonly repos: readonly RepoRef[];
  readonly links: LinkPolicy;
};

/** One poll: read everything, answer every candidate, dispatch what may start. Never exits the process. */
export async function pollTick(deps: TickDeps, settings: PollSettings): Promise<PollSummary> {
  const lease = await deps.lease.acquire();
  if (lease.kind === "held-elsewhere") {
    deps.log.info({ holder: lease.holder }, "lease held elsewhere");
    return {
      kind: "lease-held-elsewhere",
      candidates: 0,
      dispatched: 0,
      adopted: 0,
      held: {},
      failed: 0,
    };
  }
  try {
    return await pollUnderLease(guardEffects(deps), settings);
  } finally {
    await deps.lease.release();
  }
}

async function pollUnderLease(deps: TickDeps, settings: PollSettings): Promise<PollSummary> {
  const world = await observeWorld(deps, settings.repos, "candidates");
  const { seen, policy, answers } = await observePoll(deps, settings, world);
  const tally = { dispatched: 0, adopted: 0, failed: reportUnreadable(deps, seen) };
  const held: Record<string, number> = {};
  for (const answer of inOrder(answers, seen)) {
    const { decision } = answer;
    try {
      deps.log.info({ issue: issueKey(answer.issue), decision }, "decided");
      if (decision.kind === "hold") {
        held[decision.because] = (held[decision.because] ?? 0) + 1;
        await sayHold(deps, { seen, policy, answer });
        continue;
      }
      const input = { seen, policy, links: settings.links };
      const done = await performAnswer(deps, input, { issue: answer.issue, decision });
      if (done) tally[decision.kind === "dispatch" ? "dispatched" : "adopted"] += 1;
    } catch (error) {
      deps.log.error({ issue: issueKey(answer.issue), err: error }, "issue failed");
      tally.failed += 1;
      if (error instanceof LeaseLost) break;
    }
  }
  return { kind: "ticked", candidates: answers.length, ...tally, held };
}

function reportUnreadable(deps: TickDeps, { repos, agent }: PollSeen): number {
  if (agent.kind === "unreadable") deps.log.error({ why: agent.why }, "agent server unreadable");
  const unreadable = repos.filter((repo) => repo.kind === "unreadable");
  for (const repo of unreadable) {
    deps.log.error({ repo: repoKey(repo.ref), why: repo.why }, "repo unreadable");
  }
  return unreadable.length + (agent.kind === "unreadable" ? 1 : 0);
}

/** Holds first, they are only said; then what starts, most urgent first. */
function inOrder(answers: readonly PollAnswer[], seen: PollSeen): readonly PollAnswer[] {
  const issues = new Map(
    seen.repos
      .flatMap((repo) => (repo.kind === "readable" ? repo.issues : []))
      .map((issue) => [issueKey(issue.ref), issue]),
  );
  const acting = answers.filter((answer) => answer.decision.kind !== "hold");
  const sorted = acting.toSorted((a, b) => {
    const [first, second] = [issues.get(issueKey(a.issue)), issues.get(issueKey(b.issue))];
    return first === undefined || second === undefined ? 0 : compareUrgency(first, second);
  });
  return [...answers.filter((answer) => answer.decision.kind === "hold"), ...sorted];
}

async function sayHold(
  deps: TickDeps,
  input: { readonly seen: PollSeen; readonly policy: PollPolicy; readonly answer: PollAnswer },
): Promise<void> {
  const { answer, policy } = input;
  const found = findIssue(input.seen, answer.issue);
  if (found === null) return;
  const notice = decideHoldNotice({ ...found, decision: answer.decision, policy });
  if (notice === null || findHoldNotice(found.issue.ownComments.comments, notice) !== null) return;
  deps.log.info(
    { issue: issueKey(answer.issue), effect: "say-hold", reason: notice.reason },
    "performing",
  );
  await deps.tracker.writer.createComment(answer.issue, renderHoldNotice(notice));
}
