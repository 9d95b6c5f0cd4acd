import { buildSchema } from "graphql";
import { expect, it } from "vitest";
import { checkGraphql } from "./graphql.ts";

const SCHEMA = buildSchema(`
  scalar GitObjectID
  scalar DateTime
  interface Node { id: ID! }
  enum Mood { GOOD BAD }
  type Person implements Node { id: ID! login: String! mood: Mood since: DateTime }
  type Commit implements Node { id: ID! oid: GitObjectID! parents: [Commit!]! weight: Int }
  type Query { person(login: String!): Person node(id: ID!): Node commit(oid: GitObjectID!): Commit }
`);

const SHA = "0123456789abcdef0123456789abcdef01234567";
const PERSON = "query Person($login: String!) { person(login: $login) { login mood } }";
const NODE =
  "query N { node(id: 1) { __typename id ... on Person { login } ... on Commit { oid } } }";
const COMMIT =
  "query C($oid: GitObjectID!) { commit(oid: $oid) { oid weight ...More } } fragment More on Commit { parents { oid } }";

type Exchange = readonly [query: unknown, variables: object, answer: unknown];

const rows: ReadonlyArray<readonly [name: string, exchange: Exchange, want: readonly string[]]> = [
  [
    "a valid query and its answer pass",
    [PERSON, { login: "a" }, { data: { person: { login: "a", mood: "GOOD" } } }],
    [],
  ],
  [
    "a null that an error explains passes",
    [
      PERSON,
      { login: "a" },
      { data: { person: null }, errors: [{ message: "no", path: ["person"] }] },
    ],
    [],
  ],
  [
    "fragments are followed",
    [COMMIT, { oid: SHA }, { data: { commit: { oid: SHA, weight: 1, parents: [{ oid: SHA }] } } }],
    [],
  ],
  [
    "an interface is read by its type's name",
    [NODE, {}, { data: { node: { __typename: "Commit", id: "1", oid: SHA } } }],
    [],
  ],
  ["a request without a query is caught", [1, {}, {}], ["POST /graphql: the request has no query"]],
  [
    "a query that does not parse is caught",
    ["query {", {}, {}],
    [expect.stringContaining("Syntax Error")],
  ],
  [
    "an invalid query is caught",
    ["query Q { person { size } }", {}, {}],
    [
      expect.stringContaining('Cannot query field "size" on type "Person".'),
      expect.stringContaining('Argument "Query.person(login:)" of type "String!" is required'),
    ],
  ],
  [
    "a missing variable is caught",
    [PERSON, {}, { data: { person: null } }],
    [expect.stringContaining("$login")],
  ],
  [
    "a variable of the wrong type is caught",
    [PERSON, { login: 7 }, { data: { person: null } }],
    [expect.stringContaining("$login")],
  ],
  [
    "a variable that is not declared is caught",
    [PERSON, { login: "a", size: 1 }, { data: { person: null } }],
    ["GraphQL Person: variable $size is not declared"],
  ],
  [
    "a malformed custom scalar is caught",
    [COMMIT, { oid: "abc" }, { data: { commit: null } }],
    ["GraphQL C: variable $oid is malformed"],
  ],
  [
    "an answer without data is caught",
    [PERSON, { login: "a" }, {}],
    ["GraphQL Person: the answer has no data"],
  ],
  [
    "an answer with anything else is caught",
    [PERSON, { login: "a" }, { data: { person: null }, took: 1 }],
    ["GraphQL Person: the answer has took"],
  ],
  [
    "an error without a message is caught",
    [PERSON, { login: "a" }, { errors: [{ code: 1 }] }],
    ["GraphQL Person: errors/0 has no message", "GraphQL Person: errors/0 has code"],
  ],
  [
    "a missing field is caught",
    [PERSON, { login: "a" }, { data: { person: { login: "a" } } }],
    ["GraphQL Person: data.person.mood is missing"],
  ],
  [
    "a field that was not asked for is caught",
    [PERSON, { login: "a" }, { data: { person: { login: "a", mood: null, id: "1" } } }],
    ["GraphQL Person: data.person.id was not asked for"],
  ],
  [
    "null where there is always something is caught",
    [PERSON, { login: "a" }, { data: { person: { login: null, mood: null } } }],
    ["GraphQL Person: data.person.login is null"],
  ],
  [
    "an unknown word is caught",
    [PERSON, { login: "a" }, { data: { person: { login: "a", mood: "ODD" } } }],
    ['GraphQL Person: data.person.mood is no Mood: "ODD"'],
  ],
  [
    "values of the wrong kind are caught",
    [COMMIT, { oid: SHA }, { data: { commit: { oid: "abc", weight: 2 ** 31, parents: {} } } }],
    [
      'GraphQL C: data.commit.oid is no GitObjectID: "abc"',
      "GraphQL C: data.commit.weight is no Int: 2147483648",
      "GraphQL C: data.commit.parents is no list",
    ],
  ],
  [
    "a type that is none of the interface is caught",
    [NODE, {}, { data: { node: { __typename: "Query", id: "1" } } }],
    ["GraphQL N: data.node is Query, which is no Node"],
  ],
  [
    "a field of another type is caught",
    [NODE, {}, { data: { node: { __typename: "Person", id: "1", login: "a", oid: SHA } } }],
    ["GraphQL N: data.node.oid was not asked for"],
  ],
];

it.each(rows)("%s", (_name, [query, variables, responseBody], want) => {
  const requestBody = { query, variables };
  expect(checkGraphql(SCHEMA, { requestBody, status: 200, responseBody })).toEqual(want);
});

it("an answer that never came is not looked at", () => {
  const requestBody = { query: PERSON, variables: { login: "a" } };
  expect(checkGraphql(SCHEMA, { requestBody, status: null })).toEqual([]);
});
