import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { runChild } from "../../../sandbox/t3/agent/child-process.ts";

/** A child that starts a child of its own and waits for it; it tells the grandchild's pid first. */
const PARENT = `
  const { spawn } = require("node:child_process");
  const grandchild = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  require("node:fs").writeFileSync(process.argv[1], String(grandchild.pid));
  setTimeout(() => {}, 60000);
`;

function child(args: readonly string[], signal: AbortSignal) {
  return runChild({ file: process.execPath, args, cwd: tmpdir(), env: {}, signal });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for its reaper only; it runs no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

it("an abort ends the command and everything it started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "afk-child-"));
  const pidFile = join(folder, "pid");
  const controller = new AbortController();
  const ended = child(["-e", PARENT, pidFile], controller.signal);
  const refusal = ended.then(
    () => "none",
    (error: Error) => error.message,
  );
  while (!existsSync(pidFile) || readFileSync(pidFile, "utf8") === "") await sleep(10);
  const grandchild = Number(readFileSync(pidFile, "utf8"));
  expect(isAlive(grandchild)).toBe(true);
  controller.abort();
  expect(await refusal).toContain("aborted");
  for (let tries = 0; isAlive(grandchild) && tries < 100; tries += 1) await sleep(10);
  expect(isAlive(grandchild)).toBe(false);
  rmSync(folder, { recursive: true });
});

it("a command answers its exit code and what it wrote", async () => {
  const script = "console.log('out'); console.error('err'); process.exitCode = 3";
  const end = await child(["-e", script], new AbortController().signal);
  expect([end.code, end.stdout]).toEqual([3, "out\n"]);
  expect(end.output).toContain("err");
});

it("a command that cannot start is an error, and an aborted signal starts none", async () => {
  // Some machines have a folder /nonexistent, the home of nobody.
  const file = join(tmpdir(), "no-such-program-at-all");
  const command = { file, args: [], cwd: tmpdir(), env: {} };
  const { signal } = new AbortController();
  await expect(runChild({ ...command, signal })).rejects.toThrow("ENOENT");
  await expect(runChild({ ...command, signal: AbortSignal.abort() })).rejects.toThrow("abort");
});
