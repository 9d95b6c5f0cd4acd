import { isSameLabel } from "../../src/pure/approval.ts";
import type {
  ActingApp,
  Actor,
  BlockersSeen,
  IssueEvent,
  IssueHistory,
  IssueRef,
  IssueSeen,
  OwnComment,
} from "../../src/pure/issue.ts";
import type { FakeClock } from "./fake-clock.ts";

/** A comment by anyone. `editor` is who edited it last, its author when nobody did. */
export type FakeComment = {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
  readonly editor: Actor;
};

/** An event before it is stamped with id and time. */
type Happening = IssueEvent extends infer E
  ? E extends IssueEvent
    ? Omit<E, "id" | "at">
    : never
  : never;

/** How a label comes on; by an account's own hand unless it says otherwise. */
type LabelHow = { readonly isByIntent?: boolean; readonly app?: ActingApp };

/** What an issue is made from. */
type FakeIssueSetup = {
  readonly ref: IssueRef;
  readonly url: string;
  readonly title: string;
  readonly body: string;
  readonly isPullRequest: boolean;
};

// GitHub's largest page: older events are said to be missing.
const EVENTS_SHOWN_MAX = 100;
// Twenty such pages: older comments are said to be missing.
const COMMENTS_SHOWN_MAX = 2_000;

/** What an issue needs of its tracker. `spell` answers a label as its repo spells it. */
type FakeIssueWorld = {
  readonly clock: FakeClock;
  readonly nextId: () => string;
  readonly spell: (label: string) => string;
};

/** One issue of the faked tracker, with everything that ever happened to it. */
export class FakeIssue {
  readonly ref: IssueRef;
  readonly #setup: FakeIssueSetup;
  readonly #clock: FakeClock;
  readonly #nextId: () => string;
  readonly #spell: (label: string) => string;
  readonly #createdAt: string;
  readonly #labels = new Set<string>();
  readonly #events: IssueEvent[] = [];
  readonly #comments: FakeComment[] = [];
  readonly #apps = new Map<string, ActingApp>();
  readonly #ownComments = new WeakMap<FakeComment, OwnComment>();
  readonly blockers: IssueRef[] = [];
  blockersUnreadable: string | null = null;
  /** How many of the newest events and comments a read shows; null shows as many as GitHub. */
  eventsShown: number | null = null;
  commentsShown: number | null = null;
  #title: string;
  #body: string;
  #bodyEditedAt: string | null = null;
  #state: "open" | "closed" = "open";

  constructor(setup: FakeIssueSetup, world: FakeIssueWorld) {
    this.ref = setup.ref;
    this.#setup = setup;
    this.#clock = world.clock;
    this.#nextId = world.nextId;
    this.#spell = world.spell;
    this.#createdAt = world.clock.isoSeconds();
    this.#title = setup.title;
    this.#body = setup.body;
  }

  get state(): "open" | "closed" {
    return this.#state;
  }

  get comments(): readonly FakeComment[] {
    return [...this.#comments];
  }

  has(label: string): boolean {
    return this.#find(label) !== undefined;
  }

  get body(): string {
    return this.#body;
  }

  get url(): string {
    return this.#setup.url;
  }

  label(name: string, actor: Actor, how: LabelHow = {}): void {
    const label = this.#spell(name);
    if (this.#labels.has(label)) return;
    this.#labels.add(label);
    const { isByIntent = false, app } = how;
    const id = this.#happened({ kind: "labeled", label, actor, isByIntent });
    if (app !== undefined) this.#apps.set(id, app);
  }

  /** Through which App a label was put on; of an event that never was, nobody can tell. */
  actingApp(eventId: string): ActingApp {
    const isKnown = this.#events.some(({ id, kind }) => id === eventId && kind === "labeled");
    if (!isKnown) return { kind: "unreadable", why: `404: no event ${eventId}` };
    return this.#apps.get(eventId) ?? { kind: "none" };
  }

  unlabel(name: string, actor: Actor): void {
    const label = this.#find(name);
    if (label === undefined) return;
    this.#labels.delete(label);
    this.#happened({ kind: "unlabeled", label, actor });
  }

  edit(change: { readonly title?: string; readonly body?: string }, actor: Actor): void {
    if (change.title !== undefined && change.title !== this.#title) {
      this.#title = change.title;
      this.#happened({ kind: "renamed", actor });
    }
    if (change.body !== undefined && change.body !== this.#body) {
      this.#body = change.body;
      this.#bodyEditedAt = this.#clock.isoSeconds();
    }
  }

  close(actor: Actor, closer: "hand" | "commit" | "pull-request"): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#happened({ kind: "closed", actor, closer });
  }

  reopen(actor: Actor): void {
    if (this.#state === "open") return;
    this.#state = "open";
    this.#happened({ kind: "reopened", actor });
  }

  transferIn(): void {
    this.#happened({ kind: "transferred" });
  }

  comment(body: string, author: Actor): string {
    const id = this.#nextId();
    this.#comments.push({ id, author, body, editor: author });
    return id;
  }

  editComment(id: string, body: string, editor: Actor): void {
    const at = this.#commentAt(id);
    const comment = this.#comments[at];
    if (comment !== undefined) this.#comments[at] = { ...comment, body, editor };
  }

  deleteComment(id: string): void {
    this.#comments.splice(this.#commentAt(id), 1);
  }

  /** The issue as a read shows it. */
  see(ownId: string, blockers: BlockersSeen): IssueSeen {
    const shown = newest(this.#comments, this.commentsShown ?? COMMENTS_SHOWN_MAX);
    const isOwn = (actor: Actor) => actor.kind === "account" && actor.id === ownId;
    return {
      ref: this.ref,
      url: this.#setup.url,
      title: this.#title,
      body: this.#body,
      state: this.#state,
      isPullRequest: this.#setup.isPullRequest,
      createdAt: this.#createdAt,
      bodyEditedAt: this.#bodyEditedAt,
      labels: [...this.#labels],
      history: this.#history(),
      blockers,
      ownComments: {
        kind: shown.length < this.#comments.length ? "truncated" : "complete",
        comments: shown
          .filter(({ author }) => isOwn(author))
          .map((comment) => this.#asOwn(comment, isOwn(comment.editor))),
      },
    };
  }

  /** The same comment is the same object in every reading, until it is edited. */
  #asOwn(comment: FakeComment, isUntouched: boolean): OwnComment {
    const known = this.#ownComments.get(comment);
    if (known !== undefined) return known;
    const { id, body } = comment;
    const own: OwnComment = isUntouched ? { id, body } : { id, body, isTampered: true };
    this.#ownComments.set(comment, own);
    return own;
  }

  #history(): IssueHistory {
    const events = newest(this.#events, this.eventsShown ?? EVENTS_SHOWN_MAX);
    return { kind: events.length < this.#events.length ? "truncated" : "complete", events };
  }

  /** Asking for a label makes none: to spell one is to have it in the repo. */
  #find(name: string): string | undefined {
    return [...this.#labels].find((label) => isSameLabel(label, name));
  }

  #commentAt(id: string): number {
    const at = this.#comments.findIndex((comment) => comment.id === id);
    if (at === -1) throw new Error(`404: no comment ${id}`);
    return at;
  }

  #happened(happening: Happening): string {
    const id = this.#nextId();
    this.#events.push({ ...happening, id, at: this.#clock.isoSeconds() });
    return id;
  }
}

function newest<Item>(items: readonly Item[], shown: number): readonly Item[] {
  return items.slice(Math.max(0, items.length - shown));
}
