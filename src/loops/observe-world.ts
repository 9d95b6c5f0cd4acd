import { needsHiddenThreads } from "../pure/hidden-threads.ts";
import type { RepoRef, RepoSeen } from "../pure/issue.ts";
import type { LabelNames, ListScope, OwnAccount } from "../pure/ports/tracker.ts";
import type { AgentSeen } from "../pure/thread.ts";
import type { ReadDeps } from "./deps.ts";

/** What both ticks begin with, read at one moment. */
export type WorldSeen = {
  readonly own: OwnAccount;
  readonly repos: readonly RepoSeen[];
  readonly agent: AgentSeen;
};

/**
 * Reads the own account, every enrolled repo and the agent server, whose archived and deleted threads only where
 * they come for nothing or are needed: for candidates, before one of them starts. Throws when the token is refused.
 */
export async function observeWorld(
  deps: ReadDeps,
  enrolled: { readonly repos: readonly RepoRef[]; readonly labels: LabelNames },
  scope: ListScope,
): Promise<WorldSeen> {
  const [own, repos, active] = await Promise.all([
    deps.tracker.reader.whoAmI(),
    deps.tracker.reader.listRepos(enrolled.repos, scope),
    deps.agent.reader.observe(scope === "candidates" ? "active" : "all-if-cheap"),
  ]);
  const isMore = needsHiddenThreads(repos, active, enrolled.labels.inProgress);
  return { own, repos, agent: isMore ? await deps.agent.reader.observe("all") : active };
}
