import { expect, it } from "vitest";
import { departures, type Schema } from "./json-schema.ts";

const DOCUMENT = {
  components: {
    schemas: {
      person: {
        type: "object",
        required: ["login"],
        properties: { login: { type: "string" }, boss: { $ref: "#/components/schemas/person" } },
      },
      robot: {
        type: "object",
        required: ["serial"],
        properties: { serial: { type: "integer" } },
      },
    },
  },
};
const PERSON: Schema = { $ref: "#/components/schemas/person" };
const ROBOT: Schema = { $ref: "#/components/schemas/robot" };
const TEXT: Schema = { type: "string" };

const rows: ReadonlyArray<
  readonly [name: string, value: unknown, schema: Schema, want: readonly string[]]
> = [
  ["a value of its type fits", "a", TEXT, []],
  ["a value of another type does not", 1, TEXT, ["x is number, not string"]],
  ["a list is no object", [], PERSON, ["x is array, not object"]],
  ["a whole number is an integer", 3, { type: "integer" }, []],
  ["a broken number is none", 3.5, { type: "integer" }, ["x is number, not integer"]],
  ["null fits where it is allowed", null, { ...TEXT, nullable: true }, []],
  ["null fits an enumeration that has it", null, { ...TEXT, enum: ["a", null] }, []],
  ["null does not fit elsewhere", null, TEXT, ["x is null, not string"]],
  ["null fits around a reference", null, { nullable: true, allOf: [PERSON] }, []],
  ["null fits one variant", null, { oneOf: [PERSON, { ...TEXT, nullable: true }] }, []],
  ["a word of the enumeration fits", "a", { enum: ["a", "b"] }, []],
  ["another word does not", "c", { enum: ["a", "b"] }, ["x is none of a, b: c"]],
  ["a time is one with a zone", "2026-01-05T09:00:00Z", { ...TEXT, format: "date-time" }, []],
  [
    "a day is no time",
    "2026-01-05",
    { ...TEXT, format: "date-time" },
    ["x is no date-time: 2026-01-05"],
  ],
  ["an address has a scheme", "acme/app", { ...TEXT, format: "uri" }, ["x is no uri: acme/app"]],
  ["a pattern holds", "ab", { ...TEXT, pattern: "^a.$" }, []],
  ["a pattern does not hold", "b", { ...TEXT, pattern: "^a" }, ["x does not match ^a: b"]],
  ["text at its longest fits", "ab", { ...TEXT, maxLength: 2 }, []],
  ["text past its longest does not", "abc", { ...TEXT, maxLength: 2 }, ["x has 3 characters"]],
  ["a number at its bound fits", 100, { type: "integer", maximum: 100 }, []],
  [
    "a number past it does not",
    101,
    { type: "integer", maximum: 100 },
    ["x is out of bounds: 101"],
  ],
  [
    "a number below the least does not",
    0,
    { type: "integer", minimum: 1 },
    ["x is out of bounds: 0"],
  ],
  ["a list at its shortest fits", ["a"], { type: "array", minItems: 1, items: TEXT }, []],
  ["an empty list may be too short", [], { type: "array", minItems: 1 }, ["x has 0 items"]],
  ["every item counts", ["a", 1], { type: "array", items: TEXT }, ["x/1 is number, not string"]],
  ["a required property is missing", {}, PERSON, ["x/login is missing"]],
  ["a property nobody described", { login: "a", size: 1 }, PERSON, ["x/size is not described"]],
  [
    "a reference that comes back to itself is followed as far as the value goes",
    { login: "a", boss: { login: "b", boss: { login: 1 } } },
    PERSON,
    ["x/boss/boss/login is number, not string"],
  ],
  ["an object of any kind", { a: 1 }, { type: "object" }, []],
  ["any property of a kind", { a: "b" }, { type: "object", additionalProperties: TEXT }, []],
  [
    "any property of another kind",
    { a: 1 },
    { type: "object", additionalProperties: TEXT },
    ["x/a is number, not string"],
  ],
  ["all parts together know a property", { login: "a", serial: 1 }, { allOf: [PERSON, ROBOT] }, []],
  ["all parts must hold", { login: "a" }, { allOf: [PERSON, ROBOT] }, ["x/serial is missing"]],
  ["one variant is enough", { serial: 1 }, { oneOf: [PERSON, ROBOT] }, []],
  [
    "a variant that does not fit opens nothing",
    { serial: 1, boss: { login: "a" } },
    { anyOf: [PERSON, ROBOT] },
    ["x/boss is not described"],
  ],
  [
    "of no variant, the closest says why",
    { serial: "1" },
    { oneOf: [ROBOT] },
    ["x/serial is string, not integer"],
  ],
  [
    "a part that only narrows opens nothing",
    { serial: 1, size: 1 },
    { properties: { serial: { type: "integer" } }, anyOf: [{ required: ["serial"] }] },
    ["x/size is not described"],
  ],
];

it.each(rows)("%s", (_name, value, schema, want) => {
  expect(departures(value, schema, { document: DOCUMENT, path: "x" })).toEqual(want);
});

it("a reference that points at nothing is an error of the description", () => {
  const missing: Schema = { $ref: "#/components/schemas/nobody" };
  expect(() => departures({}, missing, { document: DOCUMENT, path: "x" })).toThrow("nobody");
});
