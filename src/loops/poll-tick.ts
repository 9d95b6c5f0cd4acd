import type { PollAnswer, PollPolicy, PollSeen } from "../pure/dispatch-policy.ts";
import { findReadyEvent } from "../pure/approval.ts";
import { decideHoldNotice } from "../pure/hold-notice.ts";
import { issueKey, type RepoRef, repoKey } from "../pure/issue.ts";
import { findHoldNotice, renderHoldNotice } from "../pure/notices.ts";
import { compareUrgency } from "../pure/priority.ts";
import type { LinkPolicy } from "../pure/progress-comment.ts";
import type { Shard } from "../pure/shard.ts";
import { ServiceLimited } from "../pure/ports/service-limited.ts";
import { sayAgentWarnings } from "./agent-warnings.ts";
import { sayCaveats } from "./ci-caveats.ts";
import type { TickDeps } from "./deps.ts";
import { endsTick, guardEffects } from "./guard.ts";
import { readWithinLimits, reportLimit } from "./limited.ts";
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
  /** Present where other shards serve the other repos: their runs count against the same limit. */
  readonly sharding?: { readonly shard: Shard; readonly elsewhere: readonly RepoRef[] };
  readonly links: LinkPolicy;
};

const NOTHING_DONE = { candidates: 0, dispatched: 0, adopted: 0, held: {}, failed: 0 };

/** One poll: read everything, answer every candidate, dispatch what may start. Never exits the process. */
export async function pollTick(deps: TickDeps, settings: PollSettings): Promise<PollSummary> {
  const lease = await deps.lease.acquire();
  if (lease.kind === "held-elsewhere") {
    deps.log.info({ holder: lease.holder }, "lease held elsewhere");
    return { kind: "lease-held-elsewhere", ...NOTHING_DONE };
  }
  try {
    return await pollUnderLease(sayCaveats(guardEffects(deps)), settings);
  } finally {
    await deps.lease.release();
  }
}

async function pollUnderLease(deps: TickDeps, settings: PollSettings): Promise<PollSummary> {
  const sight = await readWithinLimits(deps, async () => {
    const world = await observeWorld(deps, settings, "candidates");
    return observePoll(deps, settings, world);
  });
  if (sight === null) return { kind: "ticked", ...NOTHING_DONE, failed: 1 };
  const { seen, policy, answers } = sight;
  sayAgentWarnings(deps, seen.agent);
  deps.signals?.tell({ kind: "agent-server", isReachable: seen.agent.kind === "readable" });
  const tally = { dispatched: 0, adopted: 0, failed: reportUnreadable(deps, seen) };
  let limited: ServiceLimited | null = null;
  const held: Record<string, number> = {};
  for (const answer of inOrder(answers, seen)) {
    const { decision } = answer;
    try {
      deps.log.info({ issue: issueKey(answer.issue), decision }, "decided");
      if (decision.kind === "hold") {
        held[decision.because] = (held[decision.because] ?? 0) + 1;
        tellHold(deps, { seen, policy, answer });
        await sayHold(deps, { seen, policy, answer });
        continue;
      }
      const input = { seen, policy, links: settings.links };
      const done = await performAnswer(deps, input, { issue: answer.issue, decision });
      if (done) tally[decision.kind === "dispatch" ? "dispatched" : "adopted"] += 1;
      if (done && decision.kind === "dispatch") {
        deps.signals?.tell({ kind: "turn-asked", turn: "first" });
      }
    } catch (error) {
      if (error instanceof ServiceLimited) {
        limited = error;
        break;
      }
      deps.log.error({ issue: issueKey(answer.issue), err: error }, "issue failed");
      tally.failed += 1;
      if (endsTick(error)) break;
    }
  }
  tally.failed += reportLimit(deps, limited);
  return { kind: "ticked", candidates: answers.length, ...tally, held };
}

function reportUnreadable(deps: TickDeps, { repos, agent }: PollSeen): number {
  if (agent.kind === "unreadable") deps.log.error({ why: agent.why }, "agent server unreadable");
  const unreadable = repos.filter((repo) => repo.kind === "unreadable");
  for (const repo of unreadable) {
    deps.log.error({ repo: repoKey(repo.ref), why: repo.why }, "repo unreadable");
  }
  const alone = repos.flatMap((repo) =>
    repo.kind === "readable" ? (repo.issuesUnreadable ?? []) : [],
  );
  for (const { ref, why } of alone) {
    deps.log.error({ issue: issueKey(ref), why }, "issue unreadable");
  }
  return unreadable.length + alone.length + (agent.kind === "unreadable" ? 1 : 0);
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

function tellHold(
  deps: TickDeps,
  input: { readonly seen: PollSeen; readonly policy: PollPolicy; readonly answer: PollAnswer },
): void {
  const { answer, policy } = input;
  if (deps.signals === undefined || answer.decision.kind !== "hold") return;
  const found = findIssue(input.seen, answer.issue);
  const ready = found === null ? null : findReadyEvent(found.issue, policy.labels.ready);
  deps.signals.tell({
    kind: "held",
    issue: issueKey(answer.issue),
    because: answer.decision.because,
    approvalEventId: ready?.id ?? null,
  });
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
