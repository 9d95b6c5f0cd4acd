import { addLabel, addComment, markTransferred, openIssue } from "./issue-writes.ts";
import type { Account, Issue, Repo } from "./model.ts";
import type { World } from "./world.ts";

/**
 * Moves an issue to another repo, where it gets that repo's next number; labels come along by name and comments
 * with their authors. Its old number only points to the new one from now on.
 */
export function transferIssue(
  world: World,
  issue: Issue,
  move: { readonly to: Repo; readonly by: Account },
): Issue {
  const { title, body, author } = issue;
  const arrived = openIssue(world, move.to, { title, body, by: author });
  for (const label of issue.labels) addLabel(world, arrived, { name: label.name, by: move.by });
  for (const comment of issue.comments) {
    addComment(world, arrived, { body: comment.body, by: comment.author });
  }
  markTransferred(world, arrived, { fromRepo: issue.repo.key, by: move.by });
  issue.repo.moved.set(issue.number, arrived);
  issue.repo.issues.delete(issue.number);
  world.nodes.delete(issue.nodeId);
  return arrived;
}
