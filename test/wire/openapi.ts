import { departures, resolveReference, type Schema } from "./json-schema.ts";

/** One REST request and its answer. Bodies are parsed; undefined is no body. */
export type RestExchange = {
  readonly method: string;
  /** Below the API's root, with its query: `/user?x=1`. */
  readonly path: string;
  readonly requestBody?: unknown;
  /** Null when no answer came. */
  readonly status: number | null;
  readonly responseBody?: unknown;
};

/** A published description of a REST API, OpenAPI 3.0. */
export type RestDescription = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

type Reference = { readonly $ref: string };
type Content = { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> };
type Operation = {
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content | Reference>>;
};
type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
};

/** Requests that are made although the description at hand leaves them out, with the reason. */
const UNDESCRIBED_REQUESTS: ReadonlyMap<string, string> = new Map([
  ["GET /installation/repositories", "which repos an App reaches; outside the subset at hand"],
  ["GET /installation/repositories", "which repos a token reaches; outside the described subset"],
]);

/** Statuses any request may be answered with, though few operations list them, with the reason. */
const UNDESCRIBED_STATUSES: ReadonlyMap<number, string> = new Map([
  [301, "the repo was renamed or moved"],
  [401, "the token is refused"],
  [403, "a right is missing, the repo is archived, or a limit was reached"],
  [404, "not there, or not for this token"],
  [429, "a limit was reached"],
  [500, "the service broke"],
  [502, "the front door lost the answer, which is no JSON"],
  [503, "the service is down"],
]);

const ANY_ERROR: Schema = { $ref: "#/components/schemas/basic-error" };

/** Where a request or its answer departs from the description, one line each. */
export function checkRest(api: RestDescription, exchange: RestExchange): readonly string[] {
  const url = new URL(exchange.path, "http://api.invalid");
  const request = `${exchange.method} ${url.pathname}`;
  if (UNDESCRIBED_REQUESTS.has(request)) return [];
  const found = findOperation(api, exchange.method, url.pathname);
  if (found === null) return [`${request}: the description knows no such path or method`];
  const { operation, values } = found;
  const problems = [
    ...checkParameters(api, operation, { path: values, query: url.searchParams }),
    ...checkRequestBody(api, operation, exchange.requestBody),
    ...(exchange.status === null ? [] : checkAnswer(api, operation, exchange)),
  ];
  return problems.map((problem) => `${request}: ${problem}`);
}

type Found = { readonly operation: Operation; readonly values: ReadonlyMap<string, string> };

/** Of several templates that fit, the one with the fewest parameters is meant. */
function findOperation(api: RestDescription, method: string, path: string): Found | null {
  const found = Object.entries(api.paths).flatMap(([template, operations]) => {
    const values = matchPath(template, path);
    const operation = operations[method.toLowerCase()];
    return values === null || operation === undefined ? [] : [{ operation, values }];
  });
  return found.toSorted((one, other) => one.values.size - other.values.size)[0] ?? null;
}

function matchPath(template: string, path: string): ReadonlyMap<string, string> | null {
  const [wanted, given] = [template.split("/"), path.split("/")];
  if (wanted.length !== given.length) return null;
  const values = new Map<string, string>();
  for (const [at, step] of wanted.entries()) {
    const text = given[at] ?? "";
    const name = /^\{(\w+)\}$/.exec(step)?.[1];
    if (name === undefined && step !== text) return null;
    if (name !== undefined && text === "") return null;
    if (name !== undefined) values.set(name, decodeURIComponent(text));
  }
  return values;
}

function checkParameters(
  api: RestDescription,
  operation: Operation,
  given: { readonly path: ReadonlyMap<string, string>; readonly query: URLSearchParams },
): readonly string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  for (const one of operation.parameters ?? []) {
    const parameter = "$ref" in one ? (resolveReference(api, one.$ref) as Parameter) : one;
    const { name, required = false, schema } = parameter;
    if (parameter.in === "query") known.add(name);
    const text = parameter.in === "path" ? given.path.get(name) : given.query.get(name);
    if (parameter.in !== "path" && parameter.in !== "query") continue;
    if (text == null) {
      if (required) problems.push(`parameter ${name} is missing`);
      continue;
    }
    const place = { document: api, path: `parameter ${name}` };
    problems.push(...departures(fromText(text, schema), schema, place));
  }
  for (const name of given.query.keys()) {
    if (!known.has(name)) problems.push(`parameter ${name} is not described`);
  }
  return problems;
}

/** A parameter's value as its schema types it; text that is nothing of the kind stays text. */
function fromText(text: string, schema: Schema): unknown {
  if (schema.type === "integer" && /^-?\d+$/.test(text)) return Number(text);
  if (schema.type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

function checkRequestBody(
  api: RestDescription,
  operation: Operation,
  body: unknown,
): readonly string[] {
  const { requestBody } = operation;
  const schema = schemaOf(requestBody);
  if (body === undefined) return requestBody?.required === true ? ["its body is missing"] : [];
  if (schema === undefined) return ["it has a body, and none is described"];
  return departures(body, schema, { document: api, path: "request" });
}

function checkAnswer(
  api: RestDescription,
  operation: Operation,
  exchange: RestExchange,
): readonly string[] {
  const { status, responseBody: body } = exchange;
  const described = operation.responses[String(status)];
  const place = { document: api, path: `answer ${status}` };
  if (described === undefined) {
    if (!UNDESCRIBED_STATUSES.has(Number(status))) return [`status ${status} is not described`];
    return typeof body === "object" ? departures(body, ANY_ERROR, place) : [];
  }
  const response =
    "$ref" in described ? (resolveReference(api, described.$ref) as Content) : described;
  const schema = schemaOf(response);
  if (schema !== undefined) return departures(body, schema, place);
  return body === undefined ? [] : [`answer ${status} has a body, and none is described`];
}

function schemaOf(holder: Content | undefined): Schema | undefined {
  return holder?.content?.["application/json"]?.schema;
}
