import { connect, type PageArgs } from "./connection.ts";
import { viewCommit } from "./graphql-commit.ts";
import type { Account, Closer, Comment, Issue, IssueEvent, Label, Repo } from "./model.ts";
import { bareLogin, findRepo, permissionOf, type World } from "./world.ts";

type View = Record<string, unknown>;

/** What every view of one request shares. `showRepo` breaks the circle of issue and repository. */
export type Sight = {
  readonly world: World;
  readonly viewer: Account;
  readonly webUrl: string;
  readonly showRepo: (repo: Repo) => View;
};

const EVENT_TYPES = {
  labeled: ["LabeledEvent", "LABELED_EVENT"],
  unlabeled: ["UnlabeledEvent", "UNLABELED_EVENT"],
  closed: ["ClosedEvent", "CLOSED_EVENT"],
  reopened: ["ReopenedEvent", "REOPENED_EVENT"],
  renamed: ["RenamedTitleEvent", "RENAMED_TITLE_EVENT"],
  transferred: ["TransferredEvent", "TRANSFERRED_EVENT"],
} as const;

/** Whether the viewer can see a repo at all. */
export function canSee(sight: Sight, repo: Repo): boolean {
  return permissionOf(repo, sight.viewer) !== "none";
}

/** Shows an account as GraphQL's Actor; null for a deleted one. */
export function viewActor(account: Account | null, webUrl: string): View | null {
  if (account === null || account.isDeleted) return null;
  const login = bareLogin(account.login);
  return {
    __typename: account.kind,
    id: account.nodeId,
    databaseId: account.id,
    login,
    url: `${webUrl}/${account.kind === "Bot" ? "apps/" : ""}${login}`,
  };
}

/** Shows an issue. */
export function viewIssue(sight: Sight, issue: Issue): View {
  return {
    __typename: "Issue",
    id: issue.nodeId,
    databaseId: issue.id,
    fullDatabaseId: String(issue.id),
    number: issue.number,
    title: issue.title,
    body: issue.body,
    url: `${issue.repo.url}/issues/${issue.number}`,
    state: issue.state.toUpperCase(),
    stateReason: ({ enableDuplicate }: { readonly enableDuplicate: boolean }) =>
      issue.stateReason === "duplicate" && !enableDuplicate
        ? "NOT_PLANNED"
        : (issue.stateReason?.toUpperCase() ?? null),
    createdAt: issue.createdAt,
    updatedAt: issue.updatedAt,
    closedAt: issue.closedAt,
    closed: issue.state === "closed",
    lastEditedAt: issue.lastEditedAt,
    author: viewActor(issue.author, sight.webUrl),
    editor: viewActor(issue.editor, sight.webUrl),
    repository: () => sight.showRepo(issue.repo),
    labels: (args: PageArgs) =>
      connect(issue.labels, args, { field: "labels", keyOf: (one) => one.nodeId, view: viewLabel }),
    comments: (args: PageArgs) =>
      connect(issue.comments, args, {
        field: "comments",
        keyOf: (one) => one.nodeId,
        view: (one) => viewComment(sight, one),
      }),
    timelineItems: (args: TimelineArgs) => viewTimeline(sight, issue, args),
    issueDependenciesSummary: () => viewDependencies(sight, issue),
    blockedBy: (args: PageArgs) =>
      connect(issue.blockers.toReversed(), args, {
        field: "blockedBy",
        keyOf: (one) => one.nodeId,
        // A blocker in a repo that the viewer cannot see counts, but shows nothing.
        view: (one) => (canSee(sight, one.repo) ? viewIssue(sight, one) : null),
      }),
  };
}

/** How many issues block this one and are blocked by it, open ones and all. */
export function countDependencies(
  world: World,
  issue: Issue,
): {
  readonly blockedBy: number;
  readonly blocking: number;
  readonly totalBlockedBy: number;
  readonly totalBlocking: number;
} {
  const isOpen = (one: Issue) => one.state === "open";
  const all = [...world.repos.values()].flatMap((repo) => [...repo.issues.values()]);
  const blocked = all.filter((one) => one.blockers.includes(issue));
  return {
    blockedBy: issue.blockers.filter(isOpen).length,
    totalBlockedBy: issue.blockers.length,
    blocking: blocked.filter(isOpen).length,
    totalBlocking: blocked.length,
  };
}

