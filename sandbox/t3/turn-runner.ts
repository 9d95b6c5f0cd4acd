import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentTurn, AgentTurnStart } from "./agent/agent-turn.ts";
import type { AgentEnd } from "./agent/script.ts";
import { LiveTurnCounter, type LiveTurnsMax } from "./live-turns.ts";
import { isProviderInstance, type ThreadRow } from "./model.ts";
import type { Store } from "./store.ts";
import type { Refusal, ShownEnd, ThreadScreen } from "./thread-screen.ts";
import { type HumanResponse, TurnRequests } from "./turn-requests.ts";
import type { T3Behaviour } from "./versions.ts";

/** The program that runs a turn; `absent`: it is not installed, so no turn ever begins. */
export type AgentProgram = "absent" | ((start: AgentTurnStart) => AgentTurn);

/** What a restart costs; `zombie` is a server that never notices that its turns are gone. */
export type RestartLoss = "turns" | "nothing" | "zombie";

/** How an interrupted turn ends: both were recorded, depending on how the agent's process reports it. */
export type InterruptedEnd = "completed" | "error";

type RunnerOptions = {
  readonly behaviour: T3Behaviour;
  readonly agent: AgentProgram;
  readonly store: Store;
  readonly screen: ThreadScreen;
  readonly interruptedEnd: InterruptedEnd;
  readonly gitName: string;
};

/** A turn that was asked for; `requestedAt`: ISO 8601, the client's time on old servers. */
type TurnRequest = {
  readonly threadId: string;
  readonly text: string;
  readonly requestedAt: string;
};

type Asked = TurnRequest & {
  /** The server process that accepted it; a later one knows nothing of it. */
  readonly epoch: number;
};

type LiveTurn = {
  readonly epoch: number;
  /** A new one when 0.0.27 takes a message into the running turn. */
  turnId: string;
  readonly requests: TurnRequests;
  agent: AgentTurn | null;
  isSessionStopped: boolean;
};

/** The gap between the 200 and anything to be seen of the turn. */
const ADMIT_MS = 60;
/** Long enough for a reader to meet a session that is starting. */
const SESSION_START_MS = 150;
/** After a stop the session shows `ready` for a moment before it shows `stopped`. */
const STOP_MS = 100;
/** Recorded from 0.3 s on: long enough to be met by a reader, short enough for many turns. */
const CHECKPOINT_MS = 100;
/** T3's own limit; it is checked only after the 200. */
const PROMPT_CHARS_MAX = 120_000;

const INTERRUPTED_ERROR = "Claude turn failed.";
const PROCESS_ERROR = "Claude runtime stream failed.";
const NO_SESSION = "No active provider session is bound to this thread.";

/** Runs the agents' turns: one at a time per thread, as many threads as are asked for. */
export class TurnRunner {
  readonly #store: Store;
  readonly #screen: ThreadScreen;
  readonly #interruptedEnd: InterruptedEnd;
  readonly #gitName: string;
  readonly #behaviour: T3Behaviour;
  readonly #agent: AgentProgram;
  readonly #live = new Map<string, LiveTurn>();
  /** Threads whose provider process is up; unlike the rows, none survives a restart. */
  readonly #sessions = new Set<string>();
  /** The provider's transcripts: the prompts that really reached the agent. */
  readonly #delivered = new Map<string, readonly string[]>();
  readonly #starts = new Map<string, Promise<void>>();
  readonly #ends = new Set<Promise<void>>();
  readonly #counter = new LiveTurnCounter();
  #epoch = 0;

  constructor(options: RunnerOptions) {
    this.#store = options.store;
    this.#screen = options.screen;
    this.#interruptedEnd = options.interruptedEnd;
    this.#gitName = options.gitName;
    this.#behaviour = options.behaviour;
    this.#agent = options.agent;
  }

  get liveTurnsMax(): LiveTurnsMax {
    return this.#counter.max;
  }

