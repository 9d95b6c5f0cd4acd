import type { RepoRef, RepoSeen } from "../pure/issue.ts";
import type { ListScope, OwnAccount } from "../pure/ports/tracker.ts";
import type { AgentSeen } from "../pure/thread.ts";
import type { ReadDeps } from "./deps.ts";

/** What both ticks begin with, read at one moment. */
export type WorldSeen = {
  readonly own: OwnAccount;
  readonly repos: readonly RepoSeen[];
  readonly agent: AgentSeen;
};

/** Reads the own account, every enrolled repo and the agent server. Throws when the token is refused. */
export async function observeWorld(
  deps: ReadDeps,
  enrolled: readonly RepoRef[],
  scope: ListScope,
): Promise<WorldSeen> {
  const [own, repos, agent] = await Promise.all([
    deps.tracker.reader.whoAmI(),
    deps.tracker.reader.listRepos(enrolled, scope),
    deps.agent.reader.observe(),
  ]);
  return { own, repos, agent };
}
