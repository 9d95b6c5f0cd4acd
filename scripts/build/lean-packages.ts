import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "rolldown";
import * as z from "zod";

// Two processes start every minute for years. A CommonJS package is bundled whole, with all it might ever need: what a
// tick can never reach is left out here. The bundle's own demo and ticks play through what is left.

/**
 * Pino's stream only ever calls it. Node's own loads the differ of its messages and looks at the colours of stderr.
 */
const ASSERT = `
module.exports = function assert(value, message) {
  if (!value) throw message instanceof Error ? message : new Error(message ?? "an assertion failed");
};
`;

/** A module that none of our requests reaches; should one do so, it fails and says why. */
const OUT_OF_REACH = `throw new Error("this part of a package is not in the bundle: see scripts/build");`;

type Part = {
  /** Whose request is answered otherwise. */
  readonly of: string;
  readonly requests: readonly string[];
  readonly code: string;
};

const PARTS: readonly Part[] = [
  { of: "/node_modules/sonic-boom/", requests: ["assert"], code: ASSERT },
  // Log lines go to stdout from the tick's own thread.
  {
    of: "/node_modules/pino/",
    requests: ["./transport", "./lib/transport"],
    code: `module.exports = () => { ${OUT_OF_REACH} };`,
  },
];

/** A REST method as our code asks for it, `client.rest.issues.createComment(`, however it is broken into lines. */
const REST_METHOD = /\.rest\s*\.\s*(\w+)\s*\.\s*(\w+)\s*\(/g;
/** Any use of Octokit's methods: one that is not understood would be missing from the bundle alone. */
const REST_USE = /(?<!\.)\.rest\b(?!\s*[,;)])/g;

/** A plugin that leaves out of packages what no tick reaches. */
export function leanPackages(root: string): Plugin {
  const source = join(root, "src");
  return {
    name: "lean-packages",
    resolveId: (id, importer) => {
      if (importer === undefined) return null;
      const at = PARTS.findIndex(
        ({ of, requests }) => importer.includes(of) && requests.includes(id),
      );
      return at < 0 ? null : `\0lean-${at}.cjs`;
    },
    load: (id) => {
      const at = /^\0lean-(\d+)\.cjs$/.exec(id)?.[1];
      return at === undefined ? null : (PARTS[Number(at)]?.code ?? null);
    },
    transform: async (_code, id) =>
      id.endsWith("/plugin-rest-endpoint-methods/dist-src/generated/endpoints.js")
        ? { code: await pickEndpoints(id, source), map: { mappings: "" } }
        : null,
  };
}

const Endpoints = z.object({ default: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Octokit describes every method of GitHub's API in one module; the ones that our code names are kept. */
async function pickEndpoints(file: string, source: string): Promise<string> {
  const { default: described } = Endpoints.parse(await import(pathToFileURL(file).href));
  const kept: Record<string, Record<string, unknown>> = {};
  for (const [scope, method] of methodsNamed(source)) {
    const endpoint = described[scope]?.[method];
    if (endpoint === undefined) throw new Error(`Octokit has no method ${scope}.${method}`);
    (kept[scope] ??= {})[method] = endpoint;
  }
  return `export default ${JSON.stringify(kept)};`;
}

function methodsNamed(source: string): readonly (readonly [scope: string, method: string])[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  return files
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => {
      const text = readFileSync(join(source, name), "utf8");
      const methods = [...text.matchAll(REST_METHOD)];
      if (methods.length !== [...text.matchAll(REST_USE)].length) {
        throw new Error(
          `src/${name} uses Octokit's methods in a way that lean-packages.ts does not see`,
        );
      }
      return methods.map(([, scope = "", method = ""]) => [scope, method] as const);
    });
}
