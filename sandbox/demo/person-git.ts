import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gitEnv } from "../forge/git.ts";
import { REPO_FILES, type World } from "./world.ts";

const run = promisify(execFile);

/** A git command on a repo of a few files; more means that it waits for a lock or a prompt. */
const GIT_MS_MAX = 20_000;

/** Commits and pushes, as a person at a keyboard, a mend that puts the repo's own files back. */
export async function commitAs(
  world: World,
  change: { readonly repo: string; readonly by: string; readonly message: string },
): Promise<void> {
  const dir = await mkdtemp(join(world.dir, "tmp", "person-"));
  const env = {
    ...gitEnv(),
    GIT_AUTHOR_NAME: change.by,
    GIT_AUTHOR_EMAIL: `${change.by}@localhost`,
    GIT_COMMITTER_NAME: change.by,
    GIT_COMMITTER_EMAIL: `${change.by}@localhost`,
  };
  const git = (...args: readonly string[]) =>
    run("git", ["-C", dir, ...args], { env, timeout: GIT_MS_MAX });
  try {
    await git("clone", "--quiet", join(world.dir, "forge", "repos", `${change.repo}.git`), ".");
    for (const [path, text] of Object.entries(REPO_FILES)) {
      const file = join(dir, path);
      if ((await readFile(file, "utf8")) !== text) await writeFile(file, text);
    }
    await git("commit", "--quiet", "--all", "--message", change.message);
    await git("push", "--quiet", "origin", "HEAD");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
