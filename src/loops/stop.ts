import { parseThreadId, threadCommandIdOf } from "../pure/identity.ts";
import type { IssueRef } from "../pure/issue.ts";
import { repoOfThread } from "../pure/locks.ts";
import type { AgentReader, AgentWriter, CommandAck } from "../pure/ports/agent.ts";
import { isLive } from "../pure/thread-state.ts";
import type { ThreadSummary } from "../pure/thread.ts";

/** What is stopped: every live turn of ours below the workspaces root, or those of one issue. */
export type StopScope =
  | { readonly kind: "all" }
  | { readonly kind: "issue"; readonly ref: IssueRef };

/** What a stop reaches the agent server with. */
export type StopDeps = {
  readonly reader: AgentReader;
  readonly writer: AgentWriter;
  /** Epoch ms. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly workspacesRoot: string;
};

/** What became of it. `stillLive` is empty when all of them were seen stopped. */
export type StopReport =
  | {
      readonly kind: "stopped";
      /** Threads that were live, in the order seen. */
      readonly threads: readonly string[];
      /** By thread id the issue it works on, `owner/name#N`, as the thread and its folder name it. */
      readonly issues: ReadonlyMap<string, string>;
      /** Where nothing meant was live: the live turns of ours that work on other issues. */
      readonly othersLive: number;
      readonly stillLive: readonly string[];
      /** Commands that the server refused, or whose outcome is not known. */
      readonly failures: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: "unreadable"; readonly why: string };

/** A turn that heeds an interrupt is over within a second or two. */
const LOOK_AGAIN_MS = 1_000;
/** After so many looks in vain the session is stopped, which ends the agent's process. */
const LOOKS_PER_VERB = 10;
/** A turn that was asked for just before begins within this; one more look when all seems quiet finds it. */
const LATE_START_MS = 2_000;
/** So many turns that begin while others are being stopped: something keeps asking for them. */
const ROUNDS_MAX = 10;

/**
 * Interrupts the live turns, and stops the sessions of those that do not heed it. Reads nothing but the agent server
 * and writes no tracker: the watcher finds the runs interrupted when it is let run again.
 */
export async function stopTurns(deps: StopDeps, scope: StopScope): Promise<StopReport> {
  const beganAt = deps.now();
  const seen = new Map<string, string>();
  const failures: string[] = [];
  let live = await readLive(deps, scope);
  for (let round = 0; round < ROUNDS_MAX && typeof live !== "string"; round += 1) {
    if (live.length === 0) {
      await deps.sleep(LATE_START_MS);
      live = await readLive(deps, scope);
      if (typeof live === "string" || live.length === 0) break;
    }
    for (const thread of live) seen.set(thread.id, issueOf(thread));
    live = await stopRound(deps, scope, { live, failures });
    if (typeof live !== "string" && live.length > 0) break;
  }
  if (typeof live === "string") return { kind: "unreadable", why: live };
  const ms = deps.now() - beganAt;
  const stillLive = live.map(({ id }) => id);
  const othersLive = seen.size === 0 ? await countOthers(deps, scope) : 0;
  const threads = [...seen.keys()];
  return { kind: "stopped", threads, issues: seen, othersLive, stillLive, failures, ms };
}

/** What a person who named one issue may have meant instead; a silent server has none to tell. */
async function countOthers(deps: StopDeps, scope: StopScope): Promise<number> {
  if (scope.kind === "all") return 0;
  const all = await readLive(deps, { kind: "all" });
  return typeof all === "string" ? 0 : all.length;
}

/** The folder is `owner__name`, and an owner has no underscore. */
function issueOf({ id, workspaceRoot }: ThreadSummary): string {
  const folder = workspaceRoot.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return `${folder.replace("__", "/")}#${parseThreadId(id)?.issueNumber ?? "?"}`;
}

type Live = readonly ThreadSummary[];

/** The live threads, or why they cannot be told. */
async function readLive(deps: StopDeps, scope: StopScope): Promise<Live | string> {
  const agent = await deps.reader.observe();
  if (agent.kind === "unreadable") return agent.why;
  return agent.threads.filter((thread) => isLive(thread) && isMeant(thread, deps, scope));
}

function isMeant(thread: ThreadSummary, deps: StopDeps, scope: StopScope): boolean {
  const name = parseThreadId(thread.id);
  if (name === null) return false;
  if (scope.kind === "issue") {
    const { repo, number } = scope.ref;
    return (
      name.issueNumber === number && repoOfThread(thread, [repo], deps.workspacesRoot) !== null
    );
  }
  // Another folder is another afk's, whatever the thread is called.
  const root = `${deps.workspacesRoot.replace(/\/+$/, "")}/`.toLowerCase();
  return thread.workspaceRoot.toLowerCase().startsWith(root);
}

/** Interrupts, looks until they are over, then the same with their sessions. Answers who is live after that. */
async function stopRound(
  deps: StopDeps,
  scope: StopScope,
  state: { readonly live: Live; readonly failures: string[] },
): Promise<Live | string> {
  let live: Live | string = state.live;
  for (const verb of ["interruptTurn", "stopSession"] as const) {
    for (const { id } of live) await command(deps, verb, { id, failures: state.failures });
    for (let look = 0; look < LOOKS_PER_VERB; look += 1) {
      live = await readLive(deps, scope);
      if (typeof live === "string" || live.length === 0) return live;
      await deps.sleep(LOOK_AGAIN_MS);
    }
  }
  return live;
}

async function command(
  deps: StopDeps,
  verb: "interruptTurn" | "stopSession",
  at: { readonly id: string; readonly failures: string[] },
): Promise<void> {
  const { id, failures } = at;
  // The time makes it new: the server takes no id of a command that it refused a second time.
  const commandId = threadCommandIdOf(id, `stop-${verb}-${deps.now()}`);
  try {
    const ack: CommandAck = await deps.writer[verb]({ commandId, threadId: id });
    if (ack.kind === "rejected") failures.push(`${id}: ${verb} was refused: ${ack.why}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    failures.push(`${id}: ${verb}: ${why}`);
  }
}
