import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "afk-fences-"));

type Row = readonly [name: string, path: string, code: string, rule: string];

const RESTRICTED = "no-restricted-imports";
const union = 'type U = { readonly kind: "a" } | { readonly kind: "b" };\n';

function repeat(count: number, line: string): string {
  return `${line}\n`.repeat(count);
}

function functionOf(lines: number): string {
  return `export function f(): void {\n${repeat(lines - 2, "  void 0;")}}\n`;
}

const linted: readonly Row[] = [
  [
    "pure imports a node module",
    "src/pure/v01.ts",
    'export { readFileSync } from "node:fs";',
    RESTRICTED,
  ],
  [
    "pure loads a node module later",
    "src/pure/v02.ts",
    'export const a = (): Promise<unknown> => import("node:fs");',
    RESTRICTED,
  ],
  ["pure imports a package", "src/pure/v03.ts", 'export { request } from "pino";', RESTRICTED],
  [
    "pure imports a package that begins like zod",
    "src/pure/v04.ts",
    'export * from "zodiac";',
    RESTRICTED,
  ],
  [
    "pure imports an adapter's type",
    "src/pure/v05.ts",
    'export type { X } from "../adapters/agent/fine.ts";',
    RESTRICTED,
  ],
  [
    "pure reads the clock",
    "src/pure/v06.ts",
    "export const a = Date.now;",
    "no-restricted-globals",
  ],
  [
    "pure draws lots",
    "src/pure/v07.ts",
    "export const a = Math.random;",
    "no-restricted-properties",
  ],
  [
    "pure reads the environment",
    "src/pure/v08.ts",
    "export const a = process.env;",
    "no-restricted-globals",
  ],
  [
    "pure reaches around",
    "src/pure/v09.ts",
    "export const a = globalThis;",
    "no-restricted-globals",
  ],
  [
    "a port names a vendor",
    "src/pure/ports/v10.ts",
    'export type { Octokit } from "@octokit/rest";',
    RESTRICTED,
  ],
  [
    "an adapter imports a loop",
    "src/adapters/agent/v11.ts",
    'export { l } from "../../loops/fine.ts";',
    RESTRICTED,
  ],
  [
    "a loop imports an adapter",
    "src/loops/v12.ts",
    'export type { X } from "../adapters/agent/fine.ts";',
    RESTRICTED,
  ],
  [
    "a loop imports a package's type",
    "src/loops/v13.ts",
    'export type { Logger } from "pino";',
    RESTRICTED,
  ],
  [
    "a loop imports a node module",
    "src/loops/v14.ts",
    'export { readFileSync } from "node:fs";',
    RESTRICTED,
  ],
  [
    "what ships imports the sandbox",
    "src/v15.ts",
    'export { s } from "../sandbox/fine.ts";',
    RESTRICTED,
  ],
  [
    "two files import each other",
    "src/v16.ts",
    'import { b } from "./v17.ts";\nexport function a(): number {\n  return b();\n}',
    "no-cycle",
  ],
  [
    "and the other one too",
    "src/v17.ts",
    'import { a } from "./v16.ts";\nexport function b(): number {\n  return a();\n}',
    "no-cycle",
  ],
  [
    "a switch that returns nothing misses a case",
    "src/v18.ts",
    `${union}export function f(u: U): void {\n  switch (u.kind) {\n    case "a":\n      return;\n  }\n}`,
    "switch-exhaustiveness-check",
  ],
  [
    "a promise is dropped",
    "src/v19.ts",
    "async function g(): Promise<void> {}\nexport function f(): void {\n  g();\n}",
    "no-floating-promises",
  ],
  ["any", "src/v20.ts", "export const f = (x: any): void => void x;", "no-explicit-any"],
  ["console in src", "src/v21.ts", "export const f = (): void => console.log(1);", "no-console"],
  ["a default export", "src/v22.ts", "export default function f(): void {}", "no-default-export"],
  [
    "a non-null assertion in src",
    "src/v23.ts",
    "export const f = (x: string | null): number => x!.length;",
    "no-non-null-assertion",
  ],
  [
    "an interface",
    "src/v24.ts",
    "export interface A {\n  readonly a: string;\n}",
    "consistent-type-definitions",
  ],
  [
    "a fourth parameter",
    "src/v25.ts",
    "export const f = (a: 1, b: 1, c: 1, d: 1): number => a + b + c + d;",
    "max-params",
  ],
  ["line 301 in src", "src/v26.ts", repeat(301, "export {};"), "max-lines"],
  ["line 301 in the sandbox", "sandbox/v27.ts", repeat(301, "export {};"), "max-lines"],
  ["line 61 of a function", "src/v28.ts", functionOf(61), "max-lines-per-function"],
  [
    "blank lines of a function",
    "src/v29.ts",
    `export function f(): void {${repeat(60, "")}}`,
    "max-lines-per-function",
  ],
  [
    "a mocked module",
    "test/v30.test.ts",
    'import { vi } from "vitest";\nvi.mock("pino");',
    "no-restricted-vi-methods",
  ],
  [
    "all checks silenced",
    "src/v31.ts",
    "/* eslint-disable */\nexport const a = 1;",
    "no-abusive-eslint-disable",
  ],
];

