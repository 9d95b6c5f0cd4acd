import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { type Forge, startForge } from "../../../sandbox/forge/forge.ts";
import { gitEnv } from "../../../sandbox/forge/git.ts";

const run = promisify(execFile);

/** A repo whose tests pass as long as `sum` adds. */
export const SUM_FILES = {
  "package.json": '{ "type": "module" }\n',
  "sum.js": "export const sum = (a, b) => a + b;\n",
  "sum.test.js": [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    'import { sum } from "./sum.js";',
    'test("adds", () => assert.equal(sum(1, 2), 3));',
    "",
  ].join("\n"),
};

/** A commit that makes them fail. */
export const BROKEN_SUM = { "sum.js": "export const sum = (a, b) => a - b;\n" };

/** A forge with one public repo, one issue and three accounts. */
export type SmallWorld = {
  readonly forge: Forge;
  readonly repo: string;
  readonly issue: { readonly repo: string; readonly number: number };
  readonly cloneUrl: string;
  /** May write. */
  readonly ada: { readonly id: number; readonly login: string; readonly token: string };
  /** A bot that may write. */
  readonly loop: { readonly id: number; readonly login: string; readonly token: string };
  /** Has no permission of its own. */
  readonly stranger: { readonly id: number; readonly login: string; readonly token: string };
  /** Clones, commits and pushes with the git of the machine; answers the new head. */
  push(change: {
    readonly message: string;
    readonly files: Readonly<Record<string, string>>;
    readonly as?: string;
    /** The message of one more commit, made before the others. */
    readonly earlier?: string;
    /** Leaves the old head out of the history. */
    readonly isForced?: boolean;
  }): Promise<string>;
  close(): Promise<void>;
};

/** Starts a small world of its own. `ci` is the repo's `ci.json`. */
export async function startSmallWorld(ci?: unknown, ciTimeoutMs?: number): Promise<SmallWorld> {
  const dir = await mkdtemp(join(tmpdir(), "forge-"));
  const forge = await startForge({ dir, ...(ciTimeoutMs === undefined ? {} : { ciTimeoutMs }) });
  const ada = forge.addAccount({ login: "ada", kind: "User" });
  const loop = forge.addAccount({ login: "loop[bot]", kind: "Bot" });
  const stranger = forge.addAccount({ login: "stranger", kind: "User" });
  const made = await forge.createRepo({
    owner: "acme",
    name: "sum",
    files: ci === undefined ? SUM_FILES : { ...SUM_FILES, "ci.json": JSON.stringify(ci) },
    permissions: { ada: "admin", "loop[bot]": "write" },
    pusher: "loop[bot]",
  });
  const number = forge.createIssue({ repo: made.key, title: "Add", body: "Please.", by: "ada" });
  const issue = { repo: made.key, number };
  let clones = 0;
  return {
    forge,
    repo: made.key,
    issue,
    cloneUrl: made.cloneUrl,
    ada,
    loop,
    stranger,
    async push({ message, files, as, earlier, isForced = false }) {
      clones += 1;
      const clone = join(dir, `clone-${clones}`);
      await run("git", ["clone", "--quiet", made.cloneUrl, clone], { env: gitEnv() });
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(clone, path)), { recursive: true });
        await writeFile(join(clone, path), text);
      }
      const someone = ["-c", "user.name=Someone", "-c", "user.email=someone@localhost"];
      const env = as === undefined ? gitEnv() : { ...gitEnv(), GIT_COMMITTER_NAME: as };
      const git = (...args: string[]) =>
        run("git", ["-C", clone, ...someone, ...args], { env }).then(({ stdout }) => stdout.trim());
      const commit = (words: string, ...flags: string[]) =>
        git("commit", "--quiet", "--allow-empty", "--message", words, ...flags);
      if (earlier !== undefined) await commit(earlier);
      await git("add", "--all");
      await commit(message, ...(isForced ? ["--amend"] : []));
      await git("push", "--quiet", ...(isForced ? ["--force"] : []), "origin", "HEAD");
      return await git("rev-parse", "HEAD");
    },
    async close() {
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const GraphqlAnswer = z.object({
  data: z.record(z.string(), z.any()).nullish(),
  errors: z
    .array(
      z.object({
        type: z.string().optional(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        message: z.string(),
      }),
    )
    .optional(),
});

/** Asks the forge's GraphQL as somebody. */
export async function ask(
  world: SmallWorld,
  query: string,
  options: { readonly token?: string; readonly variables?: Record<string, unknown> } = {},
): Promise<z.infer<typeof GraphqlAnswer>> {
  const response = await fetch(new URL("graphql", world.forge.apiUrl), {
    method: "POST",
    headers: { authorization: `bearer ${options.token ?? world.ada.token}` },
    body: JSON.stringify({ query, variables: options.variables ?? {} }),
  });
  return GraphqlAnswer.parse(await response.json());
}

/** Makes one REST request below the small world's repo, redirects not followed. */
export async function rest(
  world: SmallWorld,
  request: string,
  options: { readonly token?: string; readonly body?: unknown } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: any }> {
  const [method = "GET", path = ""] = request.split(" ");
  const below = path.startsWith("/") ? path.slice(1) : `repos/${world.repo}/${path}`;
  const response = await fetch(new URL(below, world.forge.apiUrl), {
    method,
    redirect: "manual",
    headers: { authorization: `token ${options.token ?? world.ada.token}` },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const body: unknown = isJson && text !== "" ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}
