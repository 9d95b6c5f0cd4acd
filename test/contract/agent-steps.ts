import { threadIdOf } from "../../src/pure/identity.ts";
import type { CommandAck } from "../../src/pure/ports/agent.ts";
import type { ThreadDetail } from "../../src/pure/thread.ts";
import { classifyTurn, type TurnState } from "../../src/pure/thread-state.ts";
import type { Agent, AgentWorld, Behaviour } from "./agent-world.ts";

/** Far more than any behaviour takes, also on a machine that does something else. */
const PATIENCE_MS = 25_000;

/** What a test does through the port, with ids that are new each time. */
export type Steps = {
  readonly world: AgentWorld;
  /** A command id that was never used. */
  id(): string;
  openProject(name: string): Promise<{ readonly projectId: string; readonly root: string }>;
  /** A thread in a project of its own. */
  openThread(): Promise<string>;
  to(threadId: string): { readonly commandId: string; readonly threadId: string };
  /** Asks for a turn; answers the id of the message. */
  ask(threadId: string, text: string, messageId?: string): Promise<string>;
  /** A thread whose agent was asked for its first turn, once that turn is in the state named. */
  reach(
    behaviour: Behaviour,
    kind: TurnState["kind"],
  ): Promise<{ readonly threadId: string; readonly messageId: string }>;
  /** Waits until the turn is in one of these states. */
  until(turn: AskedTurn, ...kinds: readonly TurnState["kind"][]): Promise<TurnState>;
};

/** A turn by its thread and the message that asked for it. */
export type AskedTurn = { readonly threadId: string; readonly messageId: string };

/** Makes the steps of one test. */
export function stepsIn(world: AgentWorld): Steps {
  const { agent } = world;
  let ids = 0;
  const next = () => {
    ids += 1;
    return ids;
  };
  const steps: Steps = {
    world,
    id: () => `command-${next()}`,
    async openProject(name) {
      const [projectId, root] = [`project-${next()}`, world.root(name)];
      const creation = { commandId: steps.id(), projectId, title: name, workspaceRoot: root };
      accepted(await agent.createProject(creation));
      return { projectId, root };
    },
    async openThread() {
      const { projectId } = await steps.openProject(`repo-${next()}`);
      const threadId = threadIdOf({ runId: "0123456789ab", issueNumber: next(), restart: 0 });
      const creation = { commandId: steps.id(), threadId, projectId, title: threadId };
      accepted(await agent.createThread(creation));
      return threadId;
    },
    to: (threadId) => ({ commandId: steps.id(), threadId }),
    async ask(threadId, text, messageId = `message-${next()}`) {
      accepted(await agent.startTurn({ commandId: steps.id(), threadId, messageId, text }));
      return messageId;
    },
    async reach(behaviour, kind) {
      const threadId = await steps.openThread();
      const messageId = await steps.ask(threadId, world.prompt(behaviour));
      await steps.until({ threadId, messageId }, kind);
      return { threadId, messageId };
    },
    async until({ threadId, messageId }, ...kinds) {
      const end = Date.now() + PATIENCE_MS;
      for (;;) {
        const state = await stateOf(agent, { threadId, messageId });
        if (kinds.includes(state.kind)) return state;
        if (Date.now() > end) throw new Error(`not ${kinds.join()} but ${JSON.stringify(state)}`);
        await world.letWork();
      }
    },
  };
  return steps;
}

/** The thread as it is read. */
export async function read(agent: Agent, threadId: string): Promise<ThreadDetail> {
  const seen = await agent.readThread(threadId);
  if (seen.kind !== "read") throw new Error(`${threadId}: ${JSON.stringify(seen)}`);
  return seen.detail;
}

/** What the ticks make of a turn. */
export async function stateOf(agent: Agent, turn: AskedTurn): Promise<TurnState> {
  return classifyTurn(await read(agent, turn.threadId), { messageId: turn.messageId });
}

/** The state of a latest turn whose session rests; nothing where the server forgets such a turn. */
export function atRest(world: AgentWorld, state: string): string | undefined {
  return world.quirks.has("erases-turn") ? undefined : state;
}

/** Gives agents so much time that whatever was going to happen has happened. */
export async function letAllWork(world: AgentWorld): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await world.letWork();
}

function accepted(ack: CommandAck): void {
  if (ack.kind === "rejected") throw new Error(ack.why);
}
