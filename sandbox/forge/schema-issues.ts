/** Types of issues, labels, comments. */
export const ISSUES_SDL = `
enum IssueState { CLOSED OPEN }
enum IssueStateReason { COMPLETED DUPLICATE NOT_PLANNED REOPENED }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
input IssueOrder { direction: OrderDirection! field: IssueOrderField! }
type IssueConnection { nodes: [Issue] pageInfo: PageInfo! totalCount: Int! }
type IssueDependenciesSummary {
  blockedBy: Int!
  blocking: Int!
  totalBlockedBy: Int!
  totalBlocking: Int!
}
type Label implements Node { id: ID! name: String! color: String! }
type LabelConnection { nodes: [Label] pageInfo: PageInfo! totalCount: Int! }
type Issue implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  number: Int!
  title: String!
  body: String!
  url: URI!
  state: IssueState!
  stateReason(enableDuplicate: Boolean = false): IssueStateReason
  createdAt: DateTime!
  updatedAt: DateTime!
  closedAt: DateTime
  closed: Boolean!
  lastEditedAt: DateTime
  author: Actor
  editor: Actor
  repository: Repository!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
  timelineItems(
    after: String
    before: String
    first: Int
    last: Int
    itemTypes: [IssueTimelineItemsItemType!]
    since: DateTime
  ): IssueTimelineItemsConnection!
  issueDependenciesSummary: IssueDependenciesSummary!
  blockedBy(after: String, before: String, first: Int, last: Int): IssueConnection!
}
type IssueComment implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  body: String!
  url: URI!
  createdAt: DateTime!
  updatedAt: DateTime!
  lastEditedAt: DateTime
  author: Actor
  editor: Actor
  viewerDidAuthor: Boolean!
}
type IssueCommentConnection { nodes: [IssueComment] pageInfo: PageInfo! totalCount: Int! }
`;

/** Types of what happened to an issue. */
export const TIMELINE_SDL = `
enum IssueTimelineItemsItemType {
  CLOSED_EVENT
  ISSUE_COMMENT
  LABELED_EVENT
  RENAMED_TITLE_EVENT
  REOPENED_EVENT
  TRANSFERRED_EVENT
  UNLABELED_EVENT
}
union IssueTimelineItems =
    ClosedEvent
  | IssueComment
  | LabeledEvent
  | RenamedTitleEvent
  | ReopenedEvent
  | TransferredEvent
  | UnlabeledEvent
type IssueTimelineItemsConnection {
  nodes: [IssueTimelineItems]
  pageInfo: PageInfo!
  totalCount: Int!
}
enum IssueEventConfidenceLevel { HIGH LOW MEDIUM }
type IssueUpdateIntent { confidence: IssueEventConfidenceLevel databaseId: Int rationale: String }
type LabeledEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  label: Label!
  intent: IssueUpdateIntent
}
type UnlabeledEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  label: Label!
  intent: IssueUpdateIntent
}
enum PullRequestState { CLOSED MERGED OPEN }
type PullRequest implements Node {
  id: ID!
  number: Int!
  url: URI!
  state: PullRequestState!
  repository: Repository!
}
union IssueOrPullRequest = Issue | PullRequest
type ProjectV2 implements Node { id: ID! number: Int! }
union Closer = Commit | ProjectV2 | PullRequest
type ClosedEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  closer: Closer
  stateReason: IssueStateReason
}
type ReopenedEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  stateReason: IssueStateReason
}
type RenamedTitleEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  previousTitle: String!
  currentTitle: String!
}
type TransferredEvent implements Node {
  id: ID!
  createdAt: DateTime!
  actor: Actor
  fromRepository: Repository
}
`;
