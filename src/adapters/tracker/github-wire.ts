import * as z from "zod";
import type {
  Actor,
  IssueEvent,
  IssueHistory,
  IssueSeen,
  OwnComment,
  OwnCommentsSeen,
  RepoFacts,
  RepoRef,
} from "../../pure/issue.ts";
import type { LabelNames } from "../../pure/ports/tracker.ts";
import { type Part, readShape } from "./github-ask.ts";
import { BlockedByCounts, BlockedByPage, toNativeBlockers } from "./github-blocker-wire.ts";

/** An id of GitHub's database in decimal; a BigInt field of GraphQL comes as a string of digits. */
export const DatabaseId = z.lazy(() =>
  z.union([z.int(), z.bigint(), z.string().regex(/^\d+$/)]).transform(String),
);

/** GitHub's page marker. */
export const PageInfo = z.lazy(() =>
  z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
);

/** One page of issues by node id. */
export const IssuePage = z.lazy(() =>
  z.object({
    pageInfo: PageInfo,
    nodes: z.array(z.object({ id: z.string(), number: z.int(), updatedAt: z.string() })),
  }),
);

const Named = z.lazy(() => z.object({ name: z.string() }));

/** One repo as the list query answers. */
export const RepoWire = z.lazy(() =>
  z.object({
    databaseId: DatabaseId,
    nameWithOwner: z.string(),
    isArchived: z.boolean(),
    hasIssuesEnabled: z.boolean(),
    url: z.string(),
    defaultBranchRef: z
      .object({ name: z.string(), target: z.object({ oid: z.string() }) })
      .nullable(),
    inProgressLabel: Named.nullable(),
    humanLabel: Named.nullable(),
    /** Absent where only runs were asked for. */
    ready: IssuePage.optional(),
    progress: IssuePage,
  }),
);

const ActorWire = z.lazy(() =>
  z
    .object({
      __typename: z.string(),
      login: z.string(),
      databaseId: DatabaseId.nullish(),
    })
    .nullable(),
);

const Moment = z.object({ id: z.string(), createdAt: z.string() });
const Acted = Moment.extend({ actor: ActorWire });
const EventWire = z.lazy(() =>
  z.discriminatedUnion("__typename", [
    Acted.extend({
      __typename: z.literal("LabeledEvent"),
      label: Named,
      intent: z.object({}).nullish(),
    }),
    Acted.extend({ __typename: z.literal("UnlabeledEvent"), label: Named }),
    Acted.extend({
      __typename: z.literal("ClosedEvent"),
      closer: z.object({ __typename: z.string() }).nullable(),
    }),
    Acted.extend({ __typename: z.literal("ReopenedEvent") }),
    Acted.extend({ __typename: z.literal("RenamedTitleEvent") }),
    Moment.extend({ __typename: z.literal("TransferredEvent") }),
  ]),
);

const CommentWire = z.lazy(() =>
  z.object({
    // Comment ids have outgrown the 32 bits that `databaseId` promises.
    fullDatabaseId: DatabaseId.nullable(),
    body: z.string(),
    lastEditedAt: z.string().nullable(),
    author: ActorWire,
    editor: ActorWire,
  }),
);

/** One page of an issue's comments, oldest first. */
export const CommentsPage = z.lazy(() =>
  z.object({
    pageInfo: z.object({ hasPreviousPage: z.boolean(), startCursor: z.string().nullable() }),
    nodes: z.array(CommentWire.nullable()),
  }),
);

/** One issue as fragment `IssueDetail` answers. */
const IssueWire = z.lazy(() =>
  z.object({
    number: z.int(),
    title: z.string(),
    body: z.string(),
    url: z.string(),
    state: z.enum(["OPEN", "CLOSED"]),
    createdAt: z.string(),
    lastEditedAt: z.string().nullable(),
    repository: z.object({ nameWithOwner: z.string() }),
    labels: z.object({ nodes: z.array(Named) }),
    timelineItems: z.object({
      pageInfo: z.object({ hasPreviousPage: z.boolean() }),
      nodes: z.array(z.unknown()),
    }),
    blockedBy: BlockedByPage,
    issueDependenciesSummary: BlockedByCounts,
    comments: CommentsPage,
  }),
);

/** An issue as far as one answer shows it. `olderComments`: where the comments not read yet end. */
export type IssueRead = { readonly issue: IssueSeen; readonly olderComments: string | null };

/**
 * Translates a repo's facts. An archived repo or one without issues is unreadable: nothing can be
 * written there.
 */
export function toRepoFacts(
  ref: RepoRef,
  wire: z.infer<typeof RepoWire>,
  labels: Pick<LabelNames, "inProgress" | "human">,
): Part<RepoFacts> {
  if (!isSameName(ref, wire.nameWithOwner)) {
    return { kind: "unreadable", why: `GitHub answered for ${wire.nameWithOwner} instead` };
  }
  if (wire.isArchived) return { kind: "unreadable", why: "the repo is archived" };
  if (!wire.hasIssuesEnabled) return { kind: "unreadable", why: "the repo has issues disabled" };
  const branch = wire.defaultBranchRef;
  const value = {
    ref,
    id: wire.databaseId,
    // An empty repo names no default branch; `main` is what GitHub gives a new one.
    defaultBranch: branch?.name ?? "main",
    headSha: branch?.target.oid ?? null,
    cloneUrl: `${wire.url}.git`,
    webUrl: wire.url,
    labelsMissing: [
      ...(wire.inProgressLabel === null ? [labels.inProgress] : []),
      ...(wire.humanLabel === null ? [labels.human] : []),
    ],
  };
  return { kind: "read", value };
}

/**
 * Translates one issue; whatever does not fit makes it unreadable. `ownId` is our own account's
 * id.
 */
