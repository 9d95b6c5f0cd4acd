import { parseThreadId } from "../../pure/identity.ts";
import type { AgentSeen, ThreadSummary } from "../../pure/thread.ts";
import { probeCommands, readEnvironment, sessionWarnings, warningsOf } from "./t3-environment.ts";
import { noteTime, type Reading, type Snapshot } from "./t3-reading.ts";
import { readSnapshot } from "./t3-snapshot.ts";
import {
  idOf,
  notUnderstood,
  ThreadWire,
  toNotUnderstood,
  toProjects,
  toSummary,
  withoutProject,
} from "./t3-wire.ts";

/** The server, all projects and all threads of ours, with what should be told about it. */
export async function observe(reading: Reading): Promise<AgentSeen> {
  const environment = await readEnvironment(reading);
  if (environment.kind === "unreadable") return environment;
  const [snapshot, refusal, aboutToken] = await Promise.all([
    readSnapshot(reading, environment),
    probeCommands(reading, environment),
    sessionWarnings(reading),
  ]);
  if (snapshot.kind === "unreadable") return snapshot;
  if (refusal !== null) return refusal;
  const { threads, warnings } = ourThreads(snapshot);
  for (const { updatedAt } of threads) noteTime(reading.memory, updatedAt);
  return {
    kind: "readable",
    environmentId: environment.environmentId,
    projects: toProjects(snapshot.wire),
    threads,
    warnings: [...warningsOf(environment, reading.runtimeMode), ...aboutToken, ...warnings],
  };
}

/** One thread that is not understood hides no other: it is shown as live, so its repo stays locked. */
function ourThreads({ wire, roots }: Snapshot): {
  readonly threads: readonly ThreadSummary[];
  readonly warnings: readonly string[];
} {
  const threads: ThreadSummary[] = [];
  const warnings: string[] = [];
  for (const thread of wire.threads) {
    const id = idOf(thread);
    if (id === null || parseThreadId(id) === null) continue;
    const parsed = ThreadWire.safeParse(thread);
    const root = parsed.success ? roots.get(parsed.data.projectId) : undefined;
    if (parsed.success && root !== undefined) {
      threads.push(toSummary(parsed.data, root));
      continue;
    }
    const problem = parsed.success
      ? withoutProject(parsed.data)
      : notUnderstood(`thread ${id}`, parsed.error);
    warnings.push(problem.why);
    threads.push(toNotUnderstood(thread, id, roots));
  }
  return { threads, warnings };
}
