import type { Repo } from "./model.ts";
import type { RestCall } from "./rest-call.ts";
import { userShape } from "./rest-people.ts";
import { findAccount, permissionOf } from "./world.ts";

type Shape = Record<string, unknown>;

/** The address of a repo in the API. */
export function repoApi(call: RestCall, repo: Repo): string {
  return `${call.apiUrl}/repos/${repo.key}`;
}

/** A repo. */
export function repoShape(call: RestCall, repo: Repo): Shape {
  const permission = permissionOf(repo, call.viewer);
  const isWriter = permission === "admin" || permission === "write";
  const url = repoApi(call, repo);
  const links = LINKS.map(([name, path]) => [`${name}_url`, `${url}/${path}`]);
  const now = call.world.now();
  return {
    ...Object.fromEntries(links),
    ...COUNTS,
    id: repo.id,
    node_id: repo.nodeId,
    name: repo.name,
    full_name: repo.key,
    owner: ownerShape(call, repo),
    private: repo.isPrivate,
    html_url: repo.url,
    clone_url: `${repo.url}.git`,
    git_url: `${repo.url}.git`,
    ssh_url: `${repo.url}.git`,
    svn_url: repo.url,
    url,
    default_branch: repo.defaultBranch,
    archived: repo.isArchived,
    open_issues: openIssues(repo),
    open_issues_count: openIssues(repo),
    created_at: now,
    updated_at: now,
    pushed_at: repo.pushes.at(-1)?.at ?? now,
    permissions: { admin: permission === "admin", push: isWriter, pull: permission !== "none" },
  };
}

/** Its owner need be no account of the forge, as an organization is none that acts. */
function ownerShape(call: RestCall, repo: Repo): Shape | null {
  const known = findAccount(call.world, repo.owner);
  if (known !== null) return userShape(call, known);
  const organization = { login: repo.owner, id: repo.id, nodeId: `O_${repo.id}` };
  return {
    ...userShape(call, { ...organization, kind: "User", token: "", isDeleted: false }),
    type: "Organization",
  };
}

function openIssues(repo: Repo): number {
  return [...repo.issues.values()].filter((issue) => issue.state === "open").length;
}

/** What the forge keeps no count of, or does not have. */
const COUNTS: Shape = {
  description: null,
  disabled: false,
  fork: false,
  forks: 0,
  forks_count: 0,
  has_discussions: false,
  has_issues: true,
  has_pages: false,
  has_projects: false,
  has_wiki: false,
  homepage: null,
  language: null,
  license: null,
  mirror_url: null,
  network_count: 0,
  size: 0,
  stargazers_count: 0,
  subscribers_count: 0,
  watchers: 0,
  watchers_count: 0,
};

/** Addresses below the repo, in GitHub's spelling. */
const LINKS: readonly (readonly [name: string, path: string])[] = [
  ["archive", "{archive_format}{/ref}"],
  ["assignees", "assignees{/user}"],
  ["blobs", "git/blobs{/sha}"],
  ["branches", "branches{/branch}"],
  ["collaborators", "collaborators{/collaborator}"],
  ["comments", "comments{/number}"],
  ["commits", "commits{/sha}"],
  ["compare", "compare/{base}...{head}"],
  ["contents", "contents/{+path}"],
  ["contributors", "contributors"],
  ["deployments", "deployments"],
  ["downloads", "downloads"],
  ["events", "events"],
  ["forks", "forks"],
  ["git_commits", "git/commits{/sha}"],
  ["git_refs", "git/refs{/sha}"],
  ["git_tags", "git/tags{/sha}"],
  ["hooks", "hooks"],
  ["issue_comment", "issues/comments{/number}"],
  ["issue_events", "issues/events{/number}"],
  ["issues", "issues{/number}"],
  ["keys", "keys{/key_id}"],
  ["labels", "labels{/name}"],
  ["languages", "languages"],
  ["merges", "merges"],
  ["milestones", "milestones{/number}"],
  ["notifications", "notifications{?since,all,participating}"],
  ["pulls", "pulls{/number}"],
  ["releases", "releases{/id}"],
  ["stargazers", "stargazers"],
  ["statuses", "statuses/{sha}"],
  ["subscribers", "subscribers"],
  ["subscription", "subscription"],
  ["tags", "tags"],
  ["teams", "teams"],
  ["trees", "git/trees{/sha}"],
];
