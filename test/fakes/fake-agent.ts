import type {
  AgentReader,
  AgentWriter,
  CommandAck,
  ProjectCreation,
  ThreadCommand,
  ThreadCreation,
  ThreadsWanted,
  TurnStart,
} from "../../src/pure/ports/agent.ts";
import type {
  AgentSeen,
  PendingRequest,
  ProjectSummary,
  ThreadDetail,
  ThreadMessage,
  ThreadRead,
} from "../../src/pure/thread.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeThread, type InterruptEnd, type Obedience, session } from "./fake-thread.ts";

type FakeAgentOptions = {
  readonly clock: FakeClock;
  readonly environmentId?: string;
  /** Whoever would take all threads is answered without the inactive ones, as by T3 0.0.29 to 0.0.31. */
  readonly hidesInactive?: boolean;
  /** `when-told`: a turn stays `starting` until `startTurns()`. */
  readonly starts?: "when-told" | "at-once";
  /** What an obeyed interrupt looks like afterwards. */
  readonly interruptEndsAs?: InterruptEnd;
  /** Of threads yet to be created. */
  readonly obedience?: Obedience;
};

/** A turn start that was not a repetition, and what became of it. */
type TurnStartSeen = TurnStart & {
  readonly workspaceRoot: string;
  /** Milliseconds by the clock. */
  readonly at: number;
  readonly effect: "starts" | "steers" | "never-runs";
};

type Receipt = { readonly ack: CommandAck; readonly aggregate: string };

const ACCEPTED: CommandAck = { kind: "accepted" };

/** A tiny T3 of version 0.0.33: it holds projects, threads and receipts, and can be told to break. */
export class FakeAgent implements AgentReader, AgentWriter {
  /** Every port call, oldest first: `startTurn <thread id> <message id>`. */
  readonly calls: string[] = [];
  /** How many commands came, repeated and rejected ones included. */
  writes = 0;
  /** Runs before a port call is answered. */
  beforeCall: (call: string) => void = () => {};
  /** Every accepted start, repetitions of a command left out. */
  readonly turnStarts: TurnStartSeen[] = [];
  /** The starts that found a live turn in their workspace, with the threads that were live. */
  readonly turnsAskedWhileLive: {
    readonly start: TurnStartSeen;
    readonly live: readonly string[];
  }[] = [];
  /** How many starts went into a turn that was already under way. */
  steered = 0;
  readonly #options: FakeAgentOptions;
  readonly #clock: FakeClock;
  readonly #projects = new Map<string, ProjectSummary>();
  readonly #threads = new Map<string, FakeThread>();
  readonly #receipts = new Map<string, Receipt>();
  readonly #mostWorking = new Map<string, number>();
  #turns = 0;
  #startsToLose = 0;
  #unreadable: string | null = null;
  #down: string | null = null;

