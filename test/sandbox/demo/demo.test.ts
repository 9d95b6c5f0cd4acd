import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { followWorld } from "../../../sandbox/demo/progress.ts";
import { startWorld } from "../../../sandbox/demo/world.ts";
import { workspaceRootOf } from "../../../src/pure/identity.ts";
import type { SandboxThread } from "../../../sandbox/t3/t3-server.ts";
import type { T3Event } from "../../../sandbox/t3/thread-screen.ts";

const main = fileURLToPath(new URL("../../../sandbox/demo.main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "afk-demo-test-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function demo(...argv: readonly string[]) {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, [main, ...argv], { env });
  const told = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.stderr += text));
  return { child, told, ended: once(child, "close") };
}

describe("the demo", () => {
  it("says in one line that there is no such story", async () => {
    const { told, ended } = demo("--only", "nope");
    expect(await ended).toEqual([2, null]);
    expect(told).toEqual({
      stdout: "",
      stderr: "There is no story named nope: npm run demo -- --list names them.\n",
    });
  });

  it.each([
    [["--lsit"], /^Unknown option '--lsit'/],
    [["lands"], /^Unexpected argument 'lands'/],
    [["--seed", "x"], /^--seed takes a number of at most nine digits\./],
    [["--seed", "1234567890"], /^--seed takes a number/],
  ])("refuses %j in a line with the options there are, without a stack", async (argv, why) => {
    const { told, ended } = demo(...argv);
    expect(await ended).toEqual([2, null]);
    expect(told.stdout).toBe("");
    expect(told.stderr).toMatch(why);
    expect(told.stderr).toMatch(/\nnpm run demo -- \[--list\] .*\n$/);
    expect(told.stderr).not.toMatch(/^\s+at /m);
  });

  it("takes a seed of nine digits", async () => {
    expect(await demo("--list", "--seed", "123456789").ended).toEqual([0, null]);
  });

  it("has a file with which a shell reaches its world, and nothing else", async () => {
    const world = await startWorld([]);
    try {
      const show = `. '${world.envFile}' && exec '${process.execPath}' -p 'JSON.stringify(process.env)'`;
      const shown = spawnSync("/bin/sh", ["-c", show], { env: { PATH: "/bin" }, encoding: "utf8" });
      expect(JSON.parse(shown.stdout)).toMatchObject({ ...world.env, PATH: "/bin" });
    } finally {
      await world.close();
    }
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "takes its world down when %s interrupts it, told twice",
    async (signal) => {
      const { child, told, ended } = demo("--only", "lands");
      while (!told.stdout.includes("page http")) await once(child.stdout, "data");
      expect(readdirSync(folder)).toHaveLength(1);
      child.kill(signal);
      child.kill(signal);
      expect(await ended).toEqual([130, null]);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it("names an agent's issue and counts the turns of its run over all threads", () => {
    const listeners: ((event: T3Event) => void)[] = [];
    const lines: string[] = [];
    const ids = ["afk-0123456789ab-7-0", "afk-0123456789ab-7-1"];
    const repo = { tracker: "github", owner: "acme", name: "blog" } as const;
    const workspaceRoot = workspaceRootOf("/data", repo);
    const threads = ids.map((id) => ({ id, workspaceRoot }) as SandboxThread);
    const t3 = {
      threads: () => threads,
      subscribe: (listener: (event: T3Event) => void) => {
        listeners.push(listener);
        return () => undefined;
      },
    };
    followWorld({ forge: { on: () => () => undefined }, t3 }, (who, what) => {
      lines.push(`${who}: ${what}`);
    });
    const tell = (kind: T3Event["kind"], threadId = "", text = "") => {
      for (const listener of listeners) listener({ kind, threadId, text });
    };
    tell("turn-started", ids[0]);
    tell("asked", ids[0], "May I?");
    tell("turn-started", ids[1]);
    tell("turn-started", "another");
    expect(lines).toEqual([
      "agent: acme/blog#7 turn 1 begins",
      "agent: acme/blog#7 turn 1 asks: May I?",
      "agent: acme/blog#7 turn 2 begins",
      "agent: another turn 1 begins",
    ]);
  });
});
