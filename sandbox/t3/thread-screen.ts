import type { ChangedFile } from "./agent/script.ts";
import type { ActivityRow, SessionRow, ThreadRow, TurnRow } from "./model.ts";
import type { Store } from "./store.ts";
import type { T3Behaviour } from "./versions.ts";

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
  /** The provider itself ended the turn: neither its process nor its session was ended. */
  readonly isRegular: boolean;
};

/** Why a turn never began. 0.0.27 shows nothing but an activity of an instance it does not know. */
export type Refusal = { readonly kind: "unknown-instance" | "input"; readonly detail: string };

/** What a screen shows and to whom it tells it. */
type ScreenParts = {
  readonly store: Store;
  readonly behaviour: T3Behaviour;
  /** Whether a report of tokens has the total, or only how full the context window is. */
  readonly reportsTotals: boolean;
  readonly emit: (event: T3Event) => void;
};

/** A plausible share per turn: the total must grow with the turns, no more. */
const TOKENS_PER_TURN = 20_000;
const OUTPUT_TOKENS_PER_TURN = 1_000;
const CONTEXT_TOKENS_MAX = 200_000;

const LOST_ERROR =
  "Provider session did not survive a server restart. Send a new message to continue.";

/** What the server shows of its threads while their turns go on. Nothing is shown of an archived or deleted one. */
export class ThreadScreen {
  readonly #store: Store;
  readonly #behaviour: T3Behaviour;
  readonly #reportsTotals: boolean;
  readonly #emit: (event: T3Event) => void;

  constructor({ store, behaviour, reportsTotals, emit }: ScreenParts) {
    this.#store = store;
    this.#behaviour = behaviour;
    this.#reportsTotals = reportsTotals;
    this.#emit = emit;
  }

  isVisible(threadId: string): boolean {
    const { archivedAt, deletedAt } = this.#store.thread(threadId);
    return archivedAt === null && deletedAt === null;
  }

  starting(threadId: string): void {
    const status = this.#behaviour.keepsStarting ? "starting" : "ready";
    this.#show(threadId, { session: session(status, null) });
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
    const { latestTurn } = this.#store.thread(threadId);
    if (!this.#behaviour.settlesWithSession && latestTurn?.state === "running") {
      this.#show(threadId, {
        latestTurn: { ...latestTurn, state: "completed", completedAt: now() },
      });
    }
    if (this.#behaviour.reportsAtFirstWords) this.#countTokens(threadId, said.turnId);
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
  notStarted(threadId: string, { kind, detail }: Refusal): void {
    this.failed(threadId, "provider.turn.start.failed", { detail });
    if (this.#behaviour.showsRefusedStart) {
      this.#show(threadId, { session: session("error", detail) });
    } else if (kind === "input") {
      this.#show(threadId, { latestTurn: null, session: session("ready", detail) });
    }
  }

  /** A start that found no agent's program: the provider's process ended before it began. */
  absent(threadId: string, error: string): void {
    const detail = `Unknown adapter thread: ${threadId}`;
    this.failed(threadId, "provider.turn.start.failed", { detail });
    this.#broke(threadId, null, error);
    this.#show(threadId, { session: session("stopped", error) });
  }

  /** Answers the turn as it ended, for its checkpoint; null when it is not the latest any more. */
  ended(threadId: string, turnId: string, end: ShownEnd): TurnRow | null {
    const { latestTurn } = this.#store.thread(threadId);
    if (end.error !== null) this.#broke(threadId, turnId, end.error);
    let ended: TurnRow | null = null;
    if (latestTurn?.turnId === turnId) {
      ended = { ...latestTurn, state: end.turn, completedAt: now() };
      this.#show(threadId, {
        latestTurn: this.#behaviour.keepsTurnAtRest ? ended : null,
        session: session(end.session, end.error),
      });
    }
    if (end.isRegular || this.#behaviour.reportsAtFirstWords) this.#countTokens(threadId, turnId);
    this.#emit({ kind: "turn-ended", threadId, text: end.error ?? end.turn });
    return ended;
  }

  /** What a turn left in git is there: until 0.0.31 only this brings the latest turn back. */
  checkpointed(threadId: string, turn: TurnRow, files: readonly ChangedFile[]): void {
    if (!this.isVisible(threadId)) return;
    const { turnId, assistantMessageId } = turn;
    const { checkpoints, latestTurn } = this.#store.thread(threadId);
    const turnCount = checkpoints.length + 1;
    const status = turn.state === "error" ? "error" : "ready";
    const ref = `refs/t3/checkpoints/${Buffer.from(threadId).toString("base64url")}`;
    const checkpoint = {
      turnId,
      checkpointTurnCount: turnCount,
      checkpointRef: `${ref}/turn/${turnCount}`,
      status,
      files,
      assistantMessageId,
      completedAt: now(),
    } as const;
    this.#show(threadId, {
      checkpoints: [...checkpoints, checkpoint],
      latestTurn: latestTurn ?? turn,
    });
    const payload = { turnCount, status };
    const summary = "Checkpoint captured";
    this.acted(threadId, { tone: "info", kind: "checkpoint.captured", summary, payload, turnId });
  }

  /** The session is over. A turn that the rows still call running, though nothing runs, is interrupted. */
  stopped(threadId: string): void {
    const { latestTurn, session: before } = this.#store.thread(threadId);
    if (before === null) return;
    const isStuck = latestTurn?.state === "running";
    const stuck: Partial<ThreadRow> = isStuck
      ? { latestTurn: { ...latestTurn, state: "interrupted", completedAt: now() } }
      : {};
    this.#show(threadId, {
      ...(this.#behaviour.keepsTurnAtRest ? stuck : { latestTurn: null }),
      session: session("stopped", before.lastError),
    });
  }

  /** What a new process makes of the rows of turns that died with the old one. */
  reconcile(): void {
    if (!this.#behaviour.reconcilesAtStart) return;
    // Deleted rows too: until then they say `running`, though nothing runs.
    for (const { id, session: before, latestTurn } of this.#store.threads.values()) {
      if (before?.status !== "running" && before?.status !== "starting") continue;
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
    const reports = activities.filter((activity) => activity.kind === kind);
    if (reports.some((report) => report.turnId === turnId)) return;
    const total = { totalProcessedTokens: TOKENS_PER_TURN * (reports.length + 1) };
    const payload = {
      usedTokens: TOKENS_PER_TURN,
      lastUsedTokens: TOKENS_PER_TURN,
      inputTokens: TOKENS_PER_TURN - OUTPUT_TOKENS_PER_TURN,
      outputTokens: OUTPUT_TOKENS_PER_TURN,
      ...(this.#reportsTotals ? total : {}),
      maxTokens: CONTEXT_TOKENS_MAX,
    };
    const summary = "Context window updated";
    this.acted(threadId, { tone: "info", kind, summary, payload, turnId });
  }

  #broke(threadId: string, turnId: string | null, message: string): void {
    const summary = "Runtime error";
    const told = { tone: "error", kind: "runtime.error", summary, payload: { message } } as const;
    this.acted(threadId, { ...told, turnId });
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