function viewDependencies(sight: Sight, issue: Issue): View {
  return countDependencies(sight.world, issue);
}

/** Shows a label. */
export function viewLabel(label: Label): View {
  return { __typename: "Label", id: label.nodeId, name: label.name, color: label.color };
}

/** Shows a comment. */
export function viewComment(sight: Sight, comment: Comment): View {
  const { issue } = comment;
  return {
    __typename: "IssueComment",
    id: comment.nodeId,
    databaseId: comment.id,
    fullDatabaseId: String(comment.id),
    body: comment.body,
    url: `${issue.repo.url}/issues/${issue.number}#issuecomment-${comment.id}`,
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    lastEditedAt: comment.lastEditedAt,
    author: viewActor(comment.author, sight.webUrl),
    editor: viewActor(comment.editor, sight.webUrl),
    viewerDidAuthor: comment.author.id === sight.viewer.id,
  };
}

type TimelineArgs = PageArgs & {
  readonly itemTypes?: readonly string[] | null;
  readonly since?: string | null;
};

type TimelineItem = {
  readonly id: number;
  readonly at: string;
  readonly type: string;
  readonly view: () => View;
};

function viewTimeline(sight: Sight, issue: Issue, args: TimelineArgs): View {
  const all: readonly TimelineItem[] = [
    ...issue.events.map((event) => ({
      id: event.id,
      at: event.at,
      type: EVENT_TYPES[event.change.kind][1],
      view: () => viewEvent(sight, issue, event),
    })),
    ...issue.comments.map((comment) => ({
      id: comment.id,
      at: comment.createdAt,
      type: "ISSUE_COMMENT",
      view: () => viewComment(sight, comment),
    })),
  ];
  const since = args.since == null ? 0 : Date.parse(args.since);
  const items = all
    .filter((item) => args.itemTypes == null || args.itemTypes.includes(item.type))
    .filter((item) => Date.parse(item.at) >= since)
    .toSorted((one, other) => one.id - other.id);
  return connect(items, args, {
    field: "timelineItems",
    keyOf: (item) => String(item.id),
    view: (item) => item.view(),
  });
}

function viewEvent(sight: Sight, issue: Issue, event: IssueEvent): View {
  const base = {
    __typename: EVENT_TYPES[event.change.kind][0],
    id: event.nodeId,
    createdAt: event.at,
    actor: viewActor(event.actor, sight.webUrl),
  };
  const { change } = event;
  switch (change.kind) {
    case "labeled":
      return {
        ...base,
        label: viewLabel(change.label),
        intent: change.intent && { ...change.intent, databaseId: event.id },
      };
    case "unlabeled":
      return { ...base, label: viewLabel(change.label), intent: null };
    case "closed":
      return {
        ...base,
        stateReason: change.reason.toUpperCase(),
        closer: () => viewCloser(sight, issue.repo, change.closer),
      };
    case "reopened":
      return { ...base, stateReason: "REOPENED" };
    case "renamed":
      return { ...base, previousTitle: change.from, currentTitle: change.to };
    case "transferred": {
      const from = findRepo(sight.world, change.fromRepo);
      const isSeen = from !== null && canSee(sight, from);
      return { ...base, fromRepository: () => (isSeen ? sight.showRepo(from) : null) };
    }
  }
}

async function viewCloser(sight: Sight, repo: Repo, closer: Closer | null): Promise<View | null> {
  if (closer === null) return null;
  if (closer.kind === "pull-request") {
    const url = `${repo.url}/pull/${closer.number}`;
    const state = "MERGED";
    return { __typename: "PullRequest", id: `PR_${url}`, number: closer.number, url, state };
  }
  for (const home of [repo, ...sight.world.repos.values()]) {
    const commit = await home.git.commit(closer.oid);
    if (commit !== null) return viewCommit(home, commit, sight);
  }
  return null;
}
