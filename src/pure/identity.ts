import type { IssueRef, RepoRef } from "./issue.ts";
import type { TurnKind } from "./verdict.ts";

/** SHA-256 of the UTF-8 text in lower-case hex; handed in, because this layer has no crypto. */
export type Sha256Hex = (text: string) => string;

/** 48 bits: a clash among a million runs of one tracker is a one in 500 chance, and needs one repo too. */
const RUN_ID_HEX_LENGTH = 12;

/** The run of one approval: the same approval always gives the same id. */
export function deriveRunId(
  sha256: Sha256Hex,
  of: { readonly ref: IssueRef; readonly repoId: string; readonly approvalEventId: string },
): string {
  const parts = [of.ref.repo.tracker, of.repoId, String(of.ref.number), of.approvalEventId];
  return sha256(JSON.stringify(parts)).slice(0, RUN_ID_HEX_LENGTH);
}

/** The hash of what was approved. */
export function hashText(
  sha256: Sha256Hex,
  text: { readonly title: string; readonly body: string },
): string {
  return sha256(JSON.stringify([text.title, text.body]));
}

/** What a thread id of ours says. */
export type ThreadName = {
  readonly runId: string;
  readonly issueNumber: number;
  /** 0 for a run's first thread, counted up for each one that was gone. */
  readonly restart: number;
};

/** `afk-<run id>-<issue number>-<restart ordinal>`. */
export function threadIdOf(name: ThreadName): string {
  return `afk-${name.runId}-${name.issueNumber}-${name.restart}`;
}

/** Reads a thread id; null when the thread is not ours and must never be touched. */
export function parseThreadId(threadId: string): ThreadName | null {
  const match = /^afk-([0-9a-f]{12})-([1-9]\d{0,9})-(0|[1-9]\d{0,3})$/.exec(threadId);
  if (match === null) return null;
  const [, runId = "", issueNumber, restart] = match;
  return { runId, issueNumber: Number(issueNumber), restart: Number(restart) };
}

/** Names one asking of one turn. */
export type TurnName = {
  readonly threadId: string;
  readonly ordinal: number;
  readonly kind: TurnKind;
  readonly attempt: number;
};

/** The id of the user message that asks for a turn: finding it in a thread proves that the turn was asked for. */
export function messageIdOf(turn: TurnName): string {
  return `${turn.threadId}/turn-${turn.ordinal}-${turn.kind}/attempt-${turn.attempt}`;
}

/** No more digits than a run record takes: what is read from a message goes into one. */
const MESSAGE_ID =
  /^(.+)\/turn-(0|[1-9]\d{0,3})-(first|corrective|nudge|restart|answer)\/attempt-(0|[1-9]\d{0,3})$/;

/** Reads a message id of ours back; null for any other message. */
export function parseMessageId(messageId: string): TurnName | null {
  const match = MESSAGE_ID.exec(messageId);
  if (match === null) return null;
  const [, threadId = "", ordinal, kind, attempt] = match;
  if (parseThreadId(threadId) === null) return null;
  return { threadId, ordinal: Number(ordinal), kind: kind as TurnKind, attempt: Number(attempt) };
}

/** The id of one command about one turn; `verb` tells the commands of one turn apart. */
export function commandIdOf(turn: TurnName, verb: string): string {
  return `${messageIdOf(turn)}/${verb}`;
}

/** The id of a command about a thread rather than about one of its turns. */
export function threadCommandIdOf(threadId: string, verb: string): string {
  return `${threadId}/${verb}`;
}

/** The folder on the agent server that a repo's runs work in: `{root}/{owner}__{name}`. */
export function workspaceRootOf(workspacesRoot: string, repo: RepoRef): string {
  const prefix = repo.tracker === "github" ? "" : `${repo.tracker}__`;
  return `${workspacesRoot.replace(/\/+$/, "")}/${prefix}${repo.owner}__${repo.name}`;
}

/**
 * The id of the T3 project that an asking for a turn creates when its folder has none. It names the asking
 * and not the folder, because T3 takes no id twice, not even after the project was deleted.
 */
export function projectIdOf(sha256: Sha256Hex, turn: TurnName): string {
  return `afk-project-${sha256(messageIdOf(turn)).slice(0, RUN_ID_HEX_LENGTH)}`;
}

/** Fills the deep-link template: `{base}`, `{environmentId}` and `{threadId}`, the last two URL-encoded. */
export function renderThreadLink(
  template: string,
  parts: { readonly base: string; readonly environmentId: string; readonly threadId: string },
): string {
  const values = {
    base: parts.base.replace(/\/+$/, ""),
    environmentId: encodeURIComponent(parts.environmentId.toWellFormed()),
    threadId: encodeURIComponent(parts.threadId.toWellFormed()),
  };
  // One pass with a function: nothing in a value is a placeholder or a pattern of its own.
  return template.replace(/\{(base|environmentId|threadId)\}/g, (_, name: keyof typeof values) => {
    return values[name];
  });
}
