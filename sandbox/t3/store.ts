import { randomUUID } from "node:crypto";
import type { ActivityRow, MessageRow, ProjectRow, ThreadRow } from "./model.ts";

/** A thread keeps this many activities, as T3 does; older ones are forgotten. */
const ACTIVITIES_MAX = 500;

const EPOCH = "1970-01-01T00:00:00.000Z";

/** The server's database: rows, and the number of the newest event. It survives a restart. */
export class Store {
  readonly projects = new Map<string, ProjectRow>();
  readonly threads = new Map<string, ThreadRow>();
  sequence = 0;
  updatedAt = EPOCH;

  /** Counts one event and answers its time. */
  event(): string {
    this.sequence += 1;
    this.updatedAt = new Date().toISOString();
    return this.updatedAt;
  }

  thread(threadId: string): ThreadRow {
    const row = this.threads.get(threadId);
    if (row === undefined) throw new Error(`the sandbox has no thread ${threadId}`);
    return row;
  }

  /** The folder of a thread's project. */
  workspaceRootOf(thread: ThreadRow): string {
    return this.projects.get(thread.projectId)?.workspaceRoot ?? "";
  }

  /** The threads of a project that are not deleted, archived ones included. */
  threadsIn(projectId: string): readonly ThreadRow[] {
    const rows = [...this.threads.values()];
    return rows.filter((row) => row.projectId === projectId && row.deletedAt === null);
  }

  /** One event that changes a thread. */
  patch(threadId: string, patch: Partial<ThreadRow>): void {
    this.threads.set(threadId, { ...this.thread(threadId), ...patch, updatedAt: this.event() });
  }

  /**
   * Stores a user's message. Its id is the key of one table for all threads: the same id again overwrites
   * the text in place, and takes the message out of another thread. It keeps the time of its creation.
   */
  putUserMessage(
    threadId: string,
    { at, ...message }: { readonly id: string; readonly text: string; readonly at: string },
  ): void {
    const all = [...this.threads.values()].flatMap(({ messages }) => messages);
    const known = all.find(({ id }) => id === message.id);
    for (const other of this.threads.values()) {
      if (other.id === threadId || !other.messages.some(({ id }) => id === message.id)) continue;
      const messages = other.messages.filter(({ id }) => id !== message.id);
      this.threads.set(other.id, { ...other, messages });
    }
    const { messages } = this.thread(threadId);
    const isHere = messages.some(({ id }) => id === message.id);
    const fresh: MessageRow = {
      ...message,
      role: "user",
      turnId: null,
      createdAt: known?.createdAt ?? at,
      updatedAt: at,
    };
    const kept = messages.map((row) => (row.id === message.id ? fresh : row));
    this.patch(threadId, { messages: isHere ? kept : [...messages, fresh] });
  }

  addAssistantMessage(threadId: string, said: { readonly turnId: string; readonly text: string }) {
    const at = new Date().toISOString();
    const id = `assistant:${randomUUID()}`;
    const row: MessageRow = { ...said, id, role: "assistant", createdAt: at, updatedAt: at };
    const { messages, latestTurn } = this.thread(threadId);
    const isOfLatest = latestTurn?.turnId === said.turnId;
    this.patch(threadId, {
      messages: [...messages, row],
      latestTurn: latestTurn && isOfLatest ? { ...latestTurn, assistantMessageId: id } : latestTurn,
    });
  }

  addActivity(threadId: string, activity: Omit<ActivityRow, "id" | "createdAt">): void {
    const row = { ...activity, id: randomUUID(), createdAt: new Date().toISOString() };
    const activities = [...this.thread(threadId).activities, row].slice(-ACTIVITIES_MAX);
    this.patch(threadId, { activities });
  }
}
