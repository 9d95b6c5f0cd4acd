import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { AGENT_WRITE_METHODS, FaultPlan, withFaults } from "../fakes/fake-faults.ts";
import { type Agent, type AgentWorld, APPROVAL, type Behaviour, QUESTION } from "./agent-world.ts";

const TOKENS_PER_TURN = 20_000;

/** A world of its own around the faked agent server. */
export async function openFakeAgent(hidesInactive = false): Promise<AgentWorld> {
  const clock = new FakeClock();
  const agent = new FakeAgent({ clock, hidesInactive });
  const players = new Players(agent);
  const silent = (why: string): Agent => {
    const other = new FakeAgent({ clock });
    other.setDown(why);
    return other;
  };
  return {
    agent,
    quirks: new Set(hidesInactive ? ["hides-inactive"] : []),
    root: (name) => `/data/${name}`,
    prompt: (behaviour) => `Story: ${behaviour}`,
    letWork: async () => {
      clock.advance(10);
      players.play();
    },
    answer: (threadId, requestId, text) => players.answer(threadId, requestId, text),
    deleteThread: async (threadId) => agent.deleteThread(threadId),
    restart: async (how) => {
      clock.advance(10);
      if (how === "noticed") agent.loseInRestart();
      else for (const id of agent.threadIds()) if (agent.isWorking(id)) agent.zombie(id);
    },
    breakingStart: (how) => {
      const kind = how === "with-effect" ? "fail-after" : "fail-before";
      return withFaults<Agent>(agent, new FaultPlan([{ kind, effect: 1 }]), AGENT_WRITE_METHODS);
    },
    unreachable: () => silent("no route"),
    withBadToken: () => silent("401"),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The agents: each does what the first prompt of its thread says. */
class Players {
  readonly #agent: FakeAgent;
  #requests = 0;

  constructor(agent: FakeAgent) {
    this.#agent = agent;
  }

  /** Every turn that was asked for begins, and gets as far as it can by itself. */
  play(): void {
    for (const threadId of this.#agent.threadIds()) {
      const starts = this.#agent.turnStarts.filter((start) => start.threadId === threadId);
      const story = /^Story: ([a-z-]+)$/.exec(starts[0]?.text ?? "")?.[1] as Behaviour | undefined;
      if (!this.#agent.isAsked(threadId)) continue;
      this.#agent.startTurns(threadId);
      if (this.#agent.isWorking(threadId)) this.#act(threadId, story ?? "ends", starts.length);
    }
  }

  answer(threadId: string, requestId: string, text: string): void {
    this.#agent.answerRequest(threadId, requestId);
    if (text !== "decline") return this.#agent.say(threadId, `Going on with: ${text}`);
    const lastWords = "AFK-Outcome: blocked the command it needs was declined";
    this.#agent.finish(threadId, { lastWords });
  }

  #act(threadId: string, story: Behaviour, turns: number): void {
    const agent = this.#agent;
    switch (story) {
      case "ends":
        return agent.finish(threadId, {
          lastWords: `Words of turn ${turns}.`,
          tokens: turns * TOKENS_PER_TURN,
        });
      case "asks":
        return agent.ask(threadId, this.#request("question", QUESTION));
      case "asks-permission":
        return agent.ask(threadId, this.#request("approval", APPROVAL));
      case "never-stops":
        agent.setObedience(threadId, "ignores-interrupt");
        return agent.say(threadId, "This will take a while.");
      case "crashes":
        return agent.fail(threadId, "Claude runtime stream failed.", "stopped");
      case "fails":
        return agent.fail(threadId, "something broke");
    }
  }

  #request(kind: "approval" | "question", text: string) {
    this.#requests += 1;
    return { requestId: `request-${this.#requests}`, kind, text };
  }
}
