import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxT3, SandboxThread } from "../../../sandbox/t3/t3-server.ts";

export const TOKEN = "sandbox-token";
export const RUN_ID = "0123456789ab";

const AT = "2026-01-01T00:00:00.000Z";

export type Reply = {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  // A wire body in a test: each test reads the fields it is about.
  readonly body: Record<string, any>;
};

/** Talks to the sandbox as any HTTP client does. */
export function createClient(url: string, token: string | null = TOKEN) {
  async function call(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const headers = { ...authorization, ...(init.headers as Record<string, string>) };
    const response = await fetch(url + path, { redirect: "manual", ...init, method, headers });
    const text = await response.text();
    const type = response.headers.get("content-type");
    const body = type?.startsWith("application/json") ? JSON.parse(text) : {};
    return { status: response.status, type, text, body };
  }
  const dispatch = (command: unknown, contentType = "application/json") =>
    call("POST", "/api/orchestration/dispatch", {
      headers: { "content-type": contentType },
      body: typeof command === "string" ? command : JSON.stringify(command),
    });
  return {
    call,
    get: (path: string) => call("GET", path),
    dispatch,
    detail: async (threadId: string) =>
      (await call("GET", `/api/orchestration/threads/${threadId}`)).body["thread"],
  };
}

export function projectCreate(fields: { readonly workspaceRoot: string }) {
  return {
    type: "project.create",
    commandId: "c-project",
    projectId: "p1",
    title: "Sample",
    createWorkspaceRootIfMissing: true,
    createdAt: AT,
    ...fields,
  };
}

export function threadCreate(threadId: string, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    type: "thread.create",
    commandId: `c-create-${threadId}`,
    threadId,
    projectId: "p1",
    title: `Thread ${threadId}`,
    modelSelection: { instanceId: "claudeAgent", model: "some-model" },
    runtimeMode: "full-access",
    interactionMode: "default",
    branch: null,
    worktreePath: null,
    createdAt: AT,
    ...fields,
  };
}

export function turnStart(
  threadId: string,
  turn: { readonly id: string; readonly text: string; readonly messageId?: string },
) {
  return {
    type: "thread.turn.start",
    commandId: `c-start-${threadId}-${turn.id}`,
    threadId,
    message: {
      messageId: turn.messageId ?? `m-${threadId}-${turn.id}`,
      role: "user",
      text: turn.text,
      attachments: [],
    },
    runtimeMode: "full-access",
    interactionMode: "default",
    createdAt: AT,
  };
}

/** Commands that name a thread only; the command id is new for each `nth`. */
export function threadCommand(type: string, threadId: string, nth = 1) {
  return { type, commandId: `c-${type}-${threadId}-${nth}`, threadId, createdAt: AT };
}

export function firstPrompt(story: string, cloneUrl: string, issue = 7): string {
  return [
    "Facts:",
    `- Clone URL: ${cloneUrl}`,
    "- Default branch: main",
    `- Run id: ${RUN_ID}`,
    `- Issue: owner/sample#${issue}`,
    "",
    "```text",
    "Please add the function.",
    `Story: ${story}`,
    "```",
  ].join("\n");
}

export function threadOf(t3: SandboxT3, threadId: string): SandboxThread {
  const thread = t3.threads().find(({ id }) => id === threadId);
  if (thread === undefined) throw new Error(`no thread ${threadId}`);
  return thread;
}

export function stateOf(t3: SandboxT3, threadId: string): string {
  const { latestTurn, session } = threadOf(t3, threadId);
  return `${latestTurn?.state ?? "null"}/${session?.status ?? "null"}`;
}

export function lastWords(t3: SandboxT3, threadId: string): string {
  return threadOf(t3, threadId).messages.at(-1)?.text ?? "";
}

const UNTIL_MS_MAX = 20_000;

/** Waits until something holds; a test that waits in vain says for what. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + UNTIL_MS_MAX;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(10);
  }
}

/** Waits until as many turns as given have ended in a thread, and no session is on its way down. */
export async function untilIdle(t3: SandboxT3, threadId: string): Promise<void> {
  await until(`${threadId} is idle`, () => {
    const { latestTurn, session } = threadOf(t3, threadId);
    return latestTurn?.completedAt != null && session?.activeTurnId == null;
  });
}
