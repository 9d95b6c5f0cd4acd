import type { AgentSeen } from "../pure/thread.ts";
import type { TickDeps } from "./deps.ts";

/** Says, once a tick, what a person should know about the agent server before it stops something. */
export function sayAgentWarnings({ log }: Pick<TickDeps, "log">, agent: AgentSeen): void {
  if (agent.kind === "unreadable") return;
  for (const warning of agent.warnings ?? []) log.warn({ warning }, "agent server warns");
}
