import type { Actor, IssueRef, RepoRef } from "../../src/pure/issue.ts";
import type { LabelNames, TrackerReader, TrackerWriter } from "../../src/pure/ports/tracker.ts";

export type Tracker = TrackerReader & TrackerWriter;
export type Person = Extract<Actor, { kind: "account" }>;

/** The labels of every world. */
export const LABELS: LabelNames = {
  ready: "ready-for-agent",
  inProgress: "agent-in-progress",
  human: "ready-for-human",
  paused: "agent-paused",
};

/** A read shows so many of the newest events. */
export const EVENTS_SHOWN_MAX = 100;
/** A read looks for ours in so many of the newest comments. */
export const COMMENTS_SHOWN_MAX = 2_000;

/** What stands in the place of a token; no error may tell it. */
export const BAD_TOKEN = "ghp_this-token-is-not-valid";

/** Accounts that are there in every world. What they may do is the same in every repo. */
export type People = {
  readonly admin: Person;
  readonly writer: Person;
  /** A collaborator who may only read. */
  readonly reader: Person;
  readonly stranger: Person;
  /** A bot that may write. */
  readonly bot: Person;
};

/** An App that acts for people; its id is a number of its own. */
export type WorldApp = { readonly id: string; readonly slug: string };

/** One tracker as people see it, and the port that is put to the test. */
export type TrackerWorld = {
  readonly tracker: Tracker;
  readonly people: People;
  advance(ms: number): void;
  /** A repo that our own account may write to, with at least one commit on its default branch. */
  addRepo(wish?: { readonly defaultBranch?: string }): Promise<RepoRef>;
  /** A repo that our token may not see; it has one issue. */
  addHiddenRepo(): Promise<RepoRef>;
  open(repo: RepoRef, text?: { readonly title: string; readonly body: string }): IssueRef;
  label(ref: IssueRef, label: string, by: Person): void;
  labelByIntent(ref: IssueRef, label: string, by: Person): void;
  /** In somebody's name, by an App that they let act for them. */
  labelThroughApp(ref: IssueRef, label: string, how: { by: Person; app: WorldApp }): void;
  /** By an account that was deleted since. */
  labelByNobody(ref: IssueRef, label: string): void;
  unlabel(ref: IssueRef, label: string, by: Person): void;
  edit(
    ref: IssueRef,
    change: { readonly title?: string; readonly body?: string },
    by: Person,
  ): void;
  close(ref: IssueRef, by: Person, closer: "hand" | "pull-request"): void;
  reopen(ref: IssueRef, by: Person): void;
  transferIn(ref: IssueRef): Promise<void>;
  comment(ref: IssueRef, body: string, by: Person): void;
  editComment(
    ref: IssueRef,
    commentId: string,
    edit: { readonly body: string; readonly by: Person },
  ): void;
  deleteComment(ref: IssueRef, commentId: string): void;
  addBlocker(ref: IssueRef, on: IssueRef): void;
  /** A pull request, which shares its numbers with the issues. */
  openPullRequest(repo: RepoRef, state: "open" | "closed" | "merged"): IssueRef;
  /** One commit on the default branch, with all that the tracker makes of it. Answers its sha. */
  push(repo: RepoRef, message: string, by?: Person): Promise<string>;
  /** Several commits in one push, the deepest first. Answers the sha of the last, its head. */
  pushOnto(repo: RepoRef, below: readonly string[], message: string): Promise<string>;
  /** The default branch goes on from an older commit, as after a forced push. */
  rewrite(repo: RepoRef, fromSha: string, message: string): Promise<string>;
  /** The port, whose next write fails: without effect, with it, or because the repo or the issue has moved. */
  breaking(how: "without-effect" | "with-effect" | "moved"): Tracker;
  /** Somebody deletes labels of the repo, which no issue carries. */
  forgetLabels(repo: RepoRef, names: readonly string[]): void;
  /** The port with `BAD_TOKEN`. */
  withBadToken(): Tracker;
  /** How many write requests came so far. */
  writes(): number;
};
