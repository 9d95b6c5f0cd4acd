import { existsSync, readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema } from "graphql";
import { afterEach, describe, expect, it } from "vitest";
import type { BoundedFetch } from "../../src/adapters/http.ts";
import type { HttpAnswer } from "../../src/adapters/http-answer.ts";
import { checkGraphql } from "./graphql.ts";
import { checkRest, type RestDescription } from "./openapi.ts";

const schemas = new URL("../../../shared/schemas/", import.meta.url);

/** GitHub's own descriptions of its two APIs. */
export type Published = { readonly rest: RestDescription; readonly graphql: GraphQLSchema };

/** Why nothing is held against the published descriptions. */
export const UNPUBLISHED =
  "GitHub's published descriptions are not beside this repo (../shared/schemas)";

let read: Published | null | undefined;

/** The published descriptions; null when they are not there. Read once a process. */
export function publishedDescriptions(): Published | null {
  read ??= readPublished();
  return read;
}

function readPublished(): Published | null {
  const [rest, graphql] = ["github-openapi-subset.json", "github.graphql"].map(
    (name) => new URL(name, schemas),
  );
  if (rest === undefined || graphql === undefined) return null;
  if (!existsSync(rest) || !existsSync(graphql)) return null;
  return {
    rest: JSON.parse(readFileSync(rest, "utf8")),
    // Their own document: to check it again would take longer than all it is used for.
    graphql: buildSchema(readFileSync(graphql, "utf8"), {
      assumeValid: true,
      assumeValidSDL: true,
    }),
  };
}

/** A fetch whose every exchange with GitHub is held against the published descriptions. */
export type WireWatch = {
  readonly fetch: BoundedFetch;
  /** How many exchanges were looked at. */
  checked(): number;
  /** Every departure since the last time, and forgets them. */
  take(): readonly string[];
};

/**
 * Watches what goes through a fetch to the API of `apiUrl`. What goes elsewhere, such as the
 * storage host a job's log is read from, is no part of the API. Without descriptions it only
 * passes on.
 */
export function watchWire(
  fetch: BoundedFetch,
  options: { readonly apiUrl: URL; readonly published: Published | null },
): WireWatch {
  const { published } = options;
  const found: string[] = [];
  let count = 0;
  const look = (exchange: Exchange): void => {
    if (published === null) return;
    count += 1;
    const isGraphql = exchange.path === "/graphql";
    const problems = isGraphql
      ? checkGraphql(published.graphql, exchange)
      : checkRest(published.rest, exchange);
    found.push(...problems);
  };
  return {
    checked: () => count,
    take: () => found.splice(0),
    async fetch(input, init = {}) {
      const path = pathWithin(options.apiUrl, new URL(input));
      if (published === null || path === null) return await fetch(input, init);
      const request = {
        method: init.method ?? "GET",
        path,
        requestBody: parseBody(typeof init.body === "string" ? init.body : ""),
      };
      let response: HttpAnswer;
      try {
        response = await fetch(input, init);
      } catch (error) {
        look({ ...request, status: null });
        throw error;
      }
      const responseBody = parseBody(await response.text());
      look({ ...request, status: response.status, responseBody });
      return response;
    },
  };
}

type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly requestBody?: unknown;
  readonly status: number | null;
  readonly responseBody?: unknown;
};

/** Where logs lie in the sandbox; on GitHub that is another host. */
const STORAGE = "/_logs/";

function pathWithin(apiUrl: URL, url: URL): string | null {
  const root = apiUrl.href.replace(/\/+$/, "");
  const path = url.href.startsWith(`${root}/`) ? url.href.slice(root.length) : null;
  return path?.startsWith(STORAGE) === true ? null : path;
}

/** What is no JSON stays text, which no description allows for. */
function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Makes every test of a file fail in which an exchange departed from the descriptions. */
export function guardWire(watch: () => WireWatch): void {
  afterEach(() => {
    const problems = watch().take();
    if (problems.length > 0)
      throw new Error(`beside GitHub's description:\n${problems.join("\n")}`);
  });
  describe("what went over the wire", () => {
    it("was held against GitHub's published descriptions", (context) => {
      if (publishedDescriptions() === null) context.skip(UNPUBLISHED);
      expect(watch().checked()).toBeGreaterThan(0);
    });
  });
}
