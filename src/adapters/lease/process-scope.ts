import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { LeaseProcess } from "./file.ts";

/**
 * This process, for the file lease. On Linux process ids mean the same within one boot and one process
 * namespace; elsewhere within one host name. Null where none of that can be read: then a lease only expires.
 */
export function thisProcess(): LeaseProcess | null {
  const scope = readScope();
  return scope === null ? null : { id: process.pid, scope, isAlive };
}

function readScope(): string | null {
  if (process.platform !== "linux") return `${process.platform} ${hostname()}`;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** Signal 0 asks without sending; only "no such process" says that it is gone. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
