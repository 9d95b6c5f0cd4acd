import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "rolldown";

// Two processes start every minute for years. A CommonJS package is bundled whole, with all it might ever need: what a
// tick can never reach is left out here. The bundle's own demo and ticks play through what is left.

/** Undici's client put together as its index does, without fetch, mocks, caches and WebSockets. */
const UNDICI = `
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import request from "undici/lib/api/api-request.js";
Object.assign(Dispatcher.prototype, { request });
export { Agent };
`;

/**
 * The packages only ever call it. Node's own loads the differ of its messages and looks at the colours of stderr.
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
  {
    of: "/node_modules/undici/",
    // HTTP/2 is off, and bodies are strings.
    requests: ["./client-h2.js", "../web/fetch/body.js", "../web/fetch/formdata", "../web/webidl"],
    code: `module.exports = new Proxy({}, { get() { ${OUT_OF_REACH} } });`,
  },
  // As in Node's own undici: the second parser is an experiment that a variable turns on.
  {
    of: "/node_modules/undici/lib/dispatcher/client-h1.js",
    requests: ["./parser-h1.js"],
    code: "module.exports = { getMiloEnabled: () => false };",
  },
  { of: "/node_modules/", requests: ["assert", "node:assert"], code: ASSERT },
  // Log lines go to stdout from the tick's own thread.
  {
    of: "/node_modules/pino/",
    requests: ["./transport", "./lib/transport"],
    code: `module.exports = () => { ${OUT_OF_REACH} };`,
  },
];

/** A REST method as our code asks for it: `client.rest.issues.createComment(`. */
const REST_METHOD = /\.rest\.(\w+)\.(\w+)\(/g;
const ENDPOINTS = /^const Endpoints = ([\s\S]*?);\nvar endpoints_default = Endpoints;/m;

/** A plugin that leaves out of packages what no tick reaches. */
export function leanPackages(root: string): Plugin {
  const source = join(root, "src");
  return {
    name: "lean-packages",
    resolveId: (id, importer) => {
      if (importer === undefined) return null;
      if (id === "undici" && importer.startsWith(source)) return "\0undici";
      const at = PARTS.findIndex(
        ({ of, requests }) => importer.includes(of) && requests.includes(id),
      );
      return at < 0 ? null : `\0lean-${at}.cjs`;
    },
    load: (id) => {
      if (id === "\0undici") return UNDICI;
      const at = /^\0lean-(\d+)\.cjs$/.exec(id)?.[1];
      return at === undefined ? null : (PARTS[Number(at)]?.code ?? null);
    },
    transform: (code, id) =>
      id.endsWith("/plugin-rest-endpoint-methods/dist-src/generated/endpoints.js")
        ? { code: pickEndpoints(code, source), map: { mappings: "" } }
        : null,
  };
}

/** Octokit describes every method of GitHub's API; the ones that our code names are kept. */
function pickEndpoints(code: string, source: string): string {
  const all = ENDPOINTS.exec(code)?.[1];
  if (all === undefined)
    throw new Error("Octokit's endpoints are written otherwise: see lean-packages.ts");
  // Its own generated literal, of the version that the lock file names.
  const described = new Function(`return ${all}`)() as Record<string, Record<string, unknown>>;
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
    .flatMap((name) => [...readFileSync(join(source, name), "utf8").matchAll(REST_METHOD)])
    .map(([, scope = "", method = ""]) => [scope, method] as const);
}
