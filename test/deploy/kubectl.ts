import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import * as z from "zod";

/** The repository, with a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The script's word for "neither is to be had". */
const EXIT_SKIPPED = 77;

/** Unpacking a package from a mirror takes a minute at worst; the script has bounds of its own. */
const LOCATE_MS_MAX = 300_000;

/** No command here asks a server. */
const COMMAND_MS_MAX = 30_000;

const KubeObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
});

/** One object of a manifest: what every kind has, and the rest unread. */
export type KubeObject = z.infer<typeof KubeObject>;

/** The path of a kubectl that is new enough, or null with the reason on stderr. */
export function locateKubectl(): string | null {
  const script = join(root, "deploy/k8s/kubectl.sh");
  const found = spawnSync(script, [], { encoding: "utf8", timeout: LOCATE_MS_MAX });
  if (found.status === 0) return found.stdout.trim();
  if (found.status === EXIT_SKIPPED) return null;
  throw new Error(`deploy/k8s/kubectl.sh failed: ${found.stderr}`);
}

/** Every object of a document stream. */
export function readObjects(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join("\n"));
    return KubeObject.parse(document.toJS());
  });
}

/** What a folder below deploy/k8s builds. */
export function build(kubectl: string, folder: string): readonly KubeObject[] {
  const path = join(root, "deploy/k8s", folder);
  return readObjects(
    execFileSync(kubectl, ["kustomize", path], { encoding: "utf8", timeout: COMMAND_MS_MAX }),
  );
}

/** What the base builds together with some components. */
export function buildWith(kubectl: string, components: readonly string[]): readonly KubeObject[] {
  const folder = mkdtempSync(join(tmpdir(), "afk-kustomize-"));
  const from = (path: string): string => relative(folder, join(root, "deploy/k8s", path));
  try {
    const kustomization = {
      resources: [from("base")],
      components: components.map((name) => from(join("components", name))),
    };
    // YAML takes JSON as it is.
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    return readObjects(
      execFileSync(kubectl, ["kustomize", folder], { encoding: "utf8", timeout: COMMAND_MS_MAX }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
