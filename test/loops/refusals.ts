import type { AgentWriter, CommandAck } from "../../src/pure/ports/agent.ts";

type Command = { readonly commandId: string };

/** An agent server that refuses commands; like T3 it refuses an id for ever that it refused once. */
export type Refusals = {
  /** How many of the next commands of that kind are refused. */
  readonly next: Map<keyof AgentWriter, number>;
  /** Every command id that was refused, oldest first, repetitions too. */
  readonly refused: string[];
  over(writer: AgentWriter): AgentWriter;
};

export function createRefusals(): Refusals {
  const next = new Map<keyof AgentWriter, number>();
  const refused: string[] = [];
  const unless =
    <C extends Command>(method: keyof AgentWriter, send: (command: C) => Promise<CommandAck>) =>
    async (command: C): Promise<CommandAck> => {
      const left = next.get(method) ?? 0;
      const isRepeated = refused.includes(command.commandId);
      if (left === 0 && !isRepeated) return send(command);
      if (!isRepeated) next.set(method, left - 1);
      refused.push(command.commandId);
      return { kind: "rejected", why: `${method} refused` };
    };
  return {
    next,
    refused,
    over: (writer) => ({
      createProject: unless("createProject", (command) => writer.createProject(command)),
      createThread: unless("createThread", (command) => writer.createThread(command)),
      startTurn: unless("startTurn", (command) => writer.startTurn(command)),
      interruptTurn: unless("interruptTurn", (command) => writer.interruptTurn(command)),
      stopSession: unless("stopSession", (command) => writer.stopSession(command)),
      archiveThread: unless("archiveThread", (command) => writer.archiveThread(command)),
      unarchiveThread: unless("unarchiveThread", (command) => writer.unarchiveThread(command)),
    }),
  };
}
