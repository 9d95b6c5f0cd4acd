import { expect, it } from "vitest";
import { checkRest, type RestDescription, type RestExchange } from "./openapi.ts";

const THING = {
  type: "object",
  required: ["id", "name"],
  properties: { id: { type: "integer" }, name: { type: "string" } },
};
const ID = { name: "id", in: "path", required: true, schema: { type: "integer" } };
const json = (schema: object) => ({ content: { "application/json": { schema } } });

/** A description of one collection of things. */
const API = {
  components: {
    schemas: {
      "basic-error": { type: "object", properties: { message: { type: "string" } } },
    },
    parameters: {
      page: { name: "page", in: "query", schema: { type: "integer" } },
    },
    responses: { gone: json({ $ref: "#/components/schemas/basic-error" }) },
  },
  paths: {
    "/things": {
      get: {
        parameters: [
          { $ref: "#/components/parameters/page" },
          { name: "sort", in: "query", required: true, schema: { enum: ["up", "down"] } },
          { name: "all", in: "query", schema: { type: "boolean" } },
        ],
        responses: { 200: json({ type: "array", items: THING }) },
      },
      post: {
        requestBody: {
          required: true,
          ...json({
            type: "object",
            required: ["name"],
            properties: { name: { type: "string" } },
          }),
        },
        responses: { 201: json(THING) },
      },
    },
    "/things/{id}": {
      get: {
        parameters: [ID],
        responses: { 200: json(THING), 410: { $ref: "#/components/responses/gone" } },
      },
      delete: { parameters: [ID], responses: { 204: {} } },
    },
    "/things/newest": { get: { responses: { 200: json(THING) } } },
  },
} as unknown as RestDescription;

const THE_THING = { id: 1, name: "a" };
const LIST: RestExchange = {
  method: "GET",
  path: "/things?sort=up",
  status: 200,
  responseBody: [],
};
const READ: RestExchange = {
  method: "GET",
  path: "/things/1",
  status: 200,
  responseBody: THE_THING,
};
const MAKE: RestExchange = {
  method: "POST",
  path: "/things",
  requestBody: { name: "a" },
  status: 201,
  responseBody: THE_THING,
};

const rows: ReadonlyArray<
  readonly [name: string, exchange: RestExchange, want: readonly string[]]
> = [
  ["a described read passes", LIST, []],
  ["a described write passes", MAKE, []],
  ["a request without an answer passes", { ...READ, status: null, responseBody: undefined }, []],
  ["an answer without a body passes", { method: "DELETE", path: "/things/1", status: 204 }, []],
  ["the template with the fewest parameters is meant", { ...READ, path: "/things/newest" }, []],
  [
    "an unknown path is caught",
    { ...READ, path: "/stuff/1" },
    ["GET /stuff/1: the description knows no such path or method"],
  ],
  [
    "an unknown method is caught",
    { ...READ, method: "PUT" },
    ["PUT /things/1: the description knows no such path or method"],
  ],
  [
    "a path parameter of the wrong type is caught",
    { ...READ, path: "/things/one" },
    ["GET /things/one: parameter id is string, not integer"],
  ],
  [
    "an unknown query parameter is caught",
    { ...LIST, path: "/things?sort=up&colour=red" },
    ["GET /things: parameter colour is not described"],
  ],
  [
    "a missing query parameter is caught",
    { ...LIST, path: "/things" },
    ["GET /things: parameter sort is missing"],
  ],
  [
    "query parameters of the wrong type are caught",
    { ...LIST, path: "/things?sort=sideways&page=two&all=maybe" },
    [
      "GET /things: parameter page is string, not integer",
      "GET /things: parameter sort is none of up, down: sideways",
      "GET /things: parameter all is string, not boolean",
    ],
  ],
  ["query parameters are read as typed", { ...LIST, path: "/things?sort=up&page=2&all=true" }, []],
  [
    "a wrong request body is caught",
    { ...MAKE, requestBody: { name: 1, size: 2 } },
    [
      "POST /things: request/name is number, not string",
      "POST /things: request/size is not described",
    ],
  ],
  [
    "a missing request body is caught",
    { ...MAKE, requestBody: undefined },
    ["POST /things: its body is missing"],
  ],
  [
    "a body that nobody described is caught",
    { ...READ, requestBody: {} },
    ["GET /things/1: it has a body, and none is described"],
  ],
  [
    "a wrong answer is caught",
    { ...READ, responseBody: { id: 1, size: 2 } },
    [
      "GET /things/1: answer 200/name is missing",
      "GET /things/1: answer 200/size is not described",
    ],
  ],
  [
    "an answer that is no JSON is caught",
    { ...READ, responseBody: "<html>" },
    ["GET /things/1: answer 200 is string, not object"],
  ],
  [
    "an answer that should be empty is caught",
    { method: "DELETE", path: "/things/1", status: 204, responseBody: {} },
    ["DELETE /things/1: answer 204 has a body, and none is described"],
  ],
  [
    "an undescribed status is caught",
    { ...READ, status: 202 },
    ["GET /things/1: status 202 is not described"],
  ],
  [
    "a described error is held against its description",
    { ...READ, status: 410, responseBody: { message: 1 } },
    ["GET /things/1: answer 410/message is number, not string"],
  ],
  [
    "a status anything may be answered with passes",
    { ...READ, status: 401, responseBody: { message: "no" } },
    [],
  ],
  [
    "its body must be an error all the same",
    { ...READ, status: 401, responseBody: { why: "no" } },
    ["GET /things/1: answer 401/why is not described"],
  ],
  ["what the front door says is no JSON", { ...READ, status: 502, responseBody: "<html>" }, []],
  [
    "a request that is known to be left out passes",
    { method: "GET", path: "/installation/repositories", status: 200, responseBody: [] },
    [],
  ],
];

it.each(rows)("%s", (_name, exchange, want) => {
  expect(checkRest(API, exchange)).toEqual(want);
});
