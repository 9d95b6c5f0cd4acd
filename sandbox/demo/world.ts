import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Forge, startForge } from "../forge/forge.ts";
import { type SandboxNtfy, startNtfy } from "../ntfy/ntfy-server.ts";
import { type SandboxT3, startT3 } from "../t3/t3-server.ts";
import { issueBody, type Story } from "./stories.ts";

const AFK_LOGIN = "afk-bot";
const AGENT_LOGIN = "scripted-agent";
const PERSON_LOGIN = "ada";
const NTFY_TOPIC = "afk-demo-doorbell";
const T3_TOKEN = "t3-demo-token";

/** A run that never goes green must end within the demo: two corrective turns show the budget. */
const FIX_FORWARD_ATTEMPTS = 2;

/** A story with the issue that was opened for it. */
export type OpenStory = Story & { readonly number: number };

/** The embedded world: a forge with git and CI, a T3 server with scripted agents, a doorbell. */
export type World = {
  readonly dir: string;
  readonly forge: Forge;
  readonly t3: SandboxT3;
  readonly ntfy: SandboxNtfy;
  readonly stories: readonly OpenStory[];
  /** What the ticks are started with: the variables a cluster would set, and no other. */
  readonly env: Readonly<Record<string, string>>;
  /** The login of afk's own account on the forge. */
  readonly afkLogin: string;
  close(): Promise<void>;
};

/** A small program with a test of its own that a careless change can break. */
const REPO_FILES: Readonly<Record<string, string>> = {
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

/** Starts the world, enrols the stories' repos and opens their issues, labelled by a person who may. */
export async function startWorld(stories: readonly Story[]): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "afk-demo-"));
  await mkdir(join(dir, "tmp"));
  const forge = await startForge({ dir: join(dir, "forge") });
  const t3 = await startT3({ dir: join(dir, "t3"), token: T3_TOKEN, gitName: AGENT_LOGIN });
  const ntfy = await startNtfy();
  const afk = forge.addAccount({ login: AFK_LOGIN, kind: "User" });
  forge.addAccount({ login: AGENT_LOGIN, kind: "User" });
  forge.addAccount({ login: PERSON_LOGIN, kind: "User" });
  const repos = [...new Set(stories.map((story) => story.repo))];
  for (const repo of repos) await enrol(forge, repo);
  const open = stories.map((story) => openStory(forge, story));
  return {
    dir,
    forge,
    t3,
    ntfy,
    stories: open,
    afkLogin: AFK_LOGIN,
    env: {
      PATH: process.env["PATH"] ?? "",
      TMPDIR: join(dir, "tmp"),
      AFK_KILL_SWITCH: "false",
      AFK_ALLOWLIST: repos.join(","),
      AFK_AGENT_ACTORS: AGENT_LOGIN,
      AFK_FIX_FORWARD_MAX_ATTEMPTS: String(FIX_FORWARD_ATTEMPTS),
      GITHUB_API_URL: forge.apiUrl.href,
      GITHUB_TOKEN: afk.token,
      T3_BASE_URL: t3.url,
      T3_TOKEN,
      T3_MODEL: "claude-opus-4-8",
      T3_WORKSPACE_ROOT: join(dir, "workspaces"),
      NTFY_URL: ntfy.url,
      NTFY_TOPIC,
    },
    close: async () => {
      await t3.stop();
      await ntfy.stop();
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
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

function openStory(forge: Forge, story: Story): OpenStory {
  const { repo, title } = story;
  const number = forge.createIssue({ repo, title, body: issueBody(story), by: PERSON_LOGIN });
  forge.addLabel({ repo, number }, "ready-for-agent", PERSON_LOGIN);
  return { ...story, number };
}