  /** Starts a turn, or steers the live one. */
  request(turn: TurnRequest): void {
    const asked = { ...turn, epoch: this.#epoch };
    const before = this.#starts.get(turn.threadId) ?? Promise.resolve();
    const start = before.then(() => this.#start(asked));
    this.#starts.set(turn.threadId, start);
  }

  /** An interrupt that falls between two turns, or before the first, is lost. */
  interrupt(threadId: string): void {
    if (!this.#screen.isVisible(threadId)) return;
    this.#live.get(threadId)?.agent?.interrupt();
    if (this.#sessions.has(threadId)) return;
    this.#screen.failed(threadId, "provider.turn.interrupt.failed", { detail: NO_SESSION });
  }

  /** Ends the provider's process and its turn. A thread that is archived is not reached. */
  stopSession(threadId: string): void {
    if (!this.#screen.isVisible(threadId)) return;
    const live = this.#live.get(threadId);
    if (live === undefined) {
      this.#sessions.delete(threadId);
      return this.#screen.stopped(threadId);
    }
    live.isSessionStopped = true;
    live.agent?.kill();
  }

  /** Answers an open request of the live turn; anything else leaves a failure in the activities. */
  respond(threadId: string, response: HumanResponse): void {
    if (!this.#screen.isVisible(threadId)) return;
    if (this.#live.get(threadId)?.requests.respond(response) === true) return;
    const { kind, requestId } = response;
    const stale = `Stale pending ${kind} request: ${requestId}.`;
    const detail = this.#sessions.has(threadId) ? stale : NO_SESSION;
    this.#screen.failed(threadId, `provider.${kind}.respond.failed`, { detail, requestId });
  }

  /** Ends the turn of a deleted thread; its row stays as it was. */
  forget(threadId: string): void {
    this.#live.get(threadId)?.agent?.kill();
    this.#live.delete(threadId);
    this.#sessions.delete(threadId);
  }

  /** What dies with the server's process, and what the next process makes of the rows it finds. */
  async restart(loss: RestartLoss): Promise<void> {
    if (loss === "nothing") return;
    this.#epoch += 1;
    for (const live of this.#live.values()) live.agent?.kill();
    this.#live.clear();
    this.#sessions.clear();
    await Promise.all(this.#ends);
    if (loss === "turns") this.#screen.reconcile();
  }

  async #start(asked: Asked): Promise<void> {
    const { threadId, text } = asked;
    await sleep(ADMIT_MS);
    // A server that dies here has answered 200 and starts nothing, ever.
    if (asked.epoch !== this.#epoch || !this.#screen.isVisible(threadId)) return;
    const live = this.#live.get(threadId);
    if (live !== undefined) return this.#hand(live, asked);
    const refusal = whyNotStarted(this.#store.thread(threadId), text);
    if (refusal !== null) return this.#screen.notStarted(threadId, refusal);
    if (!this.#sessions.has(threadId)) {
      this.#sessions.add(threadId);
      this.#screen.starting(threadId);
      await sleep(SESSION_START_MS);
      if (asked.epoch !== this.#epoch || !this.#sessions.has(threadId)) return;
    }
    const agent = isFolderMissing(this.#store.thread(threadId)) ? "absent" : this.#agent;
    if (agent !== "absent") return this.#run(asked, agent);
    this.#sessions.delete(threadId);
    this.#screen.absent(
      threadId,
      this.#processError(threadId, "native binary not found at claude"),
    );
  }

  /** A message for the turn that is under way: it steers it, or closes its row and opens another. */
  #hand(live: LiveTurn, { threadId, text, requestedAt }: Asked): void {
    this.#deliver(threadId, text);
    if (!this.#behaviour.steers) {
      live.turnId = randomUUID();
      this.#screen.running(threadId, { turnId: live.turnId, requestedAt });
    }
    this.#screen.steered(threadId, text);
  }

  #run(asked: Asked, program: Exclude<AgentProgram, "absent">): void {
    const { threadId, text, requestedAt, epoch } = asked;
    const turnId = randomUUID();
    const requests = new TurnRequests(this.#screen, threadId, turnId);
    const live: LiveTurn = { epoch, turnId, requests, agent: null, isSessionStopped: false };
    const thread = this.#store.thread(threadId);
    const workspaceRoot = this.#store.workspaceRootOf(thread);
    this.#live.set(threadId, live);
    this.#screen.running(threadId, { turnId, requestedAt });
    const leave = this.#counter.enter(threadId, workspaceRoot);
    live.agent = program({
      prompts: this.#deliver(threadId, text),
      workspaceRoot: thread.worktreePath ?? workspaceRoot,
      gitName: this.#gitName,
      voice: {
        say: (said) => this.#screen.said(threadId, { turnId: live.turnId, text: said }),
        ask: (question) => requests.ask(question),
        requestApproval: (detail) => requests.requestApproval(detail),
      },
    });
    const end = live.agent.done.then((how) => {
      leave();
      return this.#finish(threadId, live, how);
    });
    this.#ends.add(end);
    void end.finally(() => this.#ends.delete(end));
  }

  async #finish(threadId: string, live: LiveTurn, how: AgentEnd): Promise<void> {
    // Lost in a restart or deleted: the rows are not this turn's any more.
    if (this.#live.get(threadId) !== live) return;
    this.#live.delete(threadId);
    if (how.kind === "crashed") this.#sessions.delete(threadId);
    live.requests.cancel();
    const ended = this.#screen.ended(threadId, live.turnId, this.#shownEnd(threadId, how, live));
    await sleep(CHECKPOINT_MS);
    // A server that died in between captures nothing.
    if (live.epoch !== this.#epoch) return;
    const { worktreePath } = this.#store.thread(threadId);
    const folder = worktreePath ?? this.#store.workspaceRootOf(this.#store.thread(threadId));
    if (ended !== null && existsSync(join(folder, ".git"))) {
      const files = how.kind === "completed" ? (how.files ?? []) : [];
      this.#screen.checkpointed(threadId, ended, files);
    }
    if (!live.isSessionStopped) return;
    this.#sessions.delete(threadId);
    await sleep(STOP_MS);
    if (!this.#sessions.has(threadId)) this.#screen.stopped(threadId);
  }

  #shownEnd(threadId: string, how: AgentEnd, { isSessionStopped }: LiveTurn): ShownEnd {
    const isRegular = !isSessionStopped && how.kind !== "crashed";
    const good = { turn: "completed", session: "ready", error: null, isRegular } as const;
    switch (how.kind) {
      case "completed":
        return good;
      case "failed":
        return { turn: "error", session: "error", error: how.error, isRegular };
      case "crashed": {
        const error = this.#processError(threadId, "process exited with code 1");
        return { turn: "error", session: "stopped", error, isRegular };
      }
      case "aborted":
        if (isSessionStopped || this.#interruptedEnd === "completed") return good;
        return { turn: "error", session: "error", error: INTERRUPTED_ERROR, isRegular };
    }
  }

  /** Old servers tell what the provider's process said; newer ones keep it to their log. */
  #processError(threadId: string, said: string): string {
    if (this.#behaviour.showsRefusedStart) return PROCESS_ERROR;
    return `Provider adapter process error (claudeAgent) for thread ${threadId}: Claude Code ${said}`;
  }

  #deliver(threadId: string, text: string): readonly string[] {
    const prompts = [...(this.#delivered.get(threadId) ?? []), text];
    this.#delivered.set(threadId, prompts);
    return prompts;
  }
}

/** An agent whose folder is missing looks to T3 like one whose program is. */
function isFolderMissing({ worktreePath }: ThreadRow): boolean {
  return worktreePath !== null && !existsSync(worktreePath);
}

function whyNotStarted(thread: ThreadRow, text: string): Refusal | null {
  const { instanceId } = thread.modelSelection;
  if (!isProviderInstance(instanceId)) {
    const detail = `Thread '${thread.id}' references unknown provider instance '${instanceId}'.`;
    return { kind: "unknown-instance", detail };
  }
  if (text === "") {
    return { kind: "input", detail: "Either input text or at least one attachment is required" };
  }
  if (text.length <= PROMPT_CHARS_MAX) return null;
  return { kind: "input", detail: `Input is longer than ${PROMPT_CHARS_MAX} characters` };
}
