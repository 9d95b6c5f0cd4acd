// Answers in the shape of GitHub's GraphQL schema, as small as the adapter's queries ask for.

export type WireActor = { __typename: string; login: string; databaseId?: number | null } | null;

export const MAINTAINER: WireActor = { __typename: "User", login: "maintainer", databaseId: 7 };
export const ROBOT: WireActor = { __typename: "Bot", login: "helper", databaseId: 8 };
export const OURSELVES: WireActor = { __typename: "User", login: "afk-bot", databaseId: 9001 };

/** When every listed issue was last updated. */
export const UPDATED_AT = "2026-01-02T00:00:00Z";

/** A page of issues; an id's last digits are its issue's number. */
export function idPage(ids: readonly string[], endCursor: string | null = null) {
  const pageInfo = { hasNextPage: endCursor !== null, endCursor };
  const nodes = ids.map((id) => ({
    id,
    number: Number(/\d+$/.exec(id)?.[0] ?? "0"),
    updatedAt: UPDATED_AT,
  }));
  return { pageInfo, nodes };
}

/** A repo as the list query answers. */
export function wireRepo(name: string, changes: Record<string, unknown> = {}) {
  return {
    databaseId: 100,
    nameWithOwner: `o/${name}`,
    isArchived: false,
    hasIssuesEnabled: true,
    url: `https://github.test/o/${name}`,
    defaultBranchRef: { name: "trunk", target: { oid: "a".repeat(40) } },
    inProgressLabel: { name: "agent-in-progress" } as unknown,
    humanLabel: { name: "ready-for-human" } as unknown,
    ready: idPage([]),
    progress: idPage([]),
    ...changes,
  };
}

export function labeled(id: string, label: string, actor: WireActor = MAINTAINER) {
  return {
    __typename: "LabeledEvent",
    id,
    createdAt: "2026-01-02T00:00:00Z",
    label: { name: label },
    intent: null as unknown,
    actor,
  };
}

export function wireComment(id: string | null, author: WireActor, body = `comment ${id}`) {
  return {
    fullDatabaseId: id,
    body,
    author,
    lastEditedAt: null as string | null,
    editor: null as WireActor,
  };
}

/** An issue as the detail fragment answers: open, ready, and by a maintainer's hand. */
export function wireIssue(name: string, number: number, changes: Record<string, unknown> = {}) {
  return {
    __typename: "Issue",
    number,
    title: `Issue ${number}`,
    body: "Please.",
    url: `https://github.test/o/${name}/issues/${number}`,
    state: "OPEN",
    createdAt: "2026-01-01T00:00:00Z",
    lastEditedAt: null,
    repository: { nameWithOwner: `o/${name}` },
    labels: { nodes: [{ name: "ready-for-agent" }] },
    timelineItems: history([labeled("LE_1", "ready-for-agent")]),
    blockedBy: { pageInfo: { hasNextPage: false }, nodes: [] as unknown[] },
    issueDependenciesSummary: { blockedBy: 0, totalBlockedBy: 0 },
    comments: history([]),
    ...changes,
  };
}

/** The newest page of a history or of comments. */
export function history(nodes: readonly unknown[], hasPreviousPage = false) {
  return { pageInfo: { hasPreviousPage, startCursor: hasPreviousPage ? "1" : null }, nodes };
}

/** A permission answer. */
export function collaborator(permission: string, id = 7) {
  return {
    collaborators: { edges: [{ permission, node: { databaseId: id, login: "maintainer" } }] },
  };
}