  constructor(options: FakeAgentOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  // The hands of agents, people and misfortune.

  /** Every start that waits begins, or the one of `threadId`. */
  startTurns(threadId?: string): void {
    const threads = threadId === undefined ? this.#threads.values() : [this.#thread(threadId)];
    for (const thread of threads) if (thread.work === "asked") this.#begin(thread);
  }

  say(threadId: string, text: string): void {
    this.#thread(threadId).say(text);
  }

  /** The turn ends well; a provider's limit ends so too, only its words tell. */
  finish(threadId: string, end: { readonly lastWords: string; readonly tokens?: number }): void {
    const thread = this.#thread(threadId);
    thread.say(end.lastWords);
    if (end.tokens !== undefined) thread.processedTokens = end.tokens;
    thread.end("completed", session("ready"));
  }

  /** The turn fails: session `error`, or `stopped` when the agent's process died. */
  fail(threadId: string, lastError: string, status: "error" | "stopped" = "error"): void {
    this.#thread(threadId).end("error", session(status, lastError));
  }

  /** The asked turn never begins and T3 says why; the latest turn stays what it was. */
  failToStart(threadId: string, lastError: string): void {
    this.#thread(threadId).failToStart(lastError, "stopped");
  }

  ask(threadId: string, request: PendingRequest): void {
    this.#thread(threadId).request(request);
  }

  /** A person answers on the thread's page; the turn goes on. */
  answerRequest(threadId: string, requestId: string): void {
    this.#thread(threadId).answer(requestId);
  }

  setTokens(threadId: string, tokens: number | null): void {
    this.#thread(threadId).processedTokens = tokens;
  }

  /** The server restarts and says of each running turn that it was lost; waiting starts vanish. */
  loseInRestart(): void {
    for (const thread of this.#threads.values()) thread.restart(true);
  }

  /** T3 shows the thread as running for ever while nothing works, as 0.0.33 does after a restart. */
  zombie(threadId: string): void {
    const thread = this.#thread(threadId);
    if (thread.work !== "working") throw new Error(`no turn runs in ${threadId}`);
    thread.restart(false);
  }

  /** The start that waits was accepted, and nothing ever runs. */
  loseStart(threadId: string): void {
    this.#thread(threadId).loseStart();
  }

  /** The same for starts yet to come. */
  loseNextStarts(count: number): void {
    this.#startsToLose = count;
  }

  deleteThread(threadId: string): void {
    this.#thread(threadId).delete();
  }

  setObedience(threadId: string, obedience: Obedience): void {
    this.#thread(threadId).obedience = obedience;
  }

  /** Reads are unreadable, commands still work. */
  setUnreadable(why: string | null): void {
    this.#unreadable = why;
  }

  /** Nothing is answered: reads are unreadable, commands throw without effect. */
  setDown(why: string | null): void {
    this.#down = why;
  }

  /** The thread as it is, archived and deleted ones too, without a request. */
  see(threadId: string): ThreadDetail {
    return this.#thread(threadId).detail();
  }

  threadIds(): readonly string[] {
    return [...this.#threads.keys()];
  }

  /** Threads whose agent really works, or is about to. */
  workingIn(workspaceRoot: string): readonly string[] {
    return this.#idsIn(workspaceRoot, (thread) => thread.work !== "none");
  }

  /** The most that ever worked there at once. */
  mostWorkingIn(workspaceRoot: string): number {
    return this.#mostWorking.get(workspaceRoot) ?? 0;
  }

  /** Whether a turn was asked for here and has not begun. */
  isAsked(threadId: string): boolean {
    return this.#thread(threadId).work === "asked";
  }

  /** Whether an agent really works here. */
  isWorking(threadId: string): boolean {
    return this.#thread(threadId).work === "working";
  }

  /** Threads that work, may yet start, or are shown as if. */
  liveTurns(workspaceRoot: string): readonly string[] {
    return this.#idsIn(workspaceRoot, (thread) => thread.isLive);
  }

  // The reader.

  async observe(want: ThreadsWanted = "all"): Promise<AgentSeen> {
    const isActiveOnly =
      want === "active" || (want === "all-if-cheap" && this.#options.hidesInactive === true);
    this.#called(isActiveOnly ? "observe active" : "observe");
    const why = this.#down ?? this.#unreadable;
    if (why !== null) return { kind: "unreadable", why };
    return {
      kind: "readable",
      environmentId: this.#options.environmentId ?? "env-1",
      projects: [...this.#projects.values()],
      threads: [...this.#threads.values()]
        .map((thread) => thread.summary())
        .filter(({ presence }) => !isActiveOnly || presence === "active"),
      ...(isActiveOnly ? { isActiveOnly } : {}),
      ...(this.#options.hidesInactive === true ? { isWholeCostly: true } : {}),
    };
  }

  /** An archived or deleted thread is read without its conversation, `unknown` is one that never was. */
  async readThread(threadId: string): Promise<ThreadRead> {
    this.#called(`readThread ${threadId}`);
    const why = this.#down ?? this.#unreadable;
    if (why !== null) return { kind: "unreadable", why };
    const thread = this.#threads.get(threadId);
    return thread === undefined ? { kind: "unknown" } : { kind: "read", detail: thread.read() };
  }

  // The writer.

  async createProject(creation: ProjectCreation): Promise<CommandAck> {
    const { projectId: id, workspaceRoot } = creation;
    this.#wrote(`createProject ${id}`);
    return this.#once(creation.commandId, id, () => {
      const others = [...this.#projects.values()];
      if (this.#projects.has(id)) return `project ${id} exists`;
      if (others.some((project) => project.workspaceRoot === workspaceRoot)) {
        return `workspace ${workspaceRoot} has a project`;
      }
      this.#projects.set(id, { id, workspaceRoot });
      return null;
    });
  }

  async createThread(creation: ThreadCreation): Promise<CommandAck> {
    const { threadId: id, title } = creation;
    this.#wrote(`createThread ${id}`);
    return this.#once(creation.commandId, id, () => {
      const project = this.#projects.get(creation.projectId);
      if (project === undefined) return `no project ${creation.projectId}`;
      if (this.#threads.has(id)) return `thread ${id} exists, or existed`;
      const obedience = this.#options.obedience ?? "obeys";
      const { workspaceRoot } = project;
      this.#threads.set(id, new FakeThread({ id, workspaceRoot, title, obedience }, this.#clock));
      return null;
    });
  }

  async startTurn(start: TurnStart): Promise<CommandAck> {
    this.#wrote(`startTurn ${start.threadId} ${start.messageId}`);
    return this.#once(start.commandId, start.threadId, () => {
      const thread = this.#threads.get(start.threadId);
      if (thread === undefined) return `no thread ${start.threadId}`;
      this.#start(thread, start);
      return null;
    });
  }

  async interruptTurn(command: ThreadCommand): Promise<CommandAck> {
    const endsAs = this.#options.interruptEndsAs ?? "completed";
    return this.#command("interruptTurn", command, (thread) => {
      thread.interrupt(endsAs);
      return null;
    });
  }

  async stopSession(command: ThreadCommand): Promise<CommandAck> {
    return this.#command("stopSession", command, (thread) => {
      thread.stop();
      return null;
    });
  }

