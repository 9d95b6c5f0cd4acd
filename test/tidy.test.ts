import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMIT_KEYS } from "../src/pure/config-env.ts";
import { KNOWN_AFK_KEYS } from "../src/pure/gates.ts";
import { VERDICT_BECAUSES } from "../src/pure/verdict.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A file is read in one sitting; one that is longer has two subjects. */
const LINES_MAX = 300;

type Source = { readonly path: string; readonly text: string };

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .toSorted();
}

function sourcesBelow(...folders: readonly string[]): readonly Source[] {
  return folders.flatMap(filesBelow).map((path) => ({ path, text: read(path) }));
}

/** `path:line` of every line that matches, so that a failure says where to look. */
function linesMatching(sources: readonly Source[], pattern: RegExp): readonly string[] {
  return sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : [])),
  );
}

function lineCount(text: string): number {
  return text.endsWith("\n") ? text.split("\n").length - 1 : text.split("\n").length;
}

const written = sourcesBelow("src", "sandbox");

describe("the sources", () => {
  it("are found", () => {
    expect(written.length).toBeGreaterThan(20);
  });

  it(`have no file above ${LINES_MAX} lines`, () => {
    const long = written.filter(({ text }) => lineCount(text) > LINES_MAX);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it("have no file whose name says nothing", () => {
    const vague = /(^|\/)(index|utils?|helpers?|service|manager|common|misc)\.ts$/;
    expect(written.filter(({ path }) => vague.test(path)).map(({ path }) => path)).toEqual([]);
  });

  it("silence no check", () => {
    const silenced =
      /(eslint|oxlint)-disable|@ts-(ignore|nocheck|expect-error)|biome-ignore|(v8|c8) ignore/;
    expect(linesMatching(written, silenced)).toEqual([]);
  });

  it("leave nothing for later", () => {
    expect(linesMatching(written, /\b(TODO|FIXME|XXX)\b/)).toEqual([]);
  });

  it("name no package registry", () => {
    const registry = /registry\.npmjs|npmjs\.(org|com)|registry\.yarnpkg|npm\.pkg\.github/i;
    expect(linesMatching(written, registry)).toEqual([]);
  });

  it("import nothing by a computed name, so that the fences between folders hold", () => {
    expect(linesMatching(written, /\bimport\((?!"|type\b)/)).toEqual([]);
  });

  it("bind to no address but the loopback's", () => {
    expect(linesMatching(written, /0\.0\.0\.0|["']::["']/)).toEqual([]);
  });
});

describe("the packages", () => {
  const Versions = z.record(z.string(), z.string()).optional();
  const manifest = z
    .object({ dependencies: Versions, devDependencies: Versions, optionalDependencies: Versions })
    .extend({ overrides: Versions })
    .parse(JSON.parse(read("package.json")));
  const wanted = Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
    ...manifest.overrides,
  });

  it.each(wanted)("want %s in one exact version", (_name, version) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  });

  it("are locked without the address of the registry they came from", () => {
    const lock = read("package-lock.json");
    expect(lock).not.toMatch(/"resolved"\s*:/);
    expect(lock).not.toMatch(/https?:\/\/[^"\s]*\.tgz/);
  });
});

const configSources = filesBelow("src/pure").filter((path) =>
  /\/(config[\w-]*|gates)\.ts$/.test(path),
);

/** Every key the parser reads, found in its sources: a secret can be given as a file as well. */
function keysOfParser(): readonly string[] {
  const keys = new Set<string>(KNOWN_AFK_KEYS);
  for (const path of configSources) {
    const text = read(path);
    for (const match of text.matchAll(
      /"((?:AFK|T3|GITHUB|FORGEJO|SLACK|NTFY)_[A-Z0-9_]+|LOG_LEVEL)"/g,
    )) {
      keys.add(match[1] ?? "");
    }
    for (const match of text.matchAll(/readSecret\(\s*\w+,\s*"([A-Z0-9_]+)"/g)) {
      keys.add(`${match[1]}_FILE`);
    }
  }
  return [...keys].toSorted();
}

/** The rows of the README's tables of keys: the keys of the first cell, and the default. */
function keysOfReadme(): readonly {
  readonly keys: readonly string[];
  readonly standard: string;
}[] {
  return read("README.md")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, first = "", standard = ""]) => ({
      keys: [...first.matchAll(/`([A-Z0-9]+_[A-Z0-9_]+)`/g)].map((match) => match[1] ?? ""),
      standard,
    }))
    .filter((row) => row.keys.length > 0);
}

describe("the README", () => {
  const rows = keysOfReadme();

  it("lists exactly the keys that the parser reads", () => {
    expect(rows.flatMap((row) => row.keys).toSorted()).toEqual(keysOfParser());
  });

  it.each(Object.values(LIMIT_KEYS))("tells the default of $key", (limit) => {
    const row = rows.find((each) => each.keys.includes(limit.key));
    expect(row?.standard).toBe(String(limit.default));
  });

  it("gives a newcomer two commands", () => {
    const lines = read("README.md").split("\n");
    expect(lines).toContain("npm ci && npm run demo");
    expect(lines).toContain("npm ci && npm test");
  });

  it("points at nothing that is not there", () => {
    const links = [...read("README.md").matchAll(/\]\((?!https?:)([^)#]+)\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(readdirSync(root)).toContain(link[1]?.split("/")[0]);
  });
});

/** The members of a union of words, as its source spells them. */
function wordsOf(path: string, type: string): readonly string[] {
  const declared = new RegExp(`export type ${type} =([^;]*);`).exec(read(path))?.[1] ?? "";
  return [...declared.matchAll(/"([a-z-]+)"/g)].map((match) => match[1] ?? "");
}

describe("the glossary", () => {
  const unions: ReadonlyArray<readonly [type: string, words: readonly string[]]> = [
    ["reason for a hold", wordsOf("src/pure/dispatch-policy.ts", "HoldBecause")],
    ["thing a run waits on", wordsOf("src/pure/run-observation.ts", "WaitOn")],
    ["verdict", wordsOf("src/pure/verdict.ts", "VerdictKind")],
    ["reason for a verdict", VERDICT_BECAUSES],
    ["kind of turn", wordsOf("src/pure/verdict.ts", "TurnKind")],
  ];

  it.each(unions)("explains every %s", (_name, words) => {
    const glossary = read("CONTEXT.md");
    expect(words.length).toBeGreaterThan(2);
    expect(words.filter((word) => !glossary.includes(`\`${word}\``))).toEqual([]);
  });
});
