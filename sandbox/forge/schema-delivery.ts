/** The part of the schema about what a branch requires. */
export const RULES_SDL = `
type BranchProtectionRule implements Node {
  id: ID!
  pattern: String!
  requiresStatusChecks: Boolean!
  requiredStatusChecks: [RequiredStatusCheckDescription!]
}
type RequiredStatusCheckDescription { app: App context: String! }
type RefUpdateRule { pattern: String! requiredStatusCheckContexts: [String] }
enum RepositoryRuleType { DELETION NON_FAST_FORWARD REQUIRED_STATUS_CHECKS WORKFLOWS }
type RepositoryRuleConnection { nodes: [RepositoryRule] pageInfo: PageInfo! totalCount: Int! }
type RepositoryRule implements Node {
  id: ID!
  type: RepositoryRuleType!
  parameters: RuleParameters
}
union RuleParameters = RequiredStatusChecksParameters
type RequiredStatusChecksParameters {
  requiredStatusChecks: [StatusCheckConfiguration!]!
  strictRequiredStatusChecksPolicy: Boolean!
}
type StatusCheckConfiguration { context: String! integrationId: Int }
`;

/** The part of the schema about deployments. */
export const DEPLOYMENTS_SDL = `
enum DeploymentState {
  ABANDONED ACTIVE DESTROYED ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING
}
enum DeploymentStatusState {
  ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING
}
enum DeploymentOrderField { CREATED_AT }
input DeploymentOrder { direction: OrderDirection! field: DeploymentOrderField! }
type DeploymentConnection { nodes: [Deployment] pageInfo: PageInfo! totalCount: Int! }
type Deployment implements Node {
  id: ID!
  databaseId: Int
  commitOid: String!
  createdAt: DateTime!
  creator: Actor!
  environment: String
  latestStatus: DeploymentStatus
  state: DeploymentState
  statuses(after: String, before: String, first: Int, last: Int): DeploymentStatusConnection
}
type DeploymentStatusConnection { nodes: [DeploymentStatus] pageInfo: PageInfo! totalCount: Int! }
type DeploymentStatus implements Node {
  id: ID!
  state: DeploymentStatusState!
  createdAt: DateTime!
  description: String
  environmentUrl: URI
  logUrl: URI
}
`;
