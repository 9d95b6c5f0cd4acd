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
  /** `each`: a batch that fails as a whole, for whatever reason, is asked once more, item by item. */
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
 * A batch that is given up is asked again in so many pieces, and those likewise: of 25 repos the one too slow to
 * be answered is alone in the third round and blinds a tick to no other; a service that is down is asked five
 * times more.
 */
const PIECES = 5;

/**
 * Asks about each item's repo in batches of aliases; answers in the order of the items. Never
 * throws.
 */
export async function askRepos<Item extends { readonly repo: RepoRef }>(
  client: GithubClient,
  items: readonly Item[],
  query: RepoQuery<Item>,
): Promise<readonly AliasAnswer[]> {
  // By place: one item may be asked about twice.
  const answers: AliasAnswer[] = [];
  let open: readonly (readonly (readonly [number, Item])[])[] = chunk(
    [...items.entries()],
    query.batchMax,
  );
  for (let isFirst = true; open.length > 0; isFirst = false) {
    const round = await mapBounded(open, async (batch) => {
      const asked = batch.map(([, item]) => item);
      return { batch, answer: await askBatch(client, asked, query) };
    });
    for (const { batch, answer } of round) {
      for (const [alias, [at]] of batch.entries()) answers[at] = aliasAnswer(answer, `r${alias}`);
    }
    // A service that answered no piece at all is down, and not asked too much.
    const isUp = isFirst || round.some(({ answer }) => answer.kind === "answered");
    open = isUp ? round.flatMap(({ batch, answer }) => piecesOf(batch, answer, query)) : [];
  }
  return answers;
}

/** The smaller batches in which one that failed is worth asking again; none for any other. */
function piecesOf<Entry>(
  batch: readonly Entry[],
  answer: GraphqlAnswer,
  { onFailure }: { readonly onFailure?: "each" },
): readonly (readonly Entry[])[] {
  if (answer.kind === "answered" || answer.isRateLimited || batch.length === 1) return [];
  if (onFailure === "each") return chunk(batch, 1);
  if (!answer.isGivenUp) return [];
  return chunk(batch, Math.ceil(batch.length / PIECES));
}

async function askBatch<Item extends { readonly repo: RepoRef }>(
  client: GithubClient,
  batch: readonly Item[],
  query: RepoQuery<Item>,
): Promise<GraphqlAnswer> {
  const built = buildQuery(batch, query);
  return await client.query(built.text, built.values);
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
