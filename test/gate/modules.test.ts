import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorder = new URL("./no-network.ts", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "afk-modules-"));
const dist = join(folder, "dist");

/** A tick that may reach nobody gives up at once; one that takes this long hangs. */
const CHILD_MS_MAX = 20_000;

const Notes = z.object({ modules: z.array(z.string()) });
const SourceMap = z.looseObject({ sources: z.array(z.string()) });

type Env = Readonly<Record<string, string>>;

/** Armed, with everything that both ticks need at least. */
const ARMED: Env = {
  AFK_KILL_SWITCH: "false",
  AFK_ALLOWLIST: "owner/name",
  T3_BASE_URL: "http://127.0.0.1:59999",
  T3_TOKEN: "none",
  T3_MODEL: "none",
  GITHUB_TOKEN: "none",
  GITHUB_API_URL: "http://127.0.0.1:59999",
  NTFY_URL: "http://127.0.0.1:59999",
  NTFY_TOPIC: "doorbell",
};

type Loaded = {
  /** Sources of the project and names of packages, as the chunks were made from them. */
  readonly sources: readonly string[];
  readonly packages: readonly string[];
  readonly stdout: string;
};

let childCount = 0;

/** Runs one command of the bundle, and tells what the chunks it loaded are made of. */
async function load(args: readonly string[], env: Env): Promise<Loaded> {
  childCount += 1;
  const notesFile = join(folder, `notes-${childCount}.json`);
  const argv = ["--import", recorder, join(dist, "afk.cjs"), ...args];
  const stdout = await new Promise<string>((done) => {
    const options = {
      env: { TMPDIR: folder, GATE_NOTES_FILE: notesFile, ...env },
      timeout: CHILD_MS_MAX,
    };
    execFile(process.execPath, argv, options, (_error, out) => done(out));
  });
  const { modules } = Notes.parse(JSON.parse(readFileSync(notesFile, "utf8")));
  const files = modules.filter((url) => url.startsWith(pathToFileURL(dist).href));
  const sources = [...new Set(files)].flatMap((url) => sourcesOf(fileURLToPath(url)));
  const packages = new Set(sources.map(packageOf).filter((name) => name !== null));
  return {
    sources: sources.filter((source) => packageOf(source) === null),
    packages: [...packages].toSorted(),
    stdout,
  };
}

function sourcesOf(chunk: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(`${chunk}.map`, "utf8");
  } catch {
    // The bundler's own few lines have no map.
    return [];
  }
  const { sources } = SourceMap.parse(JSON.parse(text));
  return sources.map((source) => relative(root, resolve(dirname(chunk), source)));
}

function packageOf(source: string): string | null {
  const [, name] = /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
  return name ?? null;
}

/** Everything that a person, a cluster or a GitHub App needs, and a tick with a token does not. */
const NOT_FOR_TICKS =
  /^(yargs|yargs-parser|cliui|y18n|@kubernetes\/|openid-client|ws$|js-yaml|yaml$|@opentelemetry\/|@octokit\/(auth-app|oauth|auth-oauth)|universal-github-app-jwt)/;

beforeAll(() => {
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), dist], { cwd: root });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(["poll", "watch"])("an armed %s with a token", (command) => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await load([command], ARMED);
  });

  it("comes as far as its first request", () => {
    expect(loaded.stdout).toContain("tick begins");
    expect(loaded.packages).toContain("zod");
    expect(loaded.sources).toContain("src/adapters/tracker/github.ts");
  });

  it("loads no package that only others need", () => {
    expect(loaded.packages.filter((name) => NOT_FOR_TICKS.test(name))).toEqual([]);
  });

  it("loads nothing of the sandbox, the tests or the command line", () => {
    const strange = loaded.sources.filter((source) => /^(sandbox|test|scripts)\//.test(source));
    expect(strange).toEqual([]);
    expect(loaded.sources).not.toContain("src/command-line.ts");
  });
});

describe.each(["poll", "watch"])("a disabled %s", (command) => {
  it("loads no package and nothing else of the program", async () => {
    const { packages, sources, stdout } = await load([command], {});
    expect(stdout).toContain('"disabled"');
    expect(packages).toEqual([]);
    expect(sources.filter((source) => source.startsWith("src/")).toSorted()).toEqual([
      "src/entry.ts",
      "src/pure/gates.ts",
    ]);
  });
});

describe("what these tests tell packages by", () => {
  const needing: ReadonlyArray<
    readonly [what: string, args: readonly string[], env: Env, name: string]
  > = [
    ["the command line", ["--help"], {}, "yargs"],
    [
      "a Lease of a cluster",
      ["poll"],
      { ...ARMED, AFK_LEASE: "kubernetes", AFK_LEASE_NAMESPACE: "afk" },
      "@kubernetes/client-node",
    ],
  ];

  it.each(needing)("sees what %s loads", async (_what, args, env, name) => {
    expect((await load(args, env)).packages).toContain(name);
  });
});
