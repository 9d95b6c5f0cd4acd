import { parseThreadId } from "../../src/pure/identity.ts";
import type { Forge } from "../forge/forge.ts";
import type { IssueReading } from "../forge/readings.ts";
import type { SandboxNtfy } from "../ntfy/ntfy-server.ts";
import type { PendingRow } from "../t3/model.ts";
import type { SandboxT3, SandboxThread } from "../t3/t3-server.ts";
import { webLink } from "./html.ts";
import type { StoryView } from "./story-view.ts";

/** What the page shows of a world. The world of the demo is one. */
export type PageWorld = {
  readonly forge: Pick<Forge, "issue">;
  readonly t3: Pick<SandboxT3, "url" | "environmentId" | "threads" | "answer">;
  readonly ntfy: Pick<SandboxNtfy, "messages">;
  /** The login of afk's own account: its comments are told apart from those of people. */
  readonly afkLogin: string;
};

/** A story with everything that belongs to its issue. */
export type StoryState = {
  readonly view: StoryView;
  readonly issue: IssueState | null;
  /** Oldest first. */
  readonly threads: readonly ThreadState[];
};

export type CommentState = {
  readonly id: number;
  readonly author: string;
  readonly kind: "progress" | "notice" | "hold" | "comment";
  /** Markdown of whoever wrote it. */
  readonly body: string;
  /** ISO 8601. */
  readonly at: string;
  readonly isEdited: boolean;
};

/** An issue as any person sees it on the forge. */
export type IssueState = Pick<
  IssueReading,
  "title" | "body" | "state" | "stateReason" | "labels"
> & {
  /** `owner/name#N`. */
  readonly key: string;
  readonly comments: readonly CommentState[];
};

/** A request of an agent for a human's words, with the answers it suggests. */
export type AskState = PendingRow & { readonly options: readonly string[] };

export type ThreadState = {
  readonly id: string;
  readonly title: string;
  /** Its page on the agent server. */
  readonly link: string;
  readonly session: string;
  readonly turn: string;
  readonly gone: "archived" | "deleted" | null;
  readonly error: string | null;
  /** Oldest first. */
  readonly messages: SandboxThread["messages"];
  readonly asks: readonly AskState[];
};

/** A notification as the doorbell's server took it. */
export type BellState = {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** Epoch ms. */
  readonly at: number;
  readonly tags: readonly string[];
  readonly isLoud: boolean;
  /** Where a tap leads; null when nowhere a browser may go. */
  readonly link: string | null;
  /** The story whose thread the tap leads to; null when it is of none. */
  readonly story: string | null;
};

/** Everything the page shows but the decisions. */
export type PageState = {
  readonly stories: readonly StoryState[];
  /** Newest first. */
  readonly bells: readonly BellState[];
};

/** The id of the box in which a question is answered. */
export function answerBoxId(requestId: string): string {
  return `answer-${requestId}`;
}

/** ntfy's priorities: 3 is the default, and only what is above it makes more noise. */
const PRIORITY_DEFAULT = 3;

/** Reads the world as it stands. Makes no request. */
export function readPage(world: PageWorld, views: readonly StoryView[]): PageState {
  const threads = world.t3.threads();
  const stories = views.map((view) => readStoryState(world, view, threads));
  const bells = world.ntfy.messages.map((message): BellState => {
    const link = webLink(message.click ?? "");
    const story = stories.find((each) => each.threads.some((thread) => thread.link === link));
    return {
      id: message.id,
      title: message.title ?? "",
      body: message.message,
      at: message.time * 1_000,
      tags: message.tags ?? [],
      isLoud: (message.priority ?? PRIORITY_DEFAULT) > PRIORITY_DEFAULT,
      link,
      story: story?.view.name ?? null,
    };
  });
  return { stories, bells: bells.toReversed() };
}

function readStoryState(
  world: PageWorld,
  view: StoryView,
  threads: readonly SandboxThread[],
): StoryState {
  if (view.issue === null) return { view, issue: null, threads: [] };
  const { repo, number } = view.issue;
  const mine = threads.filter((thread) => isThreadOf(thread, repo, number));
  return {
    view,
    issue: readIssue(world, repo, number),
    threads: mine.map((thread) => readThread(world, thread)),
  };
}

function readIssue(world: PageWorld, repo: string, number: number): IssueState {
  const { title, body, state, stateReason, labels, comments } = world.forge.issue({ repo, number });
  return {
    key: `${repo}#${number}`,
    title,
    body,
    state,
    stateReason,
    labels,
    comments: comments.map((comment) => ({
      id: comment.id,
      author: comment.author,
      kind: comment.author === world.afkLogin ? kindOf(comment.body) : "comment",
      body: comment.body,
      at: comment.createdAt,
      isEdited: comment.lastEditedAt !== null,
    })),
  };
}

/** By afk's own markers; they count in its own comments only. */
function kindOf(body: string): CommentState["kind"] {
  if (body.startsWith("<!-- afk:run=")) return "progress";
  if (body.startsWith("<!-- afk:notice ")) return "notice";
  return body.startsWith("<!-- afk:hold ") ? "hold" : "comment";
}

/** A thread's id says which issue, its folder which repo. */
function isThreadOf(thread: SandboxThread, repo: string, number: number): boolean {
  if (parseThreadId(thread.id)?.issueNumber !== number) return false;
  return thread.workspaceRoot.endsWith(`/${repo.replace("/", "__")}`);
}

function readThread(world: PageWorld, thread: SandboxThread): ThreadState {
  const path = [world.t3.environmentId, thread.id].map(encodeURIComponent).join("/");
  return {
    id: thread.id,
    title: thread.title,
    link: new URL(path, world.t3.url).href,
    session: thread.session?.status ?? "none",
    turn: thread.latestTurn?.state ?? "none",
    gone: goneAs(thread),
    error: thread.session?.lastError ?? null,
    messages: thread.messages,
    asks: thread.pending.map((pending) => ({ ...pending, options: optionsOf(thread, pending) })),
  };
}

function goneAs({ archivedAt, deletedAt }: SandboxThread): ThreadState["gone"] {
  if (deletedAt !== null) return "deleted";
  return archivedAt === null ? null : "archived";
}

function optionsOf(thread: SandboxThread, { requestId }: PendingRow): readonly string[] {
  const asked = thread.activities.find(
    ({ kind, payload }) =>
      kind === "user-input.requested" && String(payload["requestId"]) === requestId,
  );
  const questions = asked?.payload["questions"] as
    | readonly { readonly options?: readonly { readonly label: string }[] }[]
    | undefined;
  return questions?.[0]?.options?.map(({ label }) => label) ?? [];
}
