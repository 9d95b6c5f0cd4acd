import * as z from "zod";
import { type IssueRef, issueKey, repoKey } from "../../pure/issue.ts";
import { COMMENT_CHARACTERS_MAX } from "../../pure/notices.ts";
import type { TrackerWriter } from "../../pure/ports/tracker.ts";
import type { GithubClient } from "./github-client.ts";
import { DatabaseId } from "./github-wire.ts";

const CommentCreated = z.object({ id: DatabaseId });
const LabelsNow = z.lazy(() => z.array(z.object({ name: z.string() })));
const IssueNow = z.lazy(() => z.object({ state: z.string() }));
const LabelAbsent = z.lazy(() =>
  z.object({
    status: z.literal(404),
    message: z.string().regex(/label does not exist/i),
  }),
);

/** GitHub refuses other labels with 422 too: a color it cannot read, a description that is too long. */
const LabelExists = z.lazy(() =>
  z.object({
    status: z.literal(422),
    response: z.object({
      data: z.object({ errors: z.tuple([z.object({ code: z.literal("already_exists") })]) }),
    }),
  }),
);

/** Creates the writes: one request each, never retried, an answer that shows no effect throws. */
export function createGithubWriter(client: GithubClient): TrackerWriter {
  return {
    createComment: (ref, body) =>
      attempt(client, { doing: "comment on", ref }, async () => {
        assertFits(body);
        const { data } = await client.rest.issues.createComment({ ...place(ref), body });
        return CommentCreated.parse(data).id;
      }),
    editComment: (ref, commentId, body) =>
      attempt(client, { doing: `edit comment ${commentId} on`, ref }, async () => {
        assertFits(body);
        const { owner, repo } = place(ref);
        const comment_id = z.coerce.number().int().positive().parse(commentId);
        await client.rest.issues.updateComment({ owner, repo, comment_id, body });
      }),
    createLabel: async (repo, label) => {
      try {
        await client.rest.issues.createLabel({ owner: repo.owner, repo: repo.name, ...label });
      } catch (error) {
        if (LabelExists.safeParse(error).success) return;
        throw client.failure(`Cannot create label "${label.name}" in ${repoKey(repo)}`, error);
      }
    },
    addLabel: (ref, label) =>
      attempt(client, { doing: `add label "${label}" to`, ref }, async () => {
        const { data } = await client.rest.issues.addLabels({ ...place(ref), labels: [label] });
        const names = LabelsNow.parse(data).map(({ name }) => name.toLowerCase());
        // GitHub silently drops labels where the token may not set them.
        if (!names.includes(label.toLowerCase()))
          throw new Error("GitHub did not put the label on");
      }),
    removeLabel: (ref, label) =>
      attempt(client, { doing: `remove label "${label}" from`, ref }, () =>
        removeLabel(client, ref, label),
      ),
    closeIssue: (ref, reason) =>
      attempt(client, { doing: "close", ref }, () =>
        setState(client, ref, {
          state: "closed",
          state_reason: reason === "completed" ? "completed" : "not_planned",
        }),
      ),
    reopenIssue: (ref) =>
      attempt(client, { doing: "reopen", ref }, () =>
        setState(client, ref, { state: "open", state_reason: "reopened" }),
      ),
  };
}

/** A missing issue answers 404 like a missing label: only the message tells them apart. */
async function removeLabel(client: GithubClient, ref: IssueRef, label: string): Promise<void> {
  try {
    await client.rest.issues.removeLabel({ ...place(ref), name: label });
  } catch (error) {
    if (!LabelAbsent.safeParse(error).success) throw error;
  }
}

async function setState(
  client: GithubClient,
  ref: IssueRef,
  change: {
    readonly state: "open" | "closed";
    readonly state_reason: "completed" | "not_planned" | "reopened";
  },
): Promise<void> {
  const { data } = await client.rest.issues.update({ ...place(ref), ...change });
  const { state } = IssueNow.parse(data);
  if (state !== change.state) throw new Error(`GitHub left it ${state}`);
}

async function attempt<T>(
  client: GithubClient,
  what: { readonly doing: string; readonly ref: IssueRef },
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw client.failure(`Cannot ${what.doing} ${issueKey(what.ref)}`, error);
  }
}

function assertFits(body: string): void {
  if (body.length <= COMMENT_CHARACTERS_MAX) return;
  throw new Error(
    `the comment has ${body.length} characters, at most ${COMMENT_CHARACTERS_MAX} are sent`,
  );
}

function place(ref: IssueRef): { owner: string; repo: string; issue_number: number } {
  return { owner: ref.repo.owner, repo: ref.repo.name, issue_number: ref.number };
}
