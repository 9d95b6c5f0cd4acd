import type { Notifier } from "../pure/ports/notifier.ts";
import { ServiceLimited } from "../pure/ports/service-limited.ts";
import type { TickDeps } from "./deps.ts";
import { TickStopped } from "./stop-gate.ts";

/** The lease is gone: another tick may be at work, and no further effect of this one may start. */
class LeaseLost extends Error {
  constructor() {
    super("the lease was lost; no further effect is started and the next tick goes on");
    this.name = "LeaseLost";
  }
}

/** Whether no further effect of this tick may start after this error. */
export function endsTick(error: unknown): boolean {
  return (
    error instanceof LeaseLost || error instanceof ServiceLimited || error instanceof TickStopped
  );
}

/** The same dependencies with the lease, and the limits of the services, checked before every effect. */
export function guardEffects(deps: TickDeps): TickDeps {
  const guard = guardWith(deps);
  const { tracker, agent } = deps;
  return {
    ...deps,
    tracker: {
      reader: tracker.reader,
      writer: {
        createComment: guard((ref, body) => tracker.writer.createComment(ref, body)),
        editComment: guard((ref, id, body) => tracker.writer.editComment(ref, id, body)),
        createLabel: guard((repo, label) => tracker.writer.createLabel(repo, label)),
        addLabel: guard((ref, label) => tracker.writer.addLabel(ref, label)),
        removeLabel: guard((ref, label) => tracker.writer.removeLabel(ref, label)),
        closeIssue: guard((ref, reason) => tracker.writer.closeIssue(ref, reason)),
        reopenIssue: guard((ref) => tracker.writer.reopenIssue(ref)),
      },
    },
    agent: {
      reader: agent.reader,
      writer: {
        createProject: guard((creation) => agent.writer.createProject(creation)),
        createThread: guard((creation) => agent.writer.createThread(creation)),
        startTurn: guard((start) => agent.writer.startTurn(start)),
        interruptTurn: guard((command) => agent.writer.interruptTurn(command)),
        stopSession: guard((command) => agent.writer.stopSession(command)),
        archiveThread: guard((command) => agent.writer.archiveThread(command)),
        unarchiveThread: guard((command) => agent.writer.unarchiveThread(command)),
      },
    },
    notifiers: deps.notifiers.map(
      (notifier): Notifier => ({
        name: notifier.name,
        ring: guard((bell, receipt) => notifier.ring(bell, receipt)),
      }),
    ),
  };
}

type Guard = <A extends readonly unknown[], R>(
  effect: (...args: A) => Promise<R>,
) => (...args: A) => Promise<R>;

function guardWith({ lease, limit, stop }: Pick<TickDeps, "lease" | "limit" | "stop">): Guard {
  return (effect) =>
    async (...args) => {
      // An effect elsewhere would be one that the record cannot tell of any more.
      const limited = limit?.() ?? null;
      if (limited !== null) throw limited;
      if (!(await lease.isHeld())) throw new LeaseLost();
      return stop === undefined ? effect(...args) : stop.pass(() => effect(...args));
    };
}
