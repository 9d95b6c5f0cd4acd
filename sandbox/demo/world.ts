import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Forge, startForge } from "../forge/forge.ts";
import { type SandboxNtfy, startNtfy } from "../ntfy/ntfy-server.ts";
import { type SandboxT3, startT3 } from "../t3/t3-server.ts";
import { issueBody, type Story } from "./story.ts";

const AFK_LOGIN = "afk-bot";
const AGENT_LOGIN = "scripted-agent";
const PERSON_LOGIN = "ada";
const STRANGER_LOGIN = "mallory";
const NTFY_TOPIC = "afk-demo-doorbell";
const T3_TOKEN = "t3-demo-token";

/** A run that never goes green must end within the demo: two corrective turns show the budget. */
const FIX_FORWARD_ATTEMPTS = 2;

/** Every story has a run of its own at once: the demo is about their ends, not about waiting for room. */
const RUNS_MAX = 50;

/** A story with the issue that was opened for it. */
export type OpenStory = Story & { readonly number: number };

/** The embedded world: a forge with git and CI, a T3 server with scripted agents, a doorbell. */
export type World = {
  readonly dir: string;
  readonly forge: Forge;
  readonly t3: SandboxT3;
  readonly ntfy: SandboxNtfy;
  /** The stories opened so far. */
  readonly stories: readonly OpenStory[];
  /** What the ticks are started with: the variables a cluster would set, and no other. */
  readonly env: Readonly<Record<string, string>>;
  /** A file below `dir` with the same variables for a shell. They open nothing but this world. */
  readonly envFile: string;
  /** The login of afk's own account on the forge. */
  readonly afkLogin: string;
  /** The login of a person who may write everywhere, and of one who may not. */
  readonly person: string;
  readonly stranger: string;
  /** Opens the issue of a story, labelled by the person. */
  open(story: Story): OpenStory;
  close(): Promise<void>;
};

/** A small program with a test of its own that a careless change can break. */
export const REPO_FILES: Readonly<Record<string, string>> = {
  "package.json": `${JSON.stringify({ name: "demo", type: "module", private: true }, null, 2)}\n`,
  "README.md": "# A small program\n",
  "src/price.js":
    "export function total(prices) {\n  return prices.reduce((a, b) => a + b, 0);\n}\n",
  "test/price.test.js": [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    'import { total } from "../src/price.js";',
    "",
    'test("a total adds up", () => assert.equal(total([1, 2, 3]), 6));',
    "",
  ].join("\n"),
};

/** Starts the world with the repos of the stories enrolled, and no issue yet. */
export async function startWorld(stories: readonly Story[]): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "afk-demo-"));
  await mkdir(join(dir, "tmp"));
  const forge = await startForge({ dir: join(dir, "forge") });
  const t3 = await startT3({ dir: join(dir, "t3"), token: T3_TOKEN, gitName: AGENT_LOGIN });
  const ntfy = await startNtfy();
  const afk = forge.addAccount({ login: AFK_LOGIN, kind: "User" });
  for (const login of [AGENT_LOGIN, PERSON_LOGIN, STRANGER_LOGIN]) {
    forge.addAccount({ login, kind: "User" });
  }
  const repos = [...new Set(stories.map((story) => story.repo))];
  for (const repo of repos) await enrol(forge, repo);
  const open: OpenStory[] = [];
  const env = {
    ...tickEnv({ dir, repos }),
    GITHUB_API_URL: forge.apiUrl.href,
    GITHUB_TOKEN: afk.token,
    T3_BASE_URL: t3.url,
    NTFY_URL: ntfy.url,
  };
  const envFile = join(dir, "env.sh");
  await writeFile(envFile, exportsOf(env));
  return {
    dir,
    forge,
    t3,
    ntfy,
    stories: open,
    afkLogin: AFK_LOGIN,
    person: PERSON_LOGIN,
    stranger: STRANGER_LOGIN,
    env,
    envFile,
    open: (story) => {
      const opened = { ...story, number: openIssue(forge, story) };
      open.push(opened);
      return opened;
    },
    close: async () => {
      await t3.stop();
      await ntfy.stop();
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The shell that reads it keeps its own PATH. Values are addresses, names and paths of this module. */
function exportsOf(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .filter(([key]) => key !== "PATH")
    .map(([key, value]) => `export ${key}='${value}'\n`)
    .join("");
}

function tickEnv(of: { readonly dir: string; readonly repos: readonly string[] }) {
  return {
    PATH: process.env["PATH"] ?? "",
    TMPDIR: join(of.dir, "tmp"),
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: of.repos.join(","),
    AFK_AGENT_ACTORS: AGENT_LOGIN,
    AFK_FIX_FORWARD_MAX_ATTEMPTS: String(FIX_FORWARD_ATTEMPTS),
    AFK_MAX_RUNS: String(RUNS_MAX),
    T3_TOKEN,
    T3_MODEL: "claude-opus-4-8",
    T3_WORKSPACE_ROOT: join(of.dir, "workspaces"),
    NTFY_TOPIC,
  };
}

async function enrol(forge: Forge, repo: string): Promise<void> {
  const [owner = "", name = ""] = repo.split("/");
  await forge.createRepo({
    owner,
    name,
    files: REPO_FILES,
    permissions: { [AFK_LOGIN]: "write", [AGENT_LOGIN]: "write", [PERSON_LOGIN]: "admin" },
    pusher: AGENT_LOGIN,
  });
}

function openIssue(forge: Forge, story: Story): number {
  const { repo, title, script } = story;
  const number = forge.createIssue({ repo, title, body: issueBody(script), by: PERSON_LOGIN });
  forge.addLabel({ repo, number }, "ready-for-agent", PERSON_LOGIN);
  return number;
}
