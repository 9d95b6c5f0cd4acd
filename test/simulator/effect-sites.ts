import { readdirSync, readFileSync } from "node:fs";
import { parseAst } from "rolldown/parseAst";
import {
  AGENT_WRITE_METHODS,
  NOTIFIER_WRITE_METHODS,
  TRACKER_WRITE_METHODS,
} from "../fakes/fake-faults.ts";
import { LOOPS, WRAPPERS } from "./sites.ts";

const WRITES: ReadonlySet<string> = new Set([
  ...TRACKER_WRITE_METHODS,
  ...AGENT_WRITE_METHODS,
  ...NOTIFIER_WRITE_METHODS,
]);

/** What holds writes, as it is called in the loops: reached into by any name, it counts. */
const WRITER_NAME = /writer|notifier|tracker|agent/i;

/** Every place in the loops where an effect is asked for: `perform-run.ts:27`. */
export function findSites(): readonly string[] {
  const files = readdirSync(LOOPS).filter((name) => name.endsWith(".ts") && !WRAPPERS.has(name));
  return files.toSorted().flatMap((name) => {
    const lines = effectLinesOf(readFileSync(new URL(name, LOOPS), "utf8"));
    const twice = lines.find((line, at) => lines.indexOf(line) !== at);
    if (twice !== undefined)
      throw new Error(`${name}:${twice} asks for two effects: give each a line of its own`);
    return lines.map((line) => `${name}:${line}`);
  });
}

/** The source line of a site, to read a report by. */
export function sourceOf(site: string): string {
  const [name = "", line = ""] = site.split(":");
  const source = readFileSync(new URL(name, LOOPS), "utf8").split("\n");
  return source[Number(line) - 1]?.trim() ?? "";
}

/** Of a node of a syntax tree only this is known. */
type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;

/**
 * The lines at which a TypeScript source asks for a write of a port, as a stack names them: each mention of a writing
 * method, of an alias of one, and each call by a name known only at run time. It fails closed: a mention that is
 * never called is a place where no tick died, and is to be written otherwise.
 */
export function effectLinesOf(source: string): readonly number[] {
  const tree = parseAst(source, { lang: "ts" }) as unknown as Node;
  const aliases = new Map<string, Node>();
  const aliased = new Set<Node>();
  walk(tree, null, (node) => {
    for (const { alias, access } of aliasesIn(node)) {
      aliases.set(textOf(alias["name"]), alias);
      if (access !== null) aliased.add(access);
    }
  });
  const ends = new Set<number>();
  walk(tree, null, (node, parent) => {
    const isAliasDeclared = aliases.get(textOf(node["name"]))?.start === node.start;
    if (node.type === "Identifier" && aliases.has(textOf(node["name"]))) {
      if (!isAliasDeclared && !isMemberName(node, parent)) ends.add(node.end);
    }
    if (node.type !== "MemberExpression" || aliased.has(node)) return;
    const at = placeOfWrite(node, parent);
    if (at !== null) ends.add(at);
  });
  return [...ends]
    .map((end) => source.slice(0, end).split("\n").length)
    .toSorted((one, other) => one - other);
}

/** Where a member is reached for that writes, or may; null for all others. */
function placeOfWrite(access: Node, parent: Node | null): number | null {
  const property = access["property"] as Node;
  const name = memberNameOf(access);
  // A stack names the line of a plain name, and that of the bracket which closes one in brackets.
  const end = access["computed"] === true ? access.end : property.end;
  if (name !== null) return WRITES.has(name) ? end : null;
  const isCalled = parent?.type === "CallExpression" && parent["callee"] === access;
  const held = bare(access["object"] as Node);
  const heldName = held.type === "MemberExpression" ? memberNameOf(held) : textOf(held["name"]);
  // Only what is called right there, or belongs to a writer: lists and maps are reached into as well.
  return isCalled || WRITER_NAME.test(heldName ?? "") ? end : null;
}

/** The name that a member is reached for by; null when it is known only at run time. */
function memberNameOf(access: Node): string | null {
  const property = bare(access["property"] as Node);
  if (access["computed"] !== true) return textOf(property["name"]);
  if (property.type === "Literal") return String(property["value"]);
  const quasis = property.type === "TemplateLiteral" ? (property["quasis"] as Node[]) : [];
  const [only] = quasis;
  if (only === undefined || quasis.length > 1) return null;
  return textOf((only["value"] as { cooked?: unknown }).cooked);
}

type Alias = { readonly alias: Node; readonly access: Node | null };

/** The names that a declaration or a pattern gives to writing methods. */
function aliasesIn(node: Node): readonly Alias[] {
  if (node.type === "VariableDeclarator" && node["init"] != null) {
    const alias = node["id"] as Node;
    const access = bare(node["init"] as Node);
    const isWrite = access.type === "MemberExpression" && placeOfWrite(access, null) !== null;
    return isWrite && alias.type === "Identifier" ? [{ alias, access }] : [];
  }
  if (node.type !== "ObjectPattern") return [];
  return (node["properties"] as Node[]).flatMap((property) => {
    if (property.type !== "Property" || !WRITES.has(keyOf(property))) return [];
    const value = property["value"] as Node;
    const alias = value.type === "AssignmentPattern" ? (value["left"] as Node) : value;
    return [{ alias, access: null }];
  });
}

function keyOf(property: Node): string {
  const key = property["key"] as Node;
  return textOf(key["name"] ?? key["value"]);
}

/** Whether an identifier only names a member or a key, and no variable. */
function isMemberName(node: Node, parent: Node | null): boolean {
  if (parent === null || parent["computed"] === true) return false;
  if (parent["shorthand"] === true) return false;
  return parent["property"] === node || parent["key"] === node;
}

/** The expression without what types and brackets put around it. */
function bare(node: Node): Node {
  const isWrapped = /^(?:TS.*Expression|TSNonNull.*|ParenthesizedExpression|ChainExpression)$/;
  return isWrapped.test(node.type) && isNode(node["expression"]) ? bare(node["expression"]) : node;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** Every node, with the nearest one around it that is not a mere wrapping. */
function walk(
  node: Node,
  parent: Node | null,
  visit: (node: Node, parent: Node | null) => void,
): void {
  const inner = bare(node);
  visit(inner, parent);
  for (const [name, value] of Object.entries(inner)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) walk(child, name === "callee" ? withBareCallee(inner) : inner, visit);
    }
  }
}

function withBareCallee(call: Node): Node {
  return { ...call, callee: bare(call["callee"] as Node) };
}
