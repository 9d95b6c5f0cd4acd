import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigRefused } from "../../src/loops/deps.ts";
import { createSecrets } from "../../src/loops/log.main.ts";
import { readSecret } from "../../src/loops/read-secret.main.ts";

const dir = mkdtempSync(join(tmpdir(), "afk-secret-"));

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function fileOf(name: string, content: string) {
  writeFileSync(join(dir, name), content);
  return { kind: "file" as const, path: join(dir, name) };
}

describe("reading a secret", () => {
  it("takes the file without its line end, and never tells it", async () => {
    const secrets = createSecrets();
    const source = fileOf("good", "s3cret-token\n");
    expect(await readSecret("T3_TOKEN", source, secrets)).toBe("s3cret-token");
    expect(secrets.redact("it is s3cret-token")).toBe("it is [redacted]");
  });

  it("takes a value as it is, and never tells it", async () => {
    const secrets = createSecrets();
    const source = { kind: "value" as const, value: "s3cret-token" };
    expect(await readSecret("T3_TOKEN", source, secrets)).toBe("s3cret-token");
    expect(secrets.redact("s3cret-token")).toBe("[redacted]");
  });

  it.each([
    ["is not there", () => ({ kind: "file" as const, path: join(dir, "none") }), "(ENOENT)"],
    ["is a folder", () => ({ kind: "file" as const, path: dir }), "(EISDIR)"],
    ["is blank", () => fileOf("blank", " \n"), "names an empty file"],
  ])("refuses a file that %s by its key, with a mend, without its path", async (_name, of, why) => {
    const refused = readSecret("GITHUB_TOKEN", of(), createSecrets());
    await expect(refused).rejects.toBeInstanceOf(ConfigRefused);
    const { message } = (await refused.catch((error: Error) => error as Error)) as Error;
    expect(message).toMatch(/^GITHUB_TOKEN_FILE names /);
    expect(message).toContain(why);
    expect(message).toContain(": let GITHUB_TOKEN_FILE name a file that");
    expect(message).not.toContain(dir);
  });
});
