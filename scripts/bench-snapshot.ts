import { fork } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createT3Agent } from "../src/adapters/agent/t3.ts";
import { createBoundedFetch } from "../src/adapters/http.ts";

// `npm run bench:snapshot`: how much memory a reading of an old server's snapshot takes. The server streams a
// snapshot as large as asked for; a child process observes it and reads three threads of ours, as a watch tick
// does, and tells its peak.

const POD_MIB = 256;
/** What is left of a pod for the heap beside Node itself, its code and the buffers of sockets. */
const HEAP_MIB = 128;
const MIB = 1024 * 1024;
const SNAPSHOT_MIB = Number(process.env["SNAPSHOT_MIB"] ?? 100);
/** 20 prompts of 1 MB filled 81 MB, as measured: few threads, long texts. */
const MESSAGE_BYTES = 1_000_000;
const OURS = [7, 8, 9].map((number) => `afk-0123456789ab-${number}-0`);

const thread = (id: string, messages: readonly unknown[]) => ({
  id,
  projectId: "p1",
  latestTurn: null,
  session: null,
  createdAt: "2026-11-20T15:00:00.000Z",
  updatedAt: "2026-11-20T15:00:00.000Z",
  archivedAt: null,
  deletedAt: null,
  messages,
  activities: [],
  checkpoints: [],
});

const message = (text: string) => ({
  id: "m",
  role: "assistant",
  text,
  createdAt: "2026-11-20T15:00:00.000Z",
});

async function writeSnapshot(response: ServerResponse): Promise<void> {
  const projects = [{ id: "p1", workspaceRoot: "/data/o__r", deletedAt: null }];
  response.writeHead(200, { "content-type": "application/json" });
  response.write(`{"projects":${JSON.stringify(projects)},"threads":[`);
  for (const id of OURS) {
    response.write(`${JSON.stringify(thread(id, [message("x".repeat(MESSAGE_BYTES))]))},`);
  }
  const text = 'A line of code with "quotes" and \\ in it.\n'.repeat(MESSAGE_BYTES / 42);
  const other = JSON.stringify(thread("somebody-else", [message(text)]));
  for (let bytes = 0; bytes < SNAPSHOT_MIB * MIB; bytes += other.length) {
    const isFull = !response.write(`${other},`);
    if (isFull) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end(`${JSON.stringify(thread("last", []))}]}`);
}

async function serve(): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/snapshot") === true) return void writeSnapshot(response);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ environmentId: "e", serverVersion: "0.0.27", authenticated: true }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const child = fork(fileURLToPath(import.meta.url), [String(port)], {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
  });
  const code = await new Promise<number>((resolve) => {
    child.once("exit", (exit) => resolve(exit ?? 1));
  });
  server.close();
  server.closeAllConnections();
  process.exitCode = code;
}

async function read(port: string): Promise<void> {
  const client = createBoundedFetch({
    timeoutMs: 15_000,
    bodyBytesMax: 24 * MIB,
    connectionsMax: 8,
  });
  const agent = createT3Agent({
    fetch: client.fetch,
    baseUrl: new URL(`http://127.0.0.1:${port}/`),
    readToken: async () => "bench",
    now: () => new Date(),
    model: { instanceId: "claudeAgent", model: "m" },
    runtimeMode: "full-access",
  });
  const beganAt = performance.now();
  const seen = await agent.observe();
  const observed = performance.now();
  const reads = await Promise.all(OURS.map((id) => agent.readThread(id)));
  const ended = performance.now();
  await client.close();
  const isRead = seen.kind === "readable" && reads.every(({ kind }) => kind === "read");
  const peakMib = process.resourceUsage().maxRSS / 1024;
  const told = {
    snapshotMib: SNAPSHOT_MIB,
    observeMs: Math.round(observed - beganAt),
    readThreadsMs: Math.round(ended - observed),
    peakRssMib: Math.round(peakMib),
    limitMib: POD_MIB,
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
  if (isRead && peakMib < POD_MIB) return;
  process.stderr.write(
    isRead ? "the peak is past the limit\n" : `${JSON.stringify([seen, reads])}\n`,
  );
  process.exitCode = 1;
}

const [port] = process.argv.slice(2);
await (port === undefined ? serve() : read(port));
