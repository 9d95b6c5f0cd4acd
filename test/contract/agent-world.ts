import type { AgentReader, AgentWriter } from "../../src/pure/ports/agent.ts";

export type Agent = AgentReader & AgentWriter;

/** What stands in the place of a token; no error may tell it. */
export const BAD_TOKEN = "t3-token-that-is-not-valid";

/** The question and the approval that the agents of these worlds ask for. */
export const QUESTION = "Which database?";
export const APPROVAL = "Bash: rm -rf build";

/**
 * What the agent of a thread does in each of its turns. `ends`: says something and ends. `asks` and
 * `asks-permission`: waits for a person, who may decline a permission, which ends the turn with
 * `AFK-Outcome: blocked`. `never-stops`: works on, also when it is interrupted. `crashes` and `fails`: the
 * turn breaks by itself.
 */
export type Behaviour = "ends" | "asks" | "asks-permission" | "never-stops" | "crashes" | "fails";

/** What an old server does otherwise; everything else of the contract holds there too. */
export type Quirk =
  /** A command id that was accepted for another thread gets the old receipt: nothing checks whose it is. */
  | "forgets-command-owner"
  /** A folder takes a second project: it is the client who has to look first. */
  | "twin-projects"
  /** The one route there is shows everything, so archived and deleted threads keep their conversation. */
  | "shows-hidden"
  /** Whoever wants only active threads is answered with all of them. */
  | "lists-inactive"
  /** All of them are a burden: whoever would take them is answered with the active ones. */
  | "hides-inactive"
  /** The latest turn is gone once the session rests; in a folder without git for ever. */
  | "erases-turn"
  /** A turn is completed at its first words: only the session tells that it goes on. */
  | "completes-early"
  /** A message closes the running turn and opens another, so what the first one asks is nobody's any more. */
  | "message-opens-turn"
  /** A start that was refused shows as an error beside a session that is ready. */
  | "quiet-refusal"
  /** A server that was started again does not notice whose turns are gone: each restart leaves zombies. */
  | "misses-restart";

/** One agent server as people see it, and the port that is put to the test. */
export type AgentWorld = AsyncDisposable & {
  readonly agent: Agent;
  readonly quirks: ReadonlySet<Quirk>;
  /** A folder on the server. */
  root(name: string): string;
  /** A text for the first turn of a thread; it says what the agent of that thread does from then on. */
  prompt(behaviour: Behaviour): string;
  /** Gives agents time to work; whoever waits for something calls it again and again. */
  letWork(): Promise<void>;
  /** A person answers on the thread's page. */
  answer(threadId: string, requestId: string, text: string): void;
  deleteThread(threadId: string): Promise<void>;
  /** Every agent dies with the server. `zombie`: it comes back and does not notice. */
  restart(how: "noticed" | "zombie"): Promise<void>;
  /** The port, whose next start of a turn fails: without effect, or with it. */
  breakingStart(how: "without-effect" | "with-effect"): Agent;
  /** The port to a server that does not answer. */
  unreachable(): Agent;
  /** The port with `BAD_TOKEN`. */
  withBadToken(): Agent;
};

/** Opens a world of its own for one test. */
export type OpenAgent = () => Promise<AgentWorld>;