  async archiveThread(command: ThreadCommand): Promise<CommandAck> {
    return this.#command("archiveThread", command, (thread) => {
      if (thread.presence !== "active") return `${thread.id} is ${thread.presence}`;
      thread.setPresence("archived");
      return null;
    });
  }

  async unarchiveThread(command: ThreadCommand): Promise<CommandAck> {
    return this.#command("unarchiveThread", command, (thread) => {
      if (thread.presence !== "archived") return `${thread.id} is ${thread.presence}`;
      thread.setPresence("active");
      return null;
    });
  }

  #command(
    method: string,
    command: ThreadCommand,
    effect: (thread: FakeThread) => string | null,
  ): CommandAck {
    this.#wrote(`${method} ${command.threadId}`);
    return this.#once(command.commandId, command.threadId, () => {
      const thread = this.#threads.get(command.threadId);
      return thread === undefined ? `no thread ${command.threadId}` : effect(thread);
    });
  }

  /**
   * Accepted again is accepted without effect, rejected stays rejected for ever, and an id used for another
   * thread or project is a conflict that leaves the first receipt as it is.
   */
  #once(commandId: string, aggregate: string, effect: () => string | null): CommandAck {
    const receipt = this.#receipts.get(commandId);
    if (receipt !== undefined && receipt.aggregate !== aggregate) {
      return { kind: "rejected", why: `command ${commandId} was used for ${receipt.aggregate}` };
    }
    if (receipt !== undefined) return receipt.ack;
    const why = effect();
    const ack: CommandAck = why === null ? ACCEPTED : { kind: "rejected", why };
    this.#receipts.set(commandId, { ack, aggregate });
    return ack;
  }

  #start(thread: FakeThread, start: TurnStart): void {
    const live = this.liveTurns(thread.workspaceRoot);
    let moved: ThreadMessage | undefined;
    for (const other of this.#threads.values()) {
      if (other !== thread) moved = other.lose(start.messageId) ?? moved;
    }
    thread.store({ id: start.messageId, text: start.text }, moved);
    const { workspaceRoot } = thread;
    const effect = this.#effectOf(thread);
    const seen: TurnStartSeen = { ...start, workspaceRoot, at: this.#clock.now(), effect };
    this.turnStarts.push(seen);
    if (live.length > 0) this.turnsAskedWhileLive.push({ start: seen, live });
    if (effect === "steers") this.steered += 1;
    if (effect !== "starts") return;
    thread.ask(start.text);
    const most = Math.max(this.mostWorkingIn(workspaceRoot), this.workingIn(workspaceRoot).length);
    this.#mostWorking.set(workspaceRoot, most);
    if (this.#options.starts === "at-once") this.#begin(thread);
  }

  #effectOf(thread: FakeThread): TurnStartSeen["effect"] {
    if (!thread.canRun) return "never-runs";
    if (thread.work !== "none") return "steers";
    if (this.#startsToLose === 0) return "starts";
    this.#startsToLose -= 1;
    return "never-runs";
  }

  #begin(thread: FakeThread): void {
    this.#turns += 1;
    thread.begin(`turn-${this.#turns}`);
  }

  #idsIn(workspaceRoot: string, isMeant: (thread: FakeThread) => boolean): readonly string[] {
    return [...this.#threads.values()]
      .filter((thread) => thread.workspaceRoot === workspaceRoot && isMeant(thread))
      .map((thread) => thread.id);
  }

  #wrote(call: string): void {
    this.writes += 1;
    this.#called(call);
    if (this.#down !== null) throw new Error(this.#down);
  }

  #called(call: string): void {
    this.calls.push(call);
    this.beforeCall(call);
  }

  #thread(threadId: string): FakeThread {
    const thread = this.#threads.get(threadId);
    if (thread === undefined) throw new Error(`no thread ${threadId}`);
    return thread;
  }
}
