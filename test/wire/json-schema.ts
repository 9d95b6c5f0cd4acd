/** The part of a JSON schema, as OpenAPI 3.0 spells it, that a value can be held against. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};

/** Where a value stands: the document its schema's references point into, and the path to it. */
type Place = { readonly document: unknown; readonly path: string };

type Fields = Readonly<Record<string, unknown>>;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text),
  uri: (text) => URL.canParse(text),
  email: (text) => /^\S+@\S+$/.test(text),
};

/**
 * Where a value departs from its schema, one line each: `/labels/0/size is not described`. Beyond
 * what JSON schema asks, a property that the description does not know is a departure too.
 * References may be cyclic: the walk follows the value, which ends.
 */
export function departures(value: unknown, schema: Schema, place: Place): readonly string[] {
  const broken = constraints(value, schema, place);
  if (!isFields(value)) return broken;
  const known = knownKeys(value, schema, place);
  const strange = Object.keys(value).filter((key) => known !== "any" && !known.has(key));
  return [...broken, ...strange.map((key) => `${place.path}/${key} is not described`)];
}

/** What a reference (`#/components/schemas/issue`) stands for. Throws when it points at nothing. */
export function resolveReference(document: unknown, reference: string): unknown {
  let found = document;
  for (const step of reference.split("/").slice(1)) {
    found = isFields(found) ? found[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  if (found === undefined) throw new Error(`the description has no ${reference}`);
  return found;
}

function constraints(value: unknown, wanted: Schema, place: Place): readonly string[] {
  const schema = resolve(wanted, place);
  if (value === null && (schema.nullable === true || schema.enum?.includes(null))) return [];
  return [
    ...ofType(value, schema, place),
    ...ofChoice(value, schema, place),
    ...(schema.allOf ?? []).flatMap((part) => constraints(value, part, place)),
    ...ofVariants(value, schema.anyOf, place),
    // The published variants of `oneOf` overlap: more than one may fit.
    ...ofVariants(value, schema.oneOf, place),
  ];
}

function resolve(schema: Schema, place: Place): Schema {
  if (schema.$ref === undefined) return schema;
  return resolve(resolveReference(place.document, schema.$ref) as Schema, place);
}

function ofType(value: unknown, schema: Schema, place: Place): readonly string[] {
  const wanted = schema.type ?? (schema.properties === undefined ? undefined : "object");
  if (wanted === undefined) return [];
  const { path } = place;
  if (!isOfType(value, wanted)) {
    const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    return [`${path || "/"} is ${found}, not ${wanted}`];
  }
  if (typeof value === "string") return ofText(value, schema, path);
  if (typeof value === "number") return ofNumber(value, schema, path);
  if (Array.isArray(value)) return ofList(value, schema, place);
  return isFields(value) ? ofFields(value, schema, place) : [];
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isFields(value);
    default:
      return typeof value === type;
  }
}

function ofText(value: string, schema: Schema, path: string): readonly string[] {
  const { format = "", pattern, minLength = 0, maxLength = Infinity } = schema;
  const isFormatted = FORMATS[format]?.(value) ?? true;
  const isMatching = pattern === undefined || new RegExp(pattern, "u").test(value);
  const isLong = value.length >= minLength && value.length <= maxLength;
  return [
    ...(isFormatted ? [] : [`${path} is no ${format}: ${value}`]),
    ...(isMatching ? [] : [`${path} does not match ${pattern}: ${value}`]),
    ...(isLong ? [] : [`${path} has ${value.length} characters`]),
  ];
}

function ofNumber(value: number, schema: Schema, path: string): readonly string[] {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return value >= minimum && value <= maximum ? [] : [`${path} is out of bounds: ${value}`];
}

function ofList(value: readonly unknown[], schema: Schema, place: Place): readonly string[] {
  const { items, minItems = 0 } = schema;
  const few = value.length < minItems ? [`${place.path} has ${value.length} items`] : [];
  if (items === undefined) return few;
  const each = value.flatMap((one, at) => departures(one, items, below(place, String(at))));
  return [...few, ...each];
}

function ofFields(value: Fields, schema: Schema, place: Place): readonly string[] {
  const { properties = {}, required = [], additionalProperties: rest } = schema;
  const missing = required.filter((key) => !Object.hasOwn(value, key));
  const inner = Object.entries(value).flatMap(([key, one]) => {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    const wanted = property ?? (typeof rest === "object" ? rest : undefined);
    return wanted === undefined ? [] : departures(one, wanted, below(place, key));
  });
  return [...missing.map((key) => `${place.path}/${key} is missing`), ...inner];
}

function ofChoice(value: unknown, schema: Schema, place: Place): readonly string[] {
  if (schema.enum === undefined || schema.enum.includes(value)) return [];
  return [`${place.path} is none of ${schema.enum.join(", ")}: ${String(value)}`];
}

/** One that fits is enough; of none, the one that fits best says why. */
function ofVariants(
  value: unknown,
  variants: readonly Schema[] | undefined,
  place: Place,
): readonly string[] {
  if (variants === undefined) return [];
  const found = variants.map((variant) => constraints(value, variant, place));
  return found.toSorted((one, other) => one.length - other.length)[0] ?? [];
}

/** The properties a description knows, from every part of it that fits the value. */
function knownKeys(value: Fields, wanted: Schema, place: Place): ReadonlySet<string> | "any" {
  const schema = resolve(wanted, place);
  const { properties, additionalProperties: rest = false } = schema;
  const variants = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const parts = [...(schema.allOf ?? []), ...variants.filter((one) => isFit(value, one, place))];
  // Nothing said about properties: an object of any kind.
  if (rest !== false || (properties === undefined && parts.length === 0)) return "any";
  const known = new Set(Object.keys(properties ?? {}));
  for (const part of parts) {
    const keys = knownKeys(value, part, place);
    // A part that only narrows, such as `required` alone, opens nothing.
    if (keys !== "any") for (const key of keys) known.add(key);
    else if (properties === undefined) return "any";
  }
  return known;
}

function isFit(value: unknown, schema: Schema, place: Place): boolean {
  return constraints(value, schema, place).length === 0;
}

function below({ document, path }: Place, step: string): Place {
  return { document, path: `${path}/${step}` };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
