import type { AgentReader, AgentWriter, CommandAck } from "../../pure/ports/agent.ts";
import { dispatchCommand, T3_PATIENCE, type T3Connection, type T3Patience } from "./t3-http.ts";
import { observe } from "./t3-observe.ts";
import { readThread } from "./t3-read-thread.ts";
import type { Reading } from "./t3-reading.ts";

export type T3Options = Omit<T3Connection, "patience"> & {
  /** Stamps the commands; T3 up to 0.0.28 keeps the time, later ones use their own. */
  readonly now: () => Date;
  /** The provider instance and model of new threads. */
  readonly model: { readonly instanceId: string; readonly model: string };
  readonly runtimeMode: string;
  /** How long reads may take; `T3_PATIENCE` where nothing else is said. */
  readonly patience?: T3Patience;
};

/**
 * T3 Code over its HTTP API, as recorded from 0.0.27 to 0.0.33. Make one per tick: it remembers the
 * version.
 */
export function createT3Agent(options: T3Options): AgentReader & AgentWriter {
  const reading = openReading(options);
  return {
    observe: (want) => observe(reading, want),
    readThread: (threadId) => readThread(reading, threadId),
    ...createWriter(reading, options),
  };
}

/** What reads of T3 go through: a connection, and what is remembered of the server meanwhile. */
export function openReading(options: Omit<T3Options, "model">): Reading {
  const { now, runtimeMode, patience = T3_PATIENCE } = options;
  return {
    connection: { ...options, patience },
    runtimeMode,
    now,
    memory: {
      environment: null,
      roots: new Map(),
      sessionWarnings: null,
      takesCommands: null,
      newestMs: 0,
      aheadMs: 0,
      batch: null,
    },
  };
}

function createWriter({ connection, memory }: Reading, options: T3Options): AgentWriter {
  const { runtimeMode } = options;
  function send(type: string, fields: Readonly<Record<string, unknown>>): Promise<CommandAck> {
    return dispatchCommand(connection, { type, ...fields });
  }
  const byServer = (): number => options.now().getTime() + memory.aheadMs;
  // createdAt is required here even though newer servers overwrite it.
  const createdAt = (): string => new Date(byServer()).toISOString();
  // Up to 0.0.28 it is the message's time: by a clock that is slow, what the turn before said would come after it;
  // by one that is fast, what this turn says would come before it.
  const askedAt = (): string => new Date(Math.max(byServer(), memory.newestMs + 1)).toISOString();
  return {
    createProject: (creation) =>
      send("project.create", {
        ...creation,
        createWorkspaceRootIfMissing: true,
        createdAt: createdAt(),
      }),
    createThread: (creation) =>
      send("thread.create", {
        ...creation,
        modelSelection: options.model,
        runtimeMode,
        interactionMode: "default",
        // Both keys must be there; null leaves branch and worktree to the agent.
        branch: null,
        worktreePath: null,
        createdAt: createdAt(),
      }),
    startTurn: ({ commandId, threadId, messageId, text }) =>
      send("thread.turn.start", {
        commandId,
        threadId,
        message: { messageId, role: "user", text, attachments: [] },
        runtimeMode,
        interactionMode: "default",
        createdAt: askedAt(),
      }),
    interruptTurn: (command) =>
      send("thread.turn.interrupt", { ...command, createdAt: createdAt() }),
    stopSession: (command) => send("thread.session.stop", { ...command, createdAt: createdAt() }),
    archiveThread: (command) => send("thread.archive", command),
    unarchiveThread: (command) => send("thread.unarchive", command),
  };
}
