import { type BellStates, ID_CHARACTERS_MAX, type RunRecord } from "./run-record.ts";

/** Doorbells of an occasion that have neither rung nor been given up, in the order they are configured. */
export function openBells(
  bells: BellStates,
  notifiers: readonly string[],
  clock: { readonly now: number; readonly notifyMsMax: number },
): readonly string[] {
  return notifiers.filter((name) => {
    const bell = bells[name];
    if (bell === undefined) return true;
    return bell.state === "trying" && clock.now - bell.firstTryAt <= clock.notifyMsMax;
  });
}

/** Notes that a bell is about to be rung; the first try is what its deadline counts from. */
export function noteTry(bells: BellStates, name: string, now: number): BellStates {
  const firstTryAt = bells[name]?.firstTryAt ?? now;
  return { ...bells, [name]: { firstTryAt, state: "trying" } };
}

/** Notes that the service accepted the bell. */
export function noteRung(bells: BellStates, name: string, now: number): BellStates {
  const firstTryAt = bells[name]?.firstTryAt ?? now;
  return { ...bells, [name]: { firstTryAt, state: "rung" } };
}

/** Notes every bell whose time is over as undelivered. */
export function noteUndelivered(
  bells: BellStates,
  clock: { readonly now: number; readonly notifyMsMax: number },
): BellStates {
  const entries = Object.entries(bells).map(([name, bell]) => {
    const isOver = bell.state === "trying" && clock.now - bell.firstTryAt > clock.notifyMsMax;
    return [name, isOver ? { ...bell, state: "undelivered" as const } : bell] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether nothing is left to ring: every configured bell rang or was given up. */
export function areBellsSettled(
  bells: BellStates,
  notifiers: readonly string[],
  clock: { readonly now: number; readonly notifyMsMax: number },
): boolean {
  return openBells(bells, notifiers, clock).length === 0;
}

/** What a doorbell answered to the run's last ring, to be handed back with the next; null for nothing. */
export function receiptOf(record: RunRecord, name: string): string | null {
  return record.receipts?.[name] ?? null;
}

/**
 * Notes what a doorbell answered. Null keeps what is there; so does a receipt too long to be kept, which
 * would make the whole record unreadable.
 */
export function noteReceipt(record: RunRecord, name: string, receipt: string | null): RunRecord {
  if (receipt === null || receipt === "" || receipt.length > ID_CHARACTERS_MAX) return record;
  return { ...record, receipts: { ...record.receipts, [name]: receipt } };
}
