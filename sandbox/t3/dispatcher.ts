import { mkdirSync, statSync } from "node:fs";
import type { Command, CommandOf } from "./commands.ts";
import type { Store } from "./store.ts";
import type { TurnRunner } from "./turn-runner.ts";
import type { T3Behaviour } from "./versions.ts";

/** What the server answers to a well-formed command. */
export type DispatchAnswer =
  | { readonly kind: "accepted"; readonly sequence: number }
  /** An engine rejection: one 500 for all causes, and the command id is spent. */
  | { readonly kind: "rejected" }
  /** Refused before the engine saw it: the command id may be used again. */
  | { readonly kind: "invalid" };

type Receipt =
  | { readonly kind: "accepted"; readonly sequence: number; readonly aggregate: string }
  | { readonly kind: "rejected" };

/** Decides and performs commands, and keeps a receipt for each command id it decided; restarts keep them. */
export class Dispatcher {
  readonly #receipts = new Map<string, Receipt>();
  readonly #store: Store;
  readonly #turns: TurnRunner;
  readonly #behaviour: T3Behaviour;

  constructor(parts: Pick<Decided, "store" | "behaviour"> & { readonly turns: TurnRunner }) {
    this.#store = parts.store;
    this.#turns = parts.turns;
    this.#behaviour = parts.behaviour;
  }

