import type { GitCommit } from "./git.ts";
import { checkRunUrl } from "./graphql-commit.ts";
import { countDependencies } from "./graphql-issue.ts";
import type { Account, CheckRun, Comment, Issue, Label, Push, Repo } from "./model.ts";
import type { RestCall } from "./rest-call.ts";
import { appShape, userShape } from "./rest-people.ts";
import { repoApi } from "./rest-repo-shape.ts";

type Shape = Record<string, unknown>;

/** A label on an issue. */
export function labelShape(call: RestCall, repo: Repo, label: Label): Shape {
  return {
    id: label.id,
    node_id: label.nodeId,
    url: `${repoApi(call, repo)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  };
}

/** An issue. */
export function issueShape(call: RestCall, issue: Issue): Shape {
  const { repo } = issue;
  const url = `${repoApi(call, repo)}/issues/${issue.number}`;
  const dependencies = countDependencies(call.world, issue);
  return {
    id: issue.id,
    node_id: issue.nodeId,
    url,
    repository_url: repoApi(call, repo),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${repo.url}/issues/${issue.number}`,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    user: userShape(call, issue.author),
    author_association: association(repo, issue.author),
    labels: issue.labels.map((label) => labelShape(call, repo, label)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    closed_by: userShape(call, issue.closedBy),
    issue_dependencies_summary: {
      blocked_by: dependencies.blockedBy,
      blocking: dependencies.blocking,
      total_blocked_by: dependencies.totalBlockedBy,
      total_blocking: dependencies.totalBlocking,
    },
  };
}

/** A comment. */
export function commentShape(call: RestCall, comment: Comment): Shape {
  const { issue } = comment;
  const repoUrl = repoApi(call, issue.repo);
  return {
    id: comment.id,
    node_id: comment.nodeId,
    url: `${repoUrl}/issues/comments/${comment.id}`,
    html_url: `${issue.repo.url}/issues/${issue.number}#issuecomment-${comment.id}`,
    issue_url: `${repoUrl}/issues/${issue.number}`,
    user: userShape(call, comment.author),
    author_association: association(issue.repo, comment.author),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    performed_via_github_app: null,
  };
}

function association(repo: Repo, account: Account): string {
  if (account.login === repo.owner) return "OWNER";
  return repo.permissions.has(account.login.toLowerCase()) ? "COLLABORATOR" : "NONE";
}

/** A check run. */
export function checkRunShape(call: RestCall, repo: Repo, run: CheckRun): Shape {
  const url = `${repoApi(call, repo)}/check-runs/${run.id}`;
  const details = checkRunUrl(repo, run, call.apiUrl);
  return {
    id: run.id,
    node_id: run.nodeId,
    head_sha: run.sha,
    external_id: "",
    name: run.name,
    url,
    html_url: details,
    details_url: details,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.summary === null ? null : run.name,
      summary: run.summary,
      text: null,
      annotations_count: run.annotation === null ? 0 : 1,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: appShape(call, run.app),
    pull_requests: [],
  };
}

/** A commit. */
export function commitShape(call: RestCall, repo: Repo, commit: GitCommit): Shape {
  const urlOf = (sha: string) => `${repoApi(call, repo)}/commits/${sha}`;
  const git = `${repoApi(call, repo)}/git`;
  const person = { name: commit.authorName, email: commit.authorEmail };
  return {
    sha: commit.sha,
    node_id: `C_${commit.sha}`,
    url: urlOf(commit.sha),
    comments_url: `${urlOf(commit.sha)}/comments`,
    html_url: `${repo.url}/commit/${commit.sha}`,
    commit: {
      url: `${git}/commits/${commit.sha}`,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${git}/trees/${commit.tree}` },
      author: { ...person, date: commit.authoredAt },
      committer: { ...person, date: commit.committedAt },
    },
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({ sha, url: urlOf(sha) })),
  };
}

/** An entry of the push log. */
export function activityShape(call: RestCall, push: Push): Shape {
  return {
    id: push.id,
    node_id: `PSH_${push.id}`,
    before: push.before,
    after: push.after,
    ref: push.ref,
    timestamp: push.at,
    activity_type: push.activity,
    actor: userShape(call, push.actor),
  };
}
