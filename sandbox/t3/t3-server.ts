import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startAgentTurn } from "./agent/agent-turn.ts";
import { type Scope, Tokens } from "./auth.ts";
import { DispatchFaults, type PlannedFault } from "./dispatch-faults.ts";
import { Dispatcher } from "./dispatcher.ts";
import { writeAnswer } from "./http-answer.ts";
import type { LiveTurnsMax } from "./live-turns.ts";
import { type PendingRow, pendingOf, type ThreadRow } from "./model.ts";
import { type Routed, route, type T3World } from "./routes.ts";
import { Store } from "./store.ts";
import { type T3Event, ThreadScreen } from "./thread-screen.ts";
import {
  type AgentProgram,
  type InterruptedEnd,
  type RestartLoss,
  TurnRunner,
} from "./turn-runner.ts";
import { behaviourOf, NEWEST_VERSION } from "./versions.ts";

/** A request as the server saw it. `status` 0: the connection was dropped, or is still held without an answer. */
export type SandboxRequest = {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly commandType?: string;
  readonly commandId?: string;
  /** ISO 8601. */
  readonly at: string;
  readonly status: number;
};

/** A thread with what it still asks. */
export type SandboxThread = ThreadRow & {
  readonly workspaceRoot: string;
  readonly pending: readonly PendingRow[];
};

/** A loopback T3 server whose agents are scripts. State lives in memory and survives `restart`. */
export type SandboxT3 = {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly environmentId: string;
  readonly requests: readonly SandboxRequest[];
  readonly liveTurnsMax: LiveTurnsMax;
  threads(): readonly SandboxThread[];
  /** Goes down, loses what it is told to, and comes back on the same port. */
  restart(how: { readonly lose: RestartLoss; readonly downMs?: number }): Promise<void>;
  failNextDispatch(fault: PlannedFault): void;
  /** Answers an open question or approval, as a person on the thread's page. Throws when it is not open. */
  answer(threadId: string, requestId: string, text: string): void;
  /** A further access token with these scopes only. */
  issueToken(scopes: readonly Scope[]): string;
  /** Tells what happens in the threads until the function it answers is called. */
  subscribe(listener: (event: T3Event) => void): () => void;
  /** Ends every agent with its child processes, then the server. */
  stop(): Promise<void>;
};

export type SandboxT3Options = {
  /** Holds the server's own identity; the agents work in the projects' folders. */
  readonly dir: string;
  readonly token: string;
  readonly port?: number;
  /**
   * Reported and behaved like. 0.0.33 is the recorded server, with the first fixes after it: the
   * release of that number leaves zombies, as `restart` does when told to.
   */
  readonly version?: string;
  /** Without a web build unknown paths are a 503; with one where nothing else is said. */
  readonly hasWebBuild?: boolean;
  /** A real server accepts and never answers what comes right after it listens; 0 here. */
  readonly deafMs?: number;
  /** Whether token reports have the total; a provider may tell only the context window's fill. */
  readonly reportsTotals?: boolean;
  /** When the tokens expire, ISO 8601; 30 days from now where nothing else is said. */
  readonly tokensExpireAt?: string;
  /** Who runs the turns; the scripted agents where nothing else is said. */
  readonly agent?: AgentProgram;
  /** How an interrupt shows in the rows; `error` where nothing else is said. */
  readonly interruptedEnd?: InterruptedEnd;
  /** The name on the agents' commits and pushes: a forge may know it as an account. */
  readonly gitName?: string;
};

/** A restart that is over before a client's connect fails once would show nothing. */
const DOWN_MS = 50;

type Inside = {
  readonly world: T3World;
  readonly turns: TurnRunner;
  readonly listeners: Set<(event: T3Event) => void>;
};