  dispatch(command: Command): DispatchAnswer {
    if (command.type === "project.create" && !isFolderThere(command)) return { kind: "invalid" };
    const aggregate = "threadId" in command ? command.threadId : command.projectId;
    const receipt = this.#receipts.get(command.commandId);
    const isSame = receipt?.kind === "accepted" && receipt.aggregate === aggregate;
    if (isSame || (receipt?.kind === "accepted" && !this.#behaviour.checksCommandOwner)) {
      return { kind: "accepted", sequence: receipt.sequence };
    }
    if (receipt !== undefined) return { kind: "rejected" };
    const decided: Decided = {
      store: this.#store,
      behaviour: this.#behaviour,
      at: this.#behaviour.stampsTime ? new Date().toISOString() : clientTime(command),
    };
    if (!isAllowed(decided, command)) return this.reject(command.commandId);
    const emptied = command.type === "project.delete" ? this.#store.threadsIn(aggregate) : [];
    apply(decided, command);
    const { sequence } = this.#store;
    this.#receipts.set(command.commandId, { kind: "accepted", sequence, aggregate });
    react(this.#turns, command, decided.at);
    for (const { id } of emptied) this.#turns.forget(id);
    return { kind: "accepted", sequence };
  }

  /** Rejects an undecided command whatever it says; its id stays rejected for ever. */
  reject(commandId: string): DispatchAnswer {
    if (!this.#receipts.has(commandId)) this.#receipts.set(commandId, { kind: "rejected" });
    return { kind: "rejected" };
  }
}

/** What a command is decided and performed with; `at`: the time that its rows get. */
type Decided = {
  readonly store: Store;
  readonly behaviour: T3Behaviour;
  readonly at: string;
};

function clientTime(command: Command): string {
  return "createdAt" in command ? command.createdAt : new Date().toISOString();
}

function isFolderThere(command: CommandOf<"project.create">): boolean {
  if (command.createWorkspaceRootIfMissing === true) {
    mkdirSync(command.workspaceRoot, { recursive: true });
  }
  return statSync(command.workspaceRoot, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The invariants. A turn may be asked for on an archived or deleted thread: it is stored and never runs. */
function isAllowed({ store, behaviour }: Decided, command: Command): boolean {
  switch (command.type) {
    case "project.create": {
      const roots = [...store.projects.values()]
        .filter(({ deletedAt }) => deletedAt === null)
        .map(({ workspaceRoot }) => workspaceRoot);
      if (store.projects.has(command.projectId)) return false;
      return !behaviour.hasSettling || !roots.includes(command.workspaceRoot);
    }
    case "project.delete": {
      if (!isProjectThere(store, command.projectId)) return false;
      return command.force === true || store.threadsIn(command.projectId).length === 0;
    }
    case "thread.create":
      // A deleted thread leaves its row behind, so its id is taken for ever.
      return isProjectThere(store, command.projectId) && !store.threads.has(command.threadId);
    case "thread.archive": {
      const thread = store.threads.get(command.threadId);
      return thread?.archivedAt === null && thread.deletedAt === null;
    }
    case "thread.unarchive": {
      const thread = store.threads.get(command.threadId);
      return typeof thread?.archivedAt === "string" && thread.deletedAt === null;
    }
    case "thread.delete":
      return store.threads.get(command.threadId)?.deletedAt === null;
    case "thread.turn.start":
    case "thread.turn.interrupt":
    case "thread.session.stop":
    case "thread.approval.respond":
    case "thread.user-input.respond":
    case "thread.meta.update":
    case "thread.settle":
    case "thread.unsettle":
      return store.threads.has(command.threadId);
  }
}

function isProjectThere(store: Store, projectId: string): boolean {
  return store.projects.get(projectId)?.deletedAt === null;
}

/** Every event of the command itself; what the provider does about it comes later, in `react`. */
function apply({ store, at }: Decided, command: Command): void {
  switch (command.type) {
    case "project.create":
      return createProject(store, command, at);
    case "project.delete":
      return deleteProject(store, command.projectId);
    case "thread.create":
      return createThread(store, command, at);
    case "thread.turn.start": {
      const { messageId, text } = command.message;
      store.putUserMessage(command.threadId, { id: messageId, text, at });
      // Two events: the message, and the request for a turn.
      store.event();
      return;
    }
    case "thread.archive":
      return store.patch(command.threadId, { archivedAt: new Date().toISOString() });
    case "thread.unarchive":
      return store.patch(command.threadId, { archivedAt: null });
    case "thread.delete":
      return store.patch(command.threadId, { deletedAt: new Date().toISOString() });
    case "thread.meta.update": {
      const { title, branch, worktreePath } = command;
      return store.patch(command.threadId, {
        ...(title === undefined ? {} : { title }),
        ...(branch === undefined ? {} : { branch }),
        ...(worktreePath === undefined ? {} : { worktreePath }),
      });
    }
    case "thread.settle":
      return store.patch(command.threadId, { settledOverride: "settled", settledAt: at });
    case "thread.unsettle":
      return store.patch(command.threadId, { settledOverride: null, settledAt: null });
    case "thread.turn.interrupt":
    case "thread.session.stop":
    case "thread.approval.respond":
    case "thread.user-input.respond":
      store.event();
  }
}

function createProject(store: Store, command: CommandOf<"project.create">, at: string): void {
  store.event();
  store.projects.set(command.projectId, {
    id: command.projectId,
    title: command.title,
    workspaceRoot: command.workspaceRoot,
    defaultModelSelection: command.defaultModelSelection ?? null,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  });
}

/** Its threads are deleted one by one before it; all rows stay behind. */
function deleteProject(store: Store, projectId: string): void {
  for (const { id } of store.threadsIn(projectId)) {
    store.patch(id, { deletedAt: new Date().toISOString() });
  }
  const project = store.projects.get(projectId);
  const deletedAt = store.event();
  if (project === undefined) return;
  store.projects.set(projectId, { ...project, updatedAt: deletedAt, deletedAt });
}

function createThread(store: Store, command: CommandOf<"thread.create">, at: string): void {
  store.event();
  store.threads.set(command.threadId, {
    id: command.threadId,
    projectId: command.projectId,
    title: command.title,
    modelSelection: command.modelSelection,
    runtimeMode: command.runtimeMode,
    interactionMode: command.interactionMode,
    branch: command.branch,
    worktreePath: command.worktreePath,
    latestTurn: null,
    createdAt: at,
    updatedAt: at,
    archivedAt: null,
    deletedAt: null,
    settledOverride: null,
    settledAt: null,
    session: null,
    messages: [],
    activities: [],
    checkpoints: [],
  });
}

/** What the provider does about an accepted command. A repeated command id never comes this far. */
function react(turns: TurnRunner, command: Command, requestedAt: string): void {
  switch (command.type) {
    case "thread.turn.start":
      return turns.request({
        threadId: command.threadId,
        text: command.message.text,
        requestedAt,
      });
    case "thread.turn.interrupt":
      return turns.interrupt(command.threadId);
    case "thread.session.stop":
      return turns.stopSession(command.threadId);
    case "thread.delete":
      return turns.forget(command.threadId);
    case "thread.approval.respond":
      return turns.respond(command.threadId, {
        kind: "approval",
        requestId: command.requestId,
        decision: command.decision,
      });
    case "thread.user-input.respond":
      return turns.respond(command.threadId, {
        kind: "user-input",
        requestId: command.requestId,
        answers: command.answers,
      });
    // An archive does not reach the provider: its process works on, unseen.
    case "thread.archive":
    case "thread.unarchive":
    case "thread.meta.update":
    case "thread.settle":
    case "thread.unsettle":
    case "project.create":
    case "project.delete":
    case "thread.create":
  }
}
