import * as z from "zod";
import { isSameLabel } from "../../pure/approval.ts";
import { type IssueSeen, type Permission, type RepoRef, repoKey } from "../../pure/issue.ts";
import { type AliasAnswer, askRepos, readWhole } from "./github-ask.ts";
import type { GithubClient } from "./github-client.ts";
import { REPOS_PER_QUERY_MAX } from "./github-queries.ts";
import { DatabaseId } from "./github-wire.ts";

/** Permissions by account id, by `repoKey`. */
export type Permissions = ReadonlyMap<string, ReadonlyMap<string, Permission>>;

type Asked = { readonly repo: RepoRef; readonly id: string; readonly login: string };

const CollaboratorsWire = z.lazy(() =>
  z.object({
    collaborators: z.object({
      edges: z.array(
        z.object({
          permission: z.string(),
          node: z.object({ databaseId: DatabaseId, login: z.string() }),
        }),
      ),
    }),
  }),
);

/**
 * Reads what the actor of each issue's newest ready label event may do in that repo. Not
 * `author_association`: that depends on what the token sees and does not imply write access.
 */
export async function readPermissions(
  client: GithubClient,
  issues: readonly IssueSeen[],
  readyLabel: string,
): Promise<Permissions> {
  const asked = new Map<string, Asked>();
  for (const issue of issues) {
    const labeler = newestLabeler(issue, readyLabel);
    if (labeler !== null) asked.set(`${repoKey(issue.ref.repo)} ${labeler.id}`, labeler);
  }
  const items = [...asked.values()];
  const answers = await askRepos(client, items, {
    operation: "Permissions",
    batchMax: REPOS_PER_QUERY_MAX,
    select: (item, alias) => ({
      selection: `collaborators(login: $login${alias}, first: 1) {
        edges { permission node { databaseId login } }
      }`,
      variables: { [`login${alias}`]: { type: "String!", value: item.login } },
    }),
  });
  const permissions = new Map<string, Map<string, Permission>>();
  for (const [index, { repo, id }] of items.entries()) {
    const ofRepo = permissions.get(repoKey(repo)) ?? new Map<string, Permission>();
    permissions.set(repoKey(repo), ofRepo.set(id, toPermission(answers[index], id)));
  }
  return permissions;
}

function newestLabeler(issue: IssueSeen, readyLabel: string): Asked | null {
  const event = issue.history.events.findLast(
    (each) => each.kind === "labeled" && isSameLabel(each.label, readyLabel),
  );
  if (event?.kind !== "labeled" || event.actor.kind !== "account") return null;
  return { repo: issue.ref.repo, id: event.actor.id, login: event.actor.login };
}

/**
 * The login is only how GitHub lets us ask: an answer about another account id says nothing of
 * this one.
 */
function toPermission(answer: AliasAnswer | undefined, id: string): Permission {
  const part = answer === undefined ? null : readWhole(answer, CollaboratorsWire);
  if (part?.kind !== "read") return "unreadable";
  const edge = part.value.collaborators.edges.find((each) => each.node.databaseId === id);
  if (edge === undefined) return "none";
  switch (edge.permission) {
    case "ADMIN":
      return "admin";
    case "MAINTAIN":
    case "WRITE":
      return "write";
    case "TRIAGE":
    case "READ":
      return "read";
    default:
      return "unreadable";
  }
}
