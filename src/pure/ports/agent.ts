import type { AgentSeen, ThreadRead } from "../thread.ts";

/**
 * `all`: archived and deleted threads too. The others take an answer without these, which says so: `active` where it is
 * there sooner, `all-if-cheap` only where all of them are a burden to the server.
 */
export type ThreadsWanted = "active" | "all-if-cheap" | "all";

/** Reads of the agent server. */
export type AgentReader = {
  /** The server, its projects and its threads, once; all of them where nothing else is asked for. */
  observe(want?: ThreadsWanted): Promise<AgentSeen>;
  /** One thread with its messages and pending requests. */
  readThread(threadId: string): Promise<ThreadRead>;
};

export type ProjectCreation = {
  readonly commandId: string;
  readonly projectId: string;
  readonly title: string;
  /** Absolute path on the agent server; created there when missing. */
  readonly workspaceRoot: string;
};

export type ThreadCreation = {
  readonly commandId: string;
  readonly threadId: string;
  readonly projectId: string;
  readonly title: string;
};

export type TurnStart = {
  readonly commandId: string;
  readonly threadId: string;
  readonly messageId: string;
  readonly text: string;
};

export type ThreadCommand = { readonly commandId: string; readonly threadId: string };

/**
 * What the server said to a command. `rejected`: it answered, and the command had no effect; its command id
 * must not be used again. A command whose outcome is not known throws instead.
 */
export type CommandAck =
  | { readonly kind: "accepted" }
  | { readonly kind: "rejected"; readonly why: string };

/**
 * Writes to the agent server: each is one remote request, never retried. Repeating an accepted command id
 * does nothing a second time.
 */
export type AgentWriter = {
  createProject(creation: ProjectCreation): Promise<CommandAck>;
  createThread(creation: ThreadCreation): Promise<CommandAck>;
  startTurn(start: TurnStart): Promise<CommandAck>;
  interruptTurn(command: ThreadCommand): Promise<CommandAck>;
  stopSession(command: ThreadCommand): Promise<CommandAck>;
  archiveThread(command: ThreadCommand): Promise<CommandAck>;
  unarchiveThread(command: ThreadCommand): Promise<CommandAck>;
};
