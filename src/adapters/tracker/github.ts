import * as z from "zod";
import { type IssueRef, type IssueSeen, repoKey } from "../../pure/issue.ts";
import type {
  IssueSeenAlone,
  LabelNames,
  OwnAccount,
  TrackerReader,
  TrackerWriter,
} from "../../pure/ports/tracker.ts";
import { readActingApps } from "./github-acting-apps.ts";
import { type AliasAnswer, askRepos, errorText, type Part } from "./github-ask.ts";
import { readBlockers } from "./github-blockers.ts";
import { readBranches } from "./github-branches.ts";
import {
  createGithubClient,
  type GithubClient,
  type GithubClientOptions,
} from "./github-client.ts";
import { readOlderComments } from "./github-comments.ts";
import { isHiddenBlocker } from "./github-details.ts";
import { isWaiting, listRepos, type TrackerContext } from "./github-list.ts";
import { readPermissions } from "./github-permissions.ts";
import { ISSUE_DETAIL, ISSUES_PER_QUERY_MAX } from "./github-queries.ts";
import { readPushes } from "./github-pushes.ts";
import { DatabaseId, type IssueRead, toIssueRead } from "./github-wire.ts";
import { createGithubWriter } from "./github-writes.ts";

/** What a GitHub tracker needs. */
export type GithubTrackerOptions = GithubClientOptions & {
  readonly labels: LabelNames;
  /** Who we are, where GitHub does not tell it of the token: for an App. */
  readonly own?: () => Promise<OwnAccount>;
};

const AccountWire = z.lazy(() => z.object({ id: DatabaseId, login: z.string() }));
const FoundIssue = z.lazy(() => z.object({ issue: z.unknown() }));

/** Creates the tracker port over GitHub: GraphQL for reads, REST for writes, nothing retried. */
export function createGithubTracker(options: GithubTrackerOptions): TrackerReader & TrackerWriter {
  const client = createGithubClient(options);
  const whoAmI = rememberSuccess(options.own ?? (() => readOwnAccount(client)));
  const context: TrackerContext = {
    client,
    labels: options.labels,
    ownId: async () => (await whoAmI()).id,
  };
  return {
    whoAmI,
    listRepos: (repos, scope) => listRepos(context, repos, scope),
    readActingApps: (queries) => readActingApps(client, queries),
    readPushes: (queries) => readPushes(client, queries),
    readIssues: (refs) => readIssues(context, refs),
    readBranches: (queries) => readBranches(client, queries),
    ...createGithubWriter(client),
  };
}

async function readOwnAccount(client: GithubClient): Promise<OwnAccount> {
  try {
    const { data } = await client.rest.users.getAuthenticated();
    return AccountWire.parse(data);
  } catch (error) {
    throw client.failure("GITHUB_TOKEN: GitHub does not say whose it is", error);
  }
}

async function readIssues(
  context: TrackerContext,
  refs: readonly IssueRef[],
): Promise<readonly IssueSeenAlone[]> {
  const answers = await askRepos(context.client, refs, {
    operation: "IssuesAlone",
    batchMax: ISSUES_PER_QUERY_MAX,
    onFailure: "each",
    fragments: ISSUE_DETAIL,
    select: ({ number }, n) => ({
      selection: `issue(number: $number${n}) { ...IssueDetail }`,
      variables: { [`number${n}`]: { type: "Int!", value: number } },
    }),
  });
  const parts = await translate(context, refs, answers);
  const issues = parts.flatMap((part) => (part.kind === "read" ? [part.value] : []));
  const [permissions, whole] = await Promise.all([
    readPermissions(context.client, issues, context.labels.ready),
    readBlockers(context.client, issues.filter(isWaiting(context.labels))),
  ]);
  return parts.map((seen): IssueSeenAlone => {
    const part = seen.kind === "read" ? (whole.get(seen.value) ?? seen) : seen;
    if (part.kind !== "read") return part;
    const ofRepo = permissions.get(repoKey(part.value.ref.repo)) ?? new Map();
    return { kind: "read", issue: part.value, permissions: ofRepo };
  });
}

type Absent = { readonly kind: "absent" };

async function translate(
  context: TrackerContext,
  refs: readonly IssueRef[],
  answers: readonly AliasAnswer[],
): Promise<readonly (Part<IssueSeen> | Absent)[]> {
  if (refs.length === 0) return [];
  try {
    const ownId = await context.ownId();
    const parts = refs.map(({ repo }, index): Part<IssueRead> | Absent => {
      const answer = answers[index] ?? { kind: "failed", why: "no answer" };
      if (answer.kind === "failed") return { kind: "unreadable", why: answer.why };
      const found = FoundIssue.safeParse(answer.value).data?.issue;
      return findGap(answer) ?? toIssueRead(found, repo, ownId);
    });
    const reads = parts.flatMap((part) => (part.kind === "read" ? [part.value] : []));
    const whole = await readOlderComments({ client: context.client, ownId }, reads);
    return parts.map((part) => {
      if (part.kind !== "read") return part;
      return whole.get(part.value) ?? { kind: "unreadable", why: "no answer" };
    });
  } catch (error) {
    const why = `our own account could not be read: ${context.client.explain(error)}`;
    return refs.map(() => ({ kind: "unreadable", why }));
  }
}

/**
 * A repo that is not found is unreadable, not absent: a token that lost its access sees the same.
 */
function findGap(
  answer: AliasAnswer & { readonly kind: "answered" },
): (Part<never> & { readonly kind: "unreadable" }) | Absent | null {
  for (const error of answer.errors) {
    const path = error.path ?? [];
    if (error.type === "NOT_FOUND" && path.length === 2 && path[1] === "issue") {
      return { kind: "absent" };
    }
    if (path[1] === "issue" && isHiddenBlocker(path.slice(2))) continue;
    return { kind: "unreadable", why: errorText(error) };
  }
  return null;
}

/** Asks once per process; a failure is not remembered, so that the next call may do better. */
function rememberSuccess<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return async () => {
    asked ??= ask();
    try {
      return await asked;
    } catch (error) {
      asked = undefined;
      throw error;
    }
  };
}
