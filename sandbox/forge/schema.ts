import { buildSchema } from "graphql";
import { DEPLOYMENTS_SDL, RULES_SDL } from "./schema-delivery.ts";
import { ISSUES_SDL, TIMELINE_SDL } from "./schema-issues.ts";

// The part of GitHub's GraphQL that this forge answers truthfully. A field, argument or event type
// that is not here fails validation loudly instead of being answered by a guess.
const ROOT_AND_PEOPLE = `
scalar DateTime
scalar URI
scalar GitObjectID
scalar GitTimestamp
scalar BigInt

type Query {
  rateLimit: RateLimit
  repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  viewer: User!
}

type RateLimit {
  cost: Int!
  limit: Int!
  nodeCount: Int!
  remaining: Int!
  resetAt: DateTime!
  used: Int!
}

interface Node { id: ID! }
interface Actor { login: String! url: URI! }
type User implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type Bot implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type Mannequin implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type Organization implements Actor & Node { id: ID! databaseId: Int login: String! url: URI! }
type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
}
enum OrderDirection { ASC DESC }
`;

const REPOSITORY = `
enum RepositoryPermission { ADMIN MAINTAIN WRITE TRIAGE READ }
type Repository implements Node {
  id: ID!
  databaseId: Int
  name: String!
  nameWithOwner: String!
  url: URI!
  isArchived: Boolean!
  isPrivate: Boolean!
  hasIssuesEnabled: Boolean!
  viewerPermission: RepositoryPermission
  defaultBranchRef: Ref
  issues(
    after: String
    before: String
    first: Int
    last: Int
    labels: [String!]
    orderBy: IssueOrder
    states: [IssueState!]
  ): IssueConnection!
  issue(number: Int!): Issue
  issueOrPullRequest(number: Int!): IssueOrPullRequest
  label(name: String!): Label
  object(oid: GitObjectID): GitObject
  ref(qualifiedName: String!): Ref
  deployments(
    after: String
    before: String
    environments: [String!]
    first: Int
    last: Int
    orderBy: DeploymentOrder
  ): DeploymentConnection!
  collaborators(
    after: String
    before: String
    first: Int
    last: Int
    login: String
  ): RepositoryCollaboratorConnection
}
type RepositoryCollaboratorConnection {
  edges: [RepositoryCollaboratorEdge]
  nodes: [User]
  pageInfo: PageInfo!
  totalCount: Int!
}
type RepositoryCollaboratorEdge {
  cursor: String!
  node: User!
  permission: RepositoryPermission!
}

type Ref implements Node {
  id: ID!
  name: String!
  prefix: String!
  target: GitObject
  branchProtectionRule: BranchProtectionRule
  refUpdateRule: RefUpdateRule
  rules(after: String, before: String, first: Int, last: Int): RepositoryRuleConnection
}
interface GitObject { id: ID! oid: GitObjectID! abbreviatedOid: String! }
type Commit implements GitObject & Node {
  id: ID!
  oid: GitObjectID!
  abbreviatedOid: String!
  message: String!
  messageHeadline: String!
  messageBody: String!
  committedDate: DateTime!
  authoredDate: DateTime!
  url: URI!
  parents(after: String, before: String, first: Int, last: Int): CommitConnection!
  history(
    after: String
    before: String
    first: Int
    last: Int
    since: GitTimestamp
  ): CommitHistoryConnection!
  statusCheckRollup: StatusCheckRollup
}
type CommitConnection { nodes: [Commit] pageInfo: PageInfo! totalCount: Int! }
type CommitHistoryConnection { nodes: [Commit] pageInfo: PageInfo! totalCount: Int! }
`;

const CHECKS = `
enum StatusState { ERROR EXPECTED FAILURE PENDING SUCCESS }
enum CheckStatusState { COMPLETED IN_PROGRESS PENDING QUEUED REQUESTED WAITING }
enum CheckConclusionState {
  ACTION_REQUIRED CANCELLED FAILURE NEUTRAL SKIPPED STALE STARTUP_FAILURE SUCCESS TIMED_OUT
}
type StatusCheckRollup implements Node {
  id: ID!
  state: StatusState!
  contexts(
    after: String
    before: String
    first: Int
    last: Int
  ): StatusCheckRollupContextConnection!
}
type StatusCheckRollupContextConnection {
  checkRunCount: Int!
  nodes: [StatusCheckRollupContext]
  pageInfo: PageInfo!
  statusContextCount: Int!
  totalCount: Int!
}
union StatusCheckRollupContext = CheckRun | StatusContext
type CheckRun implements Node {
  id: ID!
  databaseId: Int
  name: String!
  status: CheckStatusState!
  conclusion: CheckConclusionState
  startedAt: DateTime
  completedAt: DateTime
  detailsUrl: URI
  title: String
  summary: String
  checkSuite: CheckSuite!
}
type CheckSuite implements Node {
  id: ID!
  databaseId: Int
  status: CheckStatusState!
  conclusion: CheckConclusionState
  app: App
  workflowRun: WorkflowRun
}
type App implements Node { id: ID! databaseId: Int slug: String! name: String! }
type WorkflowRun implements Node {
  id: ID!
  databaseId: Int
  event: String!
  runAttempt: Int!
  workflow: Workflow!
}
type Workflow implements Node { id: ID! name: String! }
type StatusContext implements Node {
  id: ID!
  context: String!
  state: StatusState!
  createdAt: DateTime!
  description: String
  targetUrl: URI
}
`;

/** The schema of the forge: names, arguments and types are GitHub's, the selection is ours. */
export const forgeSchema = buildSchema(
  [ROOT_AND_PEOPLE, REPOSITORY, CHECKS, RULES_SDL, DEPLOYMENTS_SDL, ISSUES_SDL, TIMELINE_SDL].join(
    "\n",
  ),
);
