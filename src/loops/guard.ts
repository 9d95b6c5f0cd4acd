import type { Lease } from "../pure/ports/lease.ts";
import type { Notifier } from "../pure/ports/notifier.ts";
import type { TickDeps } from "./deps.ts";

/** The lease is gone: another tick may be at work, and no further effect of this one may start. */
export class LeaseLost extends Error {
  constructor() {
    super("the lease was lost; no further effect is started and the next tick goes on");
    this.name = "LeaseLost";
  }
}

/** The same dependencies with the lease checked before every effect. */
export function guardEffects(deps: TickDeps): TickDeps {
  const guard = guardWith(deps.lease);
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

function guardWith(lease: Lease): Guard {
  return (effect) =>
    async (...args) => {
      if (!(await lease.isHeld())) throw new LeaseLost();
      return effect(...args);
    };
}
