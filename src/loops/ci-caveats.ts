import { type RepoRef, repoKey } from "../pure/issue.ts";
import type { TickDeps } from "./deps.ts";

/** The same dependencies, with a CI whose gaps are said: once a tick for each repo and gap. */
export function sayCaveats(deps: TickDeps): TickDeps {
  const said = new Set<string>();
  const say = (repo: RepoRef, caveat: string): void => {
    const line = `${repoKey(repo)} ${caveat}`;
    if (said.has(line)) return;
    said.add(line);
    deps.log.warn({ repo: repoKey(repo), why: caveat }, "CI was read in part only");
  };
  const { ci } = deps;
  return {
    ...deps,
    ci: {
      readDeployments: (queries) => ci.readDeployments(queries),
      readEvidence: (repo, failing) => ci.readEvidence(repo, failing),
      readChecks: async (queries) => {
        const checks = await ci.readChecks(queries);
        for (const [at, { repo }] of queries.entries()) {
          const seen = checks[at];
          if (seen?.kind === "read" && seen.caveat !== undefined) say(repo, seen.caveat);
        }
        return checks;
      },
    },
  };
}
