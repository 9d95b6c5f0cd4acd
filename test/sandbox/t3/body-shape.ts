/** What a field holds, by its path: `thread.messages[user].text` → `string`. Values are left out. */
export type BodyShape = ReadonlyMap<string, string>;

/**
 * The shape of a JSON body: every path with the types found there. Elements of an array are told
 * apart by what they are (`kind`, `role` or `id`), and those of one sort are taken together.
 */
export function shapeOf(body: unknown): BodyShape {
  const types = new Map<string, Set<string>>();
  walk(body, "", types);
  return new Map([...types].map(([path, set]) => [path, [...set].toSorted().join("|")]));
}

function walk(value: unknown, path: string, types: Map<string, Set<string>>): void {
  const type = typeOf(value);
  types.set(path, (types.get(path) ?? new Set()).add(type));
  if (Array.isArray(value)) {
    for (const element of value) walk(element, `${path}[${sortOf(element)}]`, types);
  } else if (type === "object") {
    for (const [key, field] of Object.entries(value as object)) {
      walk(field, path === "" ? key : `${path}.${key}`, types);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (value === "") return "empty";
  return Array.isArray(value) ? "array" : typeof value;
}

function sortOf(element: unknown): string {
  if (typeof element !== "object" || element === null) return "";
  const { kind, role, id } = element as Readonly<Record<string, unknown>>;
  const sort = kind ?? role ?? id;
  return typeof sort === "string" ? sort : "";
}

/** Where two shapes differ, as readable lines; none when they are equal. */
export function shapeDifferences(want: BodyShape, got: BodyShape): readonly string[] {
  return [...new Set([...want.keys(), ...got.keys()])]
    .filter((path) => want.get(path) !== got.get(path))
    .map(
      (path) =>
        `${path}: recorded ${want.get(path) ?? "nothing"}, got ${got.get(path) ?? "nothing"}`,
    );
}
