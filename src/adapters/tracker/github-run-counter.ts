import * as z from "zod";
import type { RunCount, RunCounter } from "../../pure/ports/run-counter.ts";
import { askRepos, readWhole } from "./github-ask.ts";
import { createGithubClient, type GithubClientOptions } from "./github-client.ts";

/** One number a repo: GitHub counts no nodes for it, and a hundred aliases answer well within its ten seconds. */
const REPOS_PER_QUERY_MAX = 100;

const CountWire = z.lazy(() =>
  z.object({ issues: z.object({ totalCount: z.int().nonnegative() }) }),
);

/** Counts issues by the in-progress label, open or closed, over GraphQL. */
export function createGithubRunCounter(
  options: GithubClientOptions & { readonly inProgressLabel: string },
): RunCounter {
  const client = createGithubClient(options);
  return {
    countRuns: async (repos) => {
      const items = repos.map((repo) => ({ repo }));
      const answers = await askRepos(client, items, {
        operation: "RunsElsewhere",
        batchMax: REPOS_PER_QUERY_MAX,
        shared: { label: { type: "[String!]", value: [options.inProgressLabel] } },
        select: () => ({ selection: "issues(labels: $label) { totalCount }" }),
      });
      return repos.map((_, at): RunCount => {
        const part = readWhole(answers[at] ?? { kind: "failed", why: "no answer" }, CountWire);
        if (part.kind === "unreadable") return part;
        return { kind: "counted", issues: part.value.issues.totalCount };
      });
    },
  };
}
