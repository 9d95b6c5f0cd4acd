import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";

/** What a query weighs: points of the hourly budget, and nodes it may return. */
export type Weight = { readonly cost: number; readonly nodeCount: number };

// GitHub divides the number of requests a query would take by this.
const REQUESTS_PER_POINT = 100;

type Walk = {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: ReadonlyMap<string, unknown>;
  requests: number;
  nodes: number;
};

/** Weighs a query by the published formula: every connection is assumed to be full. */
export function weighQuery(
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  operationName: string | undefined,
): Weight {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName === undefined || definition.name?.value === operationName) {
      operation = definition;
    }
  }
  if (operation === undefined) return { cost: 1, nodeCount: 0 };
  const known = new Map<string, unknown>();
  for (const declared of operation.variableDefinitions ?? []) {
    const name = declared.variable.name.value;
    const fallback = declared.defaultValue;
    known.set(name, variables[name] ?? (fallback && valueOf(fallback, known)));
  }
  const walk: Walk = { fragments, variables: known, requests: 0, nodes: 0 };
  walkSelections(operation.selectionSet, 1, walk);
  const cost = Math.max(1, Math.round(walk.requests / REQUESTS_PER_POINT));
  return { cost, nodeCount: walk.nodes };
}

function walkSelections(set: SelectionSetNode | undefined, parents: number, walk: Walk): void {
  for (const selection of set?.selections ?? []) {
    switch (selection.kind) {
      case Kind.FIELD:
        walkField(selection, parents, walk);
        break;
      case Kind.INLINE_FRAGMENT:
        walkSelections(selection.selectionSet, parents, walk);
        break;
      case Kind.FRAGMENT_SPREAD:
        walkSelections(walk.fragments.get(selection.name.value)?.selectionSet, parents, walk);
        break;
    }
  }
}

function walkField(field: FieldNode, parents: number, walk: Walk): void {
  let children = parents;
  for (const argument of field.arguments ?? []) {
    const value = valueOf(argument.value, walk.variables);
    const name = argument.name.value;
    if (name === "ids" && Array.isArray(value)) children = parents * value.length;
    if ((name === "first" || name === "last") && typeof value === "number") {
      walk.requests += parents;
      children = parents * value;
      walk.nodes += children;
    }
  }
  walkSelections(field.selectionSet, children, walk);
}

function valueOf(value: ValueNode, variables: ReadonlyMap<string, unknown>): unknown {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.VARIABLE) return variables.get(value.name.value);
  if (value.kind === Kind.LIST) return value.values.map((one) => valueOf(one, variables));
  return undefined;
}
