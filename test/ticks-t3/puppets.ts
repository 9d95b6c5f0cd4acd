import type { AgentTurn, AgentTurnStart } from "../../sandbox/t3/agent/agent-turn.ts";
import type { AgentEnd, AgentVoice } from "../../sandbox/t3/agent/script.ts";

/** One turn of an agent, whose every word and end a test decides. */
export type Puppet = {
  /** The prompt that started the turn. */
  readonly prompt: string;
  readonly voice: AgentVoice;
  end(how?: AgentEnd): void;
};

/** The agents of a server: the turns that began, oldest first. */
export class Puppets {
  readonly turns: Puppet[] = [];
  /** Whether interrupts are heard; the end of the session always is. */
  hearsInterrupts = true;

  readonly program = ({ prompts, voice }: AgentTurnStart): AgentTurn => {
    const { promise, resolve } = Promise.withResolvers<AgentEnd>();
    const end = (how: AgentEnd = { kind: "completed" }) => resolve(how);
    this.turns.push({ prompt: prompts.at(-1) ?? "", voice, end });
    const abort = () => end({ kind: "aborted" });
    return { done: promise, interrupt: () => this.hearsInterrupts && abort(), kill: abort };
  };
}
