import type {
  Account,
  App,
  Closer,
  Comment,
  Intent,
  Issue,
  IssueChange,
  Repo,
  StateReason,
} from "./model.ts";
import { bareLogin, ensureLabel, type World } from "./world.ts";

// Past any account's id.
const APP_IDS_FROM = 1_000_000;

const EVENT_PREFIX: Readonly<Record<IssueChange["kind"], string>> = {
  labeled: "LE",
  unlabeled: "UNLE",
  closed: "CE",
  reopened: "REE",
  renamed: "RTE",
  transferred: "TE",
};

/** Opens an issue with the repo's next number. */
export function openIssue(
  world: World,
  repo: Repo,
  text: { readonly title: string; readonly body: string; readonly by: Account },
): Issue {
  const at = world.now();
  const issue: Issue = {
    ...world.identify("I"),
    repo,
    number: repo.issues.size + repo.moved.size + 1,
    author: text.by,
    createdAt: at,
    labels: [],
    events: [],
    comments: [],
    blockers: [],
    title: text.title,
    body: text.body,
    state: "open",
    stateReason: null,
    updatedAt: at,
    closedAt: null,
    closedBy: null,
    lastEditedAt: null,
    editor: null,
  };
  repo.issues.set(issue.number, issue);
  world.nodes.set(issue.nodeId, { kind: "issue", issue });
  announce(world, issue, { change: "opened", label: null, by: text.by });
  return issue;
}

/** Puts a label on an issue. One that is there already changes nothing and makes no event. */
export function addLabel(
  world: World,
  issue: Issue,
  wanted: {
    readonly name: string;
    readonly by: Account;
    readonly intent?: Intent | null;
    readonly app?: App | null;
  },
): void {
  const label = ensureLabel(world, issue.repo, wanted.name);
  if (issue.labels.includes(label)) return;
  issue.labels.push(label);
  record(world, issue, {
    change: {
      kind: "labeled",
      label,
      intent: wanted.intent ?? null,
      app: wanted.app ?? ownAppOf(wanted.by),
    },
    actor: wanted.by,
  });
}

/** A bot acts through its own App, whose id is another number than the bot's account. */
function ownAppOf(account: Account): App | null {
  if (account.kind !== "Bot") return null;
  return { id: account.id + APP_IDS_FROM, slug: bareLogin(account.login) };
}

/** Takes a label off an issue; false when it was not on it. */
export function removeLabel(
  world: World,
  issue: Issue,
  wanted: { readonly name: string; readonly by: Account },
): boolean {
  const label = issue.repo.labels.get(wanted.name.toLowerCase());
  const index = label === undefined ? -1 : issue.labels.indexOf(label);
  if (label === undefined || index === -1) return false;
  issue.labels.splice(index, 1);
  record(world, issue, { change: { kind: "unlabeled", label }, actor: wanted.by });
  return true;
}

/** Closes an open issue; a closed one stays as it is. */
export function closeIssue(
  world: World,
  issue: Issue,
  how: {
    readonly by: Account | null;
    readonly reason: StateReason;
    readonly closer: Closer | null;
  },
): void {
  if (issue.state === "closed") return;
  issue.state = "closed";
  issue.stateReason = how.reason;
  issue.closedAt = world.now();
  issue.closedBy = how.by;
  const change = { kind: "closed", reason: how.reason, closer: how.closer } as const;
  record(world, issue, { change, actor: how.by });
}

/** Opens a closed issue again; an open one stays as it is. */
export function reopenIssue(world: World, issue: Issue, by: Account): void {
  if (issue.state === "open") return;
  issue.state = "open";
  issue.stateReason = "reopened";
  issue.closedAt = null;
  issue.closedBy = null;
  record(world, issue, { change: { kind: "reopened" }, actor: by });
}

/** Changes title or body. A title leaves a rename event, a body only the time of its last edit. */
export function editIssue(
  world: World,
  issue: Issue,
  edit: {
    readonly title?: string | undefined;
    readonly body?: string | undefined;
    readonly by: Account;
  },
): void {
  if (edit.title !== undefined && edit.title !== issue.title) {
    const change = { kind: "renamed", from: issue.title, to: edit.title } as const;
    issue.title = edit.title;
    record(world, issue, { change, actor: edit.by });
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    issue.body = edit.body;
    issue.lastEditedAt = world.now();
    issue.editor = edit.by;
    issue.updatedAt = world.now();
    announce(world, issue, { change: "edited", label: null, by: edit.by });
  }
}

/** Writes down that an issue came from another repo. */
export function markTransferred(
  world: World,
  issue: Issue,
  move: { readonly fromRepo: string; readonly by: Account },
): void {
  record(world, issue, {
    change: { kind: "transferred", fromRepo: move.fromRepo },
    actor: move.by,
  });
}

/** Adds a comment. */
export function addComment(
  world: World,
  issue: Issue,
  wanted: { readonly body: string; readonly by: Account },
): Comment {
  const at = world.now();
  const comment: Comment = {
    ...world.identify("IC"),
    issue,
    author: wanted.by,
    createdAt: at,
    body: wanted.body,
    updatedAt: at,
    lastEditedAt: null,
    editor: null,
  };
  issue.comments.push(comment);
  issue.updatedAt = at;
  world.nodes.set(comment.nodeId, { kind: "comment", comment });
  announceComment(world, comment, { change: "created", by: wanted.by });
  return comment;
}

/** Replaces a comment's text. The same text again is no edit. */
export function editComment(
  world: World,
  comment: Comment,
  edit: { readonly body: string; readonly by: Account },
): void {
  if (edit.body === comment.body) return;
  comment.body = edit.body;
  comment.updatedAt = world.now();
  comment.lastEditedAt = comment.updatedAt;
  comment.editor = edit.by;
  announceComment(world, comment, { change: "edited", by: edit.by });
}

/** Takes a comment away. */
export function deleteComment(world: World, comment: Comment, by: Account): void {
  const index = comment.issue.comments.indexOf(comment);
  if (index === -1) return;
  comment.issue.comments.splice(index, 1);
  world.nodes.delete(comment.nodeId);
  announceComment(world, comment, { change: "deleted", by });
}

/** The comment of an id in a repo; null when there is none. */
export function findComment(repo: Repo, id: number): Comment | null {
  for (const issue of repo.issues.values()) {
    const found = issue.comments.find((comment) => comment.id === id);
    if (found !== undefined) return found;
  }
  return null;
}

function record(
  world: World,
  issue: Issue,
  happened: { readonly change: IssueChange; readonly actor: Account | null },
): void {
  const at = world.now();
  const { change, actor } = happened;
  issue.events.push({ ...world.identify(EVENT_PREFIX[change.kind]), at, actor, change });
  issue.updatedAt = at;
  const label = "label" in change ? change.label.name : null;
  announce(world, issue, { change: change.kind, label, by: actor });
}

function announce(
  world: World,
  issue: Issue,
  what: {
    readonly change: IssueChange["kind"] | "opened" | "edited";
    readonly label: string | null;
    readonly by: Account | null;
  },
): void {
  world.emit({
    kind: "issue",
    repo: issue.repo.key,
    number: issue.number,
    change: what.change,
    label: what.label,
    by: what.by?.login ?? null,
  });
}

function announceComment(
  world: World,
  comment: Comment,
  what: { readonly change: "created" | "edited" | "deleted"; readonly by: Account },
): void {
  world.emit({
    kind: "comment",
    repo: comment.issue.repo.key,
    number: comment.issue.number,
    change: what.change,
    commentId: comment.id,
    by: what.by.login,
  });
}
