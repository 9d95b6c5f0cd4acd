import type { GithubFetch } from "../../../src/adapters/tracker/github-client.ts";
import type { IssueRef, RepoRef } from "../../../src/pure/issue.ts";

/** A request as it reached the server. */
export type Sent = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
  readonly redirect: string | undefined;
};

/** An alias's answer with errors; `path` is that below the alias. */
export class Refusal {
  readonly value: unknown;
  readonly errors: readonly { type?: string; message: string; path: (string | number)[] }[];
  constructor(value: unknown, ...errors: Refusal["errors"]) {
    this.value = value;
    this.errors = errors;
  }
}

type AliasVariables = Readonly<Record<string, unknown>>;
type AliasHandler = (variables: AliasVariables) => unknown;

/**
 * A tiny GitHub: answers each GraphQL operation alias by alias, `nodes` from a map, and REST by
 * method and path. What it was not told about is not found.
 */
export class FakeGithub {
  readonly sent: Sent[] = [];
  readonly aliases = new Map<string, AliasHandler>();
  readonly nodes = new Map<string, unknown>();
  readonly rest = new Map<string, (sent: Sent) => Response | Promise<Response>>();
  /** Answers a whole GraphQL request instead, unless it returns undefined. */
  breakdown: (operation: string, sent: Sent) => Response | undefined = () => undefined;

  constructor() {
    this.rest.set("GET /user", () => json({ id: OWN_ID, login: "afk-bot" }));
  }

  readonly fetch: GithubFetch = async (input, init = {}) => {
    const url = new URL(input);
    const text = init.body;
    const sent: Sent = {
      method: init.method ?? "GET",
      url,
      headers: init.headers ?? {},
      body: typeof text === "string" && text !== "" ? JSON.parse(text) : {},
      redirect: init.redirect,
    };
    this.sent.push(sent);
    if (url.pathname.endsWith("/graphql")) return this.#answerGraphql(sent);
    const answer = this.rest.get(`${sent.method} ${decodeURIComponent(url.pathname)}`);
    return (await answer?.(sent)) ?? json({ message: "Not Found" }, 404);
  };

  /** The GraphQL operations asked for so far, in order. */
  operations(): string[] {
    return this.sent.flatMap((sent) => operationOf(sent) ?? []);
  }

  #answerGraphql(sent: Sent): Response {
    const operation = operationOf(sent) ?? "";
    const broken = this.breakdown(operation, sent);
    if (broken !== undefined) return broken;
    const variables = (sent.body["variables"] ?? {}) as Record<string, unknown>;
    const data: Record<string, unknown> = {};
    const errors: unknown[] = [];
    const put = (key: string | number, path: (string | number)[], answer: unknown): unknown => {
      if (!(answer instanceof Refusal)) return answer;
      errors.push(
        ...answer.errors.map((each) => ({ ...each, path: [...path, key, ...each.path] })),
      );
      return answer.value;
    };
    if (operation === "IssueDetails") {
      const ids = variables["ids"] as string[];
      data["nodes"] = ids.map((id, index) => put(index, ["nodes"], this.nodes.get(id) ?? null));
    } else {
      for (let alias = 0; `owner${alias}` in variables; alias += 1) {
        const answer = this.aliases.get(operation)?.(variablesOf(variables, alias)) ?? NOT_FOUND;
        data[`r${alias}`] = put(`r${alias}`, [], answer);
      }
    }
    return json(errors.length === 0 ? { data } : { data, errors });
  }
}

/** What GitHub says of a repo it does not show. */
export const NOT_FOUND = new Refusal(null, {
  type: "NOT_FOUND",
  message: "Could not resolve to a Repository with the name 'o/gone'.",
  path: [],
});

const OWN_ID = 9001;
export const TOKEN = "ghp_secretsecretsecret";
export const LABELS = {
  ready: "ready-for-agent",
  inProgress: "agent-in-progress",
  human: "ready-for-human",
  paused: "agent-paused",
};

/** Options of an adapter that speaks to the fake. */
export function optionsFor(github: FakeGithub, apiUrl = "https://api.github.test") {
  return { fetch: github.fetch, token: TOKEN, apiUrl: new URL(apiUrl), labels: LABELS };
}

export function repo(name: string): RepoRef {
  return { tracker: "github", owner: "o", name };
}

export function issueRef(name: string, number: number): IssueRef {
  return { repo: repo(name), number };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
  });
}

/** The error page of a proxy in front of GitHub. */
export function badGateway(): Response {
  return new Response("<html>502</html>", {
    status: 502,
    headers: { "content-type": "text/html" },
  });
}

function operationOf(sent: Sent): string | undefined {
  const { query } = sent.body;
  return typeof query === "string" ? /^query (\w+)/.exec(query)?.[1] : undefined;
}

/** The alias's own variables without its number, and the shared ones as they are. */
function variablesOf(all: Readonly<Record<string, unknown>>, alias: number): AliasVariables {
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(all)) {
    const match = /^([a-z]+)(\d+)$/i.exec(name);
    if (match === null) own[name] = value;
    else if (match[2] === String(alias)) own[match[1] ?? ""] = value;
  }
  return own;
}
