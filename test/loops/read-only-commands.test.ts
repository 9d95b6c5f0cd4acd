import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { countWrites } from "../../sandbox/demo/reading.ts";
import type { Story } from "../../sandbox/demo/story.ts";
import { startWorld, type World } from "../../sandbox/demo/world.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorder = fileURLToPath(new URL("../gate/no-network.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "afk-read-only-"));
const bundle = join(folder, "dist", "afk.cjs");

/** A command that makes a dozen loopback requests and still runs after this hangs. */
const CHILD_MS_MAX = 20_000;

const Line = z.looseObject({ msg: z.string(), dryRun: z.boolean().optional() });
type Line = z.infer<typeof Line>;

type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly Line[];
  /** Requests of afk that changed anything, in any of the services. */
  readonly writes: number;
};

const story = {
  tells: "",
  script: "blocked",
  expected: { verdict: "needs-human", because: "blocked" },
} as const;
const stories: readonly Story[] = [
  { ...story, name: "first", repo: "acme/shop", title: "Charge the card" },
  { ...story, name: "second", repo: "acme/shop", title: "Send the bill" },
  { ...story, name: "other", repo: "acme/blog", title: "Show the author" },
];

let world: World;

function runNode(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const before = countWrites(world);
  return new Promise((done) => {
    const options = { cwd: folder, env, timeout: CHILD_MS_MAX };
    const child = execFile(process.execPath, [...argv], options, (_error, stdout, stderr) => {
      const lines = stdout
        .split("\n")
        .filter((line) => line.startsWith('{"'))
        .map((line) => Line.parse(JSON.parse(line)));
      done({ code: child.exitCode, stdout, stderr, lines, writes: countWrites(world) - before });
    });
  });
}

/** The bundle as a person starts it, with the variables of the world and these on top. */
function afk(command: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runNode([bundle, ...command.split(" ")], { ...world.env, ...env });
}

function filesLeft(): readonly string[] {
  return readdirSync(join(world.dir, "tmp"), { recursive: true }).map(String);
}

function effectsOf(ended: Ended): readonly unknown[] {
  return ended.lines.filter(({ msg }) => msg === "would perform").map((line) => line["effect"]);
}