export function toIssueRead(wire: unknown, repo: RepoRef, ownId: string): Part<IssueRead> {
  const part = readShape(wire, IssueWire);
  if (part.kind === "unreadable") return part;
  const issue = part.value;
  if (!isSameName(repo, issue.repository.nameWithOwner)) {
    return { kind: "unreadable", why: `the issue is in ${issue.repository.nameWithOwner} now` };
  }
  const history = toHistory(issue.timelineItems);
  if (history.kind === "unreadable") return history;
  const seen: IssueSeen = {
    ref: { repo, number: issue.number },
    url: issue.url,
    title: issue.title,
    body: issue.body,
    state: issue.state === "OPEN" ? "open" : "closed",
    // Pull requests are another type in GraphQL: neither the list nor `issue(number:)` answers
    // with one.
    isPullRequest: false,
    createdAt: issue.createdAt,
    bodyEditedAt: issue.lastEditedAt,
    labels: issue.labels.nodes.map((label) => label.name),
    history: history.value,
    blockers: toNativeBlockers(issue.blockedBy, issue.issueDependenciesSummary),
    ownComments: toOwnComments(issue.comments, ownId),
  };
  return { kind: "read", value: { issue: seen, olderComments: olderThan(issue.comments) } };
}

/** Whether GitHub calls a repo as it was asked for, in any case. */
export function isSameName(repo: RepoRef, nameWithOwner: string): boolean {
  return `${repo.owner}/${repo.name}`.toLowerCase() === nameWithOwner.toLowerCase();
}

/**
 * An event that cannot be read might be the one that takes an approval back. Only one older than
 * all that can be read is no more than one of the missing older ones.
 */
function toHistory(wire: z.infer<typeof IssueWire>["timelineItems"]): Part<IssueHistory> {
  const events: IssueEvent[] = [];
  for (const node of wire.nodes) {
    const event = readShape(node, EventWire);
    if (event.kind === "read") events.push(toEvent(event.value));
    else if (events.length > 0) {
      return { kind: "unreadable", why: `an event of its history: ${event.why}` };
    }
  }
  const isWhole = !wire.pageInfo.hasPreviousPage && events.length === wire.nodes.length;
  return { kind: "read", value: { kind: isWhole ? "complete" : "truncated", events } };
}

function toEvent(wire: z.infer<typeof EventWire>): IssueEvent {
  const moment = { id: wire.id, at: wire.createdAt };
  switch (wire.__typename) {
    case "LabeledEvent": {
      const isByIntent = wire.intent !== null && wire.intent !== undefined;
      const actor = toActor(wire.actor);
      return { kind: "labeled", ...moment, label: wire.label.name, actor, isByIntent };
    }
    case "UnlabeledEvent":
      return { kind: "unlabeled", ...moment, label: wire.label.name, actor: toActor(wire.actor) };
    case "ClosedEvent": {
      const closer = toCloser(wire.closer?.__typename);
      return { kind: "closed", ...moment, actor: toActor(wire.actor), closer };
    }
    case "ReopenedEvent":
      return { kind: "reopened", ...moment, actor: toActor(wire.actor) };
    case "RenamedTitleEvent":
      return { kind: "renamed", ...moment, actor: toActor(wire.actor) };
    case "TransferredEvent":
      return { kind: "transferred", ...moment };
  }
}

/** A project board that closes an issue does so because somebody moved a card: a hand. */
function toCloser(typename: string | undefined): "hand" | "commit" | "pull-request" {
  if (typename === "Commit") return "commit";
  return typename === "PullRequest" ? "pull-request" : "hand";
}

/** Only users and bots are accounts that act; a mannequin or a deleted account is nobody. */
function toActor(wire: z.infer<typeof ActorWire>): Actor {
  if (wire === null || wire.databaseId === null || wire.databaseId === undefined) {
    return { kind: "unknown" };
  }
  const isBot = wire.__typename === "Bot";
  if (!isBot && wire.__typename !== "User") return { kind: "unknown" };
  // GraphQL leaves out the suffix that REST and people know a bot by; without it a bot could pass
  // for the person of that name in a list of logins.
  const isBare = isBot && !wire.login.endsWith("[bot]");
  const login = isBare ? `${wire.login}[bot]` : wire.login;
  return { kind: "account", id: wire.databaseId, login, isBot };
}

/** The cursor before which a page of comments goes on; null when it begins with the first. */
export function olderThan({ pageInfo }: z.infer<typeof CommentsPage>): string | null {
  return pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? "") : null;
}

/**
 * Our own comments of one page; truncated when one of the page could not be read. Keeps GitHub's
 * order, which is that of creation. A comment we could not edit later is a gap.
 */
export function toOwnComments(wire: z.infer<typeof CommentsPage>, ownId: string): OwnCommentsSeen {
  const comments: OwnComment[] = [];
  let isWhole = true;
  for (const comment of wire.nodes) {
    if (comment === null) {
      isWhole = false;
      continue;
    }
    if (!isAccount(comment.author, ownId)) continue;
    const { fullDatabaseId: id, body } = comment;
    if (id === null) isWhole = false;
    else comments.push(isTampered(comment, ownId) ? { id, body, isTampered: true } : { id, body });
  }
  return { kind: isWhole ? "complete" : "truncated", comments };
}

/** Whether somebody else had the last hand in a comment of ours. */
function isTampered(comment: z.infer<typeof CommentWire>, ownId: string): boolean {
  // A deleted account leaves an edit without an editor.
  const isEdited = comment.editor !== null || comment.lastEditedAt !== null;
  return isEdited && !isAccount(comment.editor, ownId);
}

function isAccount(wire: z.infer<typeof ActorWire>, id: string): boolean {
  const actor = toActor(wire);
  return actor.kind === "account" && actor.id === id;
}