const allowed: ReadonlyArray<readonly [name: string, path: string, code: string]> = [
  ["zod in pure", "src/pure/fine-1.ts", 'export { z } from "zod";'],
  ["a port imports pure", "src/pure/ports/fine-2.ts", 'export { z } from "../fine-1.ts";'],
  ["an adapter", "src/adapters/agent/fine.ts", 'export type X = string;\nexport * from "pino";'],
  [
    "a loop imports pure",
    "src/loops/fine.ts",
    'export const l = 1;\nexport * from "../pure/fine-1.ts";',
  ],
  [
    "a composition root imports whatever it wires",
    "src/loops/fine.main.ts",
    'export { readFileSync } from "node:fs";\nexport { pino } from "pino";\nexport type { X } from "../adapters/agent/fine.ts";',
  ],
  ["the sandbox speaks", "sandbox/fine.ts", "export const s = 1;\nconsole.log(s);"],
  ["line 300", "src/fine-300.ts", repeat(300, "export {};")],
  ["line 60 of a function", "src/fine-60.ts", functionOf(60)],
  ["a configuration file's default export", "some.config.ts", "export default {};"],
];

const compiled: readonly Row[] = [
  [
    "a port that reaches out of pure",
    "src/pure/ports/t01.ts",
    'export { s } from "../../../sandbox/fine.ts";',
    "TS6059",
  ],
  ["fetch in pure", "src/pure/t02.ts", "export const a = fetch;", "TS2304"],
  ["a timer in pure", "src/pure/t03.ts", "export const a = setTimeout;", "TS2304"],
  ["node's types in pure", "src/pure/t04.ts", 'export { readFileSync } from "node:fs";', "TS2591"],
];

function run(binary: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    const file = join(root, "node_modules", binary);
    execFile(process.execPath, [file, ...args], { cwd: folder }, (_error, stdout) => done(stdout));
  });
}

function write(path: string, code: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), code.endsWith("\n") ? code : `${code}\n`);
}

let lint = "";
let types = "";

beforeAll(async () => {
  for (const file of [
    ".oxlintrc.json",
    "tsconfig.json",
    "package.json",
    "src/pure/tsconfig.json",
  ]) {
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [, path, code] of [...allowed, ...linted]) write(path, code);
  lint = await run("oxlint/bin/oxlint", ["--type-aware", "--deny-warnings", "-f", "unix"]);
  // A package's types bring node's globals along: pure is compiled without the files above.
  rmSync(join(folder, "src/pure/ports"), { recursive: true });
  for (const [, path] of linted) rmSync(join(folder, path), { force: true });
  for (const [, path, code] of compiled) write(path, code);
  types = await run("typescript/bin/tsc", ["-p", "src/pure", "--pretty", "false"]);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function linesAbout(output: string, path: string): readonly string[] {
  return output.split("\n").filter((line) => line.startsWith(path));
}

describe("the fences", () => {
  it.each(linted)("stop: %s", (_name, path, _code, rule) => {
    expect(linesAbout(lint, path).join("\n")).toContain(`(${rule})`);
  });

  it.each(compiled)("do not compile: %s", (_name, path, _code, error) => {
    expect(linesAbout(types, path).join("\n")).toContain(error);
  });

  it.each(allowed)("let pass: %s", (_name, path) => {
    expect(linesAbout(lint, path)).toEqual([]);
  });
});
