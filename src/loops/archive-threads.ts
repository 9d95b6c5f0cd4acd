import { isDueForArchive, isThreadDone } from "../pure/archive.ts";
import { parseThreadId, threadCommandIdOf } from "../pure/identity.ts";
import { type IssueRef, issueKey } from "../pure/issue.ts";
import { repoOfThread } from "../pure/locks.ts";
import type { AgentSeen, ThreadSummary } from "../pure/thread.ts";
import type { TickDeps } from "./deps.ts";
import { endsTick } from "./guard.ts";
import type { WatchSettings } from "./watch-tick.ts";

/** Nobody waits for an archive: one request of the tracker and few of the agent server are enough in a tick. */
const ARCHIVED_PER_TICK_MAX = 10;
/** A watch tick's usual distance to the next: where more are due than fit, each begins one thread further. */
const TURN_MS = 60_000;

type Due = { readonly thread: ThreadSummary; readonly ref: IssueRef };

/**
 * Archives the threads of runs that are over and rested for `archiveAfterMs`, the longest rested first while they fit in a
 * tick. Answers how many could not be. A thread whose issue cannot be read stays for a later tick.
 */
export async function archiveThreads(
  deps: TickDeps,
  settings: WatchSettings,
  agent: AgentSeen,
): Promise<number> {
  const due = dueOf(deps, settings, agent);
  if (due.length === 0) return 0;
  const reads = await deps.tracker.reader.readIssues(due.map(({ ref }) => ref));
  let failed = 0;
  for (const [at, { thread, ref }] of due.entries()) {
    const read = reads[at];
    if (read?.kind !== "read") continue;
    if (!isThreadDone(thread, read.issue, settings.labels.inProgress)) continue;
    const about = { issue: issueKey(ref), threadId: thread.id };
    try {
      deps.log.info({ ...about, decision: { kind: "archive" } }, "decided");
      deps.log.info({ ...about, effect: "archive" }, "performing");
      // New each time, since an id that was refused once is refused for ever; who is due was not archived.
      const commandId = threadCommandIdOf(thread.id, `archive-${deps.now()}`);
      const ack = await deps.agent.writer.archiveThread({ commandId, threadId: thread.id });
      if (ack.kind === "rejected") throw new Error(`the archiving was refused: ${ack.why}`);
    } catch (error) {
      deps.log.error({ ...about, err: error }, "archiving failed, a later tick tries again");
      failed += 1;
      if (endsTick(error)) break;
    }
  }
  return failed;
}

function dueOf(deps: TickDeps, settings: WatchSettings, agent: AgentSeen): readonly Due[] {
  if (agent.kind === "unreadable") return [];
  const clock = { now: deps.now(), archiveAfterMs: settings.limits.archiveAfterMs };
  const due = agent.threads
    .filter((thread) => isDueForArchive(thread, clock))
    .flatMap((thread): readonly Due[] => {
      const repo = repoOfThread(thread, settings.repos, settings.workspacesRoot);
      const number = parseThreadId(thread.id)?.issueNumber;
      return repo === null || number === undefined ? [] : [{ thread, ref: { repo, number } }];
    })
    .toSorted((one, other) => (one.thread.updatedAt < other.thread.updatedAt ? -1 : 1));
  if (due.length <= ARCHIVED_PER_TICK_MAX) return due;
  // Some can never go, as when their issue is gone: those behind them have their turn all the same.
  const start = Math.floor(deps.now() / TURN_MS) % due.length;
  return [...due.slice(start), ...due.slice(0, start)].slice(0, ARCHIVED_PER_TICK_MAX);
}
