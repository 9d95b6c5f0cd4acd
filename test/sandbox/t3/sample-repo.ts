import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A bare repository with one tested function, and people who can look into it. */
export type SampleRepo = {
  readonly dir: string;
  readonly cloneUrl: string;
  /** Output of a git command in the bare repository. */
  git(...args: readonly string[]): string;
  /** Whether the tests of a commit pass, in a checkout of its own, as a CI would find. */
  testsPass(sha: string): boolean;
  remove(): void;
};

const env = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "someone",
  GIT_AUTHOR_EMAIL: "someone@sandbox.invalid",
  GIT_COMMITTER_NAME: "someone",
  GIT_COMMITTER_EMAIL: "someone@sandbox.invalid",
};

function run(cwd: string, file: string, args: readonly string[]): string {
  return execFileSync(file, args, { cwd, env, encoding: "utf8", stdio: "pipe" }).trim();
}

export function createSampleRepo(): SampleRepo {
  const dir = mkdtempSync(join(tmpdir(), "afk-sample-"));
  const bare = join(dir, "sample.git");
  const seed = join(dir, "seed");
  mkdirSync(join(seed, "src"), { recursive: true });
  mkdirSync(join(seed, "test"));
  writeFileSync(join(seed, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(seed, "src/add.js"), "export function add(a, b) {\n  return a + b;\n}\n");
  writeFileSync(
    join(seed, "test/add.test.js"),
    'import assert from "node:assert/strict";\nimport { test } from "node:test";\n' +
      'import { add } from "../src/add.js";\ntest("adds", () => assert.equal(add(1, 2), 3));\n',
  );
  run(dir, "git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  run(seed, "git", ["init", "--quiet", "--initial-branch=main"]);
  run(seed, "git", ["add", "--all"]);
  run(seed, "git", ["commit", "--quiet", "-m", "Begin"]);
  run(seed, "git", ["push", "--quiet", bare, "main"]);
  return {
    dir,
    cloneUrl: `file://${bare}`,
    git: (...args) => run(bare, "git", args),
    testsPass: (sha) => {
      const checkout = mkdtempSync(join(dir, "checkout-"));
      run(dir, "git", ["clone", "--quiet", bare, checkout]);
      run(checkout, "git", ["checkout", "--quiet", sha]);
      try {
        run(checkout, process.execPath, ["--test"]);
        return true;
      } catch {
        return false;
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}
