import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxT3, startT3 } from "../../sandbox/t3/t3-server.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TOKEN = "t3-command-token";
/** A command that makes a dozen loopback requests and still runs after this hangs. */
const CHILD_MS_MAX = 20_000;

let t3: SandboxT3;
const dir = mkdtempSync(join(tmpdir(), "t3-commands-"));

beforeAll(async () => {
  t3 = await startT3({ dir: join(dir, "t3"), token: TOKEN });
});

afterAll(async () => {
  await t3.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function afk(command: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((done) => {
    const options = { env, timeout: CHILD_MS_MAX };
    const argv = [MAIN, ...command.split(" ")];
    const child = execFile(process.execPath, argv, options, (_error, stdout, stderr) => {
      done({ code: child.exitCode, stdout, stderr });
    });
  });
}

async function pairingCode(): Promise<string> {
  const response = await fetch(`${t3.url}/api/auth/pairing-token`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: "{}",
  });
  return ((await response.json()) as { credential: string }).credential;
}

describe("afk t3-pair", () => {
  it("prints the token alone on stdout, and afk doctor is content with it", async () => {
    const paired = await afk(`t3-pair --code ${await pairingCode()}`, { T3_BASE_URL: t3.url });
    expect(paired).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    expect(paired.stderr).toMatch(
      /orchestration:read, orchestration:operate and expires in 30 days/,
    );
    expect(paired.stderr).not.toContain(paired.stdout.trim());
    const file = join(dir, "token");
    writeFileSync(file, `${paired.stdout}\n`);
    const env = { T3_BASE_URL: t3.url, T3_TOKEN_FILE: file };
    const doctor = await afk("doctor --only t3", env);
    expect(doctor.code).toBe(0);
    expect(doctor.stdout).not.toMatch(/failed|warning/);
    expect(doctor.stdout).toMatch(/^ok +environment +T3 0\.0\.33/);
  });

  it.each([
    ["a code that is none", "t3-pair --code WRONG", 1, /No token: .*make a new one/],
    ["no code", "t3-pair", 2, /Missing required argument: code/],
  ])("with %s says so and prints no token", async (_name, command, code, words) => {
    const ended = await afk(command, { T3_BASE_URL: t3.url });
    expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(words) });
  });

  it.each([
    ["no address", {}, /T3_BASE_URL is not set/],
    ["a wrong address", { T3_BASE_URL: "t3" }, /T3_BASE_URL is not a plain http/],
  ])("with %s is a matter of configuration", async (_name, env, words) => {
    const ended = await afk("t3-pair --code CODE", env as Record<string, string>);
    expect(ended).toMatchObject({ code: 78, stdout: "", stderr: expect.stringMatching(words) });
  });
});

describe("afk doctor", () => {
  it("exits 1 for a token that T3 does not know, and does not tell it", async () => {
    const ended = await afk("doctor --only t3", {
      T3_BASE_URL: t3.url,
      T3_TOKEN: "t3-not-a-token",
    });
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringMatching(/failed +token/) });
    expect(ended.stdout + ended.stderr).not.toContain("t3-not-a-token");
  });

  it("without --dispatch-probe makes nothing, with it makes and deletes a thread", async () => {
    const env = { T3_BASE_URL: t3.url, T3_TOKEN: TOKEN, T3_WORKSPACE_ROOT: dir };
    await afk("doctor --only t3", env);
    expect(t3.threads()).toEqual([]);
    const { stdout } = await afk("doctor --only t3 --dispatch-probe", env);
    expect(stdout).toMatch(/ok +delete the thread/);
    expect(stdout).toMatch(/ok +delete the project/);
    const workspaceRoot = expect.stringMatching(`^${dir}/afk-doctor-`);
    expect(t3.threads()).toMatchObject([{ workspaceRoot, deletedAt: expect.any(String) }]);
  });

  it.each([
    ["what it is to look at", "doctor", {}, 2, /Missing required argument: only/],
    ["an address and a token", "doctor --only t3", {}, 78, /T3_BASE_URL and T3_TOKEN/],
    ["a right address", "doctor --only t3", { T3_BASE_URL: "t3" }, 78, /T3_BASE_URL is not/],
    ["to know which service", "doctor --only t4", {}, 2, /only.*t4.*"t3"/s],
    [
      "a folder where one is named",
      "doctor --only t3",
      { T3_BASE_URL: "http://127.0.0.1:1", T3_TOKEN: "t", T3_WORKSPACE_ROOT: "data" },
      78,
      /T3_WORKSPACE_ROOT/,
    ],
  ])("needs %s", async (_name, command, env, code, words) => {
    const ended = await afk(command, env as Record<string, string>);
    expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(words) });
  });
});
