import { connect, forgeError, type PageArgs } from "./connection.ts";
import { viewCommit } from "./graphql-commit.ts";
import { viewDeployments, viewRequirements } from "./graphql-delivery.ts";
import { type Sight, viewActor, viewIssue, viewLabel } from "./graphql-issue.ts";
import type { Issue, PullRequest, Repo } from "./model.ts";
import { findAccount, mayWrite, permissionOf } from "./world.ts";

type View = Record<string, unknown>;

type IssueArgs = PageArgs & {
  readonly states?: readonly string[] | null;
  readonly labels?: readonly string[] | null;
  readonly orderBy?: { readonly field: string; readonly direction: string } | null;
};

/** Shows a repo to somebody who can see it. */
export function viewRepo(sight: Sight, repo: Repo): View {
  return {
    __typename: "Repository",
    id: repo.nodeId,
    databaseId: repo.id,
    name: repo.name,
    nameWithOwner: repo.key,
    url: repo.url,
    isArchived: repo.isArchived,
    isPrivate: repo.isPrivate,
    hasIssuesEnabled: true,
    viewerPermission: permissionOf(repo, sight.viewer).toUpperCase(),
    defaultBranchRef: () => viewDefaultBranch(sight, repo),
    issues: (args: IssueArgs) =>
      connect(selectIssues(repo, args), args, {
        field: "issues",
        keyOf: (one) => one.nodeId,
        view: (one) => viewIssue(sight, one),
      }),
    issue({ number }: { readonly number: number }) {
      const issue = repo.issues.get(number);
      if (issue !== undefined) return viewIssue(sight, issue);
      throw forgeError(
        "NOT_FOUND",
        `Could not resolve to an issue or pull request with the number of ${number}.`,
      );
    },
    issueOrPullRequest({ number }: { readonly number: number }) {
      const issue = repo.issues.get(number);
      if (issue !== undefined) return viewIssue(sight, issue);
      const pull = repo.pullRequests.get(number);
      if (pull !== undefined) return viewPullRequest(sight, repo, pull);
      throw forgeError(
        "NOT_FOUND",
        `Could not resolve to an issue or pull request with the number of ${number}.`,
      );
    },
    label({ name }: { readonly name: string }) {
      const label = repo.labels.get(name.toLowerCase());
      return label === undefined ? null : viewLabel(label);
    },
    async object({ oid }: { readonly oid?: string | null }) {
      const commit = oid == null ? null : await repo.git.commit(oid);
      return commit && viewCommit(repo, commit, sight);
    },
    async ref({ qualifiedName }: { readonly qualifiedName: string }) {
      const names = [repo.defaultBranch, `refs/heads/${repo.defaultBranch}`];
      return names.includes(qualifiedName) ? await viewDefaultBranch(sight, repo) : null;
    },
    deployments: (args: Parameters<typeof viewDeployments>[2]) =>
      viewDeployments(sight, repo, args),
    collaborators: (args: PageArgs & { readonly login?: string | null }) =>
      viewCollaborators(sight, repo, args),
  };
}

function viewPullRequest(sight: Sight, repo: Repo, { number, state }: PullRequest): View {
  const url = `${repo.url}/pull/${number}`;
  return {
    __typename: "PullRequest",
    id: `PR_${url}`,
    number,
    url,
    state: state.toUpperCase(),
    repository: () => sight.showRepo(repo),
  };
}

async function viewDefaultBranch(sight: Sight, repo: Repo): Promise<View | null> {
  const head = await repo.git.head(repo.defaultBranch);
  const commit = head === null ? null : await repo.git.commit(head);
  if (commit === null) return null;
  return {
    id: `REF_${repo.id}_${repo.defaultBranch}`,
    name: repo.defaultBranch,
    prefix: "refs/heads/",
    target: viewCommit(repo, commit, sight),
    ...viewRequirements(sight, repo),
  };
}

function selectIssues(repo: Repo, args: IssueArgs): readonly Issue[] {
  const labels = args.labels?.map((name) => name.toLowerCase());
  const found = [...repo.issues.values()]
    .filter((issue) => args.states == null || args.states.includes(issue.state.toUpperCase()))
    // Any of the labels is enough here; only the REST list asks for all of them.
    .filter(
      (issue) =>
        labels === undefined ||
        issue.labels.some((label) => labels.includes(label.name.toLowerCase())),
    )
    .toSorted((one, other) => compareIssues(one, other, args.orderBy?.field ?? "CREATED_AT"));
  return args.orderBy?.direction === "DESC" ? found.toReversed() : found;
}

function compareIssues(one: Issue, other: Issue, field: string): number {
  if (field === "COMMENTS") return one.comments.length - other.comments.length;
  if (field === "UPDATED_AT" && one.updatedAt !== other.updatedAt) {
    return one.updatedAt < other.updatedAt ? -1 : 1;
  }
  return one.number - other.number;
}

function viewCollaborators(
  sight: Sight,
  repo: Repo,
  args: PageArgs & { readonly login?: string | null },
): View {
  if (!mayWrite(repo, sight.viewer)) {
    throw forgeError("FORBIDDEN", "Must have push access to view repository collaborators.");
  }
  const wanted = args.login?.toLowerCase();
  const all = [...repo.permissions]
    .map(([login, permission]) => ({
      account: findAccount(sight.world, login),
      permission: permission.toUpperCase(),
    }))
    // A bot is no user, so it never shows here, whatever it may do.
    .filter(({ account }) => account?.kind === "User")
    .filter(({ account }) => wanted === undefined || account?.login.toLowerCase() === wanted);
  const connection = connect(all, args, {
    field: "collaborators",
    keyOf: ({ account }) => account?.nodeId ?? "",
    view: (one) => one,
  });
  const page = connection["edges"] as readonly {
    readonly node: (typeof all)[number];
    readonly cursor: string;
  }[];
  const edges = page.map(({ node, cursor }) => ({
    cursor,
    permission: node.permission,
    node: viewActor(node.account, sight.webUrl),
  }));
  return { ...connection, edges, nodes: edges.map((edge) => edge.node) };
}
