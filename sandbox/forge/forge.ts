import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { COMMAND_TIMEOUT_MS, createCi } from "./ci.ts";
import type { Fault, FaultMatch, SeenRequest } from "./faults.ts";
import { createHands, type Hands } from "./hands.ts";
import type { ForgeEvent } from "./model.ts";
import { createPushWatch } from "./pushes.ts";
import { createReadings, type Readings } from "./readings.ts";
import { startServer } from "./server.ts";
import { createWorld } from "./world.ts";

/** A running forge: GitHub's REST and GraphQL on loopback, over real git repositories. */
export type Forge = Hands &
  Readings & {
    /** The base URL for REST; GraphQL is at `graphql` below it. */
    readonly apiUrl: URL;
    /** Every request so far, oldest first. */
    readonly requests: readonly SeenRequest[];
    /** Breaks the next request that matches, once. */
    failNext(match: FaultMatch, fault: Fault): void;
    /** Tells what happens as it happens; answers how to stop listening. */
    on(listener: (event: ForgeEvent) => void): () => void;
    /** Answers when every push made so far is in the log and its checks are completed. */
    settle(): Promise<void>;
    /** Ends the server, the watch over pushes and everything CI runs. Files stay. */
    close(): Promise<void>;
  };

/**
 * Starts a forge that keeps its repositories below `dir`. Port 0, the default, takes any free one;
 * `ciTimeoutMs` is when CI gives up on a command; `now` is its clock instead of the machine's, in
 * milliseconds since the epoch.
 */
export async function startForge(options: {
  readonly dir: string;
  readonly port?: number;
  readonly ciTimeoutMs?: number;
  readonly now?: () => number;
}): Promise<Forge> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const world = createWorld(options.now ?? Date.now);
  const ci = createCi(world, {
    dir: join(dir, "ci"),
    timeoutMs: options.ciTimeoutMs ?? COMMAND_TIMEOUT_MS,
  });
  const watch = createPushWatch(world, ci);
  const server = await startServer(world, options.port ?? 0);
  return {
    ...createHands(world, dir),
    ...createReadings(world),
    apiUrl: new URL(server.apiUrl),
    requests: server.requests,
    failNext: (match, fault) => server.faults.failNext(match, fault),
    on: (listener) => world.on(listener),
    async settle() {
      await watch.poll();
      await ci.idle();
    },
    async close() {
      await server.close();
      await watch.close();
      await ci.close();
    },
  };
}
