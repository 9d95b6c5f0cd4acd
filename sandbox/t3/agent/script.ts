import type { PromptFacts } from "./prompt-facts.ts";
import type { Workspace } from "./workspace.ts";

/** A question the agent opens on its thread's page. */
export type AgentQuestion = {
  readonly header: string;
  readonly question: string;
  readonly options: readonly { readonly label: string; readonly description: string }[];
};

/** A file that a turn left changed, as git counts its lines. */
export type ChangedFile = {
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
  readonly additions: number;
  readonly deletions: number;
};

/** How a turn of the agent ended. `failed` and `crashed` are the provider's doing, `aborted` ours. */
export type AgentEnd =
  | { readonly kind: "completed"; readonly files?: readonly ChangedFile[] }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "crashed" }
  | { readonly kind: "aborted" };

/** What the agent's provider session can do for it: speak, and wait for a human. */
export type AgentVoice = {
  say(text: string): void;
  /** Resolves with the human's words. */
  ask(question: AgentQuestion): Promise<string>;
  /** Resolves with whether the human allowed it. */
  requestApproval(detail: string): Promise<boolean>;
};

/** All that a script has: the prompts dispatched to its thread, its folder, and its voice. */
export type Hands = AgentVoice & {
  readonly facts: PromptFacts;
  /** Every prompt of this thread so far, oldest first; the last one is this turn's. */
  readonly prompts: readonly string[];
  /** Whether this turn's prompt hands over a failing check. */
  readonly isCorrective: boolean;
  openWorkspace(): Promise<Workspace>;
  /** Stands for the time a real agent thinks; ends early, by throwing, when the turn is aborted. */
  pause(ms: number): Promise<void>;
};

/** One story's behaviour over all turns of a thread. It ends its turn by returning. */
export type Script = {
  /** The turn goes on after an interrupt; only the end of the session ends it. */
  readonly ignoresInterrupt?: true;
  run(hands: Hands): Promise<AgentEnd | void>;
};
