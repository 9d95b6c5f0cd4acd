import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { basename, dirname, join } from "node:path";
import { type ChildEnd, describe, runChild } from "./child-process.ts";
import type { PromptFacts } from "./prompt-facts.ts";

/** A commit the agent is about to make; each part becomes a paragraph, trailers the last. */
export type CommitText = {
  readonly subject: string;
  readonly body: string;
  readonly trailers: readonly string[];
};

/** The agent's own git worktree of the repo, off the latest default branch. Every verb really runs git. */
export type Workspace = {
  /** Absolute path of the worktree. */
  readonly path: string;
  /** Whether a commit at or below HEAD carries this trailer of this run. */
  hasRunCommit(trailer: string): Promise<boolean>;
  commitAll(text: CommitText): Promise<void>;
  /** Rebases onto the default branch and pushes there; answers the full sha pushed. */
  push(): Promise<string>;
  /** Runs the repo's tests, all or the files named; true when green. */
  runTests(files?: readonly string[]): Promise<boolean>;
};

type Folder = {
  readonly root: string;
  readonly facts: PromptFacts;
  /** The name on the agent's commits and pushes. */
  readonly gitName: string;
  readonly signal: AbortSignal;
};

/** Pushes compete only with a few other agents and people; three tries outlast them. */
const PUSH_ATTEMPTS_MAX = 3;
/** A ref's lock is held for milliseconds. */
const FETCH_ATTEMPTS_MAX = 5;
const FETCH_PAUSE_MS = 100;

const GIT_EMAIL = "agent@sandbox.invalid";

/**
 * Clones when the folder is empty, fetches, and opens the run's worktree; one left by an earlier turn is
 * taken over with its commits and without its unsaved edits. Throws when git fails.
 */
export async function openWorkspace(folder: Folder): Promise<Workspace> {
  const { root, facts } = folder;
  await ensureClone(folder);
  await fetchOrigin(folder, root);
  const path = join(dirname(root), `${basename(root)}.worktrees`, `afk-${facts.runId}`);
  await ensureWorktree(folder, path);
  return {
    path,
    hasRunCommit: (trailer) => hasRunCommit(folder, path, trailer),
    commitAll: async (text) => {
      await gitOk(folder, path, ["add", "--all"]);
      const paragraphs = [text.subject, text.body, text.trailers.join("\n")].filter(Boolean);
      await gitOk(folder, path, ["commit", "--quiet", ...paragraphs.flatMap((p) => ["-m", p])]);
    },
    push: () => push(folder, path),
    runTests: async (files = []) => {
      const args = ["--test", ...files];
      return (await run(folder, { file: process.execPath, args, cwd: path })).code === 0;
    },
  };
}

async function ensureClone(folder: Folder): Promise<void> {
  const { root, facts } = folder;
  await mkdir(root, { recursive: true });
  if (existsSync(join(root, ".git"))) return;
  if ((await readdir(root)).length > 0) {
    throw new Error(`${root} is neither empty nor a clone of ${facts.cloneUrl}; empty it`);
  }
  // A clone that is told to end cleans up after itself, so there are no half clones to mend.
  await gitOk(folder, root, ["clone", "--quiet", facts.cloneUrl, "."]);
}

async function ensureWorktree(folder: Folder, path: string): Promise<void> {
  const { root, facts } = folder;
  const known = existsSync(path) ? await git(folder, path, ["rev-parse", "--git-dir"]) : null;
  if (known?.code === 0) {
    // An aborted turn may have left a rebase under way; none is no error.
    await git(folder, path, ["rebase", "--abort"]);
    await gitOk(folder, path, ["reset", "--quiet", "--hard"]);
    await gitOk(folder, path, ["clean", "--quiet", "-fd"]);
    await gitOk(folder, path, ["rebase", "--quiet", baseRef(facts)]);
    return;
  }
  await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await gitOk(folder, root, ["worktree", "prune"]);
  const branch = `afk/${facts.runId}`;
  await gitOk(folder, root, ["worktree", "add", "--quiet", "-B", branch, path, baseRef(facts)]);
}

async function hasRunCommit(folder: Folder, path: string, trailer: string): Promise<boolean> {
  const run = `^AFK-Run: ${folder.facts.runId}$`;
  const all = ["log", "--format=%H", "--all-match", `--grep=${run}`, `--grep=^${trailer}$`, "HEAD"];
  return (await gitOk(folder, path, all)).stdout.trim() !== "";
}

async function push(folder: Folder, path: string): Promise<string> {
  const target = `HEAD:${folder.facts.defaultBranch}`;
  for (let attempt = 1; ; attempt += 1) {
    const pushed = await git(folder, path, ["push", "--quiet", "origin", target]);
    if (pushed.code === 0) break;
    if (attempt === PUSH_ATTEMPTS_MAX) throw new Error(`git push failed: ${pushed.output}`);
    await fetchOrigin(folder, path);
    await gitOk(folder, path, ["rebase", "--quiet", baseRef(folder.facts)]);
  }
  return (await gitOk(folder, path, ["rev-parse", "HEAD"])).stdout.trim();
}

/** Agents of one repo share its clone, and two that fetch or push at once refuse each other a ref's lock. */
async function fetchOrigin(folder: Folder, cwd: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const fetched = await git(folder, cwd, ["fetch", "--quiet", "origin"]);
    if (fetched.code === 0) return;
    if (attempt === FETCH_ATTEMPTS_MAX) throw new Error(`git fetch failed: ${fetched.output}`);
    await sleep(FETCH_PAUSE_MS, undefined, { signal: folder.signal });
  }
}

function baseRef(facts: PromptFacts): string {
  return `origin/${facts.defaultBranch}`;
}

async function gitOk(folder: Folder, cwd: string, args: readonly string[]): Promise<ChildEnd> {
  const end = await git(folder, cwd, args);
  if (end.code === 0) return end;
  throw new Error(`${describe({ file: "git", args })} ended with ${end.code}: ${end.output}`);
}

async function git(folder: Folder, cwd: string, args: readonly string[]): Promise<ChildEnd> {
  return run(folder, { file: "git", args, cwd });
}

type Step = { readonly file: string; readonly args: readonly string[]; readonly cwd: string };

async function run(folder: Folder, step: Step): Promise<ChildEnd> {
  return runChild({ ...step, env: childEnvironment(folder.gitName), signal: folder.signal });
}

/**
 * Only what git needs: the surrounding process may hold tokens, a proxy, a user's git configuration, or a
 * test runner's own variables (NODE_TEST_CONTEXT silences a nested `node --test`).
 */
function childEnvironment(gitName: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_EDITOR: "true",
    GIT_AUTHOR_NAME: gitName,
    GIT_AUTHOR_EMAIL: GIT_EMAIL,
    GIT_COMMITTER_NAME: gitName,
    GIT_COMMITTER_EMAIL: GIT_EMAIL,
  };
}
