import { parseIso } from "../../pure/time.ts";
import type { T3Connection, Unreadable } from "./t3-http.ts";
import type { T3Capabilities } from "./t3-version.ts";
import type { SnapshotWire } from "./t3-wire.ts";

/** The server, once it is known to be one that afk can drive. */
export type Environment = {
  readonly kind: "environment";
  readonly environmentId: string;
  readonly serverVersion: string;
  /** Newer than what was tested. */
  readonly isNewer: boolean;
  readonly capabilities: T3Capabilities;
};

/** The projects and our threads; other threads are `null` in it. */
export type Snapshot = {
  readonly kind: "snapshot";
  readonly wire: SnapshotWire;
  /** Project id to root folder. */
  readonly roots: ReadonlyMap<string, string>;
};

/** What a reader keeps for its lifetime: facts of the server that do not change under a tick. */
export type Memory = {
  /** Asked for once; forgotten when it was not readable. */
  environment: Promise<Environment | Unreadable> | null;
  /** Project id to root folder, as last read. */
  roots: ReadonlyMap<string, string>;
  /** What the token's session says, asked once. */
  sessionWarnings: Promise<readonly string[]> | null;
  /** Whether a newer server still takes commands; null until it was asked. */
  takesCommands: true | null;
  /** The newest time that a thread of ours showed, epoch ms by T3's clock. */
  newestMs: number;
  /** How far T3's clock is ahead of ours, in milliseconds; 0 until it told. */
  aheadMs: number;
  /** The conversations that the next reading of an old server's snapshot is to bring. */
  batch: ConversationBatch | null;
};

/** Threads that are read from one snapshot together: it is the whole database. */
export type ConversationBatch = {
  readonly ids: Set<string>;
  readonly snapshot: Promise<Snapshot | Unreadable>;
};

/** A reader's connection and memory. */
export type Reading = {
  readonly connection: T3Connection;
  readonly runtimeMode: string;
  readonly now: () => Date;
  readonly memory: Memory;
};

/** Remembers when a thread last changed, ISO 8601 by T3's clock. */
export function noteTime(memory: Memory, updatedAt: string): void {
  memory.newestMs = Math.max(memory.newestMs, parseIso(updatedAt) ?? 0);
}
