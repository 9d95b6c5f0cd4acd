import type { BranchSeen } from "../pure/commits.ts";
import type { RepoFacts } from "../pure/issue.ts";
import { needsPushes, withPushes } from "../pure/run-commits.ts";
import type { RunCommitsSeen } from "../pure/run-observation.ts";
import type { RunRecord } from "../pure/run-record.ts";
import type { ReadDeps } from "./deps.ts";

/**
 * The tracker's clock may be behind ours, and a run's first push must not look older than its beginning. The
 * margin costs nothing: one page of the log mostly reaches further back.
 */
const CLOCK_MARGIN_MS = 10 * 60_000;

/** A run with what its default branch shows of it. */
export type BranchedRun = {
  readonly facts: RepoFacts;
  readonly record: RunRecord;
  readonly branch: BranchSeen;
  readonly commits: RunCommitsSeen;
};

/**
 * The commits of each run, in the order given, with what the push logs say of them. Only of runs of which
 * something is still to be known is a log read, of all of them at once.
 */
export async function observePushes(
  deps: ReadDeps,
  runs: readonly BranchedRun[],
): Promise<readonly RunCommitsSeen[]> {
  const asking = runs.filter((run) => needsPushes(run.commits));
  const queries = asking.map(({ facts, record }) => ({
    repo: facts.ref,
    branch: facts.defaultBranch,
    sinceMs: record.begunAt - CLOCK_MARGIN_MS,
  }));
  const logs = queries.length === 0 ? [] : await deps.tracker.reader.readPushes(queries);
  return runs.map((run) => {
    const log = logs[asking.indexOf(run)] ?? { kind: "unreadable", why: "not asked" };
    return withPushes(run.commits, { name: run.facts.defaultBranch, seen: run.branch }, log);
  });
}
