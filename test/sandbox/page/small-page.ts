import type { IssueReading } from "../../../sandbox/forge/readings.ts";
import type { NtfyMessage } from "../../../sandbox/ntfy/publish.ts";
import type { PageWorld } from "../../../sandbox/page/page-state.ts";
import type { StoryView } from "../../../sandbox/page/story-view.ts";
import type { SandboxThread } from "../../../sandbox/t3/t3-server.ts";

/** What breaks out of markup that was not escaped. */
export const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;

const AT = "2026-11-20T10:00:00Z";

/** A world that holds what the page reads of one story, and can be changed between two looks at it. */
export class FakeWorld implements PageWorld {
  readonly afkLogin = "afk-bot";
  readonly answers: string[] = [];
  readonly messages: NtfyMessage[] = [];
  issue: IssueReading = {
    number: 1,
    title: "Title",
    body: "Body",
    url: "file:///acme/shop/issues/1",
    state: "open",
    stateReason: null,
    labels: ["ready-for-agent"],
    comments: [],
    events: [],
  };
  thread: SandboxThread = {
    id: "afk-0123456789ab-1-0",
    projectId: "p1",
    title: "Title",
    modelSelection: { instanceId: "i", model: "m" },
    runtimeMode: "full-access",
    interactionMode: "default",
    branch: null,
    worktreePath: null,
    latestTurn: null,
    createdAt: AT,
    updatedAt: AT,
    archivedAt: null,
    deletedAt: null,
    settledOverride: null,
    settledAt: null,
    session: null,
    messages: [],
    activities: [],
    checkpoints: [],
    workspaceRoot: "/tmp/workspaces/acme__shop",
    pending: [],
  };
  view: StoryView = {
    name: "lands",
    tells: "lands first time",
    title: "Title",
    issue: { repo: "acme/shop", number: 1 },
    expected: "done (green)",
    got: "waiting on agent",
    end: "under-way",
  };

  get forge(): PageWorld["forge"] {
    return { issue: () => this.issue };
  }

  get ntfy(): PageWorld["ntfy"] {
    return { messages: this.messages };
  }

  get t3(): PageWorld["t3"] {
    return {
      url: "http://127.0.0.1:9",
      environmentId: "env",
      threads: () => [this.thread],
      answer: (threadId, requestId, text) => {
        if (!this.thread.pending.some((pending) => pending.requestId === requestId)) {
          throw new Error(`thread ${threadId} does not ask ${requestId}`);
        }
        this.answers.push(`${threadId} ${requestId} ${text}`);
      },
    };
  }

  comment(body: string, author = "afk-bot"): void {
    const id = this.issue.comments.length + 1;
    const comment = { id, author, body, createdAt: AT, lastEditedAt: null };
    this.issue = { ...this.issue, comments: [...this.issue.comments, comment] };
  }

  say(role: "user" | "assistant", text: string): void {
    const id = `m${this.thread.messages.length}`;
    const message = { id, role, text, turnId: null, createdAt: AT, updatedAt: AT };
    this.thread = { ...this.thread, messages: [...this.thread.messages, message] };
  }

  ask(text: string, options: readonly string[] = []): void {
    const requestId = "r1";
    const questions = [{ question: text, options: options.map((label) => ({ label })) }];
    const activity = {
      id: "a1",
      tone: "info" as const,
      kind: "user-input.requested",
      summary: "",
      payload: { requestId, questions },
      turnId: null,
      createdAt: AT,
    };
    this.thread = {
      ...this.thread,
      activities: [activity],
      pending: [{ requestId, kind: "question", text }],
    };
  }

  ring(click: string, title = "Done: acme/shop#1"): void {
    const id = `n${this.messages.length}`;
    const message = { event: "message" as const, topic: "t", message: "It landed.", title, click };
    this.messages.push({ id, time: 1_795_000_000, expires: 1_795_043_200, ...message });
  }
}
