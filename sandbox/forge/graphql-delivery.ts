import { connect, forgeError, type PageArgs } from "./connection.ts";
import { type Sight, viewActor } from "./graphql-issue.ts";
import type { Deployment, DeploymentReport, Repo, Requirement } from "./model.ts";
import { permissionOf } from "./world.ts";

type View = Record<string, unknown>;

/** What a ref says of the checks it requires. Only an administrator is shown the protection itself. */
export function viewRequirements(sight: Sight, repo: Repo): View {
  const { protection, ruleset } = repo.requirements;
  const isAdmin = permissionOf(repo, sight.viewer) === "admin";
  return {
    branchProtectionRule() {
      if (!isAdmin) throw forgeError("FORBIDDEN", "Resource not accessible by integration");
      return protection && viewProtection(repo, protection);
    },
    refUpdateRule: protection && {
      pattern: repo.defaultBranch,
      requiredStatusCheckContexts: protection.map(({ context }) => context),
    },
    rules: (args: PageArgs) =>
      connect(ruleset === null ? [] : [ruleset], args, {
        field: "rules",
        keyOf: () => `rule ${repo.id}`,
        view: (required) => viewRule(repo, required),
      }),
  };
}

function viewProtection(repo: Repo, required: readonly Requirement[]): View {
  return {
    id: `BPR_${repo.id}`,
    pattern: repo.defaultBranch,
    requiresStatusChecks: true,
    requiredStatusChecks: required.map(({ context, appId }) => ({
      context,
      app: appId === null ? null : { id: `A_${appId}`, databaseId: appId, slug: "", name: "" },
    })),
  };
}

function viewRule(repo: Repo, required: readonly Requirement[]): View {
  return {
    id: `RRU_${repo.id}`,
    type: "REQUIRED_STATUS_CHECKS",
    parameters: {
      __typename: "RequiredStatusChecksParameters",
      strictRequiredStatusChecksPolicy: false,
      requiredStatusChecks: required.map(({ context, appId }) => ({
        context,
        integrationId: appId,
      })),
    },
  };
}

type DeploymentArgs = PageArgs & {
  readonly environments?: readonly string[] | null;
  readonly orderBy?: { readonly direction: string } | null;
};

/** The deployments of a repo; oldest first unless asked otherwise. */
export function viewDeployments(sight: Sight, repo: Repo, args: DeploymentArgs): View {
  const found = repo.deployments.filter(
    ({ environment }) => args.environments == null || args.environments.includes(environment),
  );
  return connect(args.orderBy?.direction === "DESC" ? found.toReversed() : found, args, {
    field: "deployments",
    keyOf: (one) => one.nodeId,
    view: (one) => viewDeployment(sight, one),
  });
}

function viewDeployment(sight: Sight, deployment: Deployment): View {
  const { reports } = deployment;
  const last = reports.at(-1);
  return {
    id: deployment.nodeId,
    databaseId: deployment.id,
    commitOid: deployment.sha,
    createdAt: deployment.createdAt,
    creator: viewActor(deployment.creator, sight.webUrl),
    environment: deployment.environment,
    // A deployment that succeeded is called active for as long as no other takes its place.
    state: last === undefined ? "PENDING" : last.state === "SUCCESS" ? "ACTIVE" : last.state,
    latestStatus: last === undefined ? null : viewReport(last),
    statuses: (args: PageArgs) =>
      connect(reports.toReversed(), args, {
        field: "statuses",
        keyOf: (one) => one.nodeId,
        view: viewReport,
      }),
  };
}

function viewReport(report: DeploymentReport): View {
  return {
    id: report.nodeId,
    state: report.state,
    createdAt: report.at,
    description: report.description,
    environmentUrl: null,
    logUrl: report.logUrl,
  };
}
