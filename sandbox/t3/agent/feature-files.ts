import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PromptFacts } from "./prompt-facts.ts";

/** The one function the agent writes for its issue: names from the number, so that issues never conflict. */
export type Feature = {
  readonly slug: string;
  readonly sourceFile: string;
  readonly testFile: string;
};

/** Appended to the export that a careless script renames; `mendRenamedExport` takes it off again. */
const RENAMED_SUFFIX = "Next";

/** Names the files of an issue's feature, relative to the worktree. */
export function featureOf(facts: PromptFacts): Feature {
  const slug = `feature-${facts.issueNumber}`;
  return { slug, sourceFile: `src/${slug}.js`, testFile: `test/${slug}.test.js` };
}

/** Writes the feature's test. It expects this run's id, so it is red before the run implements it. */
export async function writeFeatureTest(path: string, facts: PromptFacts): Promise<void> {
  const { slug, testFile } = featureOf(facts);
  await writeInto(path, testFile, [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    `import { ${functionName(facts)} } from "../src/${slug}.js";`,
    "",
    `test("${slug} answers with the run that made it", () => {`,
    `  assert.equal(${functionName(facts)}(), "${facts.runId}");`,
    "});",
    "",
  ]);
}

/** Writes the feature itself, which turns its test green. */
export async function writeFeature(path: string, facts: PromptFacts): Promise<void> {
  await writeInto(path, featureOf(facts).sourceFile, [
    `/** Answers with the run that made it, as ${facts.issue} asks. */`,
    `export function ${functionName(facts)}() {`,
    `  return "${facts.runId}";`,
    "}",
    "",
  ]);
}

/** Adds a line to the feature that changes no behaviour: a commit that mends nothing. */
export async function appendRemark(path: string, remark: string, facts: PromptFacts) {
  await appendFile(join(path, featureOf(facts).sourceFile), `// ${remark}\n`);
}

/**
 * Renames an export that another test of the repo imports, as an agent does that runs its own test only.
 * Throws when the repo has no `src/<name>.js` with an exported function and a `test/<name>.test.js`.
 */
export async function renameTestedExport(path: string): Promise<void> {
  for (const file of await sourceFiles(path)) {
    const isTested = existsSync(join(path, "test", file.replace(/\.js$/, ".test.js")));
    if (!isTested || file.startsWith("feature-")) continue;
    const source = await readFile(join(path, "src", file), "utf8");
    const renamed = source.replace(
      /^export function (\w+)\(/m,
      `export function $1${RENAMED_SUFFIX}(`,
    );
    if (renamed === source) continue;
    await writeFile(join(path, "src", file), renamed);
    return;
  }
  throw new Error("the red stories need a repo with src/<name>.js, its function and its own test");
}

/** Gives every renamed export its name back. */
export async function mendRenamedExport(path: string): Promise<void> {
  const renamed = new RegExp(`^export function (\\w+)${RENAMED_SUFFIX}\\(`, "gm");
  for (const file of await sourceFiles(path)) {
    const source = await readFile(join(path, "src", file), "utf8");
    await writeFile(join(path, "src", file), source.replace(renamed, "export function $1("));
  }
}

function functionName(facts: PromptFacts): string {
  return `feature${facts.issueNumber}`;
}

async function sourceFiles(path: string): Promise<readonly string[]> {
  if (!existsSync(join(path, "src"))) return [];
  return (await readdir(join(path, "src"))).filter((file) => file.endsWith(".js")).sort();
}

async function writeInto(path: string, file: string, lines: readonly string[]): Promise<void> {
  await mkdir(join(path, file, ".."), { recursive: true });
  await writeFile(join(path, file), lines.join("\n"));
}
