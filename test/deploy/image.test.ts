import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./kubectl.ts";

/** The script's word for "buildah, runc or root is missing". */
const EXIT_SKIPPED = 77;

/** The script bounds its own steps; together they stay below this. */
const IMAGE_MS_MAX = 480_000;

function lines(path: string): readonly string[] {
  return readFileSync(join(root, path), "utf8").split("\n");
}

describe("the image", () => {
  it(
    "is built, and runs both ticks as nobody on a read-only root",
    ({ skip }) => {
      const script = join(root, "deploy/k8s/test-image.sh");
      const ended = spawnSync(script, [], { encoding: "utf8", timeout: IMAGE_MS_MAX });
      skip(ended.status === EXIT_SKIPPED, ended.stderr.trim());
      expect(ended.stdout + ended.stderr).toContain("== the image works");
      expect(ended.status).toBe(0);
    },
    IMAGE_MS_MAX,
  );

  it("is distroless, on Node 24 and Debian 13, and run by number", () => {
    const dockerfile = lines("Dockerfile");
    expect(dockerfile).toContain("ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot");
    expect(dockerfile).toContain("RUN npm ci --ignore-scripts");
    expect(dockerfile).toContain("USER 65532:65532");
  });

  it("is built from an explicit list of files", () => {
    const [first, ...listed] = lines(".dockerignore").filter(
      (line) => line !== "" && !line.startsWith("#"),
    );
    expect(first).toBe("*");
    expect(listed.filter((line) => !line.startsWith("!"))).toEqual([]);
    expect(listed).not.toContain("!test");
    expect(listed).not.toContain("!sandbox");
  });
});
