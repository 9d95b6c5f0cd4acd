import { type IssueSeen, issueKey, type OwnComment } from "./issue.ts";
import { parseThreadId } from "./identity.ts";
import { LEAVING_OUT } from "./record-fit.ts";
import { RECORD_VERSION, type RunRecord, RunRecordSchema } from "./run-record.ts";

/** GitHub refuses a comment above 65,536 characters; the rest is for what a person reads above it. */
export const RECORD_CHARACTERS_MAX = 50_000;

const FOOTER = /^<!-- afk:record (\{.*\}) -->$/s;
const MARKER = /^<!-- afk:run=([0-9a-f]{12}) -->/;

/** The first line of a run's one progress comment. */
export function runMarker(runId: string): string {
  return `<!-- afk:run=${runId} -->`;
}

/** What a comment of our own account holds. */
export type DecodedComment =
  | { readonly kind: "record"; readonly commentId: string; readonly record: RunRecord }
  /** Ours by its marker, and not readable by this version: another image wrote it. */
  | { readonly kind: "unknown-version"; readonly commentId: string; readonly runId: string }
  /** Ours by its marker, and damaged: rebuilt in place as if it had been deleted. */
  | {
      readonly kind: "malformed";
      readonly commentId: string;
      readonly runId: string;
      readonly why: string;
    }
  /** Ours by its marker, and somebody else edited it: what it says is not ours, so it is rebuilt in place. */
  | { readonly kind: "tampered"; readonly commentId: string; readonly runId: string }
  /** A record of another issue, pasted here: it counts for nothing. */
  | { readonly kind: "foreign"; readonly commentId: string }
  /** Any other comment. */
  | { readonly kind: "other" };

/** A comment that is a run's progress comment, readable or not. */
export type RecordComment = Exclude<DecodedComment, { kind: "other" | "foreign" }>;

/**
 * The record as the hidden last line of a comment. JSON with every `<`, `>` and `--` inside strings escaped,
 * so that no value can end the HTML comment it stands in. What of the record has no room is left out.
 */
export function encodeRecord(record: RunRecord): string {
  return fitToComment(record).footer;
}

/**
 * The record as there is room for it: whole, or without as much as must be of what decides least. Every record
 * that the schema takes fits, and one that was read back fits as it is.
 */
export function fitRecord(record: RunRecord): RunRecord {
  return fitToComment(record).record;
}

/** Both at once: the record as there is room for it, and the line that holds it. */
export function fitToComment(record: RunRecord): {
  readonly record: RunRecord;
  readonly footer: string;
} {
  let fitted = record;
  let footer = footerOf(fitted);
  for (const leaveOut of LEAVING_OUT) {
    if (footer.length <= RECORD_CHARACTERS_MAX) break;
    fitted = leaveOut(fitted);
    footer = footerOf(fitted);
  }
  return { record: fitted, footer };
}

function footerOf(record: RunRecord): string {
  const json = JSON.stringify(inOneOrder(record));
  const safe = json.replace(/[<>]|--/g, (found) =>
    [...found].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join(""),
  );
  return `<!-- afk:record ${safe} -->`;
}

/** Keys in one order: a record that was read back gives the text it was written as, or it were written again. */
function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneOrder);
  if (!isObject(value)) return value;
  // A plain one is written several times as fast as one without a prototype.
  const ordered: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) ordered[key] = inOneOrder(value[key]);
  return ordered;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Several decisions of a tick read the same comments; each is decoded once. */
const decoded = new WeakMap<OwnComment, { readonly issue: string; readonly as: DecodedComment }>();

/** Reads a comment of our own account on the named issue. Hostile text is a value, never an exception. */
export function decodeComment(comment: OwnComment, issue: string): DecodedComment {
  const known = decoded.get(comment);
  if (known?.issue === issue) return known.as;
  const as = decodeAnew(comment, issue);
  decoded.set(comment, { issue, as });
  return as;
}

function decodeAnew(comment: OwnComment, issue: string): DecodedComment {
  const marker = MARKER.exec(comment.body);
  if (marker === null) return { kind: "other" };
  const [, runId = ""] = marker;
  const commentId = comment.id;
  if (comment.isTampered === true) return { kind: "tampered", commentId, runId };
  const footer = FOOTER.exec(lastLineOf(comment.body));
  if (footer === null) return { kind: "malformed", commentId, runId, why: "no record in it" };
  const [, json = ""] = footer;
  const value = parseJson(json);
  if (value === undefined)
    return { kind: "malformed", commentId, runId, why: "its record is no JSON" };
  const version = versionOf(value);
  if (typeof version === "number" && version !== RECORD_VERSION) {
    return { kind: "unknown-version", commentId, runId };
  }
  const parsed = RunRecordSchema.safeParse(value);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const why = `its record is wrong at ${first?.path.join(".")}`;
    return { kind: "malformed", commentId, runId, why };
  }
  // Case does not matter: an allowlist entry respelled in another case is the same repo.
  const isOfIssue = parsed.data.issue.toLowerCase() === issue.toLowerCase();
  if (!isOfIssue || parsed.data.runId !== runId) return { kind: "foreign", commentId };
  if (!parsed.data.turns.every((turn) => isOwnThread(turn.threadId, { runId, issue }))) {
    const why = "its record names a thread of another run";
    return { kind: "malformed", commentId, runId, why };
  }
  return { kind: "record", commentId, record: parsed.data };
}

/** What a record names is commanded: a thread of another run or issue is none of its business. */
function isOwnThread(
  threadId: string,
  of: { readonly runId: string; readonly issue: string },
): boolean {
  const name = parseThreadId(threadId);
  return name?.runId === of.runId && of.issue.endsWith(`#${name.issueNumber}`);
}

/**
 * Every comment of ours on the issue that holds or held a record of it, oldest first, one of each run: a
 * comment whose request timed out may appear after the one that was written in its place, and every tick
 * must read and edit the same one, so it is the oldest whatever the younger say. One that somebody else edited
 * stands for its run only where there is no other: its marker may have been put there.
 */
export function recordCommentsOf(issue: IssueSeen): readonly RecordComment[] {
  if (issue.ownComments.comments.length === 0) return [];
  const key = issueKey(issue.ref);
  const oldest = new Map<string, RecordComment>();
  for (const comment of issue.ownComments.comments) {
    const read = decodeComment(comment, key);
    if (read.kind === "other" || read.kind === "foreign") continue;
    const runId = runIdOf(read);
    const known = oldest.get(runId);
    if (known !== undefined && (known.kind !== "tampered" || read.kind === "tampered")) continue;
    // Taken out first: the runs stand in the order of the comments that count for them.
    oldest.delete(runId);
    oldest.set(runId, read);
  }
  return [...oldest.values()];
}

/** The run a progress comment is about, readable or not. */
export function runIdOf(comment: RecordComment): string {
  return comment.kind === "record" ? comment.record.runId : comment.runId;
}

function lastLineOf(body: string): string {
  const text = body.trimEnd();
  return text.slice(text.lastIndexOf("\n") + 1);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function versionOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "version" in value
    ? value.version
    : undefined;
}
