import { GraphQLError } from "graphql";

// GitHub's bounds of `first` and `last`.
const PAGE_MIN = 1;
const PAGE_MAX = 100;

/** The arguments of every connection. */
export type PageArgs = {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
};

/** What a connection is made of: its field's name for errors, keys for cursors, and views. */
export type ConnectionOptions<T> = {
  readonly field: string;
  readonly keyOf: (item: T, index: number) => string;
  readonly view: (item: T) => unknown;
};

/** An error as GitHub sends it: `type` stands beside the message. */
export function forgeError(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

/**
 * One page of a connection, by GitHub's rules: `first` or `last` must be given, 1 to 100. Cursors
 * name items, so a page stays right when items are added behind it.
 */
export function connect<T>(
  items: readonly T[],
  args: PageArgs,
  options: ConnectionOptions<T>,
): Record<string, unknown> {
  checkBounds(args, options.field);
  const cursors = items.map((item, index) => toCursor(options.keyOf(item, index)));
  let start = args.after == null ? 0 : indexOf(cursors, args.after) + 1;
  let end = args.before == null ? items.length : indexOf(cursors, args.before);
  if (args.first != null) end = Math.min(end, start + args.first);
  if (args.last != null) start = Math.max(start, end - args.last);
  const nodes = items.slice(start, end).map(options.view);
  const edges = nodes.map((node, index) => ({ node, cursor: cursors[start + index] }));
  return {
    totalCount: items.length,
    nodes,
    edges,
    pageInfo: {
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
      hasNextPage: end < items.length,
      hasPreviousPage: start > 0,
    },
  };
}

function checkBounds(args: PageArgs, field: string): void {
  if (args.first == null && args.last == null) {
    throw forgeError(
      "MISSING_PAGINATION_BOUNDARIES",
      "You must provide a `first` or `last` value to properly paginate " +
        `the \`${field}\` connection.`,
    );
  }
  for (const [name, value] of Object.entries({ first: args.first, last: args.last })) {
    if (value == null || (value >= PAGE_MIN && value <= PAGE_MAX)) continue;
    throw forgeError(
      value > PAGE_MAX ? "EXCESSIVE_PAGINATION" : "INSUFFICIENT_PAGINATION",
      `Requesting ${value} records on the \`${field}\` connection exceeds ` +
        `the \`${name}\` limit of ${PAGE_MAX} records.`,
    );
  }
}

function toCursor(key: string): string {
  return Buffer.from(`cursor:${key}`).toString("base64");
}

function indexOf(cursors: readonly string[], cursor: string): number {
  const index = cursors.indexOf(cursor);
  if (index !== -1) return index;
  throw forgeError(
    "INVALID_CURSOR_ARGUMENTS",
    `\`${cursor}\` does not appear to be a valid cursor.`,
  );
}
