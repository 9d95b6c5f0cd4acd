import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { COMMAND_TIMEOUT_MS, createCi } from "./ci.ts";
import type { Fault, FaultMatch, SeenRequest } from "./faults.ts";
import { createHands, type Hands } from "./hands.ts";
import { createDeliveryHands, type DeliveryHands } from "./hands-delivery.ts";
import type { ForgeEvent } from "./model.ts";
import { createPushWatch } from "./pushes.ts";
import { createReadings, type Readings } from "./readings.ts";
import type { InstallationWish, RegisteredApp } from "./app.ts";
import type { ForgeLimit } from "./budget.ts";
import { startServer } from "./server.ts";
import { createWorld } from "./world.ts";

/** A running forge: GitHub's REST and GraphQL on loopback, over real git repositories. */
export type Forge = Hands &
  DeliveryHands &
  Readings & {
    /** The base URL for REST; GraphQL is at `graphql` below it. */
    readonly apiUrl: URL;
    /** Every request so far, oldest first. */
    readonly requests: readonly SeenRequest[];
    /** Breaks the next request that matches, once. */
    failNext(match: FaultMatch, fault: Fault): void;
    /** Lets every request meet a limit until its time is over. */
    setLimit(limit: ForgeLimit): void;
    /** Registers a GitHub App with a key and a bot account of its own. */
    registerApp(slug: string): RegisteredApp;
    /** Puts an App on repos of an owner; answers the installation's id. */
    installApp(wish: InstallationWish): number;
    /** Tells what happens as it happens; answers how to stop listening. */
    on(listener: (event: ForgeEvent) => void): () => void;
    /** Answers when every push made so far is in the log and its checks are completed. */
    settle(): Promise<void>;
    /** Ends the server, the watch over pushes and everything CI runs. Files stay. */
    close(): Promise<void>;
  };

// GitHub ends what takes longer than ten seconds.
const LATE_MS = 10_000;

/**
 * Starts a forge that keeps its repositories below `dir`. Port 0, the default, takes any free one;
 * `ciTimeoutMs` is when CI gives up on a command; `now` is its clock instead of the machine's, in
 * milliseconds since the epoch; `lateMs` is when it gives a request up that is told to be late.
 */
export async function startForge(options: {
  readonly dir: string;
  readonly port?: number;
  readonly ciTimeoutMs?: number;
  readonly now?: () => number;
  readonly lateMs?: number;
}): Promise<Forge> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const world = createWorld(options.now ?? Date.now);
  const ci = createCi(world, {
    dir: join(dir, "ci"),
    timeoutMs: options.ciTimeoutMs ?? COMMAND_TIMEOUT_MS,
  });
  const watch = createPushWatch(world, ci);
  const server = await startServer(world, {
    port: options.port ?? 0,
    lateMs: options.lateMs ?? LATE_MS,
  });
  return {
    ...createHands(world, dir),
    ...createDeliveryHands(world),
    ...createReadings(world),
    apiUrl: new URL(server.apiUrl),
    requests: server.requests,
    failNext: (match, fault) => server.faults.failNext(match, fault),
    setLimit: (limit) => server.budgets.setLimit(limit),
    registerApp: (slug) => server.apps.register(slug),
    installApp: (wish) => server.apps.install(wish),
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
