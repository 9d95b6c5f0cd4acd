import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFileLease, type LeaseProcess } from "../../../src/adapters/lease/file.ts";
import { thisProcess } from "../../../src/adapters/lease/process-scope.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lease-"));
  folders.push(folder);
  return folder;
}

function leaseOf(path: string, process: LeaseProcess) {
  return createFileLease({
    path,
    holder: `p${process.id}`,
    ttlMs: 60_000,
    now: () => 1000,
    process,
  });
}

const isAlive = (id: number) => id !== 13;

describe("a holder that died", () => {
  it("is taken over at once by a process of the same table", async () => {
    const path = aFolder();
    await leaseOf(path, { id: 13, scope: "one", isAlive }).acquire();
    const next = leaseOf(path, { id: 14, scope: "one", isAlive });
    expect(await next.acquire()).toEqual({ kind: "acquired" });
    expect(await next.isHeld()).toBe(true);
  });

  it("is waited for while it lives", async () => {
    const path = aFolder();
    await leaseOf(path, { id: 12, scope: "one", isAlive }).acquire();
    const next = leaseOf(path, { id: 14, scope: "one", isAlive });
    expect(await next.acquire()).toEqual({ kind: "held-elsewhere", holder: "p12" });
  });

  it("is waited for when its id belongs to another process table", async () => {
    const path = aFolder();
    await leaseOf(path, { id: 13, scope: "other", isAlive }).acquire();
    const next = leaseOf(path, { id: 14, scope: "one", isAlive });
    expect(await next.acquire()).toEqual({ kind: "held-elsewhere", holder: "p13" });
  });
});

describe("this process", () => {
  it("is alive, and a child that ended is not", async () => {
    const me = thisProcess();
    expect(me?.isAlive(process.pid)).toBe(true);
    const child = spawn(process.execPath, ["-e", "0"]);
    await new Promise((resolve) => child.on("close", resolve));
    expect(me?.isAlive(child.pid ?? 0)).toBe(false);
  });

  it("names the same table in every process of the machine", () => {
    expect(thisProcess()?.scope).toBe(thisProcess()?.scope);
    expect(thisProcess()?.id).toBe(process.pid);
  });
});
