import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { runGit } from "./git.ts";
import type { CheckConclusion, CheckRun, Push, Repo } from "./model.ts";
import type { World } from "./world.ts";

/** The tests of a demo repo take half a second; this is for one that hangs. */
export const COMMAND_TIMEOUT_MS = 20_000;

// The demo promises to run on two cores.
const RUNS_AT_ONCE_MAX = 2;

// Far more than any reader takes of a log's end.
const LOG_BYTES_MAX = 256 * 1024;

// GitHub's own number of the Actions App.
const ACTIONS_APP = { slug: "github-actions", id: 15_368 };

const SKIP_MARK = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks:\s*true$/im;

const CiFile = z.object({ checks: z.record(z.string(), z.array(z.string()).min(1)) });

/** The forge's CI. It runs what a repo's `ci.json` lists, or `node --test` when there is none. */
export type Ci = {
  /** Begins the checks of a push's head; they go on in the background. */
  start(repo: Repo, push: Push): Promise<void>;
  /** Answers when no check is queued or running. */
  idle(): Promise<void>;
  /** Ends everything that runs. */
  close(): Promise<void>;
};

type Job = { readonly repo: Repo; readonly run: CheckRun; readonly command: readonly string[] };
type Ended = { readonly conclusion: CheckConclusion; readonly why: string; readonly log: string };

/** Makes a CI that checks commits out below `dir` and ends a command after `timeoutMs`. */
export function createCi(
  world: World,
  options: { readonly dir: string; readonly timeoutMs: number },
): Ci {
  const queue: Job[] = [];
  const children = new Set<ChildProcess>();
  const running = new Set<Promise<void>>();
  const ending = new AbortController();
  const { signal } = ending;

  const pump = () => {
    while (!signal.aborted && running.size < RUNS_AT_ONCE_MAX) {
      const job = queue.shift();
      if (job === undefined) return;
      const done = runJob({ world, ...options, children, signal }, job).finally(() => {
        running.delete(done);
        pump();
      });
      running.add(done);
    }
  };

  return {
    async start(repo, push) {
      for (const job of await planJobs(world, repo, push)) {
        repo.checkRuns.push(job.run);
        announce(world, job);
        queue.push(job);
      }
      pump();
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
    async close() {
      ending.abort();
      for (const child of children) killGroup(child);
      await Promise.all(running);
    },
  };
}

async function planJobs(world: World, repo: Repo, push: Push): Promise<readonly Job[]> {
  const head = await repo.git.commit(push.after);
  if (head === null || SKIP_MARK.test(head.message)) return [];
  const commands = toCommands(await repo.git.file(push.after, "ci.json"));
  const suiteId = world.identify("CS").id;
  const workflow = { runId: world.identify("WFR").id, name: "CI" };
  return Object.entries(commands).map(([name, command]) => ({
    repo,
    command,
    run: { ...newCheckRun(world, { sha: push.after, name }), suiteId, workflow },
  }));
}

/** A queued check run that stands alone, as another App than Actions would report it. */
export function newCheckRun(
  world: World,
  wanted: { readonly sha: string; readonly name: string },
): CheckRun {
  return {
    ...world.identify("CR"),
    sha: wanted.sha,
    name: wanted.name,
    suiteId: world.identify("CS").id,
    workflow: null,
    app: ACTIONS_APP,
    logKey: randomBytes(12).toString("hex"),
    status: "queued",
    conclusion: null,
    startedAt: world.now(),
    completedAt: null,
    summary: null,
    annotation: null,
    log: null,
  };
}

function toCommands(text: string | null): Readonly<Record<string, readonly string[]>> {
  if (text === null) return { test: ["node", "--test"] };
  try {
    return CiFile.parse(JSON.parse(text)).checks;
  } catch {
    // A workflow file that cannot be read is red on a real forge too.
    return { "ci.json": ["node", "--eval", 'throw new Error("ci.json is not valid")'] };
  }
}

type Runner = {
  readonly world: World;
  readonly dir: string;
  readonly timeoutMs: number;
  readonly children: Set<ChildProcess>;
  readonly signal: AbortSignal;
};

async function runJob(runner: Runner, job: Job): Promise<void> {
  const { world, dir } = runner;
  const { run } = job;
  const folder = join(dir, String(run.id));
  run.status = "in_progress";
  run.startedAt = world.now();
  announce(world, job);
  let ended: Ended;
  try {
    await checkOut(job.repo, run.sha, folder);
    runner.signal.throwIfAborted();
    ended = await runCommand(runner, job.command, join(folder, "tree"));
  } catch (error) {
    ended = { conclusion: "failure", why: String(error), log: String(error) };
  }
  await rm(folder, { recursive: true, force: true });
  run.log = stamp(world, `##[group]Run ${job.command.join(" ")}\n${ended.log}\n${ended.why}`);
  run.summary = ended.why;
  run.annotation = ended.conclusion === "success" ? null : ended.why;
  run.conclusion = ended.conclusion;
  run.completedAt = world.now();
  run.status = "completed";
  announce(world, job);
}

/** An index of its own lets two jobs check out of one bare repository at the same time. */
async function checkOut(repo: Repo, sha: string, folder: string): Promise<void> {
  const tree = join(folder, "tree");
  await mkdir(tree, { recursive: true });
  const env = { GIT_INDEX_FILE: join(folder, "index"), GIT_WORK_TREE: tree };
  await runGit(repo.git.dir, ["read-tree", sha], { env });
  await runGit(repo.git.dir, ["checkout-index", "--all"], { env });
}

function runCommand(runner: Runner, command: readonly string[], cwd: string): Promise<Ended> {
  const [program = "node", ...args] = command;
  const { promise, resolve } = Promise.withResolvers<Ended>();
  // A process group of its own, so that a hanging test ends with the files it started.
  const child = spawn(program === "node" ? process.execPath : program, args, {
    cwd,
    env: ciEnv(cwd),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  runner.children.add(child);
  let log = "";
  let isOverdue = false;
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_BYTES_MAX);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const timer = setTimeout(() => {
    isOverdue = true;
    killGroup(child);
  }, runner.timeoutMs);
  const end = (conclusion: CheckConclusion, why: string) => {
    clearTimeout(timer);
    runner.children.delete(child);
    resolve({ conclusion, why, log });
  };
  child.on("error", (error) => end("failure", `##[error]${error.message}`));
  child.on("close", (code) => {
    if (isOverdue) return end("timed_out", `##[error]Ran longer than ${runner.timeoutMs} ms.`);
    if (code === 0) return end("success", "Process completed with exit code 0.");
    end("failure", `##[error]Process completed with exit code ${code ?? "none"}.`);
  });
  return promise;
}

/** Only what a test needs: no token of the parent, nothing of a test runner around us. */
function ciEnv(home: string): Record<string, string> {
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? "/usr/bin:/bin"}`;
  return { PATH: path, HOME: home, CI: "true", LC_ALL: "C", NO_COLOR: "1" };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself between the look and the signal.
  }
}

/** Actions writes the time in front of every line of a log. */
function stamp(world: World, text: string): string {
  const at = new Date(world.nowMs()).toISOString().replace("Z", "0000Z");
  return text
    .split("\n")
    .map((line) => `${at} ${line}\n`)
    .join("");
}

function announce(world: World, job: Job): void {
  const { sha, name, status, conclusion } = job.run;
  world.emit({ kind: "check", repo: job.repo.key, sha, name, status, conclusion });
}
