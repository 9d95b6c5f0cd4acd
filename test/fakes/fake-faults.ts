import { issueKey, type IssueRef } from "../../src/pure/issue.ts";
import type { AgentWriter } from "../../src/pure/ports/agent.ts";
import type { Lease } from "../../src/pure/ports/lease.ts";
import type { Notifier } from "../../src/pure/ports/notifier.ts";
import type { TrackerWriter } from "../../src/pure/ports/tracker.ts";

export const TRACKER_WRITE_METHODS = [
  "createComment",
  "editComment",
  "createLabel",
  "addLabel",
  "removeLabel",
  "closeIssue",
  "reopenIssue",
] as const satisfies readonly (keyof TrackerWriter)[];

export const AGENT_WRITE_METHODS = [
  "createProject",
  "createThread",
  "startTurn",
  "interruptTurn",
  "stopSession",
  "archiveThread",
  "unarchiveThread",
] as const satisfies readonly (keyof AgentWriter)[];

export const NOTIFIER_WRITE_METHODS = ["ring"] as const satisfies readonly (keyof Notifier)[];

export const LEASE_WRITE_METHODS = [
  "acquire",
  "release",
] as const satisfies readonly (keyof Lease)[];

/** What goes wrong at the effect of that number; the first effect is 1. */
type Fault = {
  /**
   * `crash-before`: the process dies and the effect never happens. `crash-after`: it happens, then the process
   * dies. `fail-before`, `fail-after`: the call throws without, or with, its effect, and the process lives.
   */
  readonly kind: "crash-before" | "crash-after" | "fail-before" | "fail-after";
  readonly effect: number;
};

/** What every call of a dead process is answered with. */
export class ProcessDied extends Error {
  constructor() {
    super("the process died");
    this.name = "ProcessDied";
  }
}

/** The life of one process: the effects it tried, over all ports wrapped for it, and where it breaks. */
export class FaultPlan {
  /** The effects tried so far, in order: `addLabel o/a#1 agent-in-progress`. */
  readonly effects: string[] = [];
  /** The faults that came about, in order: one past the last effect never does. */
  readonly fired: Fault["kind"][] = [];
  isDead = false;
  readonly #faults: readonly Fault[];

  constructor(faults: readonly Fault[] = []) {
    this.#faults = faults;
  }

  /** Counts one effect and says what goes wrong with it, if anything. */
  next(effect: string): Fault["kind"] | null {
    this.effects.push(effect);
    const number = this.effects.length;
    const kind = this.#faults.find((fault) => fault.effect === number)?.kind ?? null;
    if (kind !== null) this.fired.push(kind);
    return kind;
  }

  die(): ProcessDied {
    this.isDead = true;
    return new ProcessDied();
  }
}

/**
 * The port as the process of `plan` sees it: the methods named are effects, numbered across all ports of the
 * plan. Once the process died, every call of any of them rejects and none has an effect.
 */
export function withFaults<Port extends object>(
  port: Port,
  plan: FaultPlan,
  writeMethods: readonly (keyof Port & string)[],
): Port {
  const writes = new Set<PropertyKey>(writeMethods);
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      const call = async (args: unknown[]): Promise<unknown> => Reflect.apply(value, target, args);
      return async (...args: unknown[]) => {
        if (plan.isDead) throw new ProcessDied();
        if (!writes.has(property)) return survive(plan, await call(args));
        // A doorbell's receipt is mostly null, and says nothing of the effect then.
        const told = args.filter((arg) => arg !== null).map(describe);
        const effect = [String(property), ...told].join(" ");
        return perform(plan, effect, () => call(args));
      };
    },
  });
}

async function perform(
  plan: FaultPlan,
  effect: string,
  apply: () => Promise<unknown>,
): Promise<unknown> {
  const fault = plan.next(effect);
  if (fault === "crash-before") throw plan.die();
  if (fault === "fail-before") throw new Error(`failed before: ${effect}`);
  const answer = await apply();
  if (fault === "crash-after") throw plan.die();
  if (fault === "fail-after") throw new Error(`failed after: ${effect}`);
  return survive(plan, answer);
}

/** An answer that arrives after the process died reaches nobody. */
function survive<Answer>(plan: FaultPlan, answer: Answer): Answer {
  if (plan.isDead) throw new ProcessDied();
  return answer;
}

/** Of a text: long enough for a marker or a label, short enough for a list of effects to be read. */
export const WORDS_CHARS_MAX = 60;

function describe(arg: unknown): string {
  if (typeof arg === "string") return arg.split("\n", 1).join().slice(0, WORDS_CHARS_MAX);
  if (typeof arg !== "object" || arg === null) return String(arg);
  if (isIssueRef(arg)) return issueKey(arg);
  const fields = new Map<string, unknown>(Object.entries(arg));
  const ids = ["threadId", "messageId", "projectId", "key", "name"].map((name) => fields.get(name));
  return ids.filter((id) => typeof id === "string").join(" ");
}

function isIssueRef(arg: object): arg is IssueRef {
  return "repo" in arg && "number" in arg;
}
