import type { Command } from "./commands.ts";

/**
 * How a dispatch goes wrong. `reject`: a 500, the command id is spent. `drop-before` and `drop-after`: the
 * connection breaks without or with the effect. `hang`: accepted, without effect, and never answered.
 */
export type DispatchFault = "reject" | "drop-before" | "drop-after" | "hang";

/** One fault for the next command of a type. */
export type PlannedFault = { readonly type: Command["type"]; readonly how: DispatchFault };

/** The faults that are planned; each happens once. */
export class DispatchFaults {
  readonly #planned: PlannedFault[] = [];

  plan(fault: PlannedFault): void {
    this.#planned.push(fault);
  }

  /** Takes the oldest fault planned for this type of command. */
  take(type: Command["type"]): DispatchFault | null {
    const index = this.#planned.findIndex((fault) => fault.type === type);
    if (index === -1) return null;
    return this.#planned.splice(index, 1)[0]?.how ?? null;
  }
}
