import { parseThreadId } from "../../pure/identity.ts";
import type { ThreadsWanted } from "../../pure/ports/agent.ts";
import type { AgentSeen, ThreadSummary } from "../../pure/thread.ts";
import { probeCommands, readEnvironment, sessionWarnings, warningsOf } from "./t3-environment.ts";
import type { Unreadable } from "./t3-http.ts";
import { type Environment, noteTime, type Reading, type Snapshot } from "./t3-reading.ts";
import { readShell, readSnapshot } from "./t3-snapshot.ts";
import { notUnderstood, withoutProject } from "./t3-unreadable.ts";
import { idOf, ThreadWire, toNotUnderstood, toProjects, toSummary } from "./t3-wire.ts";

/**
 * The server, all projects and all threads of ours, with what should be told about it. `active` threads are asked for
 * beside the version: a server that does not know them yet answers with its page. `all-if-cheap` is answered with
 * them where the list of all threads is the whole database.
 */
export async function observe(reading: Reading, want: ThreadsWanted = "all"): Promise<AgentSeen> {
  const isEarly = want === "active";
  const [environment, active] = await Promise.all([
    readEnvironment(reading),
    isEarly ? readShell(reading) : null,
    isEarly ? sessionWarnings(reading) : null,
  ]);
  if (environment.kind === "unreadable") return environment;
  const [snapshot, refusal, aboutToken] = await Promise.all([
    readThreads(reading, environment, { want, active }),
    probeCommands(reading, environment),
    sessionWarnings(reading),
  ]);
  if (snapshot.kind === "unreadable") return snapshot;
  if (refusal !== null) return refusal;
  const { threads, warnings } = snapshot;
  for (const { updatedAt } of threads) noteTime(reading.memory, updatedAt);
  return {
    kind: "readable",
    environmentId: environment.environmentId,
    projects: toProjects(snapshot.wire),
    threads,
    ...(snapshot.isActiveOnly ? { isActiveOnly: true } : {}),
    ...(environment.capabilities.bodilessSnapshot ? {} : { isWholeCostly: true }),
    warnings: [...warningsOf(environment, reading.runtimeMode), ...aboutToken, ...warnings],
  };
}

type ShellRead = Snapshot | Unreadable;
type ThreadsRead = Snapshot & OurThreads & { readonly isActiveOnly: boolean };

async function readThreads(
  reading: Reading,
  environment: Environment,
  { want, active: early }: { readonly want: ThreadsWanted; readonly active: ShellRead | null },
): Promise<ThreadsRead | Unreadable> {
  const { shell, bodilessSnapshot } = environment.capabilities;
  const isEnough = want === "active" || (want === "all-if-cheap" && !bodilessSnapshot);
  if (shell && isEnough) {
    const active = early ?? (await readShell(reading));
    if (active.kind === "snapshot") {
      const ours = ourThreads(active);
      // A thread of ours in a project that the shell leaves out has no folder here; the snapshot knows it.
      if (ours.warnings.length === 0) return { ...active, ...ours, isActiveOnly: true };
    } else if (!bodilessSnapshot) return active;
    // Where the snapshot is light, it does as well.
  }
  const all = await readSnapshot(reading, environment);
  if (all.kind === "unreadable") return all;
  return { ...all, ...ourThreads(all), isActiveOnly: false };
}

type OurThreads = {
  readonly threads: readonly ThreadSummary[];
  readonly warnings: readonly string[];
};

/** One thread that is not understood hides no other: it is shown as live, so its repo stays locked. */
function ourThreads({ wire, roots }: Snapshot): OurThreads {
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
