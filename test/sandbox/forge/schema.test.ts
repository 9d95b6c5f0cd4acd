import { existsSync, readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema, isEnumType, isInputObjectType } from "graphql";
import { isInterfaceType, isObjectType, isUnionType } from "graphql";
import { describe, expect, it } from "vitest";
import { forgeSchema } from "../../../sandbox/forge/schema.ts";

const published = new URL("../../../../shared/schemas/github.graphql", import.meta.url);

/** Every name of a schema with its type, one line each: `Issue.title: String!`. */
function linesOf(schema: GraphQLSchema): Set<string> {
  const lines = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    lines.add(type.name);
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const one of type.getInterfaces()) lines.add(`${type.name} implements ${one.name}`);
      for (const field of Object.values(type.getFields())) {
        lines.add(`${type.name}.${field.name}: ${String(field.type)}`);
        for (const argument of field.args) {
          lines.add(`${type.name}.${field.name}(${argument.name}: ${String(argument.type)})`);
        }
      }
    }
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        lines.add(`${type.name}.${field.name}: ${String(field.type)}`);
      }
    }
    if (isEnumType(type))
      for (const { name } of type.getValues()) lines.add(`${type.name}.${name}`);
    if (isUnionType(type))
      for (const one of type.getTypes()) lines.add(`${type.name} = ${one.name}`);
  }
  return lines;
}

describe.skipIf(!existsSync(published))("the forge's schema beside the published one", () => {
  it("has no type, field, argument or value that GitHub spells otherwise", () => {
    const theirs = linesOf(buildSchema(readFileSync(published, "utf8"), { assumeValidSDL: true }));
    const ours = [...linesOf(forgeSchema)];
    expect(ours.length).toBeGreaterThan(200);
    expect(ours.filter((line) => !theirs.has(line))).toEqual([]);
  });
});
