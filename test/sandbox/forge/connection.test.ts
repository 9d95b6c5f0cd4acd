import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { connect, type PageArgs } from "../../../sandbox/forge/connection.ts";
import { weighQuery } from "../../../sandbox/forge/graphql-cost.ts";

const letters = ["a", "b", "c", "d", "e", "f", "g"];

function page(args: PageArgs, items: readonly string[] = letters): any {
  return connect(items, args, { field: "letters", keyOf: (one) => one, view: (one) => one });
}

describe("a connection", () => {
  it("goes forward page by page to its end", () => {
    const first = page({ first: 3 });
    expect(first.nodes).toEqual(["a", "b", "c"]);
    expect(first.totalCount).toBe(7);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const last = page({ first: 4, after: first.pageInfo.endCursor });
    expect(last.nodes).toEqual(["d", "e", "f", "g"]);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it("goes backward from its end", () => {
    const last = page({ last: 3 });
    expect(last.nodes).toEqual(["e", "f", "g"]);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const before = page({ last: 100, before: last.pageInfo.startCursor });
    expect(before.nodes).toEqual(["a", "b", "c", "d"]);
    expect(before.pageInfo.hasPreviousPage).toBe(false);
  });

  it("keeps a cursor when items are added behind it", () => {
    const { endCursor } = page({ first: 2 }).pageInfo;
    expect(page({ first: 100, after: endCursor }, [...letters, "h"]).nodes).toEqual([
      "c",
      "d",
      "e",
      "f",
      "g",
      "h",
    ]);
  });

  it.each([
    ["no bounds", {}, "MISSING_PAGINATION_BOUNDARIES"],
    ["more than a hundred", { first: 101 }, "EXCESSIVE_PAGINATION"],
    ["none", { last: 0 }, "INSUFFICIENT_PAGINATION"],
    ["a cursor it never gave", { first: 1, after: "x" }, "INVALID_CURSOR_ARGUMENTS"],
  ])("refuses %s", (_name, args, type) => {
    let thrown: any;
    try {
      page(args);
    } catch (error) {
      thrown = error;
    }
    expect(thrown?.extensions).toEqual({ type });
  });

  it("takes a hundred, and a single one", () => {
    expect(page({ first: 100 }).nodes).toHaveLength(7);
    expect(page({ first: 1 }).nodes).toEqual(["a"]);
  });
});

describe("the weight of a query", () => {
  it("is at least one point", () => {
    expect(weighQuery(parse("{ viewer { login } }"), {}, undefined)).toEqual({
      cost: 1,
      nodeCount: 0,
    });
  });

  it("counts nested connections as if every page were full", () => {
    const query = parse(`query Big($n: Int = 50) {
      repository(owner: "o", name: "r") { issues(first: $n) { nodes { ...Parts } } }
    }
    fragment Parts on Issue {
      labels(first: 10) { totalCount } comments(last: 20) { totalCount }
      timelineItems(last: 50) { totalCount } blockedBy(first: 5) { totalCount }
    }`);
    // 1 + 50 · 4 requests, and 50 · (1 + 10 + 20 + 50 + 5) nodes.
    expect(weighQuery(query, {}, "Big")).toEqual({ cost: 2, nodeCount: 4_300 });
    expect(weighQuery(query, { n: 100 }, "Big").cost).toBe(4);
  });

  it("counts once per id asked for", () => {
    const query = parse(
      "query Q($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { labels(first: 1) { totalCount } } } }",
    );
    const ids = Array.from({ length: 300 }, (_, index) => String(index));
    expect(weighQuery(query, { ids }, undefined)).toEqual({ cost: 3, nodeCount: 300 });
  });
});
