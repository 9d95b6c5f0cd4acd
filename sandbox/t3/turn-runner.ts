import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AgentTurn, startAgentTurn } from "./agent/agent-turn.ts";
import type { AgentEnd } from "./agent/script.ts";
import { LiveTurnCounter, type LiveTurnsMax } from "./live-turns.ts";
import type { ThreadRow } from "./model.ts";
import type { Store } from "./store.ts";
import type { ShownEnd, ThreadScreen } from "./thread-screen.ts";
import { type HumanResponse, TurnRequests } from "./turn-requests.ts";

/** What a restart costs; `zombie` is a server that never notices that its turns are gone. */
export type RestartLoss = "turns" | "nothing" | "zombie";

/** How an interrupted turn ends: both were recorded, depending on how the agent's process reports it. */
export type InterruptedEnd = "completed" | "error";

type RunnerOptions = {
  readonly store: Store;
  readonly screen: ThreadScreen;
  readonly interruptedEnd: InterruptedEnd;
  readonly gitName: string;
};

type Asked = {
  readonly threadId: string;
  readonly text: string;
  readonly requestedAt: string;
  /** The server process that accepted it; a later one knows nothing of it. */
  readonly epoch: number;
};

type LiveTurn = {
  readonly turnId: string;
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
/** T3's own limit; it is checked only after the 200. */
const PROMPT_CHARS_MAX = 120_000;

const PROVIDER_INSTANCES = ["codex", "claudeAgent", "cursor", "grok", "opencode"];
const INTERRUPTED_ERROR = "Claude turn failed.";
const CRASHED_ERROR = "Claude runtime stream failed.";
const NO_SESSION = "No active provider session is bound to this thread.";

/** Runs the agents' turns: one at a time per thread, as many threads as are asked for. */
export class TurnRunner {
  readonly #store: Store;
  readonly #screen: ThreadScreen;
  readonly #interruptedEnd: InterruptedEnd;
  readonly #gitName: string;
  readonly #live = new Map<string, LiveTurn>();
  /** Threads whose provider process is up; unlike the rows, none survives a restart. */
  readonly #sessions = new Set<string>();
  /** The provider's transcripts: the prompts that really reached the agent. */
  readonly #delivered = new Map<string, readonly string[]>();
  readonly #starts = new Map<string, Promise<void>>();
  readonly #ends = new Set<Promise<void>>();
  readonly #counter = new LiveTurnCounter();
  #epoch = 0;

  constructor({ store, screen, interruptedEnd, gitName }: RunnerOptions) {
    this.#store = store;
    this.#screen = screen;
    this.#interruptedEnd = interruptedEnd;
    this.#gitName = gitName;
  }

  get liveTurnsMax(): LiveTurnsMax {
    return this.#counter.max;
  }

  /** Starts a turn, or steers the live one. */
  request(threadId: string, text: string): void {
    const requestedAt = new Date().toISOString();
    const asked = { threadId, text, requestedAt, epoch: this.#epoch };
    const before = this.#starts.get(threadId) ?? Promise.resolve();
    const start = before.then(() => this.#start(asked));
    this.#starts.set(threadId, start);
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
    if (this.#live.has(threadId)) {
      this.#deliver(threadId, text);
      return this.#screen.steered(threadId, text);
    }
    const refusal = whyNotStarted(this.#store.thread(threadId), text);
    if (refusal !== null) return this.#screen.notStarted(threadId, refusal);
    if (!this.#sessions.has(threadId)) {
      this.#sessions.add(threadId);
      this.#screen.starting(threadId);
      await sleep(SESSION_START_MS);
      if (asked.epoch !== this.#epoch || !this.#sessions.has(threadId)) return;
    }
    this.#run(asked);
  }

  #run({ threadId, text, requestedAt }: Asked): void {
    const turnId = randomUUID();
    const requests = new TurnRequests(this.#screen, threadId, turnId);
    const live: LiveTurn = { turnId, requests, agent: null, isSessionStopped: false };
    const thread = this.#store.thread(threadId);
    const workspaceRoot = this.#store.workspaceRootOf(thread);
    this.#live.set(threadId, live);
    this.#screen.running(threadId, { turnId, requestedAt });
    const leave = this.#counter.enter(threadId, workspaceRoot);
    live.agent = startAgentTurn({
      prompts: this.#deliver(threadId, text),
      workspaceRoot: thread.worktreePath ?? workspaceRoot,
      gitName: this.#gitName,
      voice: {
        say: (said) => this.#screen.said(threadId, { turnId, text: said }),
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
    this.#screen.ended(threadId, live.turnId, this.#shownEnd(how, live.isSessionStopped));
    if (!live.isSessionStopped) return;
    this.#sessions.delete(threadId);
    await sleep(STOP_MS);
    if (!this.#sessions.has(threadId)) this.#screen.stopped(threadId);
  }

  #shownEnd(how: AgentEnd, isSessionStopped: boolean): ShownEnd {
    switch (how.kind) {
      case "completed":
        return { turn: "completed", session: "ready", error: null };
      case "failed":
        return { turn: "error", session: "error", error: how.error };
      case "crashed":
        return { turn: "error", session: "stopped", error: CRASHED_ERROR };
      case "aborted":
        if (isSessionStopped || this.#interruptedEnd === "completed") {
          return { turn: "completed", session: "ready", error: null };
        }
        return { turn: "error", session: "error", error: INTERRUPTED_ERROR };
    }
  }

  #deliver(threadId: string, text: string): readonly string[] {
    const prompts = [...(this.#delivered.get(threadId) ?? []), text];
    this.#delivered.set(threadId, prompts);
    return prompts;
  }
}

function whyNotStarted(thread: ThreadRow, text: string): string | null {
  const { instanceId } = thread.modelSelection;
  if (!PROVIDER_INSTANCES.includes(instanceId)) {
    return `Thread '${thread.id}' references unknown provider instance '${instanceId}'.`;
  }
  if (text === "") return "Either input text or at least one attachment is required";
  if (text.length <= PROMPT_CHARS_MAX) return null;
  return `Input is longer than ${PROMPT_CHARS_MAX} characters`;
}
