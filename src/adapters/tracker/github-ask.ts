import type * as z from "zod";
import type { RepoRef } from "../../pure/issue.ts";
import type { GithubClient, GraphqlAnswer, GraphqlError } from "./github-client.ts";

/** GraphQL variables with their types, by name. */
export type Variables = Readonly<
  Record<string, { readonly type: string; readonly value: unknown }>
>;

/** A query with one `repository` alias per item. Variable names of an alias end in its number. */
export type RepoQuery<Item> = {
  readonly operation: string;
  readonly batchMax: number;
  readonly fragments?: string;
  /** `each`: a batch that fails as a whole is asked once more, item by item. */
  readonly onFailure?: "each";
  /** Declared once, for all aliases. */
  readonly shared?: Variables;
  select(item: Item, alias: number): { readonly selection: string; readonly variables?: Variables };
};

/** What one alias answered. Errors are those of its own path, and those that have no path. */
export type AliasAnswer =
  | {
      readonly kind: "answered";
      readonly value: unknown;
      readonly errors: readonly GraphqlError[];
    }
  | { readonly kind: "failed"; readonly why: string };

/** A part of an answer read in full, or why not. */
export type Part<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * A few batches at once hide latency; GitHub's secondary limit counts concurrent requests per
 * token.
 */
const BATCHES_AT_ONCE_MAX = 4;

/**
 * Asks about each item's repo in batches of aliases; answers in the order of the items. Never
 * throws.
 */
export async function askRepos<Item extends { readonly repo: RepoRef }>(
  client: GithubClient,
  items: readonly Item[],
  query: RepoQuery<Item>,
): Promise<readonly AliasAnswer[]> {
  const batches = chunk(items, query.batchMax);
  const answers = await mapBounded(batches, async (batch) => {
    const answer = await askBatch(client, batch, query);
    const isWorthAsking = answer.kind === "failed" && !answer.isRateLimited && batch.length > 1;
    if (query.onFailure !== "each" || !isWorthAsking) return toAliases(batch, answer);
    const alone = await mapBounded(batch, async (item) =>
      toAliases([item], await askBatch(client, [item], query)),
    );
    return alone.flat();
  });
  return answers.flat();
}

async function askBatch<Item extends { readonly repo: RepoRef }>(
  client: GithubClient,
  batch: readonly Item[],
  query: RepoQuery<Item>,
): Promise<GraphqlAnswer> {
  const built = buildQuery(batch, query);
  return await client.query(built.text, built.values);
}

function toAliases(batch: readonly unknown[], answer: GraphqlAnswer): readonly AliasAnswer[] {
  return batch.map((_, alias) => aliasAnswer(answer, `r${alias}`));
}

/**
 * The alias in the given shape; any error of its own makes it unreadable, so that no gap passes
 * for a fact.
 */
export function readWhole<T>(answer: AliasAnswer, shape: z.ZodType<T>): Part<T> {
  if (answer.kind === "failed") return { kind: "unreadable", why: answer.why };
  const error = answer.errors[0];
  if (error !== undefined) return { kind: "unreadable", why: errorText(error) };
  return readShape(answer.value, shape);
}

/** A wire value in the given shape, or what does not fit. */
export function readShape<T>(value: unknown, shape: z.ZodType<T>): Part<T> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return { kind: "read", value: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  return { kind: "unreadable", why: `answer not understood at "${where}": ${issue?.message}` };
}

/** A GraphQL error in words that name the mend where one is known. */
export function errorText(error: GraphqlError): string {
  if (error.type === "NOT_FOUND") {
    return `${error.message} (not there, renamed, or hidden from this token)`;
  }
  return error.message;
}

/** Maps with few promises under way at once, keeping the order. */
export async function mapBounded<In, Out>(
  items: readonly In[],
  map: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  for (const group of chunk(items, BATCHES_AT_ONCE_MAX)) {
    results.push(...(await Promise.all(group.map(map))));
  }
  return results;
}

/** Cuts a list into pieces of at most `sizeMax`. */
export function chunk<T>(items: readonly T[], sizeMax: number): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < items.length; start += sizeMax) {
    chunks.push(items.slice(start, start + sizeMax));
  }
  return chunks;
}

function buildQuery<Item extends { readonly repo: RepoRef }>(
  batch: readonly Item[],
  query: RepoQuery<Item>,
): { readonly text: string; readonly values: Record<string, unknown> } {
  let variables: Variables = { ...query.shared };
  const aliases: string[] = [];
  for (const [alias, item] of batch.entries()) {
    const own = query.select(item, alias);
    variables = {
      ...variables,
      [`owner${alias}`]: { type: "String!", value: item.repo.owner },
      [`name${alias}`]: { type: "String!", value: item.repo.name },
      ...own.variables,
    };
    // A name that was renamed away may be registered anew by somebody else: never follow.
    const args = `owner: $owner${alias}, name: $name${alias}, followRenames: false`;
    aliases.push(`r${alias}: repository(${args}) {\n${own.selection}\n}`);
  }
  const entries = Object.entries(variables);
  const declared = entries.map(([name, each]) => `$${name}: ${each.type}`).join(", ");
  const operation = `query ${query.operation}(${declared}) {\n${aliases.join("\n")}\n}`;
  return {
    text: `${operation}\n${query.fragments ?? ""}`,
    values: Object.fromEntries(entries.map(([name, each]) => [name, each.value])),
  };
}

function aliasAnswer(answer: GraphqlAnswer, alias: string): AliasAnswer {
  if (answer.kind === "failed") return answer;
  const errors = answer.errors.filter((error) => !error.path || error.path[0] === alias);
  return { kind: "answered", value: answer.data[alias], errors };
}
