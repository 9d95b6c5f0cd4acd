import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";

type Fields = Readonly<Record<string, unknown>>;

type Asked = {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
};

type Context = {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
};

const isText = (value: unknown): value is string => typeof value === "string";
const matches = (pattern: RegExp) => (value: unknown) => isText(value) && pattern.test(value);
const INT_MAX = 2 ** 31 - 1;

/** GitHub's scalars as they come over the wire; one that is not listed may be anything. */
export const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  ID: isText,
  String: isText,
  Boolean: (value) => typeof value === "boolean",
  Float: (value) => typeof value === "number",
  Int: (value) => Number.isInteger(value) && Math.abs(Number(value)) <= INT_MAX,
  // Text, because it may be larger than a number holds.
  BigInt: matches(/^-?\d+$/),
  DateTime: matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  GitObjectID: matches(/^[0-9a-f]{40}$/),
  GitTimestamp: matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/),
  URI: (value) => isText(value) && URL.canParse(value),
};

/** Where data departs from what its operation asked for, one line each. */
export function checkData(asked: Asked, data: unknown): readonly string[] {
  const { schema, document, operation } = asked;
  const root = schema.getRootType(operation.operation);
  if (root == null) return [`the schema has no ${operation.operation}`];
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  return checkObject({ schema, fragments }, data, {
    type: root,
    sets: [operation.selectionSet],
    path: "data",
  });
}

type Wanted<Type> = {
  readonly type: Type;
  readonly sets: readonly SelectionSetNode[];
  readonly path: string;
};

function checkObject(
  context: Context,
  value: unknown,
  wanted: Wanted<GraphQLCompositeType>,
): readonly string[] {
  const { type, path } = wanted;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [`${path} is no ${type.name}`];
  }
  const fields = value as Fields;
  if (isObjectType(type)) return checkFields(context, fields, { ...wanted, type });
  // Without its name the type is any that was asked for exactly these fields.
  const name = fields["__typename"];
  const possible = context.schema
    .getPossibleTypes(type)
    .filter((one) => name === undefined || one.name === name);
  if (possible.length === 0) return [`${path} is ${String(name)}, which is no ${type.name}`];
  let best: readonly string[] | null = null;
  for (const one of possible) {
    const found = checkFields(context, fields, { ...wanted, type: one });
    if (best === null || found.length < best.length) best = found;
    if (best.length === 0) break;
  }
  return best ?? [];
}

function checkFields(
  context: Context,
  value: Fields,
  wanted: Wanted<GraphQLObjectType>,
): readonly string[] {
  const { type, path } = wanted;
  const asked = new Map<string, FieldNode[]>();
  for (const set of wanted.sets) collectFields(context, { type, set }, asked);
  const strange = Object.keys(value).filter((key) => !asked.has(key));
  const problems = strange.map((key) => `${path}.${key} was not asked for`);
  for (const [key, nodes] of asked) {
    if (!Object.hasOwn(value, key)) {
      problems.push(`${path}.${key} is missing`);
      continue;
    }
    const field = context.schema.getField(type, nodes[0]?.name.value ?? "");
    if (field === undefined) problems.push(`${path}.${key} is no field of ${type.name}`);
    if (field === undefined) continue;
    const sets = nodes.flatMap((node) => node.selectionSet ?? []);
    const inner = { type: field.type, sets, path: `${path}.${key}` };
    problems.push(...checkValue(context, value[key], inner));
  }
  return problems;
}

function checkValue(
  context: Context,
  value: unknown,
  wanted: Wanted<GraphQLOutputType>,
): readonly string[] {
  const { type, path } = wanted;
  if (isNonNullType(type)) {
    const inner = { ...wanted, type: type.ofType };
    return value === null ? [`${path} is null`] : checkValue(context, value, inner);
  }
  if (value === null) return [];
  if (isListType(type)) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((one: unknown, at) =>
      checkValue(context, one, { ...wanted, type: type.ofType, path: `${path}.${at}` }),
    );
  }
  if (isCompositeType(type)) return checkObject(context, value, { ...wanted, type });
  const isEnumValue = isEnumType(type) && isText(value) && type.getValue(value) !== undefined;
  const isScalarValue = isScalarType(type) && SCALARS[type.name]?.(value) !== false;
  return isEnumValue || isScalarValue
    ? []
    : [`${path} is no ${type.name}: ${JSON.stringify(value)}`];
}

/** Every field that an object of the type answers, by the key it answers under. */
function collectFields(
  context: Context,
  from: { readonly type: GraphQLObjectType; readonly set: SelectionSetNode },
  into: Map<string, FieldNode[]>,
): void {
  for (const selection of from.set.selections) {
    if ((selection.directives ?? []).length > 0) {
      throw new Error("a field depends on a directive, which this check does not evaluate");
    }
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      into.set(key, [...(into.get(key) ?? []), selection]);
      continue;
    }
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD
        ? context.fragments.get(selection.name.value)
        : selection;
    const condition = fragment?.typeCondition?.name.value;
    if (fragment === undefined || !isWithin(context, from.type, condition)) continue;
    collectFields(context, { type: from.type, set: fragment.selectionSet }, into);
  }
}

function isWithin(context: Context, type: GraphQLObjectType, condition?: string): boolean {
  if (condition === undefined || condition === type.name) return true;
  const wider = context.schema.getType(condition);
  return isAbstractType(wider) && context.schema.isSubType(wider, type);
}
