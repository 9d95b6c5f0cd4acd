/**
 * Preloaded into a child process (`node --import`): every way to reach a network throws and is written down,
 * and so is every module the child asks for. The notes go to the file named by GATE_NOTES_FILE at exit.
 */
import dgram from "node:dgram";
import dns from "node:dns";
import { writeFileSync } from "node:fs";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import net from "node:net";
import tls from "node:tls";

const notesFile = process.env["GATE_NOTES_FILE"];
if (notesFile === undefined) throw new Error("GATE_NOTES_FILE names no file to write the notes to");

const attempts: string[] = [];
const modules: string[] = [];

function forbid(target: object, name: string, methods: readonly string[]): void {
  for (const method of methods) {
    Object.defineProperty(target, method, {
      configurable: true,
      writable: true,
      value: (): never => {
        attempts.push(`${name}.${method}`);
        throw new Error(`${name}.${method} was called`);
      },
    });
  }
}

const lookups = ["lookup", "lookupService", "resolve", "resolve4", "resolve6", "resolveAny"];
forbid(net.Socket.prototype, "net.Socket", ["connect"]);
forbid(net.Server.prototype, "net.Server", ["listen"]);
forbid(net, "net", ["connect", "createConnection"]);
forbid(tls, "tls", ["connect"]);
forbid(dgram, "dgram", ["createSocket"]);
forbid(dns, "dns", lookups);
forbid(dns.promises, "dns.promises", lookups);
syncBuiltinESMExports();

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    modules.push(resolved.url);
    return resolved;
  },
});

// Lets a test see how the program answers on a Node that is too old for it.
const pretended = process.env["GATE_PRETEND_NODE"];
if (pretended !== undefined) {
  Object.defineProperty(process, "versions", { value: { ...process.versions, node: pretended } });
}

process.on("exit", () => {
  writeFileSync(notesFile, JSON.stringify({ attempts, modules }));
});
