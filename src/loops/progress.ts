import { type IssueSeen, issueKey } from "../pure/issue.ts";
import { type LinkPolicy, renderProgress } from "../pure/progress-comment.ts";
import type { RunRecord } from "../pure/run-record.ts";
import type { TickDeps } from "./deps.ts";

/** The run's one progress comment: edited in place, and only when its text changes. */
export type ProgressComment = {
  /** Whether the record's text is not what stands in the comment. */
  isDue(record: RunRecord): boolean;
  /** Writes the record. One remote request, or none when nothing changed. */
  save(record: RunRecord): Promise<void>;
  /** Writes the record in any case: throws when nothing can be noted at the moment. */
  confirm(record: RunRecord): Promise<void>;
};

/** Opens the progress comment of a run; without an id the first save creates it. */
export function openProgress(
  deps: TickDeps,
  links: LinkPolicy,
  run: { readonly issue: IssueSeen; readonly commentId: string | null },
): ProgressComment {
  const { issue } = run;
  let { commentId } = run;
  const found = issue.ownComments.comments.find((comment) => comment.id === commentId);
  // What somebody else wrote is written over, were it the same to the letter: only then is it ours again.
  let written = found === undefined || found.isTampered === true ? null : found.body;
  // Trackers may hand a comment back with other line ends or without its last newline.
  const isWritten = (body: string) => written !== null && normalise(written) === normalise(body);
  async function write(record: RunRecord, body: string): Promise<void> {
    const log = { issue: issueKey(issue.ref), runId: record.runId, effect: "write-record" };
    deps.log.info(log, "performing");
    if (commentId === null) commentId = await deps.tracker.writer.createComment(issue.ref, body);
    else await deps.tracker.writer.editComment(issue.ref, commentId, body);
    written = body;
  }
  return {
    isDue: (record) => !isWritten(renderProgress(record, links)),
    save: async (record) => {
      const body = renderProgress(record, links);
      if (isWritten(body)) return;
      await write(record, body);
    },
    confirm: (record) => write(record, renderProgress(record, links)),
  };
}

function normalise(text: string): string {
  return text.replaceAll("\r\n", "\n").trimEnd();
}
