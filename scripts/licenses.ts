import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What every package that ships may be under: permissive ones, which ask for their text and no more. */
const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Unlicense",
]);

/** npm reads the lock file; it asks no registry. */
const NPM_MS_MAX = 60_000;

/** A hundred packages make 100 kB. */
const SBOM_BYTES_MAX = 64 * 1024 * 1024;

const Licence = z.looseObject({
  license: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
  expression: z.string().optional(),
});

const Sbom = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  components: z.array(
    z.looseObject({ name: z.string(), version: z.string(), licenses: z.array(Licence).optional() }),
  ),
});

/** What npm writes down of the packages that the bundle is made from: neither tools nor Node binaries. */
function readSbom(): z.infer<typeof Sbom> {
  const omit = ["--omit=dev", "--omit=optional"];
  const args = ["sbom", "--package-lock-only", ...omit, "--sbom-format=cyclonedx"];
  const text = execFileSync("npm", [...args, "--sbom-type=application"], {
    cwd: root,
    encoding: "utf8",
    timeout: NPM_MS_MAX,
    maxBuffer: SBOM_BYTES_MAX,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return Sbom.parse(JSON.parse(text));
}

function licenceOf(component: z.infer<typeof Sbom>["components"][number]): string {
  const names = (component.licenses ?? []).map(
    ({ license, expression }) => expression ?? license?.id ?? license?.name ?? "unknown",
  );
  return names.join(" AND ") || "unknown";
}

// Lists what ships with its licence, writes the bill of materials, and fails on a licence nobody looked at.
const file = resolve(root, process.argv[2] ?? "artifacts/sbom.cdx.json");
const sbom = readSbom();
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
const rows = sbom.components
  .map((component) => ({
    package: `${component.name}@${component.version}`,
    licence: licenceOf(component),
  }))
  .toSorted((a, b) => (a.package < b.package ? -1 : 1));
for (const row of rows) process.stdout.write(`${row.package.padEnd(48)} ${row.licence}\n`);
process.stdout.write(`${rows.length} packages; the bill of materials is ${file}\n`);
const strange = rows.filter(({ licence }) => !ALLOWED.has(licence));
if (strange.length > 0) {
  const names = strange.map((row) => `${row.package} (${row.licence})`).join(", ");
  process.stderr.write(
    `Not among the licences of scripts/licenses.ts: ${names}. Read them first.\n`,
  );
  process.exitCode = 1;
}
