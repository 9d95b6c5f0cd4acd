import { execFile } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";

// Plenty for the history of a demo repository; a bigger answer is a bug, not a need.
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

// A local git command that takes longer than this hangs.
const GIT_TIMEOUT_MS = 30_000;

const FULL_SHA = /^[0-9a-f]{40}$/;

/** What git writes for "no commit" in a reflog. */
export const ZERO_SHA = "0".repeat(40);

/** One commit. Times are ISO 8601 in UTC with seconds, as GitHub prints them. */
export type GitCommit = {
  readonly sha: string;
  /** The sha of its tree. */
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly committedAt: string;
  readonly authoredAt: string;
  readonly authorName: string;
  readonly authorEmail: string;
};

/** Reads of one bare repository. Commits are immutable, so what was read once is remembered. */
export type GitRepo = {
  readonly dir: string;
  /** The head of a branch, null when there is none. */
  head(branch: string): Promise<string | null>;
  /** One commit, null when the repository has no such commit. */
  commit(sha: string): Promise<GitCommit | null>;
  /** Every commit reachable from `sha`, newest first. */
  history(sha: string): Promise<readonly GitCommit[]>;
  /** Commits reachable from `to` and not from `from`, newest first. */
  range(from: string, to: string): Promise<readonly GitCommit[]>;
  mergeBase(one: string, other: string): Promise<string | null>;
  /** The full sha that a branch name or sha stands for, null when it stands for nothing. */
  resolve(ref: string): Promise<string | null>;
  /** The text of a file at a commit, null when it is not there. */
  file(sha: string, path: string): Promise<string | null>;
};

type GitCall = {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
};

/** The environment of git: nobody's own settings, and no repository inherited from a hook. */
export function gitEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (value !== undefined && !key.startsWith("GIT_")) env[key] = value;
  }
  return { ...env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
}

/** Runs git in a bare repository and answers its output. Throws with git's own words. */
export function runGit(dir: string, args: readonly string[], call: GitCall = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    "git",
    ["--git-dir", dir, ...args],
    { env: { ...gitEnv(), ...call.env }, maxBuffer: OUTPUT_BYTES_MAX, timeout: GIT_TIMEOUT_MS },
    (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(new Error(`git ${args[0]} failed in ${dir}: ${stderr.trim()}`, { cause: error }));
    },
  );
  // git may end without reading its input; its exit code says what went wrong.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(call.input ?? "");
  return promise;
}

const SETTINGS = `
[core]
	logAllRefUpdates = always
[user]
	# The writer of the reflog when a pusher has no identity of its own.
	name = sandbox
	email = sandbox@localhost
# No housekeeping behind the back of a running push.
[gc]
	auto = 0
[receive]
	autogc = false
`;

/** Makes a bare repository whose default branch holds one first commit with `files`. */
export async function createBareRepo(options: {
  readonly dir: string;
  readonly branch: string;
  readonly files: Readonly<Record<string, string>>;
}): Promise<void> {
  const { dir, branch } = options;
  await runGit(dir, ["init", "--quiet", "--bare", `--initial-branch=${branch}`, dir]);
  // Written by hand: one `git config` a setting takes longer than all the rest.
  await appendFile(join(dir, "config"), SETTINGS);
  await runGit(dir, ["fast-import", "--quiet"], { input: firstCommit(branch, options.files) });
}

/** Opens a bare repository for reading. */
export function openGitRepo(dir: string): GitRepo {
  const histories = new Map<string, readonly GitCommit[]>();
  const orNull = (args: readonly string[]) => runGit(dir, args).catch(() => null);
  const history = async (sha: string) => {
    const known = histories.get(sha);
    if (known !== undefined) return known;
    const read = await log(dir, [sha]);
    histories.set(sha, read);
    return read;
  };
  const resolve = async (ref: string) => {
    if (ref.startsWith("-")) return null;
    const out = await orNull(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
    return out === null ? null : out.trim();
  };
  return {
    dir,
    history,
    resolve,
    async head(branch) {
      // A ref on its own is a file; asking git for it takes a process, and a fleet has many repos.
      const text = await readFile(join(dir, "refs", "heads", branch), "utf8").catch(() => "");
      return FULL_SHA.test(text.trim()) ? text.trim() : await resolve(`refs/heads/${branch}`);
    },
    async commit(sha) {
      if (!FULL_SHA.test(sha)) return null;
      if (!histories.has(sha) && (await resolve(sha)) === null) return null;
      return (await history(sha))[0] ?? null;
    },
    range: (from, to) => (from === ZERO_SHA ? history(to) : log(dir, [to, `^${from}`])),
    async mergeBase(one, other) {
      const out = await orNull(["merge-base", one, other]);
      return out === null ? null : out.trim();
    },
    file: (sha, path) => orNull(["show", `${sha}:${path}`]),
  };
}

async function log(dir: string, revisions: readonly string[]): Promise<readonly GitCommit[]> {
  const format = "--format=%H%x1f%T%x1f%P%x1f%ct%x1f%at%x1f%an%x1f%ae%x1f%B";
  const out = await runGit(dir, ["log", "-z", "--topo-order", format, ...revisions, "--"]);
  return out
    .split("\0")
    .filter((entry) => entry !== "")
    .map(toCommit);
}

function toCommit(entry: string): GitCommit {
  const [sha = "", tree = "", parents = "", committed = "", authored = "", ...words] =
    entry.split("\x1f");
  const [name = "", email = "", ...rest] = words;
  return {
    sha,
    tree,
    parents: parents === "" ? [] : parents.split(" "),
    message: rest.join("\x1f").trimEnd(),
    committedAt: isoSeconds(Number(committed) * 1000),
    authoredAt: isoSeconds(Number(authored) * 1000),
    authorName: name,
    authorEmail: email,
  };
}

/** ISO 8601 in UTC without fractions: GitHub's spelling of a time. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function firstCommit(branch: string, files: Readonly<Record<string, string>>): string {
  const seconds = Math.floor(Date.now() / 1000);
  const lines = [
    `commit refs/heads/${branch}`,
    `committer sandbox <sandbox@localhost> ${seconds} +0000`,
    data("Begin"),
  ];
  for (const [path, text] of Object.entries(files)) {
    lines.push(`M 100644 inline ${path}`, data(text));
  }
  return `${lines.join("\n")}\n`;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}