/** The server without its socket. */
function createInside(options: SandboxT3Options): Inside {
  const listeners = new Set<(event: T3Event) => void>();
  const store = new Store();
  const version = options.version ?? NEWEST_VERSION;
  const behaviour = behaviourOf(version);
  const screen = new ThreadScreen({
    store,
    behaviour,
    reportsTotals: options.reportsTotals ?? true,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  const turns = new TurnRunner({
    store,
    screen,
    behaviour,
    agent: options.agent ?? startAgentTurn,
    interruptedEnd: options.interruptedEnd ?? "error",
    gitName: options.gitName ?? "scripted-agent",
  });
  const world: T3World = {
    environmentId: environmentIdIn(options.dir),
    version,
    behaviour,
    hasWebBuild: options.hasWebBuild ?? true,
    store,
    tokens: new Tokens(options.token, options.tokensExpireAt),
    dispatcher: new Dispatcher({ store, behaviour, turns }),
    faults: new DispatchFaults(),
    answerRequest: (threadId, requestId, text) =>
      answerPending({ store, turns }, { threadId, requestId, text }),
  };
  return { world, turns, listeners };
}

/** Starts the server on 127.0.0.1. */
export async function startT3(options: SandboxT3Options): Promise<SandboxT3> {
  const { world, turns, listeners } = createInside(options);
  const { store } = world;
  const requests: SandboxRequest[] = [];
  const ears = { deafUntilMs: 0 };
  const server = createServer((request, response) => {
    const isDeaf = Date.now() < ears.deafUntilMs;
    void serve(world, requests, { request, response, isDeaf });
  });
  const open = async (port: number) => {
    const opened = await listen(server, port);
    ears.deafUntilMs = Date.now() + (options.deafMs ?? 0);
    return opened;
  };
  const port = await open(options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    environmentId: world.environmentId,
    requests,
    liveTurnsMax: turns.liveTurnsMax,
    threads: () => [...store.threads.values()].map((row) => sandboxThread(store, row)),
    restart: async ({ lose, downMs = DOWN_MS }) => {
      await close(server);
      await turns.restart(lose);
      await sleep(downMs);
      await open(port);
    },
    failNextDispatch: (fault) => world.faults.plan(fault),
    answer: world.answerRequest,
    issueToken: (scopes) => world.tokens.issue(scopes),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: async () => {
      await close(server);
      await turns.restart("zombie");
    },
  };
}

type Arrival = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly isDeaf: boolean;
};

async function serve(
  world: T3World,
  requests: SandboxRequest[],
  { request, response, isDeaf }: Arrival,
): Promise<void> {
  const at = new Date().toISOString();
  const { compresses } = world.behaviour;
  const { answer, ...told }: Routed = isDeaf
    ? { answer: { kind: "hang" } }
    : await routeOrDrop(world, request);
  const status = writeAnswer({ request, response, compresses }, answer);
  requests.push({
    method: request.method ?? "",
    path: request.url ?? "",
    ...told,
    at,
    status,
  });
}

async function routeOrDrop(world: T3World, request: IncomingMessage): Promise<Routed> {
  try {
    return await route(world, request);
  } catch (error) {
    // A client that left in the middle of its body gets no answer; anything else is a bug to be seen.
    if (request.destroyed) return { answer: { kind: "drop" } };
    return { answer: { kind: "text", status: 500, body: String(error) } };
  }
}

type Answering = { readonly store: Store; readonly turns: TurnRunner };
type Answer = { readonly threadId: string; readonly requestId: string; readonly text: string };

function answerPending({ store, turns }: Answering, { threadId, requestId, text }: Answer): void {
  const pending = pendingOf(store.thread(threadId)).find((row) => row.requestId === requestId);
  if (pending === undefined) throw new Error(`thread ${threadId} does not ask ${requestId}`);
  turns.respond(
    threadId,
    pending.kind === "approval"
      ? { kind: "approval", requestId, decision: text }
      : { kind: "user-input", requestId, answers: { [pending.text]: text } },
  );
}

function sandboxThread(store: Store, row: ThreadRow): SandboxThread {
  return { ...row, workspaceRoot: store.workspaceRootOf(row), pending: pendingOf(row) };
}

/** The environment id is part of every deep link, so it must outlive the process. */
function environmentIdIn(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "environment-id");
  if (!existsSync(file)) writeFileSync(file, randomUUID());
  return readFileSync(file, "utf8").trim();
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
