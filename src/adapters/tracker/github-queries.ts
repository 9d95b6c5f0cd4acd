import type { ListScope } from "../../pure/ports/tracker.ts";

/**
 * Repos per request. GitHub's real ceiling is a ten-second clock; mega-queries of 80 aliases fail
 * in the wild. 25 keep fifty repos at two requests.
 */
export const REPOS_PER_QUERY_MAX = 25;
/** Issues per detail request: four connections each keep it at one point of the hourly 5,000. */
export const ISSUES_PER_QUERY_MAX = 25;
/** Issues per page of a list: a repo with more than 50 ready issues is rare, and ids are small. */
const LIST_PAGE_SIZE = 50;
/**
 * GitHub's own largest page, for histories and comments. Older events are said to be missing, not
 * read.
 */
const HISTORY_PAGE_SIZE = 100;
/** GitHub allows 50 links per relationship, so this page is always the whole. */
const BLOCKERS_PAGE_SIZE = 50;

/**
 * Facts and the first page of the lists of one repo, as the scope asks; needs `$progress`,
 * `$inProgress`, `$human`, and for candidates `$ready`. A label asked for by name costs nothing.
 */
export function repoSelection(scope: ListScope): string {
  const ready = `ready: ${issuePage("states: [OPEN], labels: $ready")}`;
  return `databaseId nameWithOwner isArchived hasIssuesEnabled url
    defaultBranchRef { name target { oid } }
    inProgressLabel: label(name: $inProgress) { name }
    humanLabel: label(name: $human) { name }
    ${scope === "candidates" ? ready : ""}
    progress: ${issuePage("states: [OPEN, CLOSED], labels: $progress")}`;
}

/** One page of issue ids; the arguments say which. */
export function issuePage(args: string): string {
  const order = "orderBy: {field: CREATED_AT, direction: ASC}";
  return `issues(first: ${LIST_PAGE_SIZE}, ${args}, ${order}) {
    pageInfo { hasNextPage endCursor } nodes { id number updatedAt }
  }`;
}

/** Who did something, as fragment `Who`. */
export const WHO = `fragment Who on Actor {
  __typename login ... on User { databaseId } ... on Bot { databaseId }
}`;

/** The newest page of comments, or, by the arguments, one before it; needs fragment `Who`. */
export function commentPage(args: string): string {
  return `comments(last: ${HISTORY_PAGE_SIZE}${args}) {
    pageInfo { hasPreviousPage startCursor }
    nodes { fullDatabaseId body lastEditedAt author { ...Who } editor { ...Who } }
  }`;
}

/** One issue as a blocker, whichever kind its number is of, with its own blockers. */
export function blockerSelection(number: string): string {
  return `issueOrPullRequest(number: ${number}) {
    __typename
    ... on Issue {
      number url body issueState: state repository { nameWithOwner }
      blockedBy(first: ${BLOCKERS_PAGE_SIZE}) {
        nodes { number state repository { nameWithOwner } }
      }
    }
    ... on PullRequest { number pullState: state repository { nameWithOwner } }
  }`;
}

/** Everything a tick needs to know about one issue, as fragment `IssueDetail`. */
export const ISSUE_DETAIL = `fragment IssueDetail on Issue {
  number title body url state createdAt lastEditedAt
  repository { nameWithOwner }
  labels(first: 100) { nodes { name } }
  timelineItems(last: ${HISTORY_PAGE_SIZE}, itemTypes: [
    LABELED_EVENT, UNLABELED_EVENT, CLOSED_EVENT, REOPENED_EVENT, RENAMED_TITLE_EVENT,
    TRANSFERRED_EVENT
  ]) {
    pageInfo { hasPreviousPage }
    nodes {
      __typename
      ... on LabeledEvent {
        id createdAt label { name } intent { __typename } actor { ...Who }
      }
      ... on UnlabeledEvent { id createdAt label { name } actor { ...Who } }
      ... on ClosedEvent { id createdAt closer { __typename } actor { ...Who } }
      ... on ReopenedEvent { id createdAt actor { ...Who } }
      ... on RenamedTitleEvent { id createdAt actor { ...Who } }
      ... on TransferredEvent { id createdAt }
    }
  }
  blockedBy(first: ${BLOCKERS_PAGE_SIZE}) {
    pageInfo { hasNextPage } nodes { number state repository { nameWithOwner } }
  }
  issueDependenciesSummary { blockedBy totalBlockedBy }
  ${commentPage("")}
}
${WHO}`;

/** The details of issues by node id; needs `$ids`. */
export const DETAILS_QUERY = `query IssueDetails($ids: [ID!]!) {
  nodes(ids: $ids) { __typename ... on Issue { ...IssueDetail } }
}
${ISSUE_DETAIL}`;
