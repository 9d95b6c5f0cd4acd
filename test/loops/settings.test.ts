import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../src/loops/settings.main.ts";

const TOKEN = "ghp-that-somebody-pasted";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "afk-settings-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function problemsOf(text: string) {
  const path = join(folder, "afk.yaml");
  await writeFile(path, text);
  const result = await readConfig({ AFK_CONFIG_FILE: path }, "services-when-armed");
  return result.kind === "ok" ? [] : result.problems;
}

describe("the file that AFK_CONFIG_FILE names", () => {
  const broken: ReadonlyArray<readonly [name: string, text: string, problem: string]> = [
    [
      "a line that is no YAML",
      `repos: {}\ntoken: "${TOKEN}\n`,
      "is not YAML: MISSING_CHAR at line 3, column 1",
    ],
    ["a key twice", `${TOKEN}: 1\n${TOKEN}: 2\n`, "is not YAML: DUPLICATE_KEY at line 2, column 1"],
    ["an alias of nothing", `repos: *${TOKEN}\n`, "cannot be read"],
  ];
  it.each(broken)(
    "with %s is refused by its place, and nothing of it is repeated",
    async (...row) => {
      const [, text, problem] = row;
      const problems = await problemsOf(text);
      expect(problems).toEqual([
        { key: "AFK_CONFIG_FILE", problem, mend: "name a readable YAML file" },
      ]);
      expect(JSON.stringify(problems)).not.toContain(TOKEN);
    },
  );

  it("prints no warning, which would quote the line it is about", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", note);
    await problemsOf(`repos: !unknown ${TOKEN}\n`);
    await new Promise((done) => setImmediate(done));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("that is not there is refused by the system's word for it", async () => {
    const env = { AFK_CONFIG_FILE: join(folder, TOKEN) };
    expect(await readConfig(env, "services-when-armed")).toEqual({
      kind: "problems",
      problems: [
        {
          key: "AFK_CONFIG_FILE",
          problem: "cannot be read (ENOENT)",
          mend: "name a readable YAML file",
        },
      ],
    });
  });

  it("is named by its whole path, as the files of secrets are", async () => {
    const mend = "write the whole path, like /etc/afk/config/repos.yaml, without .. in it";
    expect(await readConfig({ AFK_CONFIG_FILE: "./afk.yaml" }, "services-when-armed")).toEqual({
      kind: "problems",
      problems: [
        { key: "AFK_CONFIG_FILE", problem: "is not an absolute path below the root folder", mend },
      ],
    });
  });

  it("may be none, or blank", async () => {
    for (const env of [{}, { AFK_CONFIG_FILE: " " }]) {
      expect((await readConfig(env, "services-when-armed")).kind).toBe("ok");
    }
  });

  it("that is fine is read", async () => {
    expect(await problemsOf("repos:\n  o/r:\n    ci: none\n")).toEqual([]);
  });
});
