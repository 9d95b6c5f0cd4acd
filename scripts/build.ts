import { existsSync } from "node:fs";
import { chmod, rename, rm } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import { build, type OutputChunk } from "rolldown";
import { leanPackages } from "./build/lean-packages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The front door still has to answer, with a clear message, on Nodes that cannot run the rest. */
const FRONT_DOOR_TARGET = "node18";
const TARGET = "node24";

/** What `ws` and `debug` ask for in a try block and do without: none of them is installed. */
const OPTIONAL_MODULES: ReadonlySet<string> = new Set([
  "bufferutil",
  "utf-8-validate",
  "supports-color",
]);

/** How the bundler writes a `require` of a CommonJS package that it left to run time. */
const RUNTIME_REQUIRE = /\b__require\("([^"]+)"\)/g;

/** Bundles the front door alone: CommonJS, because an ESM entry starts a quarter slower. */
async function buildFrontDoor(outDir: string): Promise<readonly OutputChunk[]> {
  const { output } = await build({
    cwd: root,
    input: { afk: "src/entry.ts" },
    platform: "node",
    transform: { target: FRONT_DOOR_TARGET },
    plugins: [
      {
        name: "main-is-another-bundle",
        resolveId: (id) => (id === "./main.ts" ? { id: "./main.cjs", external: true } : null),
      },
    ],
    output: {
      dir: outDir,
      format: "cjs",
      entryFileNames: "[name].cjs",
      banner: "#!/usr/bin/env node",
      // Required, not imported: the loader of ES modules is then never started.
      dynamicImportInCjs: false,
      sourcemap: true,
    },
  });
  return output.filter((file) => file.type === "chunk");
}

/**
 * Bundles the program: one chunk per `import()`, so that a tick loads only what it uses. CommonJS, because an ES module
 * that asks for one of Node's own makes a copy of all that it exports.
 */
async function buildProgram(outDir: string): Promise<readonly OutputChunk[]> {
  const { output } = await build({
    cwd: root,
    input: { main: "src/main.ts" },
    platform: "node",
    // What yargs reads a configuration file's `extends` by, which no option of ours asks for.
    transform: { target: TARGET, define: { "import.meta.resolve": "undefined" } },
    plugins: [leanPackages(root)],
    output: {
      dir: outDir,
      format: "cjs",
      entryFileNames: "[name].cjs",
      chunkFileNames: "chunks/[name]-[hash].cjs",
      sourcemap: true,
      // A tick reads all of it and keeps it: a third less. Names stay, for stacks to be read by.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    },
  });
  return output.filter((file) => file.type === "chunk");
}

/** Every module a chunk asks for when it runs, by whichever syntax. */
function requestsOf(chunk: OutputChunk): readonly string[] {
  const required = [...chunk.code.matchAll(RUNTIME_REQUIRE)].map((match) => match[1] ?? "");
  return [...chunk.imports, ...chunk.dynamicImports, ...required];
}

/** Throws where a bundle still needs a package at run time: the image carries `dist` and no node_modules. */
function assertSelfContained(chunks: readonly OutputChunk[]): void {
  const own = new Set([...chunks.map((chunk) => chunk.fileName), "./main.cjs"]);
  for (const chunk of chunks) {
    for (const name of requestsOf(chunk)) {
      if (own.has(name) || isBuiltin(name) || OPTIONAL_MODULES.has(name)) continue;
      throw new Error(
        `${chunk.fileName} asks for ${name}, which is not bundled: check its spelling.`,
      );
    }
  }
}

/** Builds `afk.cjs` and the chunks it loads beside the folder, and puts them in its place when all is there: a tick may start meanwhile. */
async function buildInto(outDir: string): Promise<void> {
  const fresh = `${outDir}.new-${process.pid}`;
  const old = `${outDir}.old-${process.pid}`;
  try {
    const chunks = [...(await buildFrontDoor(fresh)), ...(await buildProgram(fresh))];
    assertSelfContained(chunks);
    await chmod(join(fresh, "afk.cjs"), 0o755);
    if (existsSync(outDir)) await rename(outDir, old);
    await rename(fresh, outDir);
  } finally {
    for (const folder of [fresh, old]) await rm(folder, { recursive: true, force: true });
  }
}

// An optional argument names another folder than dist: tests build into one of their own.
await buildInto(resolve(root, process.argv[2] ?? "dist"));
