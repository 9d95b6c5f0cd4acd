import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Find } from "./hunt.main.ts";
import { type Mutant, MUTANTS } from "./mutants.ts";

/** What each mutant may cost: the same seeds that the continuous check plays first. */
const SCHEDULES_MAX = 3_000;
/** Several times what all of them take: a hunt that is cut off has caught nothing. */
const SECONDS_MAX = 240;

/** The longest name of a mutant, and of a law. */
const NAME_CHARS = Math.max(...MUTANTS.map(({ name }) => name.length));
const LAW_CHARS = "no verdict from silence".length;
const WORDS_CHARS_MAX = 160;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Caught = { readonly mutant: Mutant; readonly how: Find | null };

const wanted = process.argv[2];
const mutants = MUTANTS.filter(({ name }) => wanted === undefined || name.includes(wanted));
const results: Caught[] = [];
const waiting = [...mutants];
await Promise.all(Array.from({ length: availableParallelism() }, workOff));
console.log(rowOf("mutant", { law: "law", after: "caught after" }));
for (const mutant of mutants) {
  const { how } = results.find((each) => each.mutant === mutant) ?? { how: null };
  console.log(rowOf(mutant.name, how ?? { law: "-", after: "SURVIVED" }));
  // Asked for by name, a mutant is looked into: what was seen is worth its line.
  if (wanted !== undefined && how !== null) console.log(`  ${how.what.slice(0, WORDS_CHARS_MAX)}`);
}
// What only throws has shown no law broken.
const survived = results.filter(({ how }) => how === null || how.law === "none").length;
console.log(`${results.length} mutants, ${survived} survived`);
process.exitCode = survived > 0 || results.length === 0 ? 1 : 0;

function rowOf(name: string, { law, after }: Omit<Find, "what">): string {
  return `${name.padEnd(NAME_CHARS)} | ${law.padEnd(LAW_CHARS)} | ${after}`;
}

async function workOff(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    results.push({ mutant, how: await hunt(mutant) });
  }
}

/** How the mutant was caught; null when nothing noticed it. */
async function hunt(mutant: Mutant): Promise<Find | null> {
  const dir = await mkdtemp(join(tmpdir(), "afk-mutant-"));
  try {
    for (const part of ["src", "test", "package.json", "tsconfig.json"]) {
      await cp(join(ROOT, part), join(dir, part), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(dir, "node_modules"));
    await plant(dir, mutant);
    return await play(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function plant(dir: string, { name, file, line, becomes }: Mutant): Promise<void> {
  const path = join(dir, "src", file);
  const source = await readFile(path, "utf8");
  const times = source.split(line).length - 1;
  if (times !== 1) throw new Error(`"${name}": its line stands ${times} times in ${file}`);
  await writeFile(
    path,
    source.replace(line, () => becomes),
  );
}

async function play(dir: string): Promise<Find | null> {
  const script = join(dir, "test/simulator/hunt.main.ts");
  const child = spawn(process.execPath, [script, String(SCHEDULES_MAX)], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let complained = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complained += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS_MAX * 1000);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  if (code === null) throw new Error(`a hunt did not end within ${SECONDS_MAX} s`);
  // A mutant that does not even load has shown nothing about the laws.
  if (said.trim() === "") throw new Error(`a hunt broke down: ${complained.slice(-500)}`);
  const find = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Find | null;
  if ((find === null) !== (code === 0)) throw new Error(`a hunt ended with ${code}: ${said}`);
  return find;
}
