import type {
  LatestTurn,
  PendingRequest,
  ThreadDetail,
  ThreadMessage,
  ThreadSession,
  ThreadSummary,
} from "../../src/pure/thread.ts";
import type { FakeClock } from "./fake-clock.ts";

// T3 checks this only when it hands the prompt to the provider, after it has accepted the command.
const PROMPT_CHARS_MAX = 120_000;

const LOST_IN_RESTART =
  "Provider session did not survive a server restart. Send a new message to continue.";

/** What the agent of a thread does when it is told to stop. */
export type Obedience = "obeys" | "ignores-interrupt" | "ignores-interrupt-and-stop";

/** How T3 tells a turn that an interrupt ended: all three were recorded. */
export type InterruptEnd = "completed" | "interrupted" | "error";

/**
 * One thread of the faked T3. The row (session, latest turn) is what T3 shows; `work` is what really goes on.
 * They part when a restart leaves a zombie, and on an archived thread, whose row T3 no longer updates.
 */
export class FakeThread {
  readonly id: string;
  readonly workspaceRoot: string;
  readonly title: string;
  readonly #clock: FakeClock;
  readonly #createdAt: string;
  readonly #messages: ThreadMessage[] = [];
  #pending: PendingRequest[] = [];
  #updatedAt: string;
  #session: ThreadSession | null = null;
  #latestTurn: LatestTurn | null = null;
  #ask: { readonly at: string; readonly session: ThreadSession | null; text: string } | null = null;
  presence: ThreadSummary["presence"] = "active";
  work: "none" | "asked" | "working" = "none";
  obedience: Obedience;
  processedTokens: number | null = null;

  constructor(
    setup: { id: string; workspaceRoot: string; title: string; obedience: Obedience },
    clock: FakeClock,
  ) {
    this.id = setup.id;
    this.workspaceRoot = setup.workspaceRoot;
    this.title = setup.title;
    this.obedience = setup.obedience;
    this.#clock = clock;
    this.#createdAt = clock.iso();
    this.#updatedAt = this.#createdAt;
  }

