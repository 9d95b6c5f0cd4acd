import { ServiceLimited } from "../pure/ports/service-limited.ts";
import type { TickDeps } from "./deps.ts";

/** What was read; null, and said once, when a service's limit kept it from being read in full. */
export async function readWithinLimits<Seen>(
  deps: TickDeps,
  read: () => Promise<Seen>,
): Promise<Seen | null> {
  let seen: Seen;
  try {
    seen = await read();
  } catch (error) {
    if (!(error instanceof ServiceLimited)) throw error;
    reportLimit(deps, error);
    return null;
  }
  return reportLimit(deps, null) === 0 ? seen : null;
}

/**
 * Says once that a service's limit ended the tick, and when it may go on. Answers how many failures that is: a
 * tick that could not do its work is told by its exit code.
 */
export function reportLimit(deps: TickDeps, thrown: ServiceLimited | null): 0 | 1 {
  const limited = thrown ?? deps.limit?.() ?? null;
  if (limited === null) return 0;
  const { resumeAt } = limited;
  const at = resumeAt === null ? {} : { resumeAt: new Date(resumeAt).toISOString() };
  deps.log.error({ ...at, why: limited.message }, "service limited, the tick ends early");
  return 1;
}