/** An address of the loopback on which nobody listens any more. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}`;
}

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), join(folder, "dist")], {
    cwd: root,
  });
  world = await startWorld(stories);
  for (const each of stories) world.open(each);
});

afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("before anything was dispatched", () => {
  it("plan tells both ticks' decisions, writes nothing anywhere and leaves no file", async () => {
    const ended = await afk("plan");
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    const text = ended.stdout.replace(/\b[0-9a-f]{12}\b/g, "RUN-RUN-RUN-").split("\n");
    expect(text.slice(1, 4)).toEqual([
      "",
      "candidate    title            decision  why",
      "-----------  ---------------  --------  -----------------------------------------------",
    ]);
    // Which is older depends on whether a second ended between the two.
    expect(text.slice(4, 7).toSorted()).toEqual([
      "acme/blog#1  Show the author  dispatch  nothing holds it: it begins as run RUN-RUN-RUN-",
      "acme/shop#1  Charge the card  dispatch  nothing holds it: it begins as run RUN-RUN-RUN-",
      "acme/shop#2  Send the bill    hold      slot-taken: acme/shop#1 is more urgent",
    ]);
    expect(text.slice(7)).toEqual(["", "No runs in flight.", ""]);
    expect(filesLeft()).toEqual([]);
  });

  it("plan works with the kill switch on, and says first that the ticks do not", async () => {
    const ended = await afk("plan", { AFK_KILL_SWITCH: "true" });
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(ended.stdout.split("\n")[1]).toMatch(/^Both ticks are disabled, AFK_KILL_SWITCH is on/);
    expect(ended.stdout).toContain("Charge the card  dispatch");
  });

  it("plan --json prints one document and nothing else", async () => {
    const ended = await afk("plan --json", { LOG_LEVEL: "trace" });
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      version: 1,
      gates: { kind: "open" },
      repos: ["acme/shop", "acme/blog"],
      candidates: expect.arrayContaining([
        expect.objectContaining({
          issue: "acme/shop#2",
          decision: { kind: "hold", because: "slot-taken", detail: "acme/shop#1 is more urgent" },
        }),
      ]),
      runs: [],
    });
  });

  it("poll --dry-run prints every decision and effect of one tick, and performs none", async () => {
    const ended = await afk("poll --dry-run");
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    const dispatch = [
      "create-comment",
      "create-project",
      "create-thread",
      "start-turn",
      "create-label",
      "add-label",
    ];
    expect(effectsOf(ended)).toEqual([...dispatch, ...dispatch]);
    expect(ended.lines.filter(({ msg }) => msg === "decided")).toHaveLength(3);
    expect(ended.lines.filter((line) => line.dryRun !== true)).toEqual([]);
    expect(filesLeft()).toEqual([]);
  });

  it("a sharded tick names its shard, and the repos of that shard alone, first", async () => {
    const served: unknown[] = [];
    for (const index of [0, 1]) {
      const env = { AFK_SHARD_INDEX: String(index), AFK_SHARD_COUNT: "2" };
      const { lines } = await afk("poll --dry-run", env);
      expect(lines[0]).toMatchObject({ msg: "tick begins", shard: { index, count: 2 } });
      served.push(...z.array(z.string()).parse(lines[0]?.["repos"]));
    }
    expect(new Set(served)).toEqual(new Set(["acme/blog", "acme/shop"]));
    expect(served).toHaveLength(2);
  });

  it("poll --dry-run is printed however quiet the log is", async () => {
    const ended = await afk("poll --dry-run", { LOG_LEVEL: "fatal" });
    expect(ended).toMatchObject({ code: 0, writes: 0 });
    expect(effectsOf(ended)).toHaveLength(12);
  });

  it("watch --dry-run of nothing does nothing", async () => {
    const ended = await afk("watch --dry-run");
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(effectsOf(ended)).toEqual([]);
    expect(filesLeft()).toEqual([]);
  });

  it("a dry tick is as disabled as a real one", async () => {
    const ended = await afk("poll --dry-run", { AFK_KILL_SWITCH: "true" });
    expect(ended).toMatchObject({ code: 0, writes: 0 });
    expect(ended.lines.map(({ msg }) => msg)).toEqual(["disabled"]);
  });
});

describe("a repo that the configuration file lists and the allowlist does not", () => {
  const sentence = "AFK_CONFIG_FILE lists acme/typo, which is not enrolled";
  const path = join(folder, "repos.yaml");
  beforeAll(() => writeFileSync(path, "repos:\n  acme/typo:\n    ci: none\n  acme/shop: {}\n"));

  it("is a line of the plan, and no refusal", async () => {
    const ended = await afk("plan", { AFK_CONFIG_FILE: path });
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(ended.stdout.split("\n")[1]).toBe(`${sentence}.`);
  });

  it.each(["poll", "watch"])("is one warning of a tick of %s", async (command) => {
    const ended = await afk(`${command} --dry-run`, { AFK_CONFIG_FILE: path });
    expect(ended).toMatchObject({ code: 0, writes: 0 });
    const warned = ended.lines.filter(({ msg }) => msg === sentence);
    expect(warned).toEqual([expect.objectContaining({ level: "warn", repos: ["acme/typo"] })]);
  });
});

describe("what is wrong is said, and nothing is planned", () => {
  it("a missing key: exit 78 even with the kill switch on, every one named", async () => {
    const env = { AFK_KILL_SWITCH: "true", T3_MODEL: "", GITHUB_TOKEN: "" };
    const ended = await afk("plan", env);
    expect(ended).toMatchObject({ code: 78, stdout: "", writes: 0 });
    expect(ended.stderr).toBe(
      "T3_MODEL is required to run, and not set: set T3_MODEL.\n" +
        "GITHUB_TOKEN is required to run, and not set: set GITHUB_TOKEN or GITHUB_TOKEN_FILE, " +
        "or as a GitHub App GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE.\n",
    );
  });

  it("an empty allowlist: one line, exit 0, and no services needed", async () => {
    const ended = await afk("plan", { AFK_ALLOWLIST: "", T3_BASE_URL: "", GITHUB_TOKEN: "" });
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(ended.stdout).toBe(
      "Nothing to plan: AFK_ALLOWLIST names no repo. Set AFK_ALLOWLIST=owner/name.\n",
    );
  });

  it("a repo that is not there: the others are planned, exit 1", async () => {
    const allowlist = `${world.env["AFK_ALLOWLIST"]},acme/nowhere`;
    const ended = await afk("plan", { AFK_ALLOWLIST: allowlist });
    expect(ended).toMatchObject({ code: 1, stderr: "", writes: 0 });
    expect(ended.stdout).toMatch(/^acme\/nowhere /m);
    expect(ended.stdout).toContain("Charge the card  dispatch");
  });

  it("a refused token: exit 1, and no word of the token", async () => {
    const token = "ghp_wrongwrongwrongwrong12";
    const ended = await afk("plan", { GITHUB_TOKEN: token });
    expect(ended).toMatchObject({ code: 1, stdout: "", writes: 0 });
    expect(ended.stderr).toMatch(
      /^No plan: .*it is wrong or has expired: make a new one; HTTP 401/,
    );
    expect(ended.stderr.match(/Bad credentials/g)).toHaveLength(1);
    expect(ended.stderr).not.toContain(token);
  });

  it("a GitHub that cannot be reached: exit 1, said once, with its key", async () => {
    const ended = await afk("plan", { GITHUB_API_URL: await closedPort() });
    expect(ended).toMatchObject({ code: 1, stdout: "", writes: 0 });
    expect(ended.stderr).toMatch(/^No plan: .*GitHub cannot be reached at GITHUB_API_URL: /);
    expect(ended.stderr.match(/ECONNREFUSED/g)).toHaveLength(1);
  });

  it.each(["plan", "status"])("a refused T3 token: %s says so, exit 1", async (command) => {
    const ended = await afk(command, { T3_TOKEN: "wrong-wrong-wrong" });
    expect(ended).toMatchObject({ code: 1, stderr: "", writes: 0 });
    expect(ended.stdout).toMatch(/^The agent server cannot be read: /m);
  });

  it("secret files that cannot be read: exit 78, all named with errno and mend", async () => {
    const none = join(folder, "none");
    const ended = await afk("plan", {
      GITHUB_TOKEN: "",
      GITHUB_TOKEN_FILE: none,
      T3_TOKEN: "",
      T3_TOKEN_FILE: none,
    });
    expect(ended).toMatchObject({ code: 78, stdout: "", writes: 0 });
    for (const key of ["GITHUB_TOKEN_FILE", "T3_TOKEN_FILE"]) {
      expect(ended.stderr).toContain(
        `${key} names a file that cannot be read (ENOENT): let ${key} `,
      );
    }
  });

  it("an account that agents use: exit 78, both named", async () => {
    const ended = await afk("plan", { AFK_AGENT_ACTORS: world.afkLogin });
    expect(ended).toMatchObject({ code: 78, stdout: "", writes: 0 });
    expect(ended.stderr).toContain(`AFK_AGENT_ACTORS lists ${world.afkLogin}`);
  });

  it("two commands at once: exit 2", async () => {
    expect(await afk("plan poll")).toMatchObject({ code: 2, stdout: "", writes: 0 });
  });
});

describe("once runs are in flight", () => {
  it("which a real poll begins by writing: these tests can tell", async () => {
    const ended = await afk("poll");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.writes).toBeGreaterThanOrEqual(10);
  });

  it("plan shows them with the row and what they do, and writes nothing", async () => {
    const ended = await afk("plan --json");
    expect(ended).toMatchObject({ code: 0, writes: 0 });
    const { runs } = z
      .object({ runs: z.array(z.object({ issue: z.string(), row: z.string() })) })
      .parse(JSON.parse(ended.stdout));
    expect(runs.map(({ issue }) => issue).toSorted()).toEqual(["acme/blog#1", "acme/shop#1"]);
  });

  it("watch --dry-run says it would write their records, and does not", async () => {
    const ended = await afk("watch --dry-run");
    expect(ended).toMatchObject({ code: 0, stderr: "", writes: 0 });
    expect(effectsOf(ended)).toContain("edit-comment");
    expect(ended.lines.at(-1)).toMatchObject({ msg: "tick done", dryRun: true, runs: 2 });
  });
});

describe("the two ticks as CronJobs start them", () => {
  it.each(["poll", "watch"])("%s loads no command line, no yargs and no plan", async (command) => {
    const notes = join(folder, `notes-${command}.json`);
    const preload = ["--import", pathToFileURL(recorder).href];
    const env = { ...world.env, GATE_NOTES_FILE: notes };
    await runNode([...preload, join(root, "src/main.ts"), command], env);
    const { modules } = z
      .object({ modules: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(notes, "utf8")));
    expect(modules).toContainEqual(expect.stringMatching(/src\/loops\/tick\.main\.ts$/));
    expect(modules.filter((url) => /yargs|command-line|\/plan/.test(url))).toEqual([]);
  });

  it("a person's command does load them", async () => {
    const notes = join(folder, "notes-help.json");
    const argv = ["--import", pathToFileURL(recorder).href, join(root, "src/main.ts"), "--help"];
    await runNode(argv, { ...world.env, GATE_NOTES_FILE: notes });
    expect(readFileSync(notes, "utf8")).toMatch(/yargs.*command-line|command-line.*yargs/s);
  });
});
