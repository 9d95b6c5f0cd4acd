import * as z from "zod";
import type { Blocker, BlockersSeen } from "../../pure/issue.ts";

const RepoName = z.lazy(() => z.object({ nameWithOwner: z.string() }));

const NativeBlocker = z.lazy(() =>
  z.object({
    number: z.int(),
    state: z.enum(["OPEN", "CLOSED"]),
    repository: RepoName,
  }),
);

/** The page of an issue's dependencies; null stands for one the token may not see. */
export const BlockedByPage = z.lazy(() =>
  z.object({
    pageInfo: z.object({ hasNextPage: z.boolean() }),
    nodes: z.array(NativeBlocker.nullable()),
  }),
);

/** One issue or pull request as a blocker. */
export const BlockerWire = z.lazy(() =>
  z.discriminatedUnion("__typename", [
    z.object({
      __typename: z.literal("Issue"),
      number: z.int(),
      url: z.string(),
      body: z.string(),
      issueState: z.enum(["OPEN", "CLOSED"]),
      repository: RepoName,
      blockedBy: z.object({ nodes: z.array(NativeBlocker.nullable()) }),
    }),
    z.object({
      __typename: z.literal("PullRequest"),
      number: z.int(),
      pullState: z.enum(["OPEN", "CLOSED", "MERGED"]),
      repository: RepoName,
    }),
  ]),
);

/** Names a blocker the token may not see: GitHub says only that it exists. */
const HIDDEN_BLOCKER = "an issue hidden from this token";

/** How many dependencies GitHub counts: the open ones, and all. */
export const BlockedByCounts = z.lazy(() =>
  z.object({ blockedBy: z.int(), totalBlockedBy: z.int() }),
);

/**
 * The dependencies that GitHub itself keeps, the closed ones among them. An open one that it counts and does not
 * list is hidden.
 */
export function toNativeBlockers(
  wire: z.infer<typeof BlockedByPage>,
  counts: z.infer<typeof BlockedByCounts>,
): BlockersSeen {
  if (wire.pageInfo.hasNextPage) {
    return { kind: "unreadable", why: `truncated: more than ${wire.nodes.length} blockers` };
  }
  const blockers = wire.nodes.map(toBlocker);
  const open = blockers.filter(({ state }) => state !== "closed");
  // Both counts: a link that was just closed may be counted as open still, but is listed.
  const isOneHidden = counts.totalBlockedBy > blockers.length && counts.blockedBy > open.length;
  return { kind: "listed", blockers: isOneHidden ? [...blockers, toBlocker(null)] : blockers };
}

/** One dependency; null is hidden and unreadable. */
export function toBlocker(wire: z.infer<typeof NativeBlocker> | null): Blocker {
  if (wire === null) return { key: HIDDEN_BLOCKER, state: "unreadable" };
  const key = `${wire.repository.nameWithOwner}#${wire.number}`;
  return { key, state: wire.state === "OPEN" ? "open" : "closed" };
}
