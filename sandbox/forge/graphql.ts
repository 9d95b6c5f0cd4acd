import {
  type DocumentNode,
  execute,
  GraphQLError,
  getOperationAST,
  parse,
  validate,
} from "graphql";
import type { Budgets } from "./budget.ts";
import { forgeError } from "./connection.ts";
import { isoSeconds } from "./git.ts";
import { type Weight, weighQuery } from "./graphql-cost.ts";
import { canSee, type Sight, viewActor, viewComment, viewIssue } from "./graphql-issue.ts";
import { viewRepo } from "./graphql-repo.ts";
import type { Account } from "./model.ts";
import type { Answer } from "./rest-call.ts";
import { forgeSchema } from "./schema.ts";
import { findRepo, type NodeRecord, restLogin, type World } from "./world.ts";

/** A GraphQL request as it came over the wire. */
export type GraphqlRequest = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
};

type GraphqlHost = {
  readonly world: World;
  readonly viewer: Account;
  readonly webUrl: string;
  readonly budgets: Budgets;
};

/** The name of the operation a request runs, for the request log; undefined when it has none. */
export function operationNameOf(request: GraphqlRequest): string | undefined {
  if (request.operationName !== undefined) return request.operationName;
  try {
    return getOperationAST(parse(request.query))?.name?.value;
  } catch {
    return undefined;
  }
}

/** Answers a query like GitHub: status 200 even for errors, with the partial data beside them. */
export async function answerGraphql(host: GraphqlHost, request: GraphqlRequest): Promise<Answer> {
  let document: DocumentNode;
  try {
    document = parse(request.query);
  } catch (error) {
    return errorsOnly([error instanceof GraphQLError ? error : new GraphQLError(String(error))]);
  }
  const problems = validate(forgeSchema, document);
  if (problems.length > 0) return errorsOnly(problems);
  const weight = weighQuery(document, request.variables, request.operationName);
  const { data, errors } = await execute({
    schema: forgeSchema,
    document,
    rootValue: rootOf(host, weight),
    variableValues: request.variables,
    operationName: request.operationName ?? null,
  });
  const body = errors === undefined ? { data } : { data, errors: errors.map(toWireError) };
  return { status: 200, body, points: weight.cost };
}

function errorsOnly(errors: readonly GraphQLError[]): Answer {
  return { status: 200, body: { errors: errors.map(toWireError) } };
}

/** GitHub lifts the type of an error out of its extensions. */
function toWireError(error: GraphQLError): Record<string, unknown> {
  const { message, path, locations, extensions } = error;
  const type = extensions["type"];
  return { ...(type === undefined ? {} : { type }), path, locations, message };
}

function rootOf(host: GraphqlHost, weight: Weight): Record<string, unknown> {
  const { world, viewer, webUrl } = host;
  const sight: Sight = { world, viewer, webUrl, showRepo: (repo) => viewRepo(sight, repo) };
  const balance = host.budgets.take(viewer, "graphql", weight.cost);
  const { limit, used, remaining } = balance;
  const resolveNode = (id: string) => {
    const record = world.nodes.get(id);
    const view = record === undefined ? null : viewNode(sight, record);
    if (view !== null) return view;
    throw forgeError("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
  };
  return {
    rateLimit: { ...weight, limit, used, remaining, resetAt: isoSeconds(balance.resetAtMs) },
    repository({ owner, name }: { readonly owner: string; readonly name: string }) {
      const repo = findRepo(world, `${owner}/${name}`);
      if (repo !== null && canSee(sight, repo)) return viewRepo(sight, repo);
      throw forgeError(
        "NOT_FOUND",
        `Could not resolve to a Repository with the name '${owner}/${name}'.`,
      );
    },
    node: ({ id }: { readonly id: string }) => resolveNode(id),
    // Each id fails alone: the promise keeps one missing node from failing the whole list.
    nodes: ({ ids }: { readonly ids: readonly string[] }) => ids.map(async (id) => resolveNode(id)),
    // The viewer is typed as a user even when it is an App, whose login then carries its suffix.
    viewer: {
      ...viewActor(viewer, webUrl),
      __typename: "User",
      login: restLogin(viewer),
    },
  };
}

function viewNode(sight: Sight, record: NodeRecord): Record<string, unknown> | null {
  switch (record.kind) {
    case "account":
      return viewActor(record.account, sight.webUrl);
    case "repo":
      return canSee(sight, record.repo) ? viewRepo(sight, record.repo) : null;
    case "issue":
      return canSee(sight, record.issue.repo) ? viewIssue(sight, record.issue) : null;
    case "comment":
      return canSee(sight, record.comment.issue.repo) ? viewComment(sight, record.comment) : null;
  }
}
