import type { ActivityRow, SessionRow, ThreadRow } from "./model.ts";
import type { Store } from "./store.ts";

/** Something that happened in a thread, for whoever shows progress. */
export type T3Event = {
  readonly kind: "turn-started" | "turn-ended" | "steered" | "said" | "asked" | "answered";
  readonly threadId: string;
  /** What was said, asked or answered; how the turn ended; empty otherwise. */
  readonly text: string;
};

/** How the end of a turn shows in the rows. */
export type ShownEnd = {
  readonly turn: "completed" | "error";
  readonly session: "ready" | "error" | "stopped";
  readonly error: string | null;
};

/** A plausible share per turn: the total must grow with the turns, no more. */
const TOKENS_PER_TURN = 20_000;
const CONTEXT_TOKENS_MAX = 200_000;

const LOST_ERROR =
  "Provider session did not survive a server restart. Send a new message to continue.";

/** What the server shows of its threads while their turns go on. Nothing is shown of an archived or deleted one. */
export class ThreadScreen {
  readonly #store: Store;
  readonly #emit: (event: T3Event) => void;

  constructor(store: Store, emit: (event: T3Event) => void) {
    this.#store = store;
    this.#emit = emit;
  }

  isVisible(threadId: string): boolean {
    const { archivedAt, deletedAt } = this.#store.thread(threadId);
    return archivedAt === null && deletedAt === null;
  }

  starting(threadId: string): void {
    this.#show(threadId, { session: session("starting", null) });
  }

  running(threadId: string, turn: { readonly turnId: string; readonly requestedAt: string }): void {
    const times = { startedAt: now(), completedAt: null };
    this.#show(threadId, {
      latestTurn: { ...turn, ...times, state: "running", assistantMessageId: null },
      session: { ...session("running", null), activeTurnId: turn.turnId },
    });
    this.#emit({ kind: "turn-started", threadId, text: "" });
  }

  steered(threadId: string, text: string): void {
    this.#emit({ kind: "steered", threadId, text });
  }

  said(threadId: string, said: { readonly turnId: string; readonly text: string }): void {
    if (!this.isVisible(threadId)) return;
    this.#store.addAssistantMessage(threadId, said);
    this.#emit({ kind: "said", threadId, text: said.text });
  }

  /** Adds an activity and tells the listeners what it is about. */
  acted(threadId: string, activity: Omit<ActivityRow, "id" | "createdAt">, event?: T3Event): void {
    if (this.isVisible(threadId)) this.#store.addActivity(threadId, activity);
    if (event !== undefined) this.#emit(event);
  }

  /** Something was asked of the provider that it cannot do. */
  failed(threadId: string, kind: string, payload: Readonly<Record<string, string>>): void {
    const summary = "Provider request failed";
    this.acted(threadId, { tone: "error", kind, summary, payload, turnId: null });
  }

  /** A turn that never began: the latest turn stays whatever it was. */
  notStarted(threadId: string, detail: string): void {
    this.failed(threadId, "provider.turn.start.failed", { detail });
    this.#show(threadId, { session: session("error", detail) });
  }

  ended(threadId: string, turnId: string, end: ShownEnd): void {
    const { latestTurn } = this.#store.thread(threadId);
    if (end.error !== null) {
      const payload = { message: end.error };
      const summary = "Runtime error";
      this.acted(threadId, { tone: "error", kind: "runtime.error", summary, payload, turnId });
    }
    if (latestTurn?.turnId === turnId) {
      this.#show(threadId, {
        latestTurn: { ...latestTurn, state: end.turn, completedAt: now() },
        session: session(end.session, end.error),
      });
    }
    this.#countTokens(threadId, turnId);
    this.#emit({ kind: "turn-ended", threadId, text: end.error ?? end.turn });
  }

  /** The session is over. A turn that the rows still call running, though nothing runs, is interrupted. */
  stopped(threadId: string): void {
    const { latestTurn, session: before } = this.#store.thread(threadId);
    if (before === null) return;
    const isStuck = latestTurn?.state === "running";
    this.#show(threadId, {
      ...(isStuck
        ? { latestTurn: { ...latestTurn, state: "interrupted", completedAt: now() } }
        : {}),
      session: session("stopped", before.lastError),
    });
  }

  /** What a new process makes of the rows of turns that died with the old one. */
  reconcile(): void {
    for (const { id, session: before, latestTurn, deletedAt } of this.#store.threads.values()) {
      if (before?.status !== "running" && before?.status !== "starting") continue;
      if (deletedAt !== null) continue;
      const isRunning = latestTurn?.state === "running";
      this.#store.patch(id, {
        ...(isRunning ? { latestTurn: { ...latestTurn, state: "error", completedAt: now() } } : {}),
        session: session("error", LOST_ERROR),
      });
    }
  }

  #countTokens(threadId: string, turnId: string): void {
    const { activities } = this.#store.thread(threadId);
    const kind = "context-window.updated";
    const before = activities.filter((activity) => activity.kind === kind).length;
    const payload = {
      usedTokens: TOKENS_PER_TURN,
      totalProcessedTokens: TOKENS_PER_TURN * (before + 1),
      maxTokens: CONTEXT_TOKENS_MAX,
    };
    const summary = "Context window updated";
    this.acted(threadId, { tone: "info", kind, summary, payload, turnId });
  }

  #show(threadId: string, patch: Partial<ThreadRow>): void {
    if (this.isVisible(threadId)) this.#store.patch(threadId, patch);
  }
}

function session(status: SessionRow["status"], lastError: string | null): SessionRow {
  return { status, activeTurnId: null, lastError, updatedAt: now() };
}

function now(): string {
  return new Date().toISOString();
}
