import { type CiVerdict, foldChecks } from "../pure/ci-fold.ts";
import {
  decideDispatches,
  type PollAnswer,
  type PollPolicy,
  type PollSeen,
} from "../pure/dispatch-policy.ts";
import { decideHoldNotice } from "../pure/hold-notice.ts";
import { issueKey, type RepoRef, type RepoSeen, repoKey } from "../pure/issue.ts";
import { findHoldNotice, renderHoldNotice } from "../pure/notices.ts";
import { compareUrgency } from "../pure/priority.ts";
import type { LinkPolicy } from "../pure/progress-comment.ts";
import { ConfigRefused, type TickDeps } from "./deps.ts";
import { guardEffects, LeaseLost } from "./guard.ts";
import { findIssue, performAnswer } from "./perform-answer.ts";

/** What one poll tick did. `failed` counts repos and issues that someone should look at. */
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
  const [own, repos, agent] = await Promise.all([
    deps.tracker.reader.whoAmI(),
    deps.tracker.reader.listRepos(settings.repos),
    deps.agent.reader.observe(),
  ]);
  const policy: PollPolicy = { ...settings, own, sha256: deps.sha256 };
  assertApart(policy);
  const first: PollSeen = {
    now: deps.now(),
    repos,
    agent,
    threadReads: new Map(),
    heads: new Map(),
  };
  const seen = { ...first, heads: await readHeads(deps, first, policy) };
  const answers = decideDispatches(seen, policy);
  const tally = { dispatched: 0, adopted: 0, failed: reportUnreadable(deps, repos) };
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

/** An agent that acts as afk could write records and notices: the two accounts must be apart. */
function assertApart(policy: PollPolicy): void {
  const { id, login } = policy.own;
  const clash = policy.trust.agentActors.find(
    (actor) => actor === id || actor.toLowerCase() === login.toLowerCase(),
  );
  if (clash === undefined) return;
  throw new ConfigRefused(
    `AFK_AGENT_ACTORS lists ${clash}, which is the account ${login} of afk's own token. ` +
      "Give afk an account that no agent uses.",
  );
}

/** CI of the default branch's head, for the repos in which something would start if it is not red. */
async function readHeads(
  deps: TickDeps,
  seen: PollSeen,
  policy: PollPolicy,
): Promise<ReadonlyMap<string, CiVerdict>> {
  const green: CiVerdict = { kind: "green" };
  const assumed = new Map(seen.repos.map((repo) => [repoKey(refOf(repo)), green]));
  const answers = decideDispatches({ ...seen, heads: assumed }, policy);
  // At capacity nothing starts whatever the heads say; with room, a red winner makes way for a waiting one.
  if (!answers.some((answer) => answer.decision.kind === "dispatch")) return new Map();
  const wanted = new Set(answers.filter(mayStart).map((answer) => repoKey(answer.issue.repo)));
  const queries = seen.repos.flatMap((repo) =>
    repo.kind === "readable" && repo.facts.headSha !== null && wanted.has(repoKey(repo.facts.ref))
      ? [{ repo: repo.facts.ref, sha: repo.facts.headSha }]
      : [],
  );
  const checks = await deps.ci.readChecks(queries);
  const heads = new Map<string, CiVerdict>();
  for (const [at, query] of queries.entries()) {
    const read = checks[at];
    if (read?.kind === "read") heads.set(repoKey(query.repo), foldChecks(read.checks));
  }
  return heads;
}

function mayStart({ decision }: PollAnswer): boolean {
  return (
    decision.kind === "dispatch" || (decision.kind === "hold" && decision.because === "at-capacity")
  );
}

function refOf(repo: RepoSeen): RepoRef {
  return repo.kind === "readable" ? repo.facts.ref : repo.ref;
}

function reportUnreadable(deps: TickDeps, repos: readonly RepoSeen[]): number {
  const unreadable = repos.filter((repo) => repo.kind === "unreadable");
  for (const repo of unreadable) {
    deps.log.error({ repo: repoKey(repo.ref), why: repo.why }, "repo unreadable");
  }
  return unreadable.length;
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