  /** Whether an agent works here, may yet start here, or T3 shows it as if. */
  get isLive(): boolean {
    if (this.work !== "none") return true;
    if (this.presence === "deleted" || this.#session === null) return false;
    return this.#session.hasActiveTurn || ["starting", "running"].includes(this.#session.status);
  }

  get canRun(): boolean {
    return this.presence === "active";
  }

  summary(): ThreadSummary {
    return {
      id: this.id,
      workspaceRoot: this.workspaceRoot,
      presence: this.presence,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
      session: this.#session,
      latestTurn: this.#latestTurn,
    };
  }

  /** What can be read of it: T3 hides the conversation of archived and deleted threads. */
  read(): ThreadDetail {
    if (this.presence === "active") return this.detail();
    return { ...this.summary(), messages: [], pending: [], processedTokens: null };
  }

  detail(): ThreadDetail {
    return {
      ...this.summary(),
      messages: [...this.#messages],
      pending: [...this.#pending],
      processedTokens: this.processedTokens,
    };
  }

  /**
   * Stores a message. One of the same id is overwritten in place and keeps its time, and so it is with `moved`,
   * which was in another thread before.
   */
  store(message: { readonly id: string; readonly text: string }, moved?: ThreadMessage): void {
    const place = this.#messages.findIndex(({ id }) => id === message.id);
    const at = (this.#messages[place] ?? moved)?.at ?? this.#clock.iso();
    const stored: ThreadMessage = { ...message, role: "user", at };
    if (place === -1) this.#messages.push(stored);
    else this.#messages[place] = stored;
    this.#touch();
  }

  /** A message whose id another thread took over leaves this one, as T3's global key has it. */
  lose(messageId: string): ThreadMessage | undefined {
    const at = this.#messages.findIndex(({ id }) => id === messageId);
    return at === -1 ? undefined : this.#messages.splice(at, 1)[0];
  }

  ask(text: string): void {
    this.#ask = { at: this.#clock.iso(), session: this.#session, text };
    this.work = "asked";
    this.#row({ session: session("starting") });
  }

  begin(turnId: string): void {
    const ask = this.#ask;
    if (this.work !== "asked" || ask === null) throw new Error(`${this.id} waits for no start`);
    const unfit = whyUnfit(ask.text);
    if (unfit !== null) {
      this.failToStart(unfit, "error");
      return;
    }
    this.work = "working";
    this.#row({
      session: session("running"),
      latestTurn: {
        id: turnId,
        state: "running",
        requestedAt: ask.at,
        startedAt: this.#clock.iso(),
        completedAt: null,
      },
    });
  }

  /** The start was accepted and nothing ever runs: the row stands as if nobody had asked. */
  loseStart(): void {
    if (this.work !== "asked") throw new Error(`${this.id} waits for no start`);
    const before = this.#ask?.session ?? null;
    this.work = "none";
    this.#row({ session: before });
  }

  failToStart(lastError: string, status: "error" | "stopped"): void {
    if (this.work !== "asked") throw new Error(`${this.id} waits for no start`);
    this.work = "none";
    this.#row({ session: session(status, lastError) });
  }

  say(text: string): void {
    this.#mustWork();
    if (this.presence !== "active") return;
    const id = `assistant:${this.id}:${this.#messages.length}`;
    this.#messages.push({ id, role: "assistant", text, at: this.#clock.iso() });
    this.#touch();
  }

  /** The agent itself ends its turn. */
  end(state: "completed" | "interrupted" | "error", after: ThreadSession): void {
    this.#mustWork();
    if (this.#pending.length > 0) throw new Error(`${this.id} waits for an answer`);
    this.#settle(state, after);
  }

  request(pending: PendingRequest): void {
    this.#mustWork();
    this.#pending.push(pending);
    this.#touch();
  }

  answer(requestId: string): void {
    const at = this.#pending.findIndex((pending) => pending.requestId === requestId);
    if (at === -1) throw new Error(`${this.id} has no request ${requestId}`);
    this.#pending.splice(at, 1);
    this.#touch();
  }

  /** Without a running turn an interrupt is accepted and changes nothing, also while a start waits. */
  interrupt(endsAs: InterruptEnd): void {
    if (this.work !== "working" || this.obedience !== "obeys") return;
    if (endsAs === "error") this.#settle("error", session("error", "Claude turn failed."));
    else this.#settle(endsAs, session("ready"));
  }

  /** Heals a zombie too; on an archived thread T3 drops the event. */
  stop(): void {
    if (this.presence !== "active" || this.#session === null) return;
    if (this.obedience === "ignores-interrupt-and-stop") return;
    const wasWorking = this.work === "working";
    const { lastError } = this.#session;
    this.#settle(wasWorking ? "completed" : "interrupted", session("stopped", lastError));
  }

  /** The server restarted. `reconciles` is false for T3 up to 0.0.33, which leaves a zombie. */
  restart(reconciles: boolean): void {
    if (this.work === "asked") {
      this.loseStart();
      return;
    }
    if (this.work === "none") return;
    this.work = "none";
    if (!reconciles) return;
    const latestTurn = ended(this.#latestTurn, "error", this.#clock.iso());
    this.#row({ session: session("error", LOST_IN_RESTART), latestTurn, pending: [] });
  }

  delete(): void {
    this.presence = "deleted";
    this.work = "none";
    this.#touch();
  }

  setPresence(presence: "active" | "archived"): void {
    this.presence = presence;
    this.#touch();
  }

  #settle(state: "completed" | "interrupted" | "error", after: ThreadSession): void {
    this.work = "none";
    const latestTurn = ended(this.#latestTurn, state, this.#clock.iso());
    this.#row({ session: after, latestTurn, pending: [] });
  }

  #mustWork(): void {
    if (this.work !== "working") throw new Error(`no turn runs in ${this.id}: ${this.work}`);
  }

  /** T3 drops the events of archived and deleted threads. */
  #row(change: {
    readonly session: ThreadSession | null;
    readonly latestTurn?: LatestTurn | null;
    readonly pending?: PendingRequest[];
  }): void {
    if (this.presence !== "active") return;
    const { session: next, latestTurn = this.#latestTurn, pending = this.#pending } = change;
    this.#session = next && { updatedAt: this.#clock.iso(), ...next };
    this.#latestTurn = latestTurn;
    this.#pending = pending;
    this.#touch();
  }

  #touch(): void {
    this.#updatedAt = this.#clock.iso();
  }
}

/** A session as T3 shows it: only a running one has an active turn. */
export function session(status: string, lastError: string | null = null): ThreadSession {
  return { status, hasActiveTurn: status === "running", lastError };
}

function whyUnfit(text: string): string | null {
  if (text === "") return "Either input text or at least one attachment is required";
  if (text.length <= PROMPT_CHARS_MAX) return null;
  return `Prompt exceeds ${PROMPT_CHARS_MAX} characters.`;
}

function ended(turn: LatestTurn | null, state: string, at: string): LatestTurn | null {
  return turn === null || turn.completedAt !== null ? turn : { ...turn, state, completedAt: at };
}
