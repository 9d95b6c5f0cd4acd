import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorder = fileURLToPath(new URL("./no-network.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "afk-gate-"));
const dist = join(folder, "dist");
const bundle = join(dist, "afk.cjs");
const source = join(root, "src/main.ts");
const sourceEntry = join(root, "src/entry.ts");

/** Bytes: a front door above this has pulled a package in. */
const BUNDLE_BYTES_MAX = 12_000;

/** A child still running after this is hanging on something. */
const CHILD_MS_MAX = 20_000;

const Notes = z.object({ attempts: z.array(z.string()), modules: z.array(z.string()) });

type Env = Readonly<Record<string, string>>;

type Ended = z.infer<typeof Notes> & {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

let childCount = 0;

function runChild(argv: readonly string[], env: Env): Promise<Ended> {
  childCount += 1;
  const notesFile = join(folder, `notes-${childCount}.json`);
  const options = {
    cwd: folder,
    env: { PATH: process.env["PATH"], GATE_NOTES_FILE: notesFile, ...env },
    timeout: CHILD_MS_MAX,
  };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      ["--import", pathToFileURL(recorder).href, ...argv],
      options,
      (_error, stdout, stderr) => {
        const notes = Notes.parse(JSON.parse(readFileSync(notesFile, "utf8")));
        done({ ...notes, code: child.exitCode, stdout, stderr });
      },
    );
  });
}

function linesOf(ended: Ended | undefined): readonly unknown[] {
  const lines = (ended?.stdout ?? "").split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
}

function untimed(ended: Ended | undefined): readonly unknown[] {
  return linesOf(ended)
    .map((line) => z.looseObject({}).parse(line))
    .map((line) => ({ ...line, time: 0 }));
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), dist], { cwd: root });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ticks = [
  ["poll", "poller"],
  ["watch", "watcher"],
] as const;

const shut: ReadonlyArray<readonly [name: string, env: Env, because: string]> = [
  ["no configuration at all", {}, "kill-switch"],
  ["the kill switch off and no allowlist", { AFK_KILL_SWITCH: "false" }, "allowlist"],
  [
    "the kill switch off and an empty allowlist",
    { AFK_KILL_SWITCH: "false", AFK_ALLOWLIST: "" },
    "allowlist",
  ],
  ["an allowlist and no kill switch", { AFK_ALLOWLIST: "owner/name" }, "kill-switch"],
  [
    "an allowlist and the kill switch on",
    { AFK_KILL_SWITCH: "true", AFK_ALLOWLIST: "owner/name" },
    "kill-switch",
  ],
];

const refused: ReadonlyArray<readonly [name: string, env: Env, named: string]> = [
  ["a kill switch that is neither on nor off", { AFK_KILL_SWITCH: "maybe" }, "AFK_KILL_SWITCH"],
  ["a misspelt key", { AFK_ALOWLIST: "x" }, "AFK_ALOWLIST"],
  [
    "both gates open and nothing else set",
    { AFK_KILL_SWITCH: "false", AFK_ALLOWLIST: "owner/name" },
    "T3_BASE_URL",
  ],
];

describe.each(ticks)("afk %s", (command, loop) => {
  it.each(shut)(
    "with %s says so, loads nothing, connects to nothing",
    async (_name, env, because) => {
      const ended = await runChild([bundle, command], env);
      expect(ended).toMatchObject({ code: 0, stderr: "", attempts: [] });
      expect(ended.modules).toEqual([pathToFileURL(bundle).href, "node:fs"]);
      expect(linesOf(ended)).toEqual([
        {
          level: "info",
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          loop,
          gates: expect.stringMatching(
            /^kill switch (on, allowlist (empty|of 1)|off, allowlist empty)$/,
          ),
          because: expect.stringContaining(because),
          text: expect.stringMatching(/\S/),
          msg: "disabled",
        },
      ]);
    },
  );

  it.each(shut)("from its sources with %s says the same", async (_name, env) => {
    const files = [bundle, sourceEntry, source];
    const [built, ...direct] = await Promise.all(
      files.map((file) => runChild([file, command], env)),
    );
    for (const ended of direct) {
      expect(ended).toMatchObject({ code: 0, stderr: "", attempts: [] });
      expect(untimed(ended)).toEqual(untimed(built));
    }
  });

  it.each(refused)("with %s exits 78 and names the key", async (_name, env, named) => {
    const ended = await runChild([bundle, command], env);
    expect(ended.stdout + ended.stderr).toContain(named);
    expect(ended).toMatchObject({ code: 78, attempts: [] });
  });

  it("with a flag it does not know exits 2 even while disabled", async () => {
    const ended = await runChild([bundle, command, "--no-such-flag"], {});
    expect(ended).toMatchObject({ code: 2, attempts: [] });
  });
});

describe("the front door", () => {
  it("is small enough to hold no package", () => {
    expect(statSync(bundle).size).toBeLessThan(BUNDLE_BYTES_MAX);
  });

  it("tells an older Node from the one it needs, in one line", async () => {
    const env = { GATE_PRETEND_NODE: "23.11.1", AFK_KILL_SWITCH: "maybe" };
    const ended = await runChild([bundle, "poll"], env);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toBe("afk needs Node 24 or newer; this is Node 23.11.1.\n");
  });

  it("lets Node 24 in", async () => {
    const env = { GATE_PRETEND_NODE: "24.0.0", AFK_KILL_SWITCH: "maybe" };
    const ended = await runChild([bundle, "poll"], env);
    expect(ended.modules).toContain(pathToFileURL(join(dist, "main.cjs")).href);
  });

  it("answers a disabled tick on an older Node all the same", async () => {
    const ended = await runChild([bundle, "watch"], { GATE_PRETEND_NODE: "18.0.0" });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("the recorder these tests lean on", () => {
  const reaching: ReadonlyArray<readonly [name: string, code: string]> = [
    ["net.connect", "require('net').connect(1)"],
    ["net.Socket.connect", "new (require('net').Socket)().connect(1)"],
    ["tls.connect", "require('tls').connect(1)"],
    ["dgram.createSocket", "require('dgram').createSocket('udp4')"],
    ["dns.lookup", "require('dns').lookup('localhost', () => {})"],
    ["dns.promises.resolve4", "import('dns/promises').then((it) => it.resolve4('localhost'))"],
  ];

  it.each(reaching)("notes %s", async (name, code) => {
    const ended = await runChild(["-e", code], {});
    expect(ended).toMatchObject({ code: 1, attempts: [name] });
  });

  it("notes what the built-in fetch opens", async () => {
    const ended = await runChild(["-e", "fetch('http://127.0.0.1:59999/').catch(() => {})"], {});
    expect(ended.attempts.length).toBeGreaterThan(0);
  });

  it("notes a package that is loaded", async () => {
    const zod = import.meta.resolve("zod");
    const ended = await runChild(["--input-type=module", "-e", `await import("${zod}")`], {});
    expect(ended.modules).toContain(zod);
  });
});
