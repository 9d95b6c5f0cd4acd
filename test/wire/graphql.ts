import {
  type DocumentNode,
  getOperationAST,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from "graphql";
import { getVariableValues } from "graphql/execution";
import { checkData, SCALARS } from "./graphql-data.ts";

/** One GraphQL request and its answer, as parsed JSON. Status null: no answer came. */
export type GraphqlExchange = {
  readonly requestBody?: unknown;
  readonly status: number | null;
  readonly responseBody?: unknown;
};

type Fields = Readonly<Record<string, unknown>>;

const ANSWER_KEYS: ReadonlySet<string> = new Set(["data", "errors", "extensions"]);
const ERROR_KEYS: ReadonlySet<string> = new Set([
  "type",
  "path",
  "locations",
  "message",
  "extensions",
]);

/** Where a request or its answer departs from the published schema, one line each. */
export function checkGraphql(schema: GraphQLSchema, exchange: GraphqlExchange): readonly string[] {
  const body = toFields(exchange.requestBody);
  const { query, variables, operationName } = body;
  if (typeof query !== "string") return ["POST /graphql: the request has no query"];
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch (error) {
    return [`POST /graphql: ${String(error)}`];
  }
  const name = typeof operationName === "string" ? operationName : null;
  const operation = getOperationAST(document, name);
  const label = `GraphQL ${operation?.name?.value ?? "without a name"}`;
  const problems = [
    ...validate(schema, document).map(({ message }) => message),
    ...(operation == null ? ["no operation is named to be run"] : []),
  ];
  if (operation == null || problems.length > 0) return problems.map((each) => `${label}: ${each}`);
  return [
    ...checkVariables(schema, operation, toFields(variables)),
    ...(exchange.status === 200
      ? checkAnswer({ schema, document, operation }, exchange.responseBody)
      : []),
  ].map((problem) => `${label}: ${problem}`);
}

function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Fields,
): readonly string[] {
  const declared = operation.variableDefinitions ?? [];
  const names = new Set(declared.map(({ variable }) => variable.name.value));
  const coerced = getVariableValues(schema, declared, given);
  const strange = Object.keys(given).filter((name) => !names.has(name));
  // To the schema a custom scalar is anything: what GitHub means by it is checked here.
  const malformed = declared.filter(({ variable, type }) => {
    if (coerced.errors !== undefined) return false;
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    const value = given[variable.name.value];
    const isScalar = named.kind === Kind.NAMED_TYPE ? SCALARS[named.name.value] : undefined;
    return value != null && isScalar?.(value) === false;
  });
  return [
    ...(coerced.errors ?? []).map(({ message }) => message),
    ...strange.map((name) => `variable $${name} is not declared`),
    ...malformed.map(({ variable }) => `variable $${variable.name.value} is malformed`),
  ];
}

function checkAnswer(
  asked: {
    readonly schema: GraphQLSchema;
    readonly document: DocumentNode;
    readonly operation: OperationDefinitionNode;
  },
  answer: unknown,
): readonly string[] {
  const body = toFields(answer);
  const strange = Object.keys(body).filter((key) => !ANSWER_KEYS.has(key));
  const problems = strange.map((key) => `the answer has ${key}`);
  const { data, errors } = body;
  if (data === undefined && errors === undefined) problems.push("the answer has no data");
  if (data != null) problems.push(...checkData(asked, data));
  if (errors !== undefined) problems.push(...checkErrors(errors));
  return problems;
}

function checkErrors(errors: unknown): readonly string[] {
  if (!Array.isArray(errors) || errors.length === 0) return ["errors is no list with entries"];
  return errors.flatMap((one: unknown, at) => {
    const error = toFields(one);
    const strange = Object.keys(error).filter((key) => !ERROR_KEYS.has(key));
    return [
      ...(typeof error["message"] === "string" ? [] : [`errors/${at} has no message`]),
      ...strange.map((key) => `errors/${at} has ${key}`),
    ];
  });
}

function toFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
